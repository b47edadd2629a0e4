/* All that the game remembers, at addresses that never move. README.md lists them. */
#ifndef STATE_H
#define STATE_H
#include <stdint.h>

enum { BOOT, TITLE, MENU, WALK, TALK, BAG, DIAL, FADE, OVER, WON };
enum { DOWN, UP, LEFT, RIGHT };
enum { BEACH = 1, VILLAGE, HARBOUR, DUNES, CHAPEL, BOATHOUSE, CLIFF, CAVE, HALL, TOWER, LAMP };

#define SWORD 0x01
#define KEY 0x02
#define LANTERN 0x04
#define BREAD 0x08
#define OIL 0x10
#define LENS 0x20

#define F_TOLD 0x0001     /* old Maren has said where the sword lies */
#define F_SWORD 0x0002
#define F_THORNS 0x0004   /* cut */
#define F_CODE 0x0008     /* heard */
#define F_LEVER 0x0010    /* heard */
#define F_CHEST_HARBOUR 0x0020
#define F_CHEST_CHAPEL 0x0040
#define F_CHEST_CLIFF 0x0080
#define F_UNLOCKED 0x0100 /* the boathouse */
#define F_LANTERN 0x0200  /* found */
#define F_DIALLED 0x0400  /* the numbered door stands open */
#define F_LIT 0x0800      /* the cave */
#define F_GATE 0x1000     /* the right lever is pulled */
#define F_BOSS 0x2000     /* the Old Crab is dead */
#define F_POURED 0x4000   /* oil in the lamp */

#define HEARTS 6
#define BOSS_HEARTS 6
#define CRABS 3

typedef struct {
    uint8_t mode;
    uint8_t busy; /* 1 while a screen fades or words are being written: buttons do nothing */
    uint8_t room;
    uint8_t x, y; /* cell of the screen: 0-19, 1-17 */
    uint8_t facing;
    uint8_t hp;
    uint8_t items;
    uint16_t flags;
    uint8_t boss_hp;
    uint8_t boss_x, boss_y; /* its upper left cell */
    uint8_t boss_open;
    uint8_t cursor;
    uint8_t ending; /* 1 won, 2 lost */
    uint16_t steps;
    uint8_t crab_x[CRABS], crab_y[CRABS], crab_hp[CRABS];
    uint8_t hurt; /* frames in which nothing can hurt again */
    /* the secrets of the seed */
    uint8_t code[3];
    uint8_t lever;      /* 0 left, 1 middle, 2 right */
    uint8_t grave;      /* the room with the sword */
    uint8_t chest[3];   /* what lies in the harbour, the chapel, on the cliff */
    uint8_t monk_knows; /* 0: the monk knows the code and the fisher the lever; 1: the other way round */
    uint16_t rng;
    uint8_t dial[3];
} state_t;

extern state_t __at(0xC0A0) s;
extern uint16_t __at(0xC0F0) seed;

/* main.c */
#define P_RIGHT 0x01
#define P_LEFT 0x02
#define P_UP 0x04
#define P_DOWN 0x08
#define P_A 0x10
#define P_B 0x20
#define P_SELECT 0x40
#define P_START 0x80
extern uint8_t held, pressed; /* pressed is cleared by whoever uses it */
void fade_to(uint8_t mode);

/* chance.c */
uint8_t below(uint8_t n);
void shuffle_world(void);

/* video.c */
void video_start(void);
void poke(uint16_t address, uint8_t tile);
void put_cell(uint8_t x, uint8_t y, uint8_t tile);
void put_window(uint8_t x, uint8_t y, uint8_t tile);
void write_window(uint8_t x, uint8_t y, const char *text);
void box(uint8_t rows);
void show_window(uint8_t row);
void hide_window(void);
uint8_t window_row(void);
void palettes(uint8_t step);

/* sprites.c */
extern uint8_t walking; /* frames until the next cell is reached */
extern uint8_t swing;   /* frames that the sword stays out */
extern uint8_t crab_walking[CRABS], crab_facing[CRABS];
void draw_sprites(void);
void hide_sprites(void);

/* screens.c */
void paint_row(uint8_t mode, uint8_t row);
void hud(void);

/* rooms.c */
void load_room(void);
uint8_t tile_at(uint8_t x, uint8_t y);
void set_tile(uint8_t x, uint8_t y, uint8_t tile);
void replace_tiles(uint8_t from, uint8_t to);
uint8_t is_free(uint8_t x, uint8_t y); /* to walk on: no wall and nobody there */
const char *room_name(void);
uint8_t neighbour(uint8_t facing);
uint8_t dark(void);
extern const int8_t DX[4], DY[4];

/* play.c */
void walk(void);
void hurt_player(void);

/* foes.c */
void place_foes(void);
void move_foes(void);
uint8_t crab_at(uint8_t x, uint8_t y); /* its number, or CRABS */
uint8_t boss_at(uint8_t x, uint8_t y);
void strike(uint8_t x, uint8_t y);

/* talk.c */
void say(const char *text, uint16_t flag); /* the flag is set once all is read */
void talk(void);
extern const char INTRO[], HOW_TO[];

/* use.c */
void act_on(uint8_t x, uint8_t y);
void use_item(uint8_t item);

/* bag.c */
void open_bag(void);
void bag(void);
void open_dial(void);
void dial(void);
#endif
