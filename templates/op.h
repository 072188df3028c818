/* An op: what is computed. Its problem's fields, their text and key, the argument block, bytes and flops.
 *
 * A problem is the op and one value per field. Text ("gemm bf16 nt m=16 n=4096 k=4096") and key
 * ("gemm/a=bf16,...") are made and read by the same table, so that arguments, files, logs and books agree.
 * This half of an op is linked into the runtime library; the reference, inputs and tolerances are in proof.h.
 */
#ifndef TUNEBOOK_TEMPLATES_OP_H
#define TUNEBOOK_TEMPLATES_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/dtype.h"
#include "tuner/base/facts.h"
#include "tuner/base/status.h"
#include "tuner/base/text.h"

enum { OP_FIELDS_MAX = 24, OP_OPERANDS_MAX = 16, OP_ARGS_BYTES_MAX = 512, PROBLEM_TEXT_BYTES = 256 };

/* The value vector that every manifest expression and descriptor sees. */
enum {
    SLOT_PROBLEM = 0,
    SLOT_DEVICE = SLOT_PROBLEM + OP_FIELDS_MAX,
    SLOT_PARAMETERS = SLOT_DEVICE + 16,
    SLOT_COUNT = SLOT_PARAMETERS + 32
};

enum field_kind {
    FIELD_TYPE,   /* enum dtype */
    FIELD_CHOICE, /* index into `choices` */
    FIELD_FLAG,   /* 0 or 1 */
    FIELD_ALIGN,  /* log2 of the bytes that base address and row pitch of an operand are multiples of, 0..8 */
    FIELD_SIZE    /* a launch-time number */
};

struct op_field {
    const char *name; /* as expressions and texts call it */
    enum field_kind kind;
    const char *const *choices; /* FIELD_CHOICE: NULL-terminated words */
    int64_t minimum, maximum;
    int64_t initial;   /* the value when the text does not name it; -1: it must */
    const char *brief; /* a shorter name that texts may use ("a" for a_type); NULL: none */
};

struct problem {
    const struct op *op;
    int64_t value[OP_FIELDS_MAX]; /* unused fields are 0, so problems compare with memcmp */
};

enum operand_role { OPERAND_ACTIVATION, OPERAND_WEIGHT, OPERAND_OUTPUT };

/* A tensor of the problem in its tightest storage. `rows` x `columns` as stored, `pitch` elements between
 * rows. */
struct operand {
    const char *name;
    enum operand_role role;
    enum dtype type;
    int64_t rows, columns, pitch, batch, batch_stride; /* in elements */
    /* Of its pointer in the argument block. An operand that this problem does not use is 1 x 1, and bind()
     * leaves its pointer NULL. */
    size_t pointer_offset;
    /* Of its pitch and batch stride (int64_t) there; 0: the block has none, it is stored as said here.
     * Verification spreads operands and sets these. */
    size_t pitch_offset, batch_stride_offset;
    /* log2 of the bytes that its address and pitches are multiples of in every problem. 0: those of an
     * element, or what a field align_NAME says. */
    unsigned align;
    /* How many rows there are is known on the device only: `rows` is this problem's count, and tensor maps
     * let kernels name any. */
    bool rows_unknown;
};

struct op_work {
    double flops;
    double bytes; /* least traffic: every input read once, every output written once */
};

struct op {
    const char *name;
    const struct op_field *fields;
    unsigned n_fields;
    uint32_t args_abi;
    size_t args_bytes;
    /* Sizes that default to other sizes, once a text's words are all taken; NULL: there are none. */
    void (*complete)(struct problem *problem);
    /* Checks across fields (glu needs even n, products fit in 63 bits ...): STATUS_USAGE with one clear line.
     */
    enum status (*check)(const struct problem *problem);
    /* Takes a bare word of a problem text ("bf16", "nt", "bias+gelu"); false if it is none of this op's. */
    bool (*take_word)(struct problem *problem, const char *word);
    /* The canonical words and fields, "bf16 nt bias+gelu al=4444 m=16 ..."; defaults are left out, sizes
     * never. */
    void (*print)(const struct problem *problem, struct text *out);
    /* The part of the record key before the device class:
     * "gemm/a=bf16,b=bf16,d=bf16,acc=f32/nt/none/al=4444". With blanks for '/' and ',' it is the beginning of
     * a problem's text, which key_sizes complete. */
    void (*key_head)(const struct problem *problem, struct text *out);
    const char *const
        *key_sizes; /* size fields in key order, the one tuned for last: {"n","k","batch","m",NULL} */
    void (*work)(const struct problem *problem, struct op_work *out);
    unsigned (*operands)(const struct problem *problem, struct operand out[OP_OPERANDS_MAX]);
    /* Their names, NULL-terminated: operand i has name i, and those that only some problems have come last.
     */
    const char *const *operand_names;
    /* Do engines ask for such a problem often enough that a book of defaults should know it? NULL: all do. */
    bool (*is_usual)(const struct problem *problem);
    /* The i-th of up to 16 sets of sizes that kernels of a book of defaults are made for; false: there are no
     * more. NULL: any size does, since keys' heads hold none. */
    bool (*usual_sizes)(unsigned i, struct problem *problem);
    /* Fills the argument block for operands stored as `operands` says, with these pointers; alpha 1, beta 0.
     */
    void (*bind)(const struct problem *problem, void *const pointers[OP_OPERANDS_MAX], void *workspace,
                 void *args);
};

const struct op *op_find(const char *name); /* NULL if unknown */
size_t op_names(const char **names, size_t capacity);
int op_field_index(const struct op *op, const char *name);   /* -1 if unknown */
int op_operand_index(const struct op *op, const char *name); /* -1 if no problem of it has such a one */

/* Problem text and back. Errors (STATUS_USAGE) name the word or field, what would be right, and the closest
 * known name. */
enum status problem_parse(const char *text, struct problem *out);
/* Sets one field from "name=value". */
enum status problem_set(struct problem *problem, const char *name, const char *value);
enum status
problem_check(const struct problem *problem); /* ranges, required fields, then the op's own check */
void problem_print(const struct problem *problem, char out[PROBLEM_TEXT_BYTES]);
int64_t problem_size(const struct problem *problem, const char *field); /* the field must exist */

/* Whose peak of a device bounds its arithmetic: the type of its first operand. */
enum dtype problem_input_type(const struct problem *problem);

/* Writes the slots of problem and device into the value vector (types and choices as expr_word values).
 * Parameters' slots are left alone. */
void problem_slots(const struct problem *problem, const struct device_facts *facts,
                   int64_t slots[SLOT_COUNT]);

#endif
