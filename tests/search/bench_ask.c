/* What a strategy itself takes for one configuration, in a space of 1.2e5 like that of a GPU's GEMM: mean of
 * each of several searches of some hundred trials, asked for in batches of one and told at once. */
#include <stdio.h>
#include <stdlib.h>
#include "tests/search/names.h"
#include "tests/search/spaces.h"
#include "search/search.h"
#include "tuner/base/clock.h"

enum { SEARCHES = 11, TRIALS = 1000, PARAMETERS = 10 };

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A bowl in the indices, rugged by a tenth. */
static struct observation answer(const struct configuration *configuration)
{
    double time = 1000;
    uint64_t hash = 0;
    for (unsigned i = 0; i < PARAMETERS; i++) {
        double off = configuration->index[i] - 1.3 - 0.1 * i;
        time *= 1 + 0.05 * off * off;
        hash = (hash + configuration->index[i] + 1) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return (struct observation){*configuration, hash >> 59 != 0,
                                time * (1 + 0.1 * (double)(hash >> 40) / (double)(1 << 24)), 0};
}

static double search_once(const struct space *space, const char *strategy, uint64_t seed)
{
    struct search_options options = {.strategy = strategy, .seed = seed, .max_trials = TRIALS};
    struct search *search;
    struct configuration asked;
    bool finished = false;
    uint64_t begin_ns = clock_ns();
    if (search_create(space, &options, &search) != STATUS_OK) exit(1);
    while (search_ask(search, &asked, 1, &finished)) {
        struct observation observation = answer(&asked);
        search_tell(search, &observation);
    }
    double each_ns = (double)(clock_ns() - begin_ns) / (double)search_asked(search);
    search_free(search);
    return each_ns;
}

static void bench(const struct space *space, const char *strategy)
{
    double each_ns[SEARCHES];
    for (uint64_t i = 0; i < SEARCHES; i++) each_ns[i] = search_once(space, strategy, i);
    qsort(each_ns, SEARCHES, sizeof *each_ns, compare_double);
    printf("{\"name\":\"ask_%s\",\"value\":%.0f,\"unit\":\"ns\",\"q1\":%.0f,\"q3\":%.0f,\"count\":%llu}\n",
           strategy, each_ns[SEARCHES / 2], each_ns[SEARCHES / 4], each_ns[SEARCHES * 3 / 4],
           (unsigned long long)space_count(space, NULL));
}

int main(void)
{
    static const int64_t values[] = {1, 2, 4, 8}, slots[NAMES_SLOTS];
    struct space_parameter parameters[PARAMETERS];
    struct arena arena = {0};
    struct space_clause clause = {.text = "p0 * p1 * p2 <= 32"};
    struct space *space;
    const char *names[16];
    size_t n = strategy_names(names, 16);
    for (unsigned i = 0; i < PARAMETERS; i++)
        parameters[i] = (struct space_parameter){names_slots[i], values, i < 8 ? 4 : 2, i};
    if (expr_compile(&arena, clause.text, "clause", &names_scope, &clause.expr) != STATUS_OK) return 1;
    struct space_spec spec = {parameters, PARAMETERS, &clause, 1, slots, NAMES_SLOTS};
    if (space_create(&spec, &space) != STATUS_OK) return 1;
    for (size_t i = 0; i < n; i++) bench(space, names[i]);
    space_free(space);
    arena_free(&arena);
    return 0;
}
