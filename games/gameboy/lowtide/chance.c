/* Chance: a 16-bit xorshift of Marsaglia's (7, 9, 8), and the secrets that a seed decides. */
#include "state.h"

static uint8_t chance(void) {
    s.rng ^= s.rng << 7;
    s.rng ^= s.rng >> 9;
    s.rng ^= s.rng << 8;
    return (uint8_t)s.rng;
}

/* A number from 0 to n - 1. */
uint8_t below(uint8_t n) {
    uint8_t number = chance();
    while (number >= n) number -= n;
    return number;
}

static void shuffle_chests(void) {
    uint8_t i, other, kept;
    s.chest[0] = KEY;
    s.chest[1] = OIL;
    s.chest[2] = BREAD;
    for (i = 2; i; i--) {
        other = below(i + 1);
        kept = s.chest[i];
        s.chest[i] = s.chest[other];
        s.chest[other] = kept;
    }
}

void shuffle_world(void) {
    uint8_t i;
    s.rng = seed ? seed : 0xACE1; /* a xorshift never leaves 0 */
    for (i = 0; i < 16; i++) chance();
    for (i = 0; i < 3; i++) s.code[i] = below(10);
    s.lever = below(3);
    s.grave = BEACH + below(4); /* the beach, the village, the harbour, the dunes */
    s.monk_knows = below(2);
    shuffle_chests();
}
