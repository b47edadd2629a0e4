; Where the console starts, the interrupt of the screen, and the copying of the sprites.
        .module boot
        .globl  _main
        .area   _HEADER (ABS)

        .org    0x40            ; 60 times a second: the screen has been drawn
        push    af
        ld      a, #1
        ldh     (0x80), a
        pop     af
        reti

        .org    0x100
        nop
        jp      0x150

        .org    0x150
        di
        ld      sp, #0xE000
        ld      hl, #0xC000     ; clears the working memory, but not the two bytes of the seed
        ld      bc, #0x00F0
        call    clear
        ld      hl, #0xC0F2
        ld      bc, #0x1F00     ; the rest holds the address to return to, and the stack
        call    clear
        xor     a, a
        ldh     (0x80), a
        ld      hl, #dma
        ld      c, #0x81
        ld      b, #8
1$:     ld      a, (hl+)
        ldh     (c), a
        inc     c
        dec     b
        jr      nz, 1$
        call    _main
2$:     jr      2$

clear:  xor     a, a
        ld      (hl+), a
        dec     bc
        ld      a, b
        or      a, c
        jr      nz, clear
        ret

; Runs at FF81, the only memory that can be read while sprites are copied from C000.
dma:    ldh     (0x46), a
        ld      a, #40
3$:     dec     a
        jr      nz, 3$
        ret

        .area   _CODE
; Sleeps until the screen has been drawn, then copies the sprites.
_next_frame::
        halt
        nop
        ldh     a, (0x80)
        or      a, a
        jr      z, _next_frame
        xor     a, a
        ldh     (0x80), a
        ld      a, #0xC0
        jp      0xFF81
