/* The proof of the emulator: kernels that are right pass, and each of them broken in one place is caught,
 * with a report that says what is wrong, and where. */
#include "tests/base/check.h"

#include "tests/emulator/mutated.h"
#include "tests/emulator/suite.h"
#include "tuner/worker.h"

#define KERNELS "tests/emulator/kernels"

struct templates {
    struct manifest **list;
    size_t n;
};

/* Those made for this test, and the built-in ones. */
static struct templates own, built_in;

static const struct manifest *find_template(const char *name)
{
    for (size_t i = 0; i < own.n; i++)
        if (strcmp(own.list[i]->name, name) == 0) return own.list[i];
    for (size_t i = 0; i < built_in.n; i++)
        if (strcmp(built_in.list[i]->name, name) == 0) return built_in.list[i];
    fail_msg("no template is called %s", name);
    return NULL;
}

/* --- intact --- */

static const struct intact {
    const char *template_name, *target, *configuration, *problem;
} intacts[] = {
#define INTACT(template_name, target, configuration, problem) {template_name, target, configuration, problem},
#include "tests/emulator/intact.def"
#undef INTACT
};

static void intact_kernels_are_right(void **state)
{
    (void)state;
    enum { ORDERS = 2, N = N_OF(intacts) * ORDERS };
    struct suite_case *cases = calloc(N, sizeof *cases);
    unsigned failures = 0;
    assert_non_null(cases);
    for (size_t i = 0; i < N; i++) {
        const struct intact *intact = &intacts[i / ORDERS];
        cases[i] = (struct suite_case){.manifest = find_template(intact->template_name),
                                       .target = intact->target,
                                       .configuration = intact->configuration,
                                       .problem = intact->problem,
                                       .reverse = i % ORDERS == 1};
    }
    assert_ok(suite_run(cases, N));
    for (size_t i = 0; i < N; i++) {
        if (getenv("TUNEBOOK_TEST_VERBOSE"))
            print_message("%s %s %s: %.1f s\n", cases[i].manifest->name, cases[i].target, cases[i].problem,
                          (double)cases[i].trial_ns / 1e9);
        if (cases[i].verdict == VERDICT_OK) continue;
        print_error("%s for %s, %s, %s: %s: %s\n", cases[i].manifest->name, cases[i].target, cases[i].problem,
                    cases[i].reverse ? "reverse" : "forward", verdict_name(cases[i].verdict),
                    cases[i].detail);
        failures++;
    }
    suite_free(cases, N);
    free(cases);
    assert_int_equal(failures, 0);
}

/* --- mutants --- */

enum order { FORWARD, REVERSE };

static const struct mutation {
    const char *name, *template_name, *target, *configuration, *problem, *find;
    unsigned count;
    const char *replacement;
    enum order order;
    enum verdict verdict;
    const char *report, *line;
} mutations[] = {
#define MUTATION(name, template_name, target, configuration, problem, find, count, replacement, order, \
                 verdict, report, line)                                                                \
    {#name, template_name, target, configuration,     problem, find,                                   \
     count, replacement,   order,  VERDICT_##verdict, report,  line},
#include "tests/emulator/mutations.def"
#include "tests/emulator/mutations_skinny.def"
#include "tests/emulator/mutations_mma.def"
#include "tests/emulator/mutations_attention_mma.def"
#include "tests/emulator/mutations_wgmma.def"
#include "tests/emulator/mutations_attention_wgmma.def"
#include "tests/emulator/mutations_mfma.def"
#include "tests/emulator/mutations_wmma.def"
#include "tests/emulator/mutations_attention_simt.def"
#include "tests/emulator/mutations_attention_mfma.def"
#undef MUTATION
};

/* Do all of `words`, with bars between them, stand in the report? If not, *missing is the first. */
static bool says(const char *detail, const char *words, char missing[128])
{
    while (*words) {
        size_t size = strcspn(words, "|");
        snprintf(missing, 128, "%.*s", (int)size, words);
        if (!strstr(detail, missing)) return false;
        words += size + (words[size] == '|');
    }
    return true;
}

/* Where the fault is: "...; FILE:LINE in ENTRY, block (0,0,0), thread (1,0,0)". */
static bool find_place(const char *detail, char file[64], unsigned *line, char entry[64])
{
    unsigned x;
    for (const char *at = detail; (at = strstr(at, "; ")) != NULL;) {
        at += 2;
        if (sscanf(at, "%63[^: ]:%u in %63[^ ,], block (%u,%u,%u), thread (%u,%u,%u)", file, line, entry, &x,
                   &x, &x, &x, &x, &x) == 9)
            return true;
    }
    return false;
}

static bool is_reported_badly(const struct mutation *mutation, const struct suite_case *item, char out[256])
{
    char file[64], entry[64], words[128];
    unsigned line = 0;
    bool placed = find_place(item->detail, file, &line, entry);
    if (item->verdict == VERDICT_OK)
        snprintf(out, 256, "not caught");
    else if (item->verdict != mutation->verdict)
        snprintf(out, 256, "should be %s", verdict_name(mutation->verdict));
    else if (!says(item->detail, mutation->report, words))
        snprintf(out, 256, "should say \"%s\"", words);
    else if (placed != (*mutation->line != '\0'))
        snprintf(out, 256, placed ? "names a line that is not checked" : "names no line, block and thread");
    else if (placed && !source_line_holds(item->manifest->source, file, line, mutation->line))
        snprintf(out, 256, "%s:%u does not hold \"%s\"", file, line, mutation->line);
    else if (placed && !strstr(item->manifest->json, entry))
        snprintf(out, 256, "%s is no kernel of it", entry);
    else
        return false;
    return true;
}

/* NULL, with the reason in `out`, where the text does not stand there as the row says. */
static struct manifest *make_mutant(const struct mutation *mutation, bool reverse, struct suite_case *out)
{
    struct manifest *mutant;
    *out = (struct suite_case){.target = mutation->target,
                               .configuration = mutation->configuration,
                               .problem = mutation->problem,
                               .reverse = reverse};
    if (manifest_mutate(find_template(mutation->template_name), mutation->find, mutation->count,
                        mutation->replacement, &mutant) != STATUS_OK) {
        suite_fail(out, VERDICT_STARTED, status_message());
        return NULL;
    }
    out->manifest = mutant;
    return mutant;
}

/* What is wrong with how a mutant ended; false: nothing. */
typedef bool judge(const struct mutation *mutation, const struct suite_case *item, char out[256]);

/* One mutant while working at it. */
static bool is_wanted(const struct mutation *mutation)
{
    const char *only = getenv("TUNEBOOK_TEST_MUTANT");
    return !only || strstr(mutation->name, only);
}

/* All, in the orders of their rows or against them. */
static void run_mutants(bool against, judge *complains)
{
    enum { N = N_OF(mutations) };
    struct suite_case *cases = calloc(N, sizeof *cases);
    struct manifest *mutants[N] = {0};
    unsigned failures = 0, n = 0;
    assert_non_null(cases);
    for (size_t i = 0; i < N; i++)
        if (is_wanted(&mutations[i]))
            mutants[i] = make_mutant(&mutations[i], (mutations[i].order == REVERSE) != against, &cases[i]);
    assert_ok(suite_run(cases, N));
    for (size_t i = 0; i < N; i++) {
        char complaint[256];
        if (!cases[i].target) continue;
        bool failed = complains(&mutations[i], &cases[i], complaint);
        if (failed || getenv("TUNEBOOK_TEST_VERBOSE"))
            print_error("%s (%.1f s): %s\n    %s: %s\n", mutations[i].name, (double)cases[i].trial_ns / 1e9,
                        failed ? complaint : "caught", verdict_name(cases[i].verdict), cases[i].detail);
        failures += failed;
        n++;
    }
    suite_free(cases, N);
    for (size_t i = 0; i < N; i++) manifest_free(mutants[i]);
    free(cases);
    assert_int_equal(failures, 0);
    print_message("%u mutants\n", n);
}

static void mutants_are_caught(void **state)
{
    (void)state;
    run_mutants(false, is_reported_badly);
}

/* Whatever the order of threads, a mutant is caught; what is seen of it first may be something else. A spin
 * that waits for blocks with lower numbers ends where these run first. */
static bool slips_through(const struct mutation *mutation, const struct suite_case *item, char out[256])
{
    snprintf(out, 256, "not caught, or not run");
    return item->verdict == VERDICT_STARTED || (item->verdict == VERDICT_OK && mutation->order == FORWARD);
}

static void mutants_are_caught_the_other_way_round(void **state)
{
    (void)state;
    run_mutants(true, slips_through);
}

/* --- */

static int set_up(void **state)
{
    (void)state;
    if (template_load(KERNELS, &own.list, &own.n) == STATUS_OK &&
        template_load(NULL, &built_in.list, &built_in.n) == STATUS_OK)
        return 0;
    print_error("%s\n", status_message());
    return -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < own.n; i++) manifest_free(own.list[i]);
    for (size_t i = 0; i < built_in.n; i++) manifest_free(built_in.list[i]);
    free(own.list);
    free(built_in.list);
    return 0;
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    cmocka_set_test_filter(getenv("TUNEBOOK_TEST_FILTER"));
    const struct CMUnitTest tests[] = {cmocka_unit_test(intact_kernels_are_right),
                                       cmocka_unit_test(mutants_are_caught),
                                       cmocka_unit_test(mutants_are_caught_the_other_way_round)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
