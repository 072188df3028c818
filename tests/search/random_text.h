/* Random expressions as text, over the first SLOTS names of the scope in names.h. */
#ifndef TUNEBOOK_TESTS_SEARCH_RANDOM_TEXT_H
#define TUNEBOOK_TESTS_SEARCH_RANDOM_TEXT_H

#include "search/expr.h"
#include "tests/search/names.h"
#include "tuner/base/rng.h"

enum { SLOTS = 8 };

static struct rng rng;

static inline const char *pick(const char *const *words, size_t n)
{
    return words[rng_below(&rng, n)];
}

/* Mostly small, so that conditions, identities and divisors of every kind come up. */
static inline int64_t random_value(void)
{
    static const int64_t edges[] = {0, 1, -1, 2, 63, 64, INT64_MAX, INT64_MIN, INT64_MAX - 1, 127};
    if (rng_below(&rng, 3) == 0) return edges[rng_below(&rng, N_OF(edges))];
    if (rng_below(&rng, 8) == 0) return expr_word("bf16");
    if (rng_below(&rng, 8) == 0) return (int64_t)rng_next(&rng);
    return (int64_t)rng_below(&rng, 5) - 1;
}

static inline void print_leaf(struct text *out)
{
    int64_t value = random_value();
    if (rng_below(&rng, 4))
        text_append(out, names_slots[rng_below(&rng, SLOTS)]);
    else
        text_format(out, "%lld", (long long)(value < 0 ? -(value + 1) : value));
}

static inline void print_random(struct text *out, unsigned depth)
{
    static const char *const binaries[] = {"+", "-",  "*",  "/", "%",  "<<", ">>", "&",  "|",
                                           "^", "==", "!=", "<", "<=", ">",  ">=", "&&", "||"};
    static const char *const calls[] = {"ceil_div", "min", "max", "abs", "log2", "is_pow2", "size_of"};
    static const char *const unaries[] = {"-", "!", "~"};
    if (depth == 0 || rng_below(&rng, 8) == 0) {
        print_leaf(out);
        return;
    }
    uint64_t choice = rng_below(&rng, 10);
    if (choice == 0) {
        size_t i = rng_below(&rng, N_OF(calls));
        text_format(out, "%s(", calls[i]);
        print_random(out, depth - 1);
        if (i < 3) text_append(out, ", ");
        if (i < 3) print_random(out, depth - 1);
        text_append(out, ")");
        return;
    }
    text_append(out, choice == 1 ? pick(unaries, N_OF(unaries)) : "");
    text_append(out, "(");
    print_random(out, depth - 1);
    text_append(out, ")");
    if (choice == 1) return;
    bool logic = choice <= 4, ternary = choice == 5;
    text_format(out, " %s (",
                ternary ? "?"
                : logic ? pick(binaries + 16, 2)
                        : pick(binaries, N_OF(binaries)));
    print_random(out, depth - 1);
    text_append(out, ternary ? ") : (" : ")");
    if (ternary) print_random(out, depth - 1);
    text_append(out, ternary ? ")" : "");
}

#endif
