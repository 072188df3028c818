/* How long it takes to make (and count) constrained spaces of 10^7 raw combinations. Three shapes: a matrix
 * product's parameters, one clause that ties all parameters together, and the same with every combination
 * distinct. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "search/space.h"
#include "tuner/base/clock.h"

enum { REPEATS = 5, PARAMETERS_MAX = 16, CLAUSES_MAX = 16 };

struct bench {
    const char *name;
    struct {
        const char *name;
        int64_t values[16]; /* up to the first 0 */
    } parameters[PARAMETERS_MAX];
    const char *clauses[CLAUSES_MAX];
};

static const struct bench benches[] = {
    {"gemm",
     {{"TILE_M", {16, 32, 48, 64, 96, 128, 192, 256}},
      {"TILE_N", {16, 32, 48, 64, 96, 128, 192, 256}},
      {"TILE_K", {16, 32, 64, 96, 128}},
      {"WAVES_M", {1, 2, 4, 8}},
      {"WAVES_N", {1, 2, 4, 8}},
      {"STAGES", {1, 2, 3, 4, 5}},
      {"VECTOR", {1, 2, 4, 8}},
      {"SWIZZLE", {1, 2, 3}},
      {"SPLIT_K", {1, 2, 3, 4, 6, 8, 12, 16}},
      {"UNROLL", {1, 2, 4, 8, 16}}},
     {"TILE_M % (16 * WAVES_M) == 0 && TILE_N % (16 * WAVES_N) == 0", "WAVES_M * WAVES_N <= 16",
      "STAGES * (TILE_M + TILE_N) * TILE_K * 2 <= 65536",
      "SPLIT_K == 1 || ceil_div(4096, TILE_K) >= SPLIT_K * 4",
      "TILE_M * TILE_K % (64 * WAVES_M * WAVES_N * VECTOR) == 0", "TILE_K % UNROLL == 0",
      "TILE_M / WAVES_M * (TILE_N / WAVES_N) / 64 + STAGES * VECTOR * 4 <= 256"}},
    {"tied",
     {{"A", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"B", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"C", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"D", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"E", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"F", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"G", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}},
     {"A + B + C + D + E + F + G <= 45"}},
    {"scattered",
     {{"A", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"B", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"C", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"D", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"E", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"F", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {"G", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}},
     {"(A * 7919 + B * 104729 + C * 1299709 + D * 15485863 + E * 32452843 + F * 49979687 + G * 67867967) % "
      "1009 % 2 == 0"}},
};

static bool find_name(const void *context, const char *name, struct expr_name *out)
{
    const struct bench *bench = context;
    for (unsigned i = 0; i < PARAMETERS_MAX && bench->parameters[i].name; i++) {
        if (strcmp(bench->parameters[i].name, name) != 0) continue;
        *out = (struct expr_name){.kind = EXPR_SLOT, .slot = i};
        return true;
    }
    return false;
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum status run(const struct bench *bench, struct arena *arena)
{
    struct expr_scope scope = {bench, find_name, NULL};
    struct space_parameter parameters[PARAMETERS_MAX];
    struct space_clause clauses[CLAUSES_MAX];
    int64_t slots[PARAMETERS_MAX] = {0};
    struct space_spec spec = {parameters, 0, clauses, 0, slots, PARAMETERS_MAX};
    for (; bench->parameters[spec.n_parameters].name; spec.n_parameters++) {
        uint32_t n = 0;
        while (n < 16 && bench->parameters[spec.n_parameters].values[n]) n++;
        parameters[spec.n_parameters] =
            (struct space_parameter){bench->parameters[spec.n_parameters].name,
                                     bench->parameters[spec.n_parameters].values, n, spec.n_parameters};
    }
    for (; bench->clauses[spec.n_clauses]; spec.n_clauses++) {
        struct space_clause *clause = &clauses[spec.n_clauses];
        *clause = (struct space_clause){.text = bench->clauses[spec.n_clauses]};
        TRY(expr_compile(arena, clause->text, bench->name, &scope, &clause->expr));
    }
    double seconds[REPEATS], raw = 0;
    uint64_t count = 0;
    bool exact = false;
    for (unsigned i = 0; i < REPEATS; i++) {
        struct space *space;
        uint64_t start = clock_ns();
        TRY(space_create(&spec, &space));
        seconds[i] = (double)(clock_ns() - start) * 1e-9;
        count = space_count(space, &exact);
        raw = space_raw_count(space);
        space_free(space);
    }
    qsort(seconds, REPEATS, sizeof *seconds, compare_double);
    printf("{\"name\":\"space_create_%s\",\"value\":%.6f,\"unit\":\"s\",\"q1\":%.6f,\"q3\":%.6f,\"raw\":%.0f,"
           "\"count\":%llu,\"exact\":%s}\n",
           bench->name, seconds[REPEATS / 2], seconds[REPEATS / 4], seconds[REPEATS * 3 / 4], raw,
           (unsigned long long)count, exact ? "true" : "false");
    return STATUS_OK;
}

int main(void)
{
    struct arena arena = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof benches / sizeof *benches && !status; i++)
        status = run(&benches[i], &arena);
    if (status) fprintf(stderr, "bench_space: %s\n", status_message());
    arena_free(&arena);
    return status_exit_code(status);
}
