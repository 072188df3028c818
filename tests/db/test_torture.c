/* SIGKILL at random moments of every operation that makes or changes a book or a bundle: the target is what
 * it was or what it shall be, the sources are untouched, and the next run finishes the work and leaves
 * nothing over. */
#include "tuner/base/clock.h"
#include "tests/db/operations.h"

static int begin(void **state)
{
    (void)state;
    place_begin(1000, 10);
    mkdir(in_place("scratch"), 0755);
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

static void kill_once(const struct operation *operation, bool network, struct rng *rng, struct tally *tally)
{
    uint64_t took_ns = place.took_ns[operation - operations];
    prepare(operation);
    pretend_network(network, "scratch");
    pid_t child = start(operation);
    clock_sleep_ns(rng_below(rng, took_ns + took_ns / 8));
    kill(child, SIGKILL);
    int code = finish(child);
    pretend_network(false, NULL);
    if (code != 0 && code != -SIGKILL) fail_msg("%s: exit code %d: %s", operation->name, code, talk());
    bool after = target_is_after(operation);
    if (!after && (code == 0 || !target_is_before(operation)))
        fail_msg("%s: killed, and the target is neither what it was nor what it shall be", operation->name);
    target_is_sound(operation);
    tally->before += !after;
    tally->after += after;
    tally->left += leftovers(place.folder);
    if (after && !operation->from) return;
    pretend_network(network, "scratch");
    must_work(operation);
    pretend_network(false, NULL);
    assert_true(target_is_after(operation));
    assert_int_equal(leftovers(place.folder), 0);
}

static void kill_all(bool network, size_t kills)
{
    struct rng rng;
    rng_seed(&rng, 8);
    for (size_t i = 0; i < N_OF(operations); i++) {
        struct tally tally = {0};
        if (network && operations[i].makes == A_LOCAL_BOOK) continue;
        for (size_t n = 0; n < kills; n++) kill_once(&operations[i], network, &rng, &tally);
        print_message("%s (%.0f ms): %d as before, %d finished; %d left something, which is gone\n",
                      operations[i].name, (double)place.took_ns[i] / 1e6, tally.before, tally.after,
                      tally.left);
    }
    sources_are_what_they_were();
}

static void killed_at_any_time(void **state)
{
    (void)state;
    kill_all(false, test_few_or_full(10, 200));
}

static void killed_on_a_network(void **state)
{
    (void)state;
    kill_all(true, test_few_or_full(3, 50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_at_any_time),
                                       cmocka_unit_test(killed_on_a_network)};
    return cmocka_run_group_tests(tests, begin, end);
}
