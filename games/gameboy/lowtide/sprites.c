/* The moving pictures: you, your sword, crabs and the Old Crab. */
#include "state.h"

#define FLIP_X 0x20
#define FLIP_Y 0x40

typedef struct {
    uint8_t y, x, tile, look;
} sprite_t;

static sprite_t __at(0xC000) sprites[40]; /* copied to the screen at every frame */
static uint8_t used;
uint8_t walking, swing;
uint8_t crab_walking[CRABS], crab_facing[CRABS];

static const uint8_t YOU[4] = {0xC0, 0xC2, 0xC4, 0xC4};

static void add(uint8_t x, uint8_t y, uint8_t tile, uint8_t look) {
    sprite_t *sprite = &sprites[used];
    if (y >= window_row() << 3) return; /* under a box */
    sprite->x = x + 8;
    sprite->y = y + 16;
    sprite->tile = tile;
    sprite->look = look;
    used++;
}

/* A picture that is on its way to a cell: so many pixels are missing. */
static void add_moving(uint8_t x, uint8_t y, uint8_t facing, uint8_t missing, uint8_t tile, uint8_t look) {
    x <<= 3;
    y <<= 3;
    if (facing == DOWN) y -= missing;
    else if (facing == UP) y += missing;
    else if (facing == LEFT) x += missing;
    else x -= missing;
    add(x, y, tile, look);
}

static void add_you(void) {
    uint8_t tile = YOU[s.facing] + (walking >> 3 & 1);
    if (s.hurt & 4) return; /* flickers */
    add_moving(s.x, s.y, s.facing, (walking + 1) >> 1, tile, s.facing == RIGHT ? FLIP_X : 0);
}

static void add_sword(void) {
    uint8_t look = s.facing == RIGHT ? FLIP_X : s.facing == DOWN ? FLIP_Y : 0;
    if (swing < 3) return;
    add((s.x + DX[s.facing]) << 3, (s.y + DY[s.facing]) << 3, s.facing < LEFT ? 0xC7 : 0xC6, look);
}

static void add_crabs(void) {
    uint8_t i;
    for (i = 0; i < CRABS; i++) {
        if (s.crab_hp[i] == 0) continue;
        if (crab_walking[i]) crab_walking[i]--;
        add_moving(s.crab_x[i], s.crab_y[i], crab_facing[i], crab_walking[i], 0xC8 + (crab_walking[i] >> 2 & 1), 0);
    }
}

static void add_boss(void) {
    uint8_t tile = s.boss_open ? 0xCE : 0xCA;
    uint8_t x = s.boss_x << 3, y = s.boss_y << 3;
    add(x, y, tile, 0);
    add(x + 8, y, tile + 1, 0);
    add(x, y + 8, tile + 2, 0);
    add(x + 8, y + 8, tile + 3, 0);
}

void hide_sprites(void) {
    uint8_t i;
    for (i = 0; i < 12; i++) sprites[i].y = 0;
}

void draw_sprites(void) {
    hide_sprites();
    used = 0;
    if (s.room == 0 || s.ending) return;
    add_you();
    add_sword();
    add_crabs();
    if (s.room == TOWER && s.boss_hp) add_boss();
}
