/* Configurations in random order, none twice where the space can be counted. */
#include "search/strategy.h"
#include "search/walk.h"

static enum status begin(void *state, const struct strategy_context *context)
{
    walk_begin(state, context->space, context->rng);
    return STATUS_OK;
}

static size_t ask(void *state, struct configuration *out, size_t capacity)
{
    size_t n = 0;
    while (n < capacity && walk_next(state, &out[n])) n++;
    return n;
}

static void tell(void *state, const struct observation *observation)
{
    (void)state;
    (void)observation;
}

static void end(void *state)
{
    (void)state;
}

const struct strategy_api strategy_random = {
    .name = "random",
    .summary = "configurations in random order",
    .state_bytes = sizeof(struct walk),
    .begin = begin,
    .ask = ask,
    .tell = tell,
    .end = end,
};
