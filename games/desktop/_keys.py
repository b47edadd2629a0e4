"""Names of keys and mouse buttons, and the numbers by which an X server knows them."""

from __future__ import annotations

from typing import Final

_NAMED: Final = {
    "escape": 0xFF1B, "enter": 0xFF0D, "tab": 0xFF09, "backspace": 0xFF08, "delete": 0xFFFF, "space": 0x20,
    "up": 0xFF52, "down": 0xFF54, "left": 0xFF51, "right": 0xFF53, "home": 0xFF50, "end": 0xFF57,
    "pageup": 0xFF55, "pagedown": 0xFF56, "insert": 0xFF63, "shift": 0xFFE1, "ctrl": 0xFFE3, "alt": 0xFFE9,
    "minus": 0x2D, "equals": 0x3D, "comma": 0x2C, "period": 0x2E, "slash": 0x2F, "semicolon": 0x3B,
    "quote": 0x27, "backquote": 0x60, "leftbracket": 0x5B, "rightbracket": 0x5D, "backslash": 0x5C,
}  # fmt: skip

KEYSYMS: Final[dict[str, int]] = {
    **_NAMED,
    **{f"f{number}": 0xFFBD + number for number in range(1, 13)},
    **{sign: ord(sign) for sign in "abcdefghijklmnopqrstuvwxyz0123456789"},
    **{f"keypad{digit}": 0xFFB0 + digit for digit in range(10)},
}
"""X11's numbers of keys (`keysymdef.h`), by the names that specs and players use."""

MOUSE: Final[dict[str, int]] = {"click": 1, "middleclick": 2, "rightclick": 3}
"""The buttons of the mouse, as X11 numbers them."""
