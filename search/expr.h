/* Expressions of manifests: C operators on 64-bit integers, compiled once to a small stack bytecode.
 *
 *     or-else  ?:    logic  || && !    compare  == != < <= > >=    bits  | & ^ ~ << >>    arithmetic  + - * /
 * % functions  ceil_div(a,b) min(a,b,...) max(a,b,...) abs(a) log2(a) (floor) is_pow2(a) size_of(type)
 * (bytes)
 *
 * && || ?: evaluate only what they need, as in C. Overflow (so INT64_MIN / -1), division by zero, shifts
 * outside 0..63, log2 of a value < 1 and size_of something that is no type are faults, never undefined
 * behaviour.
 *
 * A name is a constant, a slot of the value vector, or a `let` whose code is put in its place. Words such as
 * bf16, nt or swiglu are constants with the value expr_word("bf16"): problem fields of that kind hold the
 * same values, so that `a_type == bf16` compares names. Bytecode is position-independent and may be stored;
 * what comes back from a file passes expr_validate before it is evaluated. Evaluation is pure and safe from
 * any thread. */
#ifndef TUNEBOOK_SEARCH_EXPR_H
#define TUNEBOOK_SEARCH_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/arena.h"
#include "tuner/base/status.h"
#include "tuner/base/text.h"

enum { EXPR_STACK_MAX = 64, EXPR_CODE_MAX = 4096, EXPR_SLOTS_MAX = 256, EXPR_KEPT_MAX = 8 };

struct expr {
    const uint8_t *code; /* borrowed: from the arena it was compiled in, or the buffer it was validated in */
    uint32_t size;
};

enum expr_name_kind { EXPR_CONSTANT, EXPR_SLOT, EXPR_LET };

struct expr_name {
    enum expr_name_kind kind;
    int64_t value;    /* EXPR_CONSTANT */
    unsigned slot;    /* EXPR_SLOT: index into the value vector */
    struct expr code; /* EXPR_LET */
};

/* What names mean. `find` returns false for an unknown one; `list` (may be NULL) gives known names for
 * advice. */
struct expr_scope {
    const void *context;
    bool (*find)(const void *context, const char *name, struct expr_name *out);
    size_t (*list)(const void *context, const char **names, size_t capacity);
};

/* Compiles TEXT into bytecode owned by `arena`. `where` names template and clause for errors, which read
 * "gemm_cpu: where[2], column 14: unknown name 'TILEM'; did you mean 'TILE_M'?" (STATUS_BAD_DATA). Constant
 * subexpressions are folded; a fault in one is reported here. */
enum status expr_compile(struct arena *arena, const char *text, const char *where,
                         const struct expr_scope *scope, struct expr *out);

/* Accepts bytes that came over a file: every opcode known, every jump forward, inside and on an instruction,
 * the stack never under- or overflowing, exactly one result, slots < n_slots. *out borrows `code`. */
enum status expr_validate(const void *code, size_t size, unsigned n_slots, struct expr *out);

enum expr_fault {
    EXPR_FINE,
    EXPR_OVERFLOW,
    EXPR_DIVISION_BY_ZERO,
    EXPR_BAD_SHIFT,
    EXPR_BAD_LOG2,
    EXPR_BAD_TYPE,
    EXPR_BAD_CODE
};

/* Evaluates compiled or validated code. *out is written only on EXPR_FINE. No allocation. */
enum expr_fault expr_eval(const struct expr *expr, const int64_t *slots, int64_t *out);
/* Evaluates bytes that came over a file and were not validated: each instruction is checked as it runs, so
 * that nothing outside the bytes, the stack or the slots is touched. EXPR_BAD_CODE where expr_validate would
 * refuse what ran. For looking once at code that may never be used; validating and evaluating takes several
 * times as long. */
enum expr_fault expr_eval_checked(const void *code, size_t size, const int64_t *slots, unsigned n_slots,
                                  int64_t *out);
const char *expr_fault_name(enum expr_fault fault); /* "overflow", ... */

/* Calls visit for every slot the code may read (repeats possible). */
void expr_visit_slots(const struct expr *expr, void (*visit)(void *context, unsigned slot), void *context);

/* Appends a copy of the code in which slot s became slot map[s]; n_map bounds s. STATUS_BAD_DATA outside. */
enum status expr_renumber(const struct expr *expr, const unsigned *map, unsigned n_map, struct text *out);

/* Human-readable text of the bytecode, for `explain` (infix, minimal parentheses). slot_name gives names. */
void expr_print(const struct expr *expr, const char *(*slot_name)(const void *context, unsigned slot),
                const void *context, struct text *out);

/* The value that stands for a bare word: non-negative, the same on every machine and version (FNV-1a 64 >>
 * 1). */
int64_t expr_word(const char *word);

#endif
