/* A merge that is stopped anywhere: every write, sync, rename and allocation of it fails once, and SIGKILL
 * comes at random times. The new book is there whole or not at all, and the old ones are what they were. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/merge.h"
#include "tuner/base/clock.h"

#define OURS __attribute__((visibility("default")))

/* The n-th call from now fails; 0: none does. One counter for each kind. */
enum fault { FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_MEMORY, FAULT_COUNT };
static long fails_in[FAULT_COUNT];

static bool fails(enum fault fault)
{
    return fails_in[fault] && --fails_in[fault] == 0;
}

static bool no_room(void)
{
    if (!fails(FAULT_WRITE)) return false;
    errno = ENOSPC;
    return true;
}

OURS ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t at)
{
    return no_room() ? -1 : syscall(SYS_pwrite64, descriptor, bytes, size, at);
}

OURS ssize_t write(int descriptor, const void *bytes, size_t size)
{
    return no_room() ? -1 : syscall(SYS_write, descriptor, bytes, size);
}

OURS ssize_t writev(int descriptor, const struct iovec *parts, int n)
{
    return no_room() ? -1 : syscall(SYS_writev, descriptor, parts, n);
}

static int broken(enum fault fault, long result)
{
    if (!fails(fault)) return (int)result;
    errno = EIO;
    return -1;
}

OURS int fdatasync(int descriptor)
{
    return broken(FAULT_SYNC, syscall(SYS_fdatasync, descriptor));
}

OURS int fsync(int descriptor)
{
    return broken(FAULT_SYNC, syscall(SYS_fsync, descriptor));
}

OURS int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (fails(FAULT_RENAME)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

#ifndef __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

OURS void *malloc(size_t size)
{
    return fails(FAULT_MEMORY) ? NULL : __libc_malloc(size);
}

OURS void *calloc(size_t n, size_t size)
{
    return fails(FAULT_MEMORY) ? NULL : __libc_calloc(n, size);
}

OURS void *realloc(void *old, size_t size)
{
    return fails(FAULT_MEMORY) ? NULL : __libc_realloc(old, size);
}
#endif

/* ---- */

static char *folder;
static struct book *books[2];
static char before[2][SHA256_HEX_BYTES];

static int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    for (uint64_t b = 0; b < 2; b++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%llu.book", folder, (unsigned long long)b);
        assert_ok(book_open(path, BOOK_WRITE, &books[b]));
        for (uint64_t i = 0; i < 5; i++) {
            char key[KEY_BYTES_MAX + 1];
            snprintf(key, sizeof key, "gemm/f32@t:1:1/n=%010d/m=0000000001", (int)(i + b));
            struct record_entry entry = {.kernel = put_numbered_kernel(books[b], i, "t"),
                                         .timing = {.median_ns = 100 + b, .high_ns = 100 + b}};
            assert_ok(book_put_entry(books[b], key, &entry, 0, NULL, 0));
        }
        assert_ok(book_digest(books[b], before[b]));
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int b = 0; b < 2; b++) assert_ok(book_close(books[b]));
    folder_end(folder);
    return 0;
}

static int files_in_folder(void)
{
    char command[4200];
    int n = -1;
    snprintf(command, sizeof command, "ls %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    if (!pipe || fscanf(pipe, "%d", &n) != 1) n = -1;
    if (pipe) pclose(pipe);
    return n;
}

static void inputs_are_what_they_were(void)
{
    char now[SHA256_HEX_BYTES];
    for (int b = 0; b < 2; b++) {
        assert_ok(book_digest(books[b], now));
        assert_string_equal(now, before[b]);
    }
}

/* Each call of the kind fails in turn, until there is none left to fail. */
static void every_one_fails(enum fault fault, int at_least)
{
    const char *path = in_folder(folder, "out.book");
    struct book_merge merge = {.books = books, .n_books = 2, .path = path};
    int failed = 0;
    for (long n = 1;; n++) {
        struct merge_counts counts;
        fails_in[fault] = n;
        enum status status = book_merge(&merge, &counts);
        bool spent = fails_in[fault] == 0;
        fails_in[fault] = 0;
        if (!spent) {
            assert_ok(status);
            break;
        }
        if (status == STATUS_OK) { /* what failed was not needed, such as a folder's sync */
            unlink(path);
            continue;
        }
        failed++;
        assert_true(*status_message() != 0);
        assert_int_equal(access(path, F_OK), -1);
        if (files_in_folder() != 4)
            fail_msg("call %ld of kind %d leaves a file: %s", n, fault, status_message());
    }
    assert_true(failed >= at_least);
    struct book *merged;
    assert_ok(book_open(path, BOOK_READ, &merged));
    struct book_counts counts;
    assert_ok(book_count(merged, &counts));
    assert_int_equal(counts.records, 6);
    assert_ok(book_close(merged));
    remove_one(path, NULL, 0, NULL);
    remove_one(in_folder(folder, "out.book-lock"), NULL, 0, NULL);
    inputs_are_what_they_were();
}

static void writes(void **state)
{
    (void)state;
    every_one_fails(FAULT_WRITE, 5);
}

static void syncs(void **state)
{
    (void)state;
    every_one_fails(FAULT_SYNC, 1);
}

static void renames(void **state)
{
    (void)state;
    every_one_fails(FAULT_RENAME, 1);
}

static void allocations(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    every_one_fails(FAULT_MEMORY, 20);
}

static _Noreturn void merge_in_child(const char *path)
{
    struct book *mine[2];
    struct merge_counts counts;
    for (int b = 0; b < 2; b++)
        if (book_open(b ? in_folder(folder, "1.book") : in_folder(folder, "0.book"), BOOK_READ, &mine[b]) !=
            STATUS_OK)
            _exit(1);
    struct book_merge merge = {.books = mine, .n_books = 2, .path = path};
    _exit(book_merge(&merge, &counts) != STATUS_OK);
}

static void killed_at_any_time(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    int whole = 0;
    for (size_t n = 0; n < test_scaled(20); n++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/killed-%zu.book", folder, n);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) merge_in_child(path);
        clock_sleep_ns(rng_below(&rng, 30) * 1000000);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        if (access(path, F_OK)) continue;
        struct book *merged;
        struct book_counts counts;
        whole++;
        assert_ok(book_open(path, BOOK_READ, &merged));
        assert_ok(book_count(merged, &counts));
        assert_int_equal(counts.records, 6);
        assert_ok(book_close(merged));
        assert_ok(book_verify(path));
    }
    print_message("%d were finished before the signal\n", whole);
    inputs_are_what_they_were();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes),
        cmocka_unit_test(syncs),
        cmocka_unit_test(renames),
        cmocka_unit_test(allocations),
        cmocka_unit_test(killed_at_any_time),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
