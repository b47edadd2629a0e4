/* What happens where you press A, and what things out of the bag do. */
#include "state.h"
#include "tiles.h"

#define BREAD_HEARTS 4

static void maren(void) {
    if (!(s.flags & F_TOLD))
        say("Maren: Without the lamp the boats are lost. Your father's sword lies buried \1. "
            "Dig with A where the sand is loose.", F_TOLD);
    else if (!(s.flags & F_SWORD)) say("Maren: The sword lies buried \1.", 0);
    else
        say("Maren: Cut the thorns north of the dunes. Ask the fisher and the monk, search the chests. "
            "The lamp needs oil and its lens.", 0);
}

static void tell(uint8_t knows_code) {
    if (!(s.items & SWORD)) say("Come back with a sword. I tell no child of the rock.", 0);
    else if (knows_code) say("The numbered door on the cliff? I set its dials myself: \2.", F_CODE);
    else say("Three levers in the tide hall. Pull the \3 one! The others let in the sea.", F_LEVER);
}

static void dig(uint8_t x, uint8_t y) {
    if (!(s.flags & F_TOLD)) say("Loose sand. Why dig here?", 0);
    else if (s.room != s.grave || s.flags & F_SWORD) say("Nothing but sand and shells.", 0);
    else {
        s.flags |= F_SWORD;
        s.items |= SWORD;
        set_tile(x, y, T_HOLE);
        say("You dig up your father's SWORD! B strikes with it.", 0);
    }
}

static void find(uint8_t item) {
    s.items |= item;
    switch (item) {
    case KEY: say("You find a KEY. It smells of tar and boats.", 0); break;
    case LANTERN: say("You find a LANTERN. No cave is too dark now.", 0); break;
    case BREAD: say("You find BREAD. It gives back four hearts.", 0); break;
    case OIL: say("You find a jar of OIL for the lamp.", 0); break;
    }
}

static void open_chest(uint8_t x, uint8_t y) {
    set_tile(x, y, T_OPEN_CHEST);
    switch (s.room) {
    case HARBOUR: s.flags |= F_CHEST_HARBOUR; find(s.chest[0]); break;
    case CHAPEL: s.flags |= F_CHEST_CHAPEL; find(s.chest[1]); break;
    case CLIFF: s.flags |= F_CHEST_CLIFF; find(s.chest[2]); break;
    case BOATHOUSE: s.flags |= F_LANTERN; find(LANTERN); break;
    }
}

static void pull(uint8_t x, uint8_t y) {
    if (s.flags & F_GATE) say("It does not move any more.", 0);
    else if ((x > 5) + (x > 12) != s.lever) {
        hurt_player();
        if (s.mode == WALK) say("Wrong! The sea bursts in and tears at you.", 0);
    } else {
        s.flags |= F_GATE;
        set_tile(x, y, T_PULLED_LEVER);
        replace_tiles(T_GATE, T_FLOOR);
        say("The gate in the north wall grinds open.", 0);
    }
}

static void drink(void) {
    s.hp = HEARTS;
    hud();
    say("Cool, sweet water. All your hearts are back.", 0);
}

/* A was pressed before this cell. */
void act_on(uint8_t x, uint8_t y) {
    if (x > 19 || y < 1 || y > 17 || dark()) return;
    switch (tile_at(x, y)) {
    case T_OLD_MAREN: maren(); break;
    case T_ODD_THE_FISHER: tell(s.monk_knows); break;
    case T_THE_MONK: tell(!s.monk_knows); break;
    case T_MOUND: dig(x, y); break;
    case T_CHEST: open_chest(x, y); break;
    case T_OPEN_CHEST: say("Empty.", 0); break;
    case T_THORNS: say("Thorns, as thick as your arm. They need a blade.", 0); break;
    case T_LOCKED_DOOR: say("Locked. There is a keyhole.", 0); break;
    case T_NUMBERED_DOOR: open_dial(); break;
    case T_GATE: say("The gate is shut.", 0); break;
    case T_LEVER:
    case T_PULLED_LEVER: pull(x, y); break;
    case T_FONT: drink(); break;
    case T_DARK_LAMP: say("The great lamp. It is dry, and its lens is gone.", 0); break;
    case T_HOUSE_DOOR: say("Nobody is at home.", 0); break;
    case T_BOAT: say("An empty boat.", 0); break;
    }
}

static void unlock(void) {
    s.items &= ~KEY;
    s.flags |= F_UNLOCKED;
    replace_tiles(T_LOCKED_DOOR, T_FLOOR);
    say("The KEY turns. The boathouse is open.", 0);
}

static void light_cave(void) {
    s.flags |= F_LIT;
    fade_to(WALK);
}

static void eat(void) {
    s.items &= ~BREAD;
    s.hp += BREAD_HEARTS;
    if (s.hp > HEARTS) s.hp = HEARTS;
    hud();
    say("You eat the BREAD. Four hearts are back.", 0);
}

static void pour(void) {
    s.items &= ~OIL;
    s.flags |= F_POURED;
    say("You fill the lamp with OIL.", 0);
}

static void set_lens(void) {
    if (s.flags & F_POURED) fade_to(WON);
    else say("Without oil the lens is of no use.", 0);
}

void use_item(uint8_t item) {
    uint8_t x = s.x + DX[s.facing], y = s.y + DY[s.facing];
    uint8_t tile = x > 19 || y < 1 || y > 17 ? 0 : tile_at(x, y);
    s.mode = WALK;
    if (item == KEY && tile == T_LOCKED_DOOR) unlock();
    else if (item == LANTERN && dark()) light_cave();
    else if (item == BREAD) eat();
    else if (item == OIL && tile == T_DARK_LAMP) pour();
    else if (item == LENS && tile == T_DARK_LAMP) set_lens();
    else say("That is of no use here.", 0);
}
