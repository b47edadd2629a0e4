/* Whole screens, painted row by row while nothing is to be seen: title, endings, rooms. */
#include "state.h"
#include "tiles.h"

static const char TITLE_PICTURE[] =
    "                    "
    " X   XXX X X X      "
    " X   X X X X X  L   "
    " X   X X X X X \"\"\"  "
    " XXX XXX XXXXX #w#  "
    "               ###  "
    " XXX X XX  XXX #w#  "
    "  X  X X X XX  ###  "
    "  X  X X X X   #w#  "
    "  X  X XX  XXX ###  "
    "   ;          ^#n#^ "
    "     ;      ^^^^^^^^"
    "~~~~~~~~~~~~~~~~~~~~"
    "~~~~~~~~~~~~~~~~~~~~"
    "                    "
    "                    "
    "                    "
    "                    ";

static const char WON_PICTURE[] =
    "(((((((((((((((((((("
    "(((((((((((((((((((("
    "\\\\\\\\\\\\\\\\\\l\\\\\\\\\\\\\\\\\\\\"
    "((((((((\"\"\"((((((((("
    "((((((((#w#((((((((("
    "((((((((###((((((((("
    "((((((((#w#((((((((("
    "((((((((###((((((((("
    "((b(((^^#n#^^((((b(("
    "~~~~~^^^^^^^^^~~~~~~"
    "~~~~~~~~~~~~~~~~~~~~"
    "                    "
    "                    "
    "                    "
    "                    "
    "                    "
    "                    "
    "                    ";

static const char OVER_PICTURE[] =
    "                    "
    "                    "
    "                    "
    "                    "
    "                    "
    "                    "
    "                    "
    "                    "
    "         X          "
    "        XXX         "
    "         X          "
    "         X          "
    "~~~~~~~~~m~~~~~~~~~~"
    "~~~~~~~~~~~~~~~~~~~~"
    "~~~~~~~~~~~~~~~~~~~~"
    "~~~~~~~~~~~~~~~~~~~~"
    "~~~~~~~~~~~~~~~~~~~~"
    "~~~~~~~~~~~~~~~~~~~~";

typedef struct {
    uint8_t mode, row, column;
    const char *text;
} line_t;

static const line_t LINES[] = {
    {TITLE, 15, 4, "Press START"},
    {WON, 12, 2, "The lamp burns!"},
    {WON, 13, 2, "The boats come"},
    {WON, 14, 2, "home before the"},
    {WON, 15, 2, "tide."},
    {WON, 17, 2, "THE END"},
    {OVER, 3, 5, "GAME OVER"},
    {OVER, 5, 1, "The tide takes you"},
};

static void write(uint8_t x, uint8_t y, const char *text) {
    while (*text) put_cell(x++, y, *text++);
}

static void paint_picture(const char *picture, uint8_t mode, uint8_t row) {
    const char *from = picture + ((uint16_t)row << 4) + (row << 2);
    uint8_t i;
    for (i = 0; i < 20; i++) put_cell(i, row, TILE_OF[*from++]);
    for (i = 0; i < sizeof LINES / sizeof LINES[0]; i++)
        if (LINES[i].mode == mode && LINES[i].row == row) write(LINES[i].column, row, LINES[i].text);
}

/* The uppermost row in play: hearts, and where you are. */
void hud(void) {
    uint8_t i;
    const char *name = room_name();
    for (i = 0; i < HEARTS; i++) put_cell(i, 0, i < s.hp ? 0x9C : 0x9D);
    for (; i < 8; i++) put_cell(i, 0, ' ');
    for (; i < 20; i++) put_cell(i, 0, *name ? *name++ : ' ');
}

void load_row(uint8_t row);

void paint_row(uint8_t mode, uint8_t row) {
    uint8_t x;
    if (mode == TITLE) paint_picture(TITLE_PICTURE, mode, row);
    else if (mode == WON) paint_picture(WON_PICTURE, mode, row);
    else if (mode == OVER) paint_picture(OVER_PICTURE, mode, row);
    else if (row == 0) hud();
    else {
        load_row(row);
        for (x = 0; x < 20; x++) put_cell(x, row, dark() ? 0x9F : tile_at(x, row));
    }
}
