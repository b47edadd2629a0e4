/* Walking from cell to cell, and what the buttons do meanwhile. */
#include "state.h"

#define WALK_FRAMES 16
#define SWING_FRAMES 12
#define HURT_FRAMES 48

void hurt_player(void) {
    if (s.hurt || s.hp == 0) return;
    s.hurt = HURT_FRAMES;
    s.hp--;
    hud();
    if (s.hp == 0) fade_to(OVER);
}

static void leave(void) {
    if (dark() && s.facing == RIGHT) {
        say("It is too dark to go on. Every boathouse has a lantern.", 0);
        return;
    }
    s.room = neighbour(s.facing);
    s.steps++;
    if (s.facing == DOWN) s.y = 1;
    else if (s.facing == UP) s.y = 17;
    else if (s.facing == LEFT) s.x = 19;
    else s.x = 0;
    fade_to(WALK);
}

static void step(uint8_t facing) {
    uint8_t x, y;
    s.facing = facing;
    x = s.x + DX[facing];
    y = s.y + DY[facing];
    if (x > 19 || y < 1 || y > 17) {
        if (neighbour(facing)) leave();
        return;
    }
    if (!is_free(x, y)) return;
    s.x = x;
    s.y = y;
    s.steps++;
    walking = WALK_FRAMES;
}

static void attack(void) {
    if (!(s.items & SWORD)) return;
    swing = SWING_FRAMES;
    strike(s.x + DX[s.facing], s.y + DY[s.facing]);
}

static void decide(void) {
    uint8_t keys = held | pressed, presses = pressed;
    pressed = 0;
    if (presses & P_B) attack();
    else if (presses & P_A) act_on(s.x + DX[s.facing], s.y + DY[s.facing]);
    else if (presses & (P_START | P_SELECT)) open_bag();
    else if (keys & P_UP) step(UP);
    else if (keys & P_DOWN) step(DOWN);
    else if (keys & P_LEFT) step(LEFT);
    else if (keys & P_RIGHT) step(RIGHT);
}

/* A frame of it. Whoever is on the way to a cell, or strikes, decides nothing until that is done. */
void walk(void) {
    if (s.hurt) s.hurt--;
    move_foes();
    if (s.mode != WALK) return;
    if (walking) walking--;
    if (swing) swing--;
    if (!walking && !swing) decide();
}
