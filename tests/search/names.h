/* A scope for tests: the names "p0", "p1", ... are slots, some words are constants. */
#ifndef TUNEBOOK_TESTS_SEARCH_NAMES_H
#define TUNEBOOK_TESTS_SEARCH_NAMES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "search/expr.h"

enum { NAMES_SLOTS = 32 };

static const char *const names_slots[NAMES_SLOTS] = {"p0",  "p1",  "p2",  "p3",  "p4",  "p5",  "p6",  "p7",
                                                     "p8",  "p9",  "p10", "p11", "p12", "p13", "p14", "p15",
                                                     "p16", "p17", "p18", "p19", "p20", "p21", "p22", "p23",
                                                     "p24", "p25", "p26", "p27", "p28", "p29", "p30", "p31"};

static inline bool names_find(const void *context, const char *name, struct expr_name *out)
{
    static const char *const words[] = {"f32", "bf16", "i8", "nt"};
    (void)context;
    for (unsigned i = 0; i < NAMES_SLOTS; i++) {
        if (strcmp(name, names_slots[i]) != 0) continue;
        *out = (struct expr_name){.kind = EXPR_SLOT, .slot = i};
        return true;
    }
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(name, words[i]) != 0) continue;
        *out = (struct expr_name){.kind = EXPR_CONSTANT, .value = expr_word(name)};
        return true;
    }
    return false;
}

static inline const char *names_slot(const void *context, unsigned slot)
{
    (void)context;
    return slot < NAMES_SLOTS ? names_slots[slot] : NULL;
}

static const struct expr_scope names_scope = {NULL, names_find, NULL};

#endif
