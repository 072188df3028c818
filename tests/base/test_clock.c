#include "tests/base/check.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include "tuner/base/clock.h"

static void test_formats(void **state)
{
    (void)state;
    static const struct {
        uint64_t wall_s;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},          {951782400, "2000-02-29T00:00:00Z"},
        {1795301460, "2026-11-21T22:51:00Z"}, {253402300799, "9999-12-31T23:59:59Z"},
        {UINT64_MAX, "9999-12-31T23:59:59Z"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char text[21];
        clock_format_utc(cases[i].wall_s, text);
        assert_string_equal(text, cases[i].text);
    }
    assert_in_range(clock_wall_s(), (uint64_t)time(NULL) - 2, (uint64_t)time(NULL) + 2);
}

static void on_alarm(int signal)
{
    (void)signal;
}

/* A signal must not cut the sleep short. */
static void test_sleep(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = on_alarm}, before;
    sigaction(SIGALRM, &action, &before);
    struct itimerval every = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &every, NULL);
    uint64_t start = clock_ns();
    clock_sleep_ns(20000000);
    uint64_t slept = clock_ns() - start;
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_true(slept >= 20000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formats), cmocka_unit_test(test_sleep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
