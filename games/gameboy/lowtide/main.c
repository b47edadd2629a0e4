/* The loop of frames, the buttons, the fading from screen to screen, and the menu. */
#include "state.h"

#define P1 (*(volatile uint8_t *)0xFF00)
#define MENU_ROWS 4

state_t __at(0xC0A0) s;
uint16_t __at(0xC0F0) seed;
uint8_t held, pressed;
static uint8_t next_mode, phase;

void next_frame(void);

static void read_buttons(void) {
    uint8_t now, i;
    P1 = 0x20;
    for (i = 0; i < 4; i++) now = P1;
    now &= 0x0F;
    P1 = 0x10;
    for (i = 0; i < 4; i++) held = P1;
    now = ~(now | (held << 4));
    P1 = 0x30;
    held = now;
}

static void read_presses(void) {
    static uint8_t before;
    read_buttons();
    pressed |= held & ~before;
    before = held;
}

void fade_to(uint8_t mode) {
    next_mode = mode;
    phase = 0;
    s.mode = FADE;
    s.busy = 1;
    walking = swing = 0;
}

static void arrive(void) {
    s.mode = next_mode;
    s.busy = 0;
    if (s.mode == WON) s.ending = 1;
    if (s.mode == OVER) s.ending = 2;
    if (s.mode == WALK && s.steps == 0 && s.flags == 0) say(INTRO, 0);
}

/* Twelve frames to white, nine in which the screen is painted, twelve back. */
static void fade(void) {
    if (phase < 12) {
        palettes(phase >> 2);
    } else if (phase < 21) {
        hide_sprites();
        hide_window();
        paint_row(next_mode, (phase - 12) << 1);
        paint_row(next_mode, ((phase - 12) << 1) + 1);
    } else {
        if (phase == 21 && next_mode == WALK) place_foes();
        palettes((33 - phase) >> 2);
    }
    if (++phase == 34) arrive();
}

static void show_menu(void) {
    box(MENU_ROWS);
    write_window(4, 1, "NEW GAME");
    write_window(4, 2, "HOW TO PLAY");
    put_window(2, 1 + s.cursor, '>');
    show_window(18 - MENU_ROWS);
    s.mode = MENU;
}

static void new_game(void) {
    s.room = BEACH;
    s.x = 5;
    s.y = 9;
    s.facing = RIGHT;
    s.hp = HEARTS;
    shuffle_world();
    fade_to(WALK);
}

static void menu(void) {
    if (pressed & (P_UP | P_DOWN)) {
        put_window(2, 1 + s.cursor, ' ');
        s.cursor ^= 1;
        put_window(2, 1 + s.cursor, '>');
    } else if (pressed & P_B) {
        hide_window();
        s.mode = TITLE;
    } else if (pressed & (P_A | P_START)) {
        if (s.cursor) say(HOW_TO, 0);
        else new_game();
    }
}

static void play_frame(void) {
    switch (s.mode) {
    case TITLE:
        if (pressed & P_START) show_menu();
        break;
    case MENU: menu(); break;
    case WALK: walk(); return; /* keeps presses until a cell is reached */
    case TALK:
        talk();
        if (s.mode == TALK || s.room) break;
        show_menu(); /* how to play has been read */
        break;
    case BAG: bag(); break;
    case DIAL: dial(); break;
    case FADE: fade(); break;
    }
    pressed = 0;
}

void main(void) {
    video_start();
    fade_to(TITLE);
    for (;;) {
        next_frame();
        read_presses();
        play_frame();
        if (s.mode != FADE) draw_sprites();
    }
}
