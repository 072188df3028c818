#include "tests/base/check.h"

#include <errno.h>
#include <pthread.h>

static void test_names_and_exit_codes(void **state)
{
    (void)state;
    static const struct {
        enum status code;
        const char *name;
        int exit_code;
    } all[] = {
        {STATUS_OK, "ok", 0},
        {STATUS_NOT_FOUND, "not_found", 1},
        {STATUS_NOT_COVERED, "not_covered", 1},
        {STATUS_USAGE, "usage", 2},
        {STATUS_UNAVAILABLE, "unavailable", 3},
        {STATUS_BAD_DATA, "bad_data", 4},
        {STATUS_IO, "io", 5},
        {STATUS_BUSY, "busy", 5},
        {STATUS_NO_MEMORY, "no_memory", 5},
        {STATUS_INTERRUPTED, "interrupted", 130},
        {STATUS_COUNT, "unknown", 5},
    };
    assert_int_equal(N_OF(all), STATUS_COUNT + 1);
    for (size_t i = 0; i < N_OF(all); i++) {
        assert_string_equal(status_name(all[i].code), all[i].name);
        assert_int_equal(status_exit_code(all[i].code), all[i].exit_code);
    }
}

static void test_message(void **state)
{
    (void)state;
    assert_int_equal(status_fail(STATUS_USAGE, "m=%d:\nnot\r\npositive", -3), STATUS_USAGE);
    assert_string_equal(status_message(), "m=-3: not  positive");
    /* The arguments may be the message itself. */
    status_fail(STATUS_IO, "twice: %s", status_message());
    assert_string_equal(status_message(), "twice: m=-3: not  positive");
    assert_int_equal(status_prefix(STATUS_BUSY, "book %d", 7), STATUS_BUSY);
    assert_string_equal(status_message(), "book 7: twice: m=-3: not  positive");
    status_prefix(STATUS_OK, "nothing");
    assert_string_equal(status_message(), "book 7: twice: m=-3: not  positive");
    status_fail(STATUS_IO, "%s", "");
    status_prefix(STATUS_IO, "alone");
    assert_string_equal(status_message(), "alone");
}

static void test_long_messages_are_cut(void **state)
{
    (void)state;
    char longer[3000];
    memset(longer, 'l', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    status_fail(STATUS_IO, "%s", longer);
    assert_int_equal(strlen(status_message()), 1023);
    status_prefix(STATUS_IO, "front");
    assert_int_equal(strlen(status_message()), 1023);
    assert_memory_equal(status_message(), "front: lll", 10);
    status_prefix(STATUS_IO, "%s", longer);
    assert_int_equal(strlen(status_message()), 1023);
    assert_memory_equal(status_message(), "lll", 3);
    errno = ENOSPC;
    status_fail_errno(STATUS_IO, "%s", longer);
    assert_int_equal(strlen(status_message()), 1023);
}

static void test_errno(void **state)
{
    (void)state;
    errno = ENOSPC;
    assert_int_equal(status_fail_errno(STATUS_IO, "cannot write %s", "a.book"), STATUS_IO);
    assert_int_equal(errno, ENOSPC);
    assert_string_equal(status_message(),
                        "cannot write a.book: No space left on device (free some space or choose "
                        "another place)");
    errno = EROFS;
    status_fail_errno(STATUS_IO, "w");
    assert_string_equal(status_message(), "w: Read-only file system (choose a place that can be written)");
    errno = ENOENT;
    status_fail_errno(STATUS_IO, "cannot open %s", "b");
    assert_string_equal(status_message(), "cannot open b: No such file or directory");
}

static void *fail_elsewhere(void *seen)
{
    strcpy(seen, status_message()[0] ? "not empty" : "empty");
    status_fail(STATUS_IO, "elsewhere");
    return NULL;
}

static void test_threads_keep_their_own(void **state)
{
    (void)state;
    char seen[16];
    pthread_t thread;
    status_fail(STATUS_IO, "here");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, seen), 0);
    pthread_join(thread, NULL);
    assert_string_equal(seen, "empty");
    assert_string_equal(status_message(), "here");
}

static enum status forward(enum status code, int *reached)
{
    TRY(code);
    ++*reached;
    return STATUS_OK;
}

static void test_try(void **state)
{
    (void)state;
    int reached = 0;
    assert_int_equal(forward(STATUS_OK, &reached), STATUS_OK);
    assert_int_equal(reached, 1);
    assert_int_equal(forward(STATUS_BUSY, &reached), STATUS_BUSY);
    assert_int_equal(reached, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_exit_codes),   cmocka_unit_test(test_message),
        cmocka_unit_test(test_long_messages_are_cut),  cmocka_unit_test(test_errno),
        cmocka_unit_test(test_threads_keep_their_own), cmocka_unit_test(test_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
