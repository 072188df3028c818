/* A small book to be compacted, for tests of what happens around it. */
#ifndef TUNEBOOK_TESTS_DB_COMPACT_SAMPLES_H
#define TUNEBOOK_TESTS_DB_COMPACT_SAMPLES_H

#include <signal.h>
#include <sys/wait.h>
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/check.h"
#include "db/compact.h"

static char *folder;
static char path[4096], other[4096];
static struct hash environment;

static inline int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    snprintf(path, sizeof path, "%s/a.book", folder);
    snprintf(other, sizeof other, "%s/b.book", folder);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static inline const char *key_of(unsigned number)
{
    static char key[KEY_BYTES_MAX + 1];
    snprintf(key, sizeof key, "gemm/f32@x86-64-v4:2:38/n=0000000064/m=%010u", number);
    return key;
}

static inline void put(struct book *book, unsigned record, unsigned kernel, uint64_t median)
{
    struct record_entry entry = {.kernel = numbered_hash(kernel),
                                 .environment = environment,
                                 .verified = 1,
                                 .timing = {.median_ns = median, .high_ns = median + 1, .samples = 20}};
    assert_ok(book_put_entry(book, key_of(record), &entry, 0, NULL, 0));
}

/* Records 1: kernels 1, 2, 3 at 1000, 1015, 1030 ns; 2: kernel 2; 3: kernel 3. */
static inline struct book *make_book(const char *at)
{
    struct book *book;
    assert_ok(book_open(at, BOOK_WRITE, &book));
    for (unsigned k = 1; k <= 4; k++) put_numbered_kernel(book, k, "x86-64-v4");
    assert_ok(book_put_environment(book, "{}", &environment));
    put(book, 1, 1, 1000);
    put(book, 1, 2, 1015);
    put(book, 1, 3, 1030);
    put(book, 2, 2, 500);
    put(book, 3, 3, 500);
    return book;
}

static inline enum status compact(const char *output, struct compact_report *report)
{
    struct book_compact options = {.path = path, .output = output, .regret = COMPACT_REGRET_ONE / 50};
    enum status status = book_compact(&options, report);
    compact_report_free(report);
    return status;
}

static inline void find(void *context, const struct check_finding *finding)
{
    (void)context;
    fail_msg("%s %s: %s", finding->table, finding->key, finding->what);
}

static inline void must_be_sound(void)
{
    struct check_options options = {.visit = find};
    struct check_summary summary;
    assert_ok(book_check(path, &options, &summary));
}

#endif
