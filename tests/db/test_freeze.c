#include <fcntl.h>
#include <sys/stat.h>
#include "tests/db/samples.h"

static char *folder;

static int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static void key_of(unsigned i, char key[KEY_BYTES_MAX + 1])
{
    snprintf(key, KEY_BYTES_MAX + 1, "gemm/f32@t:1:1/n=%010u/m=%010u", i / 10, i % 10);
}

/* Records begin..end-1 with a kernel each, in the order of `step`. */
static struct book *make(const char *leaf, unsigned from, unsigned to, unsigned step)
{
    struct book *book;
    struct hash source = numbered_hash(1 << 20);
    char key[KEY_BYTES_MAX + 1];
    assert_ok(book_open(in_folder(folder, leaf), BOOK_WRITE, &book));
    assert_ok(book_put_source(book, &source, "the source", 10));
    for (unsigned i = 0; i < to - from; i++) {
        unsigned n = from + i * step % (to - from);
        struct record_entry entry = {.timing.high_ns = 10 + n};
        entry.kernel = put_numbered_kernel(book, n, "t");
        assert_ok(book_put_environment(book, "{\"driver\":\"1\"}", &entry.environment));
        key_of(n, key);
        assert_ok(book_put_entry(book, key, &entry, 1000 + n, "vendor", 2000 + n));
    }
    return book;
}

static void freeze(struct book *const *books, size_t n, const char *path)
{
    assert_ok(book_freeze(books, n, path));
    assert_ok(book_verify(path));
}

static struct text whole(const char *path)
{
    struct text bytes = {0};
    struct stat stat_now;
    assert_int_equal(stat(path, &stat_now), 0);
    char *block = malloc((size_t)stat_now.st_size);
    int descriptor = open(path, O_RDONLY);
    assert_int_equal(read(descriptor, block, (size_t)stat_now.st_size), stat_now.st_size);
    close(descriptor);
    text_append_bytes(&bytes, block, (size_t)stat_now.st_size);
    free(block);
    return bytes;
}

static void a_frozen_copy_answers(void **state)
{
    (void)state;
    struct book *live = make("a.book", 0, 60, 7), *frozen;
    uint64_t sequence;
    struct hash kernel = numbered_hash(3), unused = put_numbered_kernel(live, 999, "t");
    assert_ok(book_start(live, "p", "A=1", &kernel, &sequence));
    assert_ok(book_quarantine(live, "t:1:1", &kernel, &kernel, VERDICT_CRASH));
    const char *path = in_folder(folder, "new/folder/a.frozen");
    freeze(&live, 1, path);
    assert_int_equal(access(in_folder(folder, "new/folder/a.frozen-lock"), F_OK), -1);

    assert_ok(book_open(path, BOOK_FROZEN, &frozen));
    struct book_counts counts;
    assert_ok(book_count(frozen, &counts));
    assert_int_equal(counts.records, 60);
    assert_int_equal(counts.kernels, 60); /* without the one no record names */
    assert_int_equal(counts.trials, 0);
    assert_int_equal(counts.quarantined, 0);
    assert_int_equal(counts.environments, 1);
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    struct value value;
    struct descriptor descriptor;
    key_of(42, key);
    assert_ok(book_get_record(frozen, key, &record));
    assert_int_equal(record.baseline_ns, 1042);
    assert_int_equal(record.default_ns, 2042);
    assert_string_equal(record.baseline_name, "vendor");
    assert_ok(book_get_descriptor(frozen, &record.entries[0].kernel, &value, &descriptor));
    struct value code, source;
    assert_ok(book_get_code(frozen, &descriptor.code, &code));
    assert_ok(book_get_source(frozen, &descriptor.source, &source));
    assert_memory_equal(source.bytes, "the source", 10);
    value_free(&code);
    value_free(&source);
    value_free(&value);
    assert_int_equal(book_get_descriptor(frozen, &unused, &value, &descriptor), STATUS_NOT_FOUND);
    assert_ok(book_close(frozen));

    /* No lock file comes into being, and nobody writes it. */
    char line[1024];
    assert_ok(book_open(path, BOOK_READ, &frozen));
    assert_ok(book_close(frozen));
    snprintf(line, sizeof line, "%s: a frozen book cannot be written; name a live one (a new path makes one)",
             path);
    assert_fails(book_open(path, BOOK_WRITE, &frozen), STATUS_USAGE, line);
    assert_int_equal(access(in_folder(folder, "new/folder/a.frozen-lock"), F_OK), -1);
    assert_ok(book_close(live));
}

static void the_same_content_gives_the_same_bytes(void **state)
{
    (void)state;
    struct book *one = make("b1.book", 0, 300, 7), *other = make("b2.book", 0, 300, 11);
    struct hash kernel = numbered_hash(3);
    uint64_t sequence;
    assert_ok(book_start(other, "p", "A=1", &kernel, &sequence));
    freeze(&one, 1, in_folder(folder, "b1.frozen"));
    freeze(&other, 1, in_folder(folder, "b2.frozen"));
    struct text a = whole(in_folder(folder, "b1.frozen")), b = whole(in_folder(folder, "b2.frozen"));
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    text_free(&a);
    text_free(&b);
    /* Other content has another name. */
    struct book *frozen;
    char ids[2][33];
    assert_ok(book_open(in_folder(folder, "b1.frozen"), BOOK_FROZEN, &frozen));
    assert_ok(book_id(frozen, ids[0]));
    assert_ok(book_close(frozen));
    put_numbered_kernel(one, 1000, "t");
    struct record_entry entry = {.kernel = numbered_hash(1000)};
    char key[KEY_BYTES_MAX + 1];
    key_of(1, key);
    assert_ok(book_put_entry(one, key, &entry, 0, NULL, 0));
    freeze(&one, 1, in_folder(folder, "b1.frozen"));
    assert_ok(book_open(in_folder(folder, "b1.frozen"), BOOK_FROZEN, &frozen));
    assert_ok(book_id(frozen, ids[1]));
    assert_ok(book_close(frozen));
    assert_string_not_equal(ids[0], ids[1]);
    assert_ok(book_close(one));
    assert_ok(book_close(other));
}

static void several_become_one(void **state)
{
    (void)state;
    struct book *books[] = {make("c1.book", 0, 40, 3), make("c2.book", 20, 80, 7)}, *frozen;
    struct record_entry better = {.kernel = put_numbered_kernel(books[1], 500, "t"), .timing.high_ns = 1};
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    key_of(5, key);
    assert_ok(book_put_entry(books[1], key, &better, 7, "other vendor", 0));
    freeze(books, 2, in_folder(folder, "c.frozen"));
    assert_ok(book_open(in_folder(folder, "c.frozen"), BOOK_FROZEN, &frozen));
    struct book_counts counts;
    assert_ok(book_count(frozen, &counts));
    assert_int_equal(counts.records, 80);
    assert_int_equal(counts.kernels, 81);
    assert_ok(book_get_record(frozen, key, &record));
    assert_int_equal(record.n_entries, 2);
    assert_int_equal(record.entries[0].timing.high_ns, 1);
    assert_int_equal(record.baseline_ns, 7); /* the shorter one */
    assert_string_equal(record.baseline_name, "other vendor");
    assert_int_equal(record.default_ns, 2005);
    /* A frozen book can be frozen again, to the same bytes. */
    freeze(&frozen, 1, in_folder(folder, "c2.frozen"));
    struct text a = whole(in_folder(folder, "c.frozen")), b = whole(in_folder(folder, "c2.frozen"));
    assert_int_equal(a.size, b.size);
    text_free(&a);
    text_free(&b);
    assert_ok(book_close(frozen));
    assert_ok(book_close(books[0]));
    assert_ok(book_close(books[1]));
}

/* Published by rename: who has the old one open goes on reading it; who opens anew sees the new one. */
static void replaced_under_a_reader(void **state)
{
    (void)state;
    struct book *live = make("d.book", 0, 10, 3), *old, *new;
    const char *path = in_folder(folder, "d.frozen");
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    freeze(&live, 1, path);
    assert_ok(book_open(path, BOOK_FROZEN, &old));
    struct record_entry entry = {.kernel = numbered_hash(1)};
    key_of(77, key);
    assert_ok(book_put_entry(live, key, &entry, 0, NULL, 0));
    freeze(&live, 1, path);
    assert_ok(book_open(path, BOOK_FROZEN, &new));
    assert_int_equal(book_get_record(old, key, &record), STATUS_NOT_FOUND);
    assert_ok(book_get_record(new, key, &record));
    key_of(3, key);
    assert_ok(book_get_record(old, key, &record));
    assert_ok(book_close(old));
    assert_ok(book_close(new));
    assert_ok(book_close(live));
}

static void failures_leave_nothing(void **state)
{
    (void)state;
    struct book *live = make("e.book", 0, 10, 3);
    char line[1024];
    const char *path = in_folder(folder, "e-folder");
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(line, sizeof line, "%s: not a regular file, cannot be replaced by a frozen book", path);
    assert_fails(book_freeze(&live, 1, path), STATUS_USAGE, line);
    path = in_folder(folder, "e.book/x.frozen");
    assert_int_equal(book_freeze(&live, 1, path), STATUS_IO);
    assert_ok(rmdir(in_folder(folder, "e-folder")) ? STATUS_IO : STATUS_OK);
    assert_ok(book_close(live));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frozen_copy_answers),  cmocka_unit_test(the_same_content_gives_the_same_bytes),
        cmocka_unit_test(several_become_one),     cmocka_unit_test(replaced_under_a_reader),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
