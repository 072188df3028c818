/* What the self-test of a matrix instruction is fed: cases, each the registers of a whole wave.
 *
 * The first names every element of D through C; then each element of A is one alone while B tells its row in
 * every element, and the other way round; then small integers, whose sums are exact in any order. */
#ifndef TUNEBOOK_SELFTEST_CASES_H
#define TUNEBOOK_SELFTEST_CASES_H

#include <stddef.h>
#include "tuner/base/text.h"
#include "tuner/emulator/matrix.h"

enum selftest_words { SELFTEST_A, SELFTEST_B, SELFTEST_C, SELFTEST_D, SELFTEST_WORDS };

struct selftest_cases {
    enum matrix_form form;
    size_t n;
    /* [case][lane][register], `bytes` each; D is what the layouts we believe in say. Owned. */
    unsigned *words[SELFTEST_WORDS];
    size_t bytes[SELFTEST_WORDS];
};

enum status selftest_cases_make(enum matrix_form form, struct selftest_cases *out);
void selftest_cases_free(struct selftest_cases *cases);

/* Compares what a device made of them; true if all is equal. Else `why` says which case, lane and register
 * differ first. */
bool selftest_cases_equal(const struct selftest_cases *cases, const unsigned *d, struct text *why);

#endif
