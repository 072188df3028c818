/* The records near a problem that a lookup may borrow from: same op and words (or less alignment), sizes
 * within 2x, the last within 4x, on this class or a sibling of its target. The lookup's own rule
 * (db/lookup.h), over every record, without its bound on seeks. */
#ifndef TUNEBOOK_CLI_NEIGHBOURS_H
#define TUNEBOOK_CLI_NEIGHBOURS_H

#include "frontends/cli/find.h"

enum { NEIGHBOURS_MAX = 24 };

struct neighbour {
    struct book *book;
    char key[KEY_BYTES_MAX + 1];
    struct key_parts parts;
    size_t layer, head; /* head: 0 is the problem's own; others promise less alignment */
    bool sibling;       /* of another class of the same target */
    bool other_group;   /* a size but the last differs */
    double octaves;     /* sum of |log2 ratio| over the sizes */
    struct record record;
};

struct neighbours {
    struct neighbour *items[NEIGHBOURS_MAX]; /* nearest first: class, group, head, octaves, layer */
    size_t n, seen;                          /* seen: those that there was no room for, too */
};

enum status neighbours_find(const struct finder *finder, const struct problem *problem,
                            struct neighbours *out);
void neighbours_free(struct neighbours *neighbours);

/* Are these sizes so near that a lookup may borrow? Sets octaves and other_group. */
bool neighbour_distance(const struct key_parts *from, const struct key_parts *to, double *octaves,
                        bool *other_group);

#endif
