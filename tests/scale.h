/* How many cases a random test runs: `count` times $TUNEBOOK_TEST_SCALE (default 1), at least one. */
#ifndef TUNEBOOK_TESTS_SCALE_H
#define TUNEBOOK_TESTS_SCALE_H

#include <stddef.h>
#include <stdlib.h>

static inline size_t test_scaled(size_t count)
{
    const char *text = getenv("TUNEBOOK_TEST_SCALE");
    double scale = text ? strtod(text, NULL) : 1;
    size_t scaled = scale > 0 ? (size_t)((double)count * scale) : 0;
    return scaled > 0 ? scaled : 1;
}

/* `few` in CI, `full` in a soak. */
static inline size_t test_few_or_full(size_t few, size_t full)
{
    return test_scaled(1) > 1 ? full : few;
}

#endif
