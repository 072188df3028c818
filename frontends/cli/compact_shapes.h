/* What a kernel of a book covers: the problem of a record, and shapes near it that lookups borrow it for. */
#ifndef TUNEBOOK_CLI_COMPACT_SHAPES_H
#define TUNEBOOK_CLI_COMPACT_SHAPES_H

#include "db/compact.h"
#include "templates/op.h"
#include "tuner/base/classes.h"
#include "tuner/base/facts.h"

/* `struct compact_shapes shapes = {0};` is the context of compact_shapes_covers. */
struct compact_shapes {
    struct key_parts parts; /* of the key asked about last */
    char key[KEY_BYTES_MAX + 1];
    struct problem like;        /* of its head; its op is NULL where no problem is behind the key */
    int fields[KEY_SIZES_MAX];  /* of its sizes */
    struct device_facts facts;  /* of its class */
    bool is_known;              /* the facts are; else they forbid nothing */
    struct device_facts of_cpu; /* the one here */
    char cpu_class[CLASS_TEXT_BYTES];
    bool has_asked_cpu;
};

/* Bit 0: the problem; 1: its last size one more; 2, 3: four times, a quarter; 4: the other sizes doubled. */
compact_covers compact_shapes_covers;

#endif
