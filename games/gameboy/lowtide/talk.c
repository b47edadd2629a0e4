/* Words in a box at the foot of the screen: broken into lines and pages, written letter by letter. */
#include "state.h"

#define TOP 13
#define WIDTH 18
#define LINES 3

static char words[256];
static const char *at;
static uint8_t column, line;
static uint16_t flag_after;

const char INTRO[] =
    "The lamp of Gull Rock has gone out, and the boats must come home before the tide turns. "
    "Old Maren in the village knows what to do.";
const char HOW_TO[] =
    "Walk with the cross. A speaks, searches and opens what is before you. B strikes, once you have a sword. "
    "START opens your bag: A there uses a thing, B shuts it.";

static const char *const PLACES[] = {"on the beach", "here in the village", "at the harbour", "in the dunes"};
static const char *const LEVERS[] = {"LEFT", "MIDDLE", "RIGHT"};

/* What stands for 1, 2 and 3 in a text: where the sword lies, the code, the lever. */
static const char *secret(char which) {
    static char code[6];
    uint8_t i;
    if (which == 1) return PLACES[s.grave - BEACH];
    if (which == 3) return LEVERS[s.lever];
    for (i = 0; i < 3; i++) {
        code[i << 1] = '0' + s.code[i];
        code[(i << 1) + 1] = i < 2 ? '-' : 0;
    }
    return code;
}

static void fill_words(const char *text) {
    const char *inset;
    char *to = words;
    for (; *text; text++) {
        if (*text > 3) {
            *to++ = *text;
            continue;
        }
        for (inset = secret(*text); *inset;) *to++ = *inset++;
    }
    *to = 0;
}

static void new_page(void) {
    box(LINES + 2);
    show_window(TOP);
    column = line = 0;
    s.busy = 1;
}

void say(const char *text, uint16_t flag) {
    fill_words(text);
    at = words;
    flag_after = flag;
    s.mode = TALK;
    new_page();
}

static uint8_t word_length(void) {
    const char *end = at;
    while (*end && *end != ' ') end++;
    return end - at;
}

/* Whether there is room for the word that begins here; goes to the next line for it. */
static uint8_t make_room(void) {
    if (column + word_length() <= WIDTH) return 1;
    column = 0;
    return ++line < LINES;
}

static void write_letter(void) {
    if (*at == ' ') {
        at++;
        if (column && column < WIDTH) column++;
    }
    if (*at == 0 || ((at == words || at[-1] == ' ') && !make_room())) {
        s.busy = 0;
        if (*at) put_window(18, LINES + 1, 0xA8);
        return;
    }
    put_window(1 + column++, 1 + line, *at++);
}

static void turn_page(void) {
    if (*at) {
        new_page();
        return;
    }
    hide_window();
    s.flags |= flag_after;
    s.mode = WALK;
}

void talk(void) {
    if (s.busy) write_letter();
    else if (pressed & (P_A | P_B)) turn_page();
}
