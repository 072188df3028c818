/* Flipped bits and cuts anywhere in a book's file: what is damaged is found before use, whatever LMDB does
 * happens in a child, and salvage keeps every record whose own bytes are intact. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include "db/book_internal.h"
#include "db/check.h"
#include "db/salvage_scan.h"
#include "tests/db/golden.h"
#include "tuner/base/file.h"

enum { ROWS_MAX = 256, HEAD_BYTES = 8 };

/* Where the rows of the whole book stand. */
struct range {
    uint64_t begin, end;
};
struct place {
    enum table table;
    struct range entry, value; /* head and key; the value where it is not behind them */
    char key[KEY_BYTES_MAX + 1];
};

static struct {
    char *folder;
    const char *path, *damaged, *salvaged;
    struct text bytes;
    struct place rows[ROWS_MAX];
    size_t n_rows;
} bench;

static enum status note_place(void *context, const struct salvaged *found)
{
    (void)context;
    if (!found->in_tree) return STATUS_OK;
    assert_true(bench.n_rows < ROWS_MAX);
    struct place *place = &bench.rows[bench.n_rows++];
    place->table = found->table;
    place->entry = (struct range){found->node_at, found->node_at + HEAD_BYTES + found->key.mv_size};
    place->value = (struct range){found->value_at, found->value_at + found->value.mv_size};
    if (place->value.begin / 4096 != place->entry.begin / 4096)
        place->entry.end += 8; /* where a long one stands */
    if (found->table == TABLE_RECORD) memcpy(place->key, found->key.mv_data, found->key.mv_size);
    return STATUS_OK;
}

static int begin(void **state)
{
    (void)state;
    struct book *book;
    struct salvage_scan scan;
    bench.folder = folder_begin();
    bench.path = strdup(in_folder(bench.folder, "whole.book"));
    bench.damaged = strdup(in_folder(bench.folder, "damaged.book"));
    bench.salvaged = strdup(in_folder(bench.folder, "salvaged.book"));
    assert_ok(book_open(bench.path, BOOK_WRITE, &book));
    golden_write(book);
    assert_ok(book_close(book));
    assert_ok(file_read(bench.path, 1 << 24, &bench.bytes));
    int descriptor = open(bench.path, O_RDONLY);
    assert_ok(salvage_scan(descriptor, bench.path, note_place, NULL, &scan));
    assert_false(scan.broken);
    close(descriptor);
    assert_int_equal(bench.n_rows, 3 + GOLDEN_RECORDS + 2 * GOLDEN_KERNELS + GOLDEN_TRIALS + 3);
    return 0;
}

static int end(void **state)
{
    (void)state;
    text_free(&bench.bytes);
    free((char *)bench.path);
    free((char *)bench.damaged);
    free((char *)bench.salvaged);
    folder_end(bench.folder);
    return 0;
}

static void write_damaged(const void *bytes, size_t size)
{
    int file = open(bench.damaged, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
    unlink(in_folder(bench.folder, "damaged.book-lock"));
}

static bool is_in(struct range range, uint64_t at)
{
    return at >= range.begin && at < range.end;
}

/* Is it in bytes that nothing vouches for? Schema 1 has no checksum over keys, nor over quarantine and meta.
 */
static bool is_unguarded(uint64_t at)
{
    for (size_t i = 0; i < bench.n_rows; i++) {
        const struct place *place = &bench.rows[i];
        bool guarded = place->table != TABLE_QUARANTINE && place->table != TABLE_META;
        if (is_in(place->entry, at) || (!guarded && is_in(place->value, at))) return true;
    }
    return false;
}

static bool is_in_table(uint64_t at, enum table table)
{
    for (size_t i = 0; i < bench.n_rows; i++)
        if (bench.rows[i].table == table &&
            (is_in(bench.rows[i].entry, at) || is_in(bench.rows[i].value, at)))
            return true;
    return false;
}

enum { ALL_SERVED, SOME_REFUSED, SERVED_WRONG };

static void judge(int *verdict, enum status status, const void *got, size_t got_bytes, const void *expected,
                  size_t expected_bytes)
{
    if (status != STATUS_OK)
        *verdict = *verdict == SERVED_WRONG ? SERVED_WRONG : SOME_REFUSED;
    else if (got_bytes != expected_bytes || memcmp(got, expected, got_bytes))
        *verdict = SERVED_WRONG;
}

static int read_records(struct book *book, int verdict)
{
    for (unsigned i = 0; i < GOLDEN_RECORDS; i++) {
        char key[KEY_BYTES_MAX + 1];
        struct record expected, got;
        struct text a = {0}, b = {0};
        golden_record(i, &expected);
        enum status status = book_get_record(book, golden_key(i, key), &got);
        record_encode(&expected, &a);
        if (status == STATUS_OK) record_encode(&got, &b);
        judge(&verdict, status, b.data, b.size, a.data, a.size);
        text_free(&a);
        text_free(&b);
    }
    return verdict;
}

static int read_kernels(struct book *book, int verdict)
{
    for (unsigned i = 0; i < GOLDEN_KERNELS; i++) {
        struct hash kernel = golden_kernel(i);
        struct descriptor descriptor, got;
        struct value value = {0};
        struct text encoded = {0};
        uint8_t code[GOLDEN_CODE_BYTES];
        golden_code(i, code);
        golden_descriptor(i, &descriptor);
        descriptor_encode(&descriptor, &encoded);
        enum status status = book_get_descriptor(book, &kernel, &value, &got);
        judge(&verdict, status, value.bytes, value.size, encoded.data, encoded.size);
        if (status == STATUS_OK) value_free(&value);
        status = book_get_code(book, &descriptor.code, &value);
        judge(&verdict, status, value.bytes, value.size, code, sizeof code);
        if (status == STATUS_OK) value_free(&value);
        text_free(&encoded);
    }
    return verdict;
}

/* What a program gets of the damaged book; -1: LMDB took it along. */
static int serve(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct book *book;
        for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
        alarm(20);
        if (!freopen("/dev/null", "w", stderr) || book_open(bench.damaged, BOOK_READ, &book) != STATUS_OK)
            _exit(SOME_REFUSED);
        _exit(read_kernels(book, read_records(book, ALL_SERVED)));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void note_finding(void *context, const struct check_finding *finding)
{
    (void)context;
    if (strstr(finding->what, "no end after")) fail_msg("%s", finding->what);
}

/* true: something was found. */
static bool check_finds(const char *path)
{
    struct check_summary summary;
    struct check_options options = {.visit = note_finding, .deadline_s = 30};
    enum status status = book_check(path, &options, &summary);
    if (status != STATUS_OK && status != STATUS_BAD_DATA)
        fail_msg("%s: %s", status_name(status), status_message());
    return status != STATUS_OK || summary.findings > 0;
}

/* Every record without a flipped bit or a cut in its own bytes is in the new book, and whole where its
 * kernels are.
 */
static void check_salvage(uint64_t flipped, uint64_t size)
{
    struct salvage_summary summary;
    struct book *book;
    bool kernels_whole =
        !is_in_table(flipped, TABLE_KERNEL) && !is_in_table(flipped, TABLE_CODE) && size == bench.bytes.size;
    unlink(bench.salvaged);
    unlink(in_folder(bench.folder, "salvaged.book-lock"));
    assert_ok(book_salvage(bench.damaged, bench.salvaged, &summary));
    assert_ok(book_open(bench.salvaged, BOOK_READ, &book));
    for (size_t i = 0; i < bench.n_rows; i++) {
        const struct place *place = &bench.rows[i];
        if (place->table != TABLE_RECORD || place->value.end > size || is_in(place->entry, flipped) ||
            is_in(place->value, flipped))
            continue;
        struct record record;
        struct text encoded = {0};
        enum status status = book_get_record(book, place->key, &record);
        if (status != STATUS_OK)
            fail_msg("bit of byte %llu: %s", (unsigned long long)flipped, status_message());
        record_encode(&record, &encoded);
        if (kernels_whole) {
            assert_int_equal(encoded.size, place->value.end - place->value.begin);
            assert_memory_equal(encoded.data, bench.bytes.data + place->value.begin, encoded.size);
        }
        text_free(&encoded);
    }
    assert_ok(book_close(book));
}

static void flipped_bits(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 8);
    size_t n = test_scaled(1000), n_found = 0, n_died = 0, n_refused = 0;
    char *bytes = bench.bytes.data;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = rng_below(&rng, bench.bytes.size);
        if (rng_below(&rng, 2)) at = at / 4096 * 4096 + rng_below(&rng, 160); /* heads of pages */
        char flip = (char)(1 << rng_below(&rng, 8));
        bytes[at] ^= flip;
        write_damaged(bytes, bench.bytes.size);
        bytes[at] ^= flip;
        bool found = check_finds(bench.damaged);
        int served = serve();
        if (i % 4 == 0 && (at >= 2 * 4096 || served >= 0)) check_salvage(at, bench.bytes.size);
        n_found += found;
        n_died += served < 0;
        n_refused += served == SOME_REFUSED;
        if (served == SERVED_WRONG && !is_unguarded(at))
            fail_msg("byte %llu ^ %d: wrong bytes were served", (unsigned long long)at, flip);
        if (!found && served != ALL_SERVED && !is_unguarded(at))
            fail_msg("byte %llu ^ %d: nothing found, and a reader got %d", (unsigned long long)at, flip,
                     served);
    }
    print_message("%zu flipped bits: %zu found, %zu refused while reading, %zu took a reader along\n", n,
                  n_found, n_refused, n_died);
    assert_true(n_found > n / 20 && n_refused > 0);
}

static void cuts(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 9);
    size_t n = test_scaled(60), n_refused = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t size = 2 * 4096 + rng_below(&rng, bench.bytes.size - 2 * 4096);
        write_damaged(bench.bytes.data, size);
        bool found = check_finds(bench.damaged);
        int served = serve();
        n_refused += served == SOME_REFUSED;
        assert_true(served == ALL_SERVED ? !found : found && served == SOME_REFUSED);
        check_salvage(UINT64_MAX, size);
    }
    assert_true(n_refused > n / 2);
}

/* The book itself: nothing found, everything kept, and what was salvaged is clean. */
static void the_whole_book(void **state)
{
    (void)state;
    struct salvage_summary summary;
    assert_false(check_finds(bench.path));
    unlink(bench.salvaged);
    assert_ok(book_salvage(bench.path, bench.salvaged, &summary));
    assert_false(check_finds(bench.salvaged));
    assert_false(summary.tree_broken);
    uint64_t kept = 0;
    for (int i = 0; i < SALVAGE_TABLES; i++) {
        kept += summary.kept[i];
        assert_int_equal(summary.older[i] + summary.damaged[i], 0);
    }
    assert_int_equal(kept, bench.n_rows - 3); /* a book's meta is its own */
    unlink(bench.salvaged);
}

/* --- a reader that dies or hangs, which LMDB does on few bits in a thousand */

static enum status die(const struct descriptor *descriptor)
{
    (void)descriptor;
    raise(SIGSEGV);
    return STATUS_OK;
}

static enum status hang(const struct descriptor *descriptor)
{
    (void)descriptor;
    while (getppid()) pause();
    return STATUS_OK;
}

static void keep_what(void *context, const struct check_finding *finding)
{
    snprintf(context, 256, "%s", strchr(finding->what, ':'));
}

static void the_end_of_a_child(void **state)
{
    (void)state;
    char what[256];
    struct check_summary summary;
    struct check_options options = {.descriptor = die, .visit = keep_what, .context = what};
    assert_ok(book_check(bench.path, &options, &summary));
    assert_int_equal(summary.findings, 1);
    assert_false(summary.rows_read);
    assert_string_equal(what,
                        ": reading its kernel came to signal 11 (Segmentation fault): the pages are damaged");
    options.descriptor = hang;
    options.deadline_s = 1;
    assert_ok(book_check(bench.path, &options, &summary));
    assert_int_equal(summary.findings, 1);
    assert_string_equal(what, ": reading its kernel came to no end after 1 s: the pages are damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_book),
        cmocka_unit_test(the_end_of_a_child),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(cuts),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
