/* One listing of AMD's matrix instruction calculator: its head, its formulae in both directions, and its
 * tables in both directions. */
#ifndef TUNEBOOK_TESTS_EMULATOR_MFMA_FILE_H
#define TUNEBOOK_TESTS_EMULATOR_MFMA_FILE_H

#include "tests/base/check.h"
#include <ctype.h>
#include "tuner/base/text.h"

/* What formulae may name. */
struct mfma_names {
    long i, j, k, lane, gpr_num, gpr_bits;
};

/* --- expressions: + - * %, floor(a / b), parentheses, names, numbers --- */

static inline long mfma_sum(const char **at, const struct mfma_names *names);

static inline void mfma_spaces(const char **at)
{
    while (**at == ' ') ++*at;
}

static inline bool mfma_take(const char **at, const char *token)
{
    mfma_spaces(at);
    if (strncmp(*at, token, strlen(token)) != 0) return false;
    *at += strlen(token);
    return true;
}

static inline long mfma_name(const char **at, const struct mfma_names *names)
{
    const struct {
        const char *name;
        long value;
    } all[] = {{"GPR_num", names->gpr_num},
               {"GPR_bits", names->gpr_bits},
               {"lane", names->lane},
               {"i", names->i},
               {"j", names->j},
               {"k", names->k}};
    for (size_t n = 0; n < N_OF(all); n++)
        if (mfma_take(at, all[n].name)) return all[n].value;
    fail_msg("no name or number at '%s'", *at);
    return 0;
}

static inline long mfma_atom(const char **at, const struct mfma_names *names)
{
    mfma_spaces(at);
    if (isdigit((unsigned char)**at)) return strtol(*at, (char **)at, 10);
    bool floor = mfma_take(at, "floor");
    if (!mfma_take(at, "(")) {
        assert_false(floor);
        return mfma_name(at, names);
    }
    long value = mfma_sum(at, names); /* a floor's inside divides as integers do */
    assert_true(mfma_take(at, ")"));
    return value;
}

static inline long mfma_product(const char **at, const struct mfma_names *names)
{
    long value = mfma_atom(at, names);
    for (;;) {
        if (mfma_take(at, "*"))
            value *= mfma_atom(at, names);
        else if (mfma_take(at, "%"))
            value %= mfma_atom(at, names);
        else if (mfma_take(at, "/"))
            value /= mfma_atom(at, names);
        else
            return value;
    }
}

static inline long mfma_sum(const char **at, const struct mfma_names *names)
{
    long value = mfma_product(at, names);
    for (;;) {
        if (mfma_take(at, "+"))
            value += mfma_product(at, names);
        else if (mfma_take(at, "-"))
            value -= mfma_product(at, names);
        else
            return value;
    }
}

static inline long mfma_value(const char *formula, const struct mfma_names *names)
{
    long value = mfma_sum(&formula, names);
    if (*formula && *formula != '\n') fail_msg("what is behind the formula: '%s'", formula);
    return value;
}

/* "NUM", "NUM.[HIGH : LOW]", "[HIGH : LOW]" (registers of a pair): the first bit, counted from register 0's.
 */
static inline long mfma_first_bit(const char *formula, const struct mfma_names *names)
{
    long registers = 0;
    const char *at = formula;
    bool pair = *at == '[';
    if (!pair) {
        registers = mfma_sum(&at, names);
        if (*at == '\n' || !*at) return 32 * registers;
        assert_true(mfma_take(&at, "."));
    }
    assert_true(mfma_take(&at, "["));
    long high = mfma_sum(&at, names);
    assert_true(mfma_take(&at, ":"));
    long low = mfma_sum(&at, names);
    assert_true(mfma_take(&at, "]") && high > low);
    return pair ? 32 * low : 32 * registers + low;
}

/* --- lines --- */

/* What stands behind `head` at the beginning of a line (after spaces), from `from` on; NULL if nowhere. */
static inline const char *mfma_line(const char *from, const char *head)
{
    for (const char *line = from; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *at = line;
        mfma_spaces(&at);
        if (strncmp(at, head, strlen(head)) != 0) continue;
        at += strlen(head);
        mfma_spaces(&at);
        return at;
    }
    return NULL;
}

static inline const char *mfma_wanted(const char *from, const char *head)
{
    const char *found = mfma_line(from, head);
    if (!found) fail_msg("no line '%s'", head);
    return found;
}

/* --- tables --- */

/* "v0", "v[1:0]", with or without "{LANE}", with or without ".[HIGH:LOW]": the first bit, and the lane. */
static inline long mfma_register(const char *cell, long *lane)
{
    const char *at = cell;
    assert_true(mfma_take(&at, "v"));
    bool pair = *at == '[';
    long first = 0, high, low;
    if (pair) {
        assert_int_equal(sscanf(at, "[%ld:%ld]", &high, &low), 2);
        first = 32 * low;
        at = strchr(at, ']') + 1;
    } else {
        first = 32 * strtol(at, (char **)&at, 10);
    }
    *lane = -1;
    if (*at == '{') {
        *lane = strtol(at + 1, (char **)&at, 10);
        assert_true(mfma_take(&at, "}"));
    }
    if (*at == '.') {
        assert_int_equal(sscanf(at, ".[%ld:%ld]", &high, &low), 2);
        first += low;
    }
    return first;
}

/* The text of cell `column` (0: the row's head) of the line "| a | b | ..."; false behind the last. */
static inline bool mfma_cell(const char *line, unsigned column, char *out, size_t capacity)
{
    const char *end = line + strcspn(line, "\n"), *at = line;
    if (*at != '|') return false;
    for (; column; column--) {
        at = memchr(at + 1, '|', (size_t)(end - at - 1));
        if (!at) return false;
    }
    const char *stop = memchr(at + 1, '|', (size_t)(end - at - 1));
    if (!stop) return false;
    for (at++; *at == ' ';) at++;
    while (stop > at && stop[-1] == ' ') stop--;
    snprintf(out, capacity, "%.*s", (int)(stop - at), at);
    return true;
}

static inline const char *mfma_next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : "";
}

#endif
