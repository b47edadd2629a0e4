/* What goes to the screen. All writes wait until the screen lets them through. */
#include "state.h"
#include "tiles.h"

#define LCDC (*(volatile uint8_t *)0xFF40)
#define STAT (*(volatile uint8_t *)0xFF41)
#define LY (*(volatile uint8_t *)0xFF44)
#define BGP (*(volatile uint8_t *)0xFF47)
#define OBP0 (*(volatile uint8_t *)0xFF48)
#define WY (*(volatile uint8_t *)0xFF4A)
#define WX (*(volatile uint8_t *)0xFF4B)
#define IF (*(volatile uint8_t *)0xFF0F)
#define IE (*(volatile uint8_t *)0xFFFF)
#define TILES ((uint8_t *)0x8000)
#define SCREEN 0x9800
#define WINDOW 0x9C00

static const uint8_t BACKGROUND[4] = {0xE4, 0x90, 0x40, 0x00};
static const uint8_t SPRITES[4] = {0xE0, 0x90, 0x40, 0x00}; /* light is white in sprites */

void poke(uint16_t address, uint8_t tile) {
    while (STAT & 2)
        ;
    *(uint8_t *)address = tile;
}

void put_cell(uint8_t x, uint8_t y, uint8_t tile) { poke(SCREEN + ((uint16_t)y << 5) + x, tile); }

void put_window(uint8_t x, uint8_t y, uint8_t tile) { poke(WINDOW + ((uint16_t)y << 5) + x, tile); }

void write_window(uint8_t x, uint8_t y, const char *text) {
    while (*text) put_window(x++, y, *text++);
}

static void load_tiles(void) {
    const uint8_t *from = FONT;
    uint8_t *to;
    uint8_t i, row;
    for (i = 0; i < FONT_COUNT; i++) {
        to = TILES + ((uint16_t)FONT_IDS[i] << 4);
        for (row = 0; row < 8; row++) {
            *to++ = *from;
            *to++ = *from++;
        }
    }
    from = PICTURES;
    for (i = 0; i < PICTURE_COUNT; i++) {
        to = TILES + ((uint16_t)PICTURE_IDS[i] << 4);
        for (row = 0; row < 16; row++) *to++ = *from++;
    }
}

static void clear_video(void) {
    uint8_t *at;
    for (at = TILES; at != (uint8_t *)0xA000; at++) *at = 0;
    for (at = (uint8_t *)SCREEN; at != (uint8_t *)0xA000; at++) *at = ' ';
}

/* 0 as it should be, 3 all white. */
void palettes(uint8_t step) {
    BGP = BACKGROUND[step];
    OBP0 = SPRITES[step];
}

void video_start(void) {
    while (LY != 144)
        ;
    LCDC = 0;
    palettes(3);
    clear_video();
    load_tiles();
    hide_window();
    WX = 7;
    LCDC = 0xF3; /* on, window at 9C00, tiles at 8000, screen at 9800, sprites of 8 x 8 */
    IF = 0;
    IE = 1;
    __asm__("ei");
}

static void box_line(uint8_t y, uint8_t left, uint8_t middle, uint8_t right) {
    uint8_t x;
    put_window(0, y, left);
    for (x = 1; x < 19; x++) put_window(x, y, middle);
    put_window(19, y, right);
}

/* An empty box, as wide as the screen, in the uppermost rows of the window. */
void box(uint8_t rows) {
    uint8_t y;
    box_line(0, 0xA0, 0xA1, 0xA2);
    for (y = 1; y < rows - 1; y++) box_line(y, 0xA3, ' ', 0xA4);
    box_line(rows - 1, 0xA5, 0xA6, 0xA7);
}

/* Lays the window over the screen from this row of it down. */
void show_window(uint8_t row) { WY = row << 3; }

void hide_window(void) { WY = 144; }

uint8_t window_row(void) { return WY >> 3; }
