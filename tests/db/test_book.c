#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include "tests/db/samples.h"

static char *folder;
static const char key_a[] = "gemm/f32@x86-64-v3:2:20/n=0000000064,k=0000000064/m=0000000008";
static const char key_b[] = "gemm/f32@x86-64-v3:2:20/n=0000000064,k=0000000064/m=0000000016";

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

static struct book *open_new(const char *leaf)
{
    struct book *book;
    assert_ok(book_open(in_folder(folder, leaf), BOOK_WRITE, &book));
    return book;
}

static void what_is_put_is_got(void **state)
{
    (void)state;
    struct book *book = open_new("deep/er/a.book");
    struct record record;
    struct value bytes;
    struct descriptor descriptor;
    struct hash kernel = put_numbered_kernel(book, 7, "x86-64-v3"), id;
    struct record_entry entry = {.kernel = kernel, .timing = {.median_ns = 5, .high_ns = 6, .samples = 3}};
    assert_ok(book_put_entry(book, key_a, &entry, 100, "openblas 0.3.21", 50));
    assert_ok(book_put_entry(book, key_a, &entry, 0, NULL, 0));
    assert_ok(book_get_record(book, key_a, &record));
    assert_int_equal(record.n_entries, 1);
    assert_int_equal(record.baseline_ns, 100);
    assert_int_equal(record.default_ns, 50);
    assert_string_equal(record.baseline_name, "openblas 0.3.21");
    assert_ok(book_put_entry(book, key_a, &entry, 90, "a name longer than thirty-one characters", 40));
    assert_ok(book_get_record(book, key_a, &record));
    assert_int_equal(record.baseline_ns, 90);
    assert_string_equal(record.baseline_name, "a name longer than thirty-one c");

    assert_ok(book_get_descriptor(book, &kernel, &bytes, &descriptor));
    assert_string_equal(descriptor.configuration, "N=7");
    struct value code;
    assert_ok(book_get_code(book, &descriptor.code, &code));
    assert_int_equal(code.size, 6);
    assert_memory_equal(code.bytes, "code 7", 6);
    assert_int_equal((uintptr_t)code.bytes % 16, 0);
    value_free(&code);
    value_free(&bytes);

    assert_ok(book_put_environment(book, "{\"driver\":1}", &id));
    assert_ok(book_get_environment(book, &id, &bytes));
    assert_memory_equal(bytes.bytes, "{\"driver\":1}", 12);
    value_free(&bytes);
    assert_ok(book_put_source(book, &kernel, "source", 6));
    assert_ok(book_get_source(book, &kernel, &bytes));
    assert_int_equal(bytes.size, 6);
    value_free(&bytes);
    assert_ok(book_get_meta(book, "creator", &bytes));
    assert_memory_equal(bytes.bytes, "tunebook", 8);
    value_free(&bytes);

    struct book_counts counts;
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.records, 1);
    assert_int_equal(counts.kernels, 1);
    assert_int_equal(counts.codes, 1);
    assert_int_equal(counts.environments, 1);
    assert_int_equal(counts.trials, 0);
    assert_true(counts.bytes > 4096);
    assert_ok(book_close(book));
    assert_ok(book_close(NULL));
}

static void what_is_not_there(void **state)
{
    (void)state;
    struct book *book = open_new("b.book");
    const char *path = book_path(book);
    struct record record;
    struct value bytes;
    struct hash none = numbered_hash(1);
    char line[1024], hex[65];
    text_hex(none.bytes, 32, hex);
    snprintf(line, sizeof line, "%s: no record %s", path, key_a);
    assert_fails(book_get_record(book, key_a, &record), STATUS_NOT_FOUND, line);
    snprintf(line, sizeof line, "%s: no code %s", path, hex);
    assert_fails(book_get_code(book, &none, &bytes), STATUS_NOT_FOUND, line);
    snprintf(line, sizeof line, "%s: no env %s", path, hex);
    assert_fails(book_get_environment(book, &none, &bytes), STATUS_NOT_FOUND, line);
    assert_int_equal(book_get_record(book, "", &record), STATUS_NOT_FOUND);

    struct record_entry entry = {.kernel = none};
    snprintf(line, sizeof line, "%s: cannot write an entry of %s: kernel %s is not in the book", path, key_a,
             hex);
    assert_fails(book_put_entry(book, key_a, &entry, 0, NULL, 0), STATUS_BAD_DATA, line);
    assert_int_equal(book_get_record(book, key_a, &record), STATUS_NOT_FOUND);
    assert_int_equal(book_put_entry(book, "no key", &entry, 0, NULL, 0), STATUS_BAD_DATA);
    struct descriptor descriptor = {.code = none, .op = "gemm"};
    snprintf(line, sizeof line,
             "%s: cannot write a kernel: its code has another SHA-256 than its descriptor says", path);
    assert_fails(book_put_kernel(book, &none, &descriptor, "x", 1), STATUS_BAD_DATA, line);
    assert_ok(book_close(book));
}

static void readers_may_not_write(void **state)
{
    (void)state;
    struct book *book = open_new("c.book"), *reader;
    char line[1024];
    struct hash id;
    snprintf(line, sizeof line, "%s: open for reading only", book_path(book));
    assert_ok(book_open(book_path(book), BOOK_READ, &reader));
    assert_fails(book_put_environment(reader, "{}", &id), STATUS_USAGE, line);
    char one[33], other[33];
    assert_ok(book_id(book, one));
    assert_ok(book_id(reader, other));
    assert_string_equal(one, other);
    assert_int_equal(strlen(one), 32);
    assert_null(book_scratch(book));
    assert_ok(book_close(reader));
    assert_ok(book_close(book));
}

/* Opened for reading first, then for writing: one environment, upgraded in place; the reader goes on. */
static void one_file_is_shared(void **state)
{
    (void)state;
    assert_ok(book_close(open_new("d.book")));
    struct book *reader, *writer, *again;
    struct record record;
    assert_ok(book_open(in_folder(folder, "d.book"), BOOK_READ, &reader));
    assert_int_equal(book_get_record(reader, key_a, &record), STATUS_NOT_FOUND);
    writer = open_new("d.book");
    assert_ok(symlink("d.book", in_folder(folder, "link.book")) ? STATUS_IO : STATUS_OK);
    assert_ok(book_open(in_folder(folder, "link.book"), BOOK_READ, &again));
    struct record_entry entry = {.kernel = put_numbered_kernel(writer, 1, "t")};
    assert_ok(book_put_entry(writer, key_a, &entry, 0, NULL, 0));
    assert_ok(book_get_record(reader, key_a, &record));
    assert_ok(book_close(writer));
    assert_ok(book_get_record(again, key_a, &record));
    assert_ok(book_get_record(reader, key_a, &record));
    assert_ok(book_close(again));
    assert_ok(book_close(reader));
}

static void a_full_map_grows(void **state)
{
    (void)state;
    struct book *book = open_new("e.book"), *reader;
    assert_ok(book_open(book_path(book), BOOK_READ, &reader));
    size_t size = 24 << 20;
    char *bytes = calloc(1, size);
    struct value value;
    for (uint64_t i = 0; i < 5; i++) {
        struct hash hash = numbered_hash(i);
        bytes[0] = (char)i;
        assert_ok(book_put_source(book, &hash, bytes, size));
        assert_ok(book_get_source(reader, &hash, &value));
        assert_int_equal(value.size, size);
        assert_memory_equal(value.bytes, bytes, size);
        value_free(&value);
    }
    struct book_counts counts;
    assert_ok(book_count(reader, &counts));
    assert_true(counts.bytes > 5 * size);
    free(bytes);
    assert_ok(book_close(reader));
    assert_ok(book_close(book));
}

static void after_a_fork_nothing_is_touched(void **state)
{
    (void)state;
    struct book *book = open_new("f.book");
    struct record_entry entry = {.kernel = put_numbered_kernel(book, 1, "t")};
    assert_ok(book_put_entry(book, key_a, &entry, 0, NULL, 0));
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct record record;
        char line[1024];
        uint64_t sequence;
        snprintf(line, sizeof line, "%s: opened before a fork; open it again in this process",
                 book_path(book));
        bool right = book_get_record(book, key_a, &record) == STATUS_UNAVAILABLE &&
                     !strcmp(status_message(), line) &&
                     book_start(book, key_a, "A=1", &entry.kernel, &sequence) == STATUS_UNAVAILABLE &&
                     book_put_entry(book, key_b, &entry, 0, NULL, 0) == STATUS_UNAVAILABLE;
        const char *path = in_folder(folder, "f.book");
        right = right && book_close(book) == STATUS_OK && book_open(path, BOOK_WRITE, &book) == STATUS_OK &&
                book_put_entry(book, key_b, &entry, 0, NULL, 0) == STATUS_OK && book_close(book) == STATUS_OK;
        _exit(right ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct record record;
    assert_ok(book_get_record(book, key_a, &record));
    assert_ok(book_get_record(book, key_b, &record));
    assert_ok(book_close(book));
}

struct seen {
    size_t n, stop_at;
    char last[KEY_BYTES_MAX + 1];
};

static bool see(void *context, const char *key, const struct record *record)
{
    struct seen *seen = context;
    assert_true(strcmp(seen->last, key) < 0);
    assert_int_equal(record->n_entries, 1);
    snprintf(seen->last, sizeof seen->last, "%s", key);
    return ++seen->n != seen->stop_at;
}

static void walks_go_in_order(void **state)
{
    (void)state;
    struct book *book = open_new("g.book");
    struct record_entry entry = {.kernel = put_numbered_kernel(book, 1, "t")};
    size_t n = 600 + test_scaled(300); /* more than a batch */
    for (size_t i = 0; i < n; i++) {
        char key[KEY_BYTES_MAX + 1];
        struct key_parts parts = {
            .device_class = "t:1:1", .n_sizes = 1, .names = {"m"}, .sizes = {(int64_t)(i * 7919 % n)}};
        strcpy(parts.head, i % 2 ? "gemm/f32" : "gemm/bf16");
        assert_ok(key_format(&parts, key));
        assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
    }
    struct seen all = {0}, half = {0}, few = {.stop_at = 3}, none = {0};
    assert_ok(book_each_record(book, NULL, see, &all));
    assert_int_equal(all.n, n);
    assert_ok(book_each_record(book, "gemm/f32@", see, &half));
    assert_int_equal(half.n, n / 2);
    assert_ok(book_each_record(book, "", see, &few));
    assert_int_equal(few.n, 3);
    assert_ok(book_each_record(book, "gemn", see, &none));
    assert_int_equal(none.n, 0);
    assert_ok(book_close(book));
}

static void quarantine_is_by_class_kernel_and_environment(void **state)
{
    (void)state;
    struct book *book = open_new("h.book");
    struct hash kernel = numbered_hash(1), other = numbered_hash(2), environment = numbered_hash(3);
    enum verdict verdict;
    assert_ok(book_quarantine(book, "t:1:1", &kernel, &environment, VERDICT_HANG));
    assert_ok(book_quarantine(book, "t:1:1", &other, &environment, VERDICT_CRASH));
    assert_ok(book_quarantine(book, "t:1:10", &kernel, &environment, VERDICT_WRONG));
    assert_ok(book_quarantined(book, "t:1:1", &kernel, &environment, &verdict));
    assert_int_equal(verdict, VERDICT_HANG);
    assert_int_equal(book_quarantined(book, "t:1:1", &kernel, &kernel, &verdict), STATUS_NOT_FOUND);
    assert_int_equal(book_quarantined(book, "t:1:2", &kernel, &environment, &verdict), STATUS_NOT_FOUND);
    assert_ok(book_unquarantine(book, "t:1:1"));
    assert_int_equal(book_quarantined(book, "t:1:1", &kernel, &environment, &verdict), STATUS_NOT_FOUND);
    assert_int_equal(book_quarantined(book, "t:1:1", &other, &environment, &verdict), STATUS_NOT_FOUND);
    assert_ok(book_quarantined(book, "t:1:10", &kernel, &environment, &verdict));
    assert_int_equal(verdict, VERDICT_WRONG);
    assert_ok(book_close(book));
}

static struct book *shared;

static void *write_many(void *context)
{
    uint64_t number = (uint64_t)(uintptr_t)context;
    struct record_entry entry = {.kernel = numbered_hash(1), .timing.high_ns = 1 + number};
    struct record record;
    for (uint64_t i = 0; i < 40; i++) {
        entry.environment = numbered_hash(number << 32 | (i % 8));
        if (book_put_entry(shared, key_a, &entry, 0, NULL, 0) != STATUS_OK) return (void *)1;
        if (book_get_record(shared, key_a, &record) != STATUS_OK) return (void *)1;
    }
    return NULL;
}

static void threads_share_a_handle(void **state)
{
    (void)state;
    shared = open_new("i.book");
    put_numbered_kernel(shared, 1, "t");
    pthread_t threads[6];
    for (uintptr_t i = 0; i < N_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, (void *)i), 0);
    for (size_t i = 0; i < N_OF(threads); i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    struct record record;
    assert_ok(book_get_record(shared, key_a, &record));
    assert_int_equal(record.n_entries, 48);
    assert_ok(book_close(shared));
}

static void private_means_nobody_else_writes(void **state)
{
    (void)state;
    assert_ok(book_close(open_new("p/q/j.book")));
    const char *path = in_folder(folder, "p/q/j.book"), *parent = in_folder(folder, "p/q");
    assert_true(book_is_private(path));
    chmod(path, 0664);
    assert_false(book_is_private(path));
    chmod(path, 0646);
    assert_false(book_is_private(path));
    chmod(path, 0444);
    assert_true(book_is_private(path));
    chmod(parent, 0775);
    assert_false(book_is_private(path));
    chmod(parent, 0755);
    chmod(in_folder(folder, "p"), 0777);
    assert_false(book_is_private(path));
    chmod(in_folder(folder, "p"), 01777);
    assert_true(book_is_private(path));
    assert_false(book_is_private(in_folder(folder, "nothing")));
    assert_false(book_is_private(parent));
}

static struct record_entry entry_of(struct book *book, uint64_t kernel, uint64_t environment, uint64_t ns)
{
    return (struct record_entry){.kernel = put_numbered_kernel(book, kernel, "x86-64-v3"),
                                 .environment = numbered_hash(environment),
                                 .timing = {.median_ns = ns, .high_ns = ns, .samples = 1000}};
}

static void finals_replace_what_they_measured(void **state)
{
    (void)state;
    struct book *book = open_new("finals.book");
    struct record record;
    struct record_entry before[] = {
        entry_of(book, 1, 1, 10), /* measured again and kept, with fewer samples */
        entry_of(book, 2, 1, 11), /* not measured again, of the same environment */
        entry_of(book, 3, 2, 12), /* measured again and not kept, of another environment */
        entry_of(book, 4, 2, 13), /* not measured again, of another environment */
    };
    for (size_t i = 0; i < N_OF(before); i++) assert_ok(book_put_entry(book, key_a, &before[i], 0, NULL, 0));
    struct record_entry now = entry_of(book, 1, 1, 20);
    now.timing.samples = 3;
    struct hash measured[] = {before[0].kernel, before[2].kernel};
    struct book_finals finals = {.entries = &now,
                                 .n_entries = 1,
                                 .environment = &now.environment,
                                 .measured = measured,
                                 .n_measured = N_OF(measured),
                                 .default_ns = 7};
    assert_ok(book_put_finals(book, key_a, &finals));
    assert_ok(book_get_record(book, key_a, &record));
    assert_int_equal(record.n_entries, 2);
    assert_int_equal(record.entries[0].timing.median_ns, 13);
    assert_int_equal(record.entries[1].timing.median_ns, 20);
    assert_int_equal(record.default_ns, 7);
    now.kernel = numbered_hash(99);
    assert_int_equal(book_put_finals(book, key_a, &finals), STATUS_BAD_DATA); /* all or nothing */
    assert_ok(book_get_record(book, key_a, &record));
    assert_int_equal(record.n_entries, 2);
    assert_ok(book_close(book));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_got),
        cmocka_unit_test(finals_replace_what_they_measured),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(readers_may_not_write),
        cmocka_unit_test(one_file_is_shared),
        cmocka_unit_test(a_full_map_grows),
        cmocka_unit_test(after_a_fork_nothing_is_touched),
        cmocka_unit_test(walks_go_in_order),
        cmocka_unit_test(quarantine_is_by_class_kernel_and_environment),
        cmocka_unit_test(threads_share_a_handle),
        cmocka_unit_test(private_means_nobody_else_writes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
