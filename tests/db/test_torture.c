/* SIGKILL at random moments of every operation that makes or changes a book or a bundle: the target is what
 * it was or what it shall be, the sources are untouched, and the next run finishes the work and leaves
 * nothing over. */
#include "tuner/base/clock.h"
#include "tests/db/operations.h"

static int begin(void **state)
{
    (void)state;
    place_begin(1000, 10);
    return 0;
}

static int end(void **state)
{
    (void)state;
    place_end();
    return 0;
}

/* Counts what a kill found. */
struct tally {
    int before, after, left;
};

static void kill_once(const struct operation *operation, struct rng *rng, struct tally *tally)
{
    uint64_t took_ns = place.took_ns[operation - operations];
    prepare(operation);
    pid_t child = start(operation);
    clock_sleep_ns(rng_below(rng, took_ns + took_ns / 8));
    kill(child, SIGKILL);
    int code = finish(child);
    if (code != 0 && code != -SIGKILL) fail_msg("%s: exit code %d: %s", operation->name, code, talk());
    bool after = target_is_after(operation);
    if (!after && (code == 0 || !target_is_before(operation)))
        fail_msg("%s: killed, and the target is neither what it was nor what it shall be", operation->name);
    target_is_sound(operation);
    tally->before += !after;
    tally->after += after;
    tally->left += leftovers(place.folder);
    if (after && !operation->from) return;
    must_work(operation);
    assert_true(target_is_after(operation));
    assert_int_equal(leftovers(place.folder), 0);
}

static void killed_at_any_time(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 8);
    for (size_t i = 0; i < N_OF(operations); i++) {
        struct tally tally = {0};
        for (size_t n = 0, kills = test_few_or_full(10, 200); n < kills; n++)
            kill_once(&operations[i], &rng, &tally);
        print_message("%s (%.0f ms): %d as before, %d finished; %d left something, which is gone\n",
                      operations[i].name, (double)place.took_ns[i] / 1e6, tally.before, tally.after,
                      tally.left);
    }
    sources_are_what_they_were();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_at_any_time)};
    return cmocka_run_group_tests(tests, begin, end);
}
