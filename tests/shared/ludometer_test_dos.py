"""Tiny programs for DOS, assembled by hand: they are ours, so tests can give them on."""

KEYS = bytes.fromhex(
    "B8 13 00 CD 10 "  # mov ax, 13h; int 10h: 320 x 200 in 256 colours
    "B8 00 A0 8E C0 "  # mov ax, a000h; mov es, ax: the screen
    "B3 20 "  # mov bl, 20h: the colour to begin with
    "31 FF "  # again: xor di, di
    "B9 00 7D "  # mov cx, 32000: the upper half
    "88 D8 F3 AA "  # mov al, bl; rep stosb
    "B4 00 CD 16 "  # mov ah, 0; int 16h: wait for a key
    "3C 1B 74 04 "  # cmp al, 27; je end
    "88 C3 "  # mov bl, al: its letter is the colour
    "EB EB "  # jmp again
    "B8 03 00 CD 10 "  # end: mov ax, 3; int 10h
    "C3 "  # ret
)
"""Fills the upper half of the screen with the colour that is numbered as the typed letter, until Escape."""

RUNS = bytes.fromhex(
    "B8 13 00 CD 10 "  # mov ax, 13h; int 10h
    "B8 00 A0 8E C0 "  # mov ax, a000h; mov es, ax
    "FE C3 "  # again: inc bl
    "31 FF B9 00 FA "  # xor di, di; mov cx, 64000
    "88 D8 F3 AA "  # mov al, bl; rep stosb
    "EB F3 "  # jmp again
)
"""Changes the colour of the whole screen as fast as it can, for ever."""

MOUSE = bytes.fromhex(
    "B8 13 00 CD 10 "  # mov ax, 13h; int 10h
    "B8 00 00 CD 33 "  # mov ax, 0; int 33h: the mouse from its beginning
    "B8 00 A0 8E C0 "  # mov ax, a000h; mov es, ax
    "B8 03 00 CD 33 "  # again: mov ax, 3; int 33h: bx buttons, cx column, dx row
    "D1 E9 "  # shr cx, 1: columns are counted double in this mode
    "69 FA 40 01 "  # imul di, dx, 320
    "01 CF "  # add di, cx
    "88 D8 04 28 "  # mov al, bl; add al, 40: red, and the next colours with a button down
    "AA "  # stosb
    "EB EC "  # jmp again
)
"""Draws a dot where the mouse is, of another colour while a button is down."""
