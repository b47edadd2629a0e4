"""Numbers in a console's memory: one byte, several, or packed decimal digits."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TYPE = re.compile(r"(u|i)(8|16|24|32)(le|be)?|bcd([1-4])(le|be)")
TYPES = "u8, i8, u16le, u16be, u24le, u24be, u32le, u32be (i… with a sign), bcd2le, bcd2be (packed decimal)"


def size(kind: str) -> int:
    """The bytes that a number of this type takes.

    Raises:
        ValueError: there is no such type.
    """
    found = _TYPE.fullmatch(kind)
    if found is None or (found[2] is not None and (found[2] == "8") != (found[3] is None)):
        raise ValueError(f"there is no type {kind!r}; there are: {TYPES}")
    return int(found[2]) // 8 if found[2] else int(found[4])


def number(kind: str, data: Sequence[int], mask: int | None = None) -> int:
    """The number that `size` bytes hold; digits of packed decimal that are no digits count as 0."""
    order = "big" if kind.endswith("be") else "little"
    if kind.startswith("bcd"):
        whole = list(data) if order == "big" else list(data)[::-1]
        digits = [digit if digit < 10 else 0 for byte in whole for digit in (byte >> 4, byte & 15)]
        return int("".join(map(str, digits)))
    value = int.from_bytes(bytes(data), order, signed=kind.startswith("i"))  # type: ignore[arg-type]
    return value if mask is None else value & mask
