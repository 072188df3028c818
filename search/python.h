/* Expressions of Python, as far as definitions of search spaces use them; with Python's own meaning, exactly.
 *
 *     values      and or not, == != < <= > >= (in chains, too), in, not in, + - * / // % **, unary + -,
 *                 min max abs, numbers, 'strings', True False, names, parentheses
 *     lists       [1, 2, 4], (1, 2), range(a, b, step), list(...), [2**i for i in range(6) if i != 3], and
 *                 + between them
 *
 * Everything else is refused when it is compiled, by its name and column. Integers have 64 bits: where Python
 * would go on with larger ones, evaluation says so instead of giving another answer. Compiled expressions are
 * immutable and evaluate without allocating, from any thread. */
#ifndef TUNEBOOK_SEARCH_PYTHON_H
#define TUNEBOOK_SEARCH_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/arena.h"
#include "tuner/base/status.h"

enum { PYTHON_NAMES_MAX = 32, PYTHON_LIST_MAX = 4096 };

enum python_kind { PYTHON_BOOL, PYTHON_INT, PYTHON_FLOAT, PYTHON_STRING };

struct python_value {
    enum python_kind kind;
    union {
        int64_t integer; /* of a bool: 0 or 1 */
        double real;
        const char *string; /* borrowed */
    };
};

/* What Python would raise, or what it would not and we cannot follow. */
enum python_fault { PYTHON_FINE, PYTHON_DIVISION_BY_ZERO, PYTHON_OVERFLOW, PYTHON_TYPE };
const char *python_fault_name(enum python_fault fault); /* "division by zero", ... */

struct python_node;

struct python {
    const struct python_node *root; /* in the arena it was compiled in */
    uint32_t n_nodes;
};

/* What names stand for: names[i] is slot i. At most PYTHON_NAMES_MAX. */
struct python_names {
    const char *const *items;
    uint32_t n;
};

/* Compiles an expression that has one value. `where` begins the error: "t1.json: condition 2, column 14:
 * ...". */
enum status python_compile(struct arena *arena, const char *text, const char *where,
                           const struct python_names *names, struct python *out);

/* The values of slots: those of slot i are table[i][slots[i]], or where table[i] is NULL the integer slots[i]
 * itself. */
struct python_slots {
    const int64_t *slots;
    const struct python_value *const *tables;
};

enum python_fault python_evaluate(const struct python *python, const struct python_slots *slots,
                                  struct python_value *out);
bool python_is_true(const struct python_value *value);
/* As == has it: 1, 1.0 and True are equal. */
bool python_equal(const struct python_value *a, const struct python_value *b);
/* < 0, 0 or > 0 as `a` is smaller, neither, or greater; for values that < takes. */
int python_order(const struct python_value *a, const struct python_value *b);

/* Bit i: it reads slot i. */
uint32_t python_reads(const struct python *python);
/* The operands of `and` at the top (the expression itself where there is none): true where all are true.
 * Writes at most `capacity`; 0 where there are more. */
size_t python_conjuncts(const struct python *python, struct python *out, size_t capacity);

/* Evaluates the text of a list, without names. The values lie in the arena; one value alone is no list.
 * STATUS_BAD_DATA, too, for more than PYTHON_LIST_MAX values and for a fault. */
enum status python_list(struct arena *arena, const char *text, const char *where,
                        const struct python_value **values, size_t *n);

#endif
