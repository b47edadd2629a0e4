/* Crabs, and the Old Crab in the tower. */
#include "state.h"
#include "tiles.h"

#define CRAB_FRAMES 32
#define BOSS_FRAMES 20
#define SHUT_FRAMES 120
#define OPEN_FRAMES 120

static uint8_t crab_clock, boss_clock, shell_clock, blows;

/* Where crabs wait: room, x, y. */
static const uint8_t NESTS[][3] = {
    {DUNES, 6, 4}, {DUNES, 14, 11}, {CLIFF, 5, 5}, {CLIFF, 15, 6}, {CLIFF, 9, 11},
    {CAVE, 10, 8}, {CAVE, 15, 11}, {HALL, 7, 5}, {HALL, 13, 12},
};

void place_foes(void) {
    uint8_t i, crab = 0;
    for (i = 0; i < CRABS; i++) s.crab_hp[i] = crab_walking[i] = 0;
    for (i = 0; i < sizeof NESTS / sizeof NESTS[0]; i++) {
        if (NESTS[i][0] != s.room) continue;
        s.crab_x[crab] = NESTS[i][1];
        s.crab_y[crab] = NESTS[i][2];
        s.crab_hp[crab++] = 2;
    }
    crab_clock = boss_clock = shell_clock = blows = 0;
    s.boss_open = s.boss_hp = 0;
    if (s.room != TOWER || s.flags & F_BOSS) return;
    s.boss_x = 9;
    s.boss_y = 4;
    s.boss_hp = BOSS_HEARTS;
}

uint8_t crab_at(uint8_t x, uint8_t y) {
    uint8_t i;
    for (i = 0; i < CRABS; i++)
        if (s.crab_hp[i] && s.crab_x[i] == x && s.crab_y[i] == y) break;
    return i;
}

uint8_t boss_at(uint8_t x, uint8_t y) {
    return s.boss_hp && (uint8_t)(x - s.boss_x) < 2 && (uint8_t)(y - s.boss_y) < 2;
}

static uint8_t distance(uint8_t a, uint8_t b) { return a > b ? a - b : b - a; }

/* The way from a cell towards you, along the longer side. */
static uint8_t towards_you(uint8_t x, uint8_t y) {
    if (distance(x, s.x) > distance(y, s.y)) return x > s.x ? LEFT : RIGHT;
    return y > s.y ? UP : DOWN;
}

static void move_crab(uint8_t i) {
    uint8_t x = s.crab_x[i], y = s.crab_y[i], facing = below(4);
    if (distance(x, s.x) + distance(y, s.y) < 6 && below(2)) facing = towards_you(x, y);
    x += DX[facing];
    y += DY[facing];
    if (x == s.x && y == s.y) hurt_player();
    if (!is_free(x, y)) return;
    s.crab_x[i] = x;
    s.crab_y[i] = y;
    crab_facing[i] = facing;
    crab_walking[i] = 8;
}

static void move_crabs(void) {
    uint8_t i;
    crab_clock = (crab_clock + 1) & (CRAB_FRAMES - 1);
    for (i = 0; i < CRABS; i++)
        if (s.crab_hp[i] && crab_clock == i << 3) move_crab(i);
}

/* Whether the Old Crab can stand here; it does not fear to step on you. */
static uint8_t boss_fits(uint8_t x, uint8_t y) {
    uint8_t kept = s.boss_hp, kept_x = s.x, fits;
    s.boss_hp = 0;
    s.x = 0xFF;
    fits = is_free(x, y) && is_free(x + 1, y) && is_free(x, y + 1) && is_free(x + 1, y + 1);
    s.x = kept_x;
    s.boss_hp = kept;
    return fits && y > 1 && y < 15;
}

static void move_boss(void) {
    uint8_t facing = below(4) ? towards_you(s.boss_x + (s.x > s.boss_x), s.boss_y + (s.y > s.boss_y)) : below(4);
    uint8_t x = s.boss_x + DX[facing], y = s.boss_y + DY[facing];
    if ((uint8_t)(s.x - x) < 2 && (uint8_t)(s.y - y) < 2) hurt_player();
    else if (boss_fits(x, y)) {
        s.boss_x = x;
        s.boss_y = y;
    }
}

static void turn_shell(uint8_t open) {
    s.boss_open = open;
    shell_clock = boss_clock = blows = 0;
}

/* It hunts while it is shut, and rests, open, until its time is up or two blows have fallen. */
static void boss(void) {
    shell_clock++;
    if (s.boss_open) {
        if (shell_clock == OPEN_FRAMES || blows == 2) turn_shell(0);
        return;
    }
    if (shell_clock >= SHUT_FRAMES) turn_shell(1);
    else if (++boss_clock >= BOSS_FRAMES) {
        boss_clock = 0;
        move_boss();
    }
}

void move_foes(void) {
    move_crabs();
    if (s.boss_hp) boss();
}

static void strike_crab(uint8_t i) {
    uint8_t x = s.crab_x[i] + DX[s.facing], y = s.crab_y[i] + DY[s.facing];
    if (--s.crab_hp[i] == 0 || !is_free(x, y)) return;
    s.crab_x[i] = x;
    s.crab_y[i] = y;
}

static void strike_boss(void) {
    if (!s.boss_open) return;
    blows++;
    if (--s.boss_hp) return;
    s.items |= LENS;
    s.flags |= F_BOSS;
    replace_tiles(T_GATE, T_FLOOR);
    say("The Old Crab is dead. Under it lies the LENS of the lamp! The gate opens.", 0);
}

/* What the sword does to a cell. */
void strike(uint8_t x, uint8_t y) {
    uint8_t i = crab_at(x, y);
    if (i < CRABS) strike_crab(i);
    else if (boss_at(x, y)) strike_boss();
    else if (x < 20 && y > 0 && y < 18 && tile_at(x, y) == T_THORNS) {
        s.flags |= F_THORNS;
        replace_tiles(T_THORNS, T_SAND);
    }
}
