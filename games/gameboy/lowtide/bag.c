/* The bag, and the dials of the numbered door. */
#include "state.h"
#include "tiles.h"

#define ITEMS 6
#define FIRST_ROW 3

static const char *const NAMES[ITEMS] = {"SWORD", "KEY", "LANTERN", "BREAD", "OIL", "LENS"};
static const char *const HELP[ITEMS] = {
    "B strikes with it", "opens a lock", "lights dark places", "gives four hearts", "burns in the lamp",
    "belongs in a lamp",
};
static uint8_t painted, count, listed[ITEMS];

static void list_items(void) {
    uint8_t i;
    count = 0;
    for (i = 0; i < ITEMS; i++)
        if (s.items & 1 << i) listed[count++] = i;
}

void open_bag(void) {
    list_items();
    s.mode = BAG;
    s.busy = 1;
    s.cursor = painted = 0;
}

static void show_cursor(void) {
    uint8_t x;
    if (count == 0) {
        write_window(3, FIRST_ROW, "nothing yet");
        return;
    }
    for (x = 1; x < 19; x++) put_window(x, 15, ' ');
    put_window(1, FIRST_ROW + (s.cursor << 1), '>');
    write_window(1, 15, HELP[listed[s.cursor]]);
}

/* Two rows a frame; it is laid over the screen when all is there. */
static void paint(void) {
    uint8_t i;
    if (painted == 0) box(18);
    else if (painted == 1) write_window(7, 1, "YOUR BAG");
    else if (painted < 2 + ITEMS) {
        i = painted - 2;
        if (i < count) write_window(3, FIRST_ROW + (i << 1), NAMES[listed[i]]);
    } else {
        show_cursor();
        show_window(0);
        s.busy = 0;
    }
    painted++;
}

static void move_cursor(uint8_t to) {
    put_window(1, FIRST_ROW + (s.cursor << 1), ' ');
    s.cursor = to;
    show_cursor();
}

void bag(void) {
    if (s.busy) paint();
    else if (pressed & (P_B | P_START | P_SELECT)) {
        hide_window();
        s.mode = WALK;
    } else if (count == 0) return;
    else if (pressed & P_A) {
        hide_window();
        use_item(1 << listed[s.cursor]);
    } else if (pressed & P_DOWN) move_cursor(s.cursor + 1 < count ? s.cursor + 1 : 0);
    else if (pressed & P_UP) move_cursor(s.cursor ? s.cursor - 1 : count - 1);
}

static void show_dial(void) {
    uint8_t i;
    for (i = 0; i < 3; i++) {
        put_window(6 + (i << 2), 2, '0' + s.dial[i]);
        put_window(6 + (i << 2), 3, i == s.cursor ? '^' : ' ');
    }
}

void open_dial(void) {
    box(5);
    write_window(2, 1, "Turn the dials:");
    s.cursor = 0;
    show_dial();
    show_window(13);
    s.mode = DIAL;
}

static void try_code(void) {
    uint8_t i;
    hide_window();
    s.mode = WALK;
    for (i = 0; i < 3; i++)
        if (s.dial[i] != s.code[i]) {
            say("The door does not move.", 0);
            return;
        }
    s.flags |= F_DIALLED;
    replace_tiles(T_NUMBERED_DOOR, T_FLOOR);
    say("Click! The numbered door swings open.", 0);
}

static void turn(uint8_t up) {
    uint8_t *digit = &s.dial[s.cursor];
    if (up) *digit = *digit == 9 ? 0 : *digit + 1;
    else *digit = *digit ? *digit - 1 : 9;
    show_dial();
}

void dial(void) {
    if (pressed & P_A) try_code();
    else if (pressed & (P_B | P_START | P_SELECT)) {
        hide_window();
        s.mode = WALK;
    } else if (pressed & (P_UP | P_DOWN)) turn(pressed & P_UP);
    else if (pressed & (P_LEFT | P_RIGHT)) {
        if (pressed & P_LEFT) s.cursor = s.cursor ? s.cursor - 1 : 2;
        else s.cursor = s.cursor < 2 ? s.cursor + 1 : 0;
        show_dial();
    }
}
