/* Books to bundles and back. */
#include "tests/db/bundle_samples.h"

static char *folder;

static int set_up(void **state)
{
    (void)state;
    folder = folder_begin();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct bundle_report report;
    const char *from = in_folder(folder, "a.book"), *to = in_folder(folder, "b.book"),
               *file = in_folder(folder, "a.bundle"), *again = in_folder(folder, "b.bundle");
    make_sample_book(from, false);
    export_to(from, file, false);
    assert_ok(import_from(file, to, false, &report));
    assert_int_equal(report.changes[BUNDLE_NEW], SAMPLE_RECORDS);
    assert_int_equal(report.new_kernels, SAMPLE_KERNELS);
    assert_int_equal(report.new_environments, 3);
    assert_int_equal(report.new_sources, 1);
    assert_same_content(from, to);
    export_to(to, again, false);
    struct text a = content(file), b = content(again);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    text_free(&a), text_free(&b);
    /* What is there already changes nothing. */
    assert_ok(import_from(file, to, false, &report));
    assert_int_equal(report.changes[BUNDLE_SAME], SAMPLE_RECORDS);
    assert_int_equal(report.new_kernels + report.new_environments + report.new_sources, 0);
    assert_same_content(from, to);
}

static void test_same_content_same_bytes(void **state)
{
    (void)state;
    make_sample_book(in_folder(folder, "a.book"), false);
    make_sample_book(in_folder(folder, "b.book"), true);
    export_to(in_folder(folder, "a.book"), in_folder(folder, "a.bundle"), false);
    export_to(in_folder(folder, "b.book"), in_folder(folder, "b.bundle"), false);
    struct text a = content(in_folder(folder, "a.bundle")), b = content(in_folder(folder, "b.bundle"));
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    text_free(&a), text_free(&b);
}

/* ---- what import changes ---- */

static const char key[] = "gemm/a=f32/nn@gfx942:304:5300/n=0000000016/m=0000000001";

static void put_times(const char *path, uint64_t ns, uint32_t samples, uint64_t kernel)
{
    struct book *book = open_book(path, BOOK_WRITE);
    struct record_entry entry = {.kernel = put_numbered_kernel(book, kernel, "gfx942"),
                                 .environment = put_sample_environment(book, 0),
                                 .timing = {.median_ns = ns, .high_ns = ns, .samples = samples}};
    assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
    assert_ok(book_close(book));
}

struct seen {
    unsigned n;
    enum bundle_change change;
    uint64_t before_ns, after_ns;
};

static void see(void *context, const char *at, enum bundle_change change, const struct record *before,
                const struct record *after)
{
    struct seen *seen = context;
    assert_string_equal(at, key);
    *seen = (struct seen){.n = seen->n + 1,
                          .change = change,
                          .before_ns = before->n_entries ? before->entries[0].timing.median_ns : 0,
                          .after_ns = after->n_entries ? after->entries[0].timing.median_ns : 0};
}

static void assert_change(enum bundle_change change, uint64_t before_ns, uint64_t after_ns)
{
    const char *file = in_folder(folder, "x.bundle"), *to = in_folder(folder, "to.book");
    struct seen seen = {0};
    struct bundle_report report;
    struct bundle_import_options options = {.dry_run = true, .visit = see, .context = &seen};
    struct hash content_before = {{0}};
    bool there = access(to, F_OK) == 0;
    export_to(in_folder(folder, "from.book"), file, false);
    if (there) content_before = content_of(to);
    assert_ok(bundle_import(file, to, &options, &report));
    assert_int_equal(seen.n, 1);
    assert_string_equal(bundle_change_name(seen.change), bundle_change_name(change));
    assert_int_equal(seen.before_ns, before_ns);
    assert_int_equal(seen.after_ns, after_ns);
    assert_int_equal(access(to, F_OK) == 0, there);
    if (there) {
        struct hash content_after = content_of(to);
        assert_memory_equal(content_before.bytes, content_after.bytes, SHA256_BYTES);
    }
    assert_ok(import_from(file, to, false, &report));
    assert_int_equal(report.changes[change], 1);
}

static void test_changes(void **state)
{
    (void)state;
    put_times(in_folder(folder, "from.book"), 100, 10, 1);
    assert_change(BUNDLE_NEW, 0, 100);
    assert_change(BUNDLE_SAME, 100, 100);
    put_times(in_folder(folder, "from.book"), 80, 10, 2);
    assert_change(BUNDLE_FASTER, 100, 80);
    put_times(in_folder(folder, "from.book"), 90, 10, 3);
    assert_change(BUNDLE_KEPT, 80, 80);
    put_times(in_folder(folder, "from.book"), 85, 20, 2);
    assert_change(BUNDLE_SAME, 80, 80); /* more samples of a longer time are no better */
}

/* ---- without code, and whose code ---- */

static void test_without_code(void **state)
{
    (void)state;
    struct bundle_report report;
    struct bundle_import_options careful = {0};
    const char *from = in_folder(folder, "a.book"), *to = in_folder(folder, "b.book"),
               *file = in_folder(folder, "a.bundle");
    make_sample_book(from, false);
    export_to(from, file, true);
    /* Of a book that knows one kernel, the entries of that kernel come in, and need no trust. */
    struct book *book = open_book(to, BOOK_WRITE);
    put_numbered_kernel(book, 2, "gfx942");
    assert_ok(book_close(book));
    assert_ok(bundle_import(file, to, &careful, &report));
    assert_false(report.has_code);
    assert_true(report.changes[BUNDLE_NEW] > 0 && report.changes[BUNDLE_LEFT_OUT] > 0);
    assert_int_equal(report.changes[BUNDLE_NEW] + report.changes[BUNDLE_LEFT_OUT], SAMPLE_RECORDS);
    assert_true(report.left_out_entries > 0 && report.left_out_entries < report.counts.entries);
    assert_int_equal(report.new_kernels, 0);
    struct book_counts counts;
    book = open_book(to, BOOK_READ);
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.records, report.changes[BUNDLE_NEW]);
    assert_int_equal(counts.kernels, 1);
    assert_ok(book_close(book));
    /* All of them where the book knows all kernels. */
    assert_ok(bundle_import(file, from, &careful, &report));
    assert_int_equal(report.changes[BUNDLE_SAME], SAMPLE_RECORDS);
}

struct verifier {
    struct sha256 sha;
    bool trusted;
    enum status status;
};

static void verifier_add(void *context, const void *bytes, size_t size)
{
    sha256_add(&((struct verifier *)context)->sha, bytes, size);
}

static enum status verifier_end(void *context, bool *trusted)
{
    struct verifier *verifier = context;
    struct text whole = content(in_folder(folder, "a.bundle"));
    struct hash seen = sha256_end(&verifier->sha), real = sha256_of(whole.data, whole.size);
    text_free(&whole);
    assert_memory_equal(seen.bytes, real.bytes, sizeof real.bytes);
    *trusted = verifier->trusted;
    return verifier->status == STATUS_OK ? STATUS_OK : status_fail(verifier->status, "forged");
}

static enum status import_verified(bool trusted, enum status status)
{
    struct bundle_report report;
    struct verifier verifier = {.trusted = trusted, .status = status};
    struct bundle_verifier seam = {verifier_add, verifier_end, &verifier};
    struct bundle_import_options options = {.verifier = &seam};
    sha256_begin(&verifier.sha);
    return bundle_import(in_folder(folder, "a.bundle"), in_folder(folder, "b.book"), &options, &report);
}

static void test_trust(void **state)
{
    (void)state;
    make_sample_book(in_folder(folder, "a.book"), false);
    export_to(in_folder(folder, "a.book"), in_folder(folder, "a.bundle"), false);
    assert_int_equal(import_verified(false, STATUS_OK), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "holds code, and nobody whom you trust has signed it"));
    assert_int_equal(access(in_folder(folder, "b.book"), F_OK), -1);
    assert_fails(import_verified(true, STATUS_BAD_DATA), STATUS_BAD_DATA, "forged");
    assert_int_equal(access(in_folder(folder, "b.book"), F_OK), -1);
    assert_ok(import_verified(true, STATUS_OK));
    assert_same_content(in_folder(folder, "a.book"), in_folder(folder, "b.book"));
}

/* ---- filters and checks ---- */

static uint32_t only_measured_attention(void *context, const char *at)
{
    (void)context;
    return strncmp(at, "attention", 9) == 0 ? 1u << EVIDENCE_MEASURED : 0;
}

static void test_filter(void **state)
{
    (void)state;
    struct bundle_counts counts;
    struct bundle_report report;
    struct bundle_export_options options = {.select = only_measured_attention};
    make_sample_book(in_folder(folder, "a.book"), false);
    struct book *book = open_book(in_folder(folder, "a.book"), BOOK_READ);
    assert_ok(bundle_export(book, in_folder(folder, "a.bundle"), &options, &counts));
    assert_ok(book_close(book));
    assert_true(counts.records > 0 && counts.records < SAMPLE_RECORDS / 5);
    assert_ok(import_from(in_folder(folder, "a.bundle"), in_folder(folder, "b.book"), false, &report));
    assert_int_equal(report.changes[BUNDLE_NEW], counts.records);
    book = open_book(in_folder(folder, "b.book"), BOOK_WRITE);
    options.select = NULL;
    struct book *empty = open_book(in_folder(folder, "empty.book"), BOOK_WRITE);
    assert_int_equal(bundle_export(empty, in_folder(folder, "e.bundle"), &options, &counts),
                     STATUS_NOT_FOUND);
    assert_int_equal(access(in_folder(folder, "e.bundle"), F_OK), -1);
    assert_ok(book_close(empty));
    assert_ok(book_close(book));
}

static enum status refuse_record(void *context, const char *at, const struct record *record)
{
    (void)record;
    return ++*(unsigned *)context == 7 ? status_fail(STATUS_BAD_DATA, "impossible: %.9s", at) : STATUS_OK;
}

static enum status refuse_descriptor(void *context, const struct descriptor *descriptor)
{
    return ++*(unsigned *)context == 3 ? status_fail(STATUS_BAD_DATA, "bad bytecode of %s", descriptor->op)
                                       : STATUS_OK;
}

static void test_checks(void **state)
{
    (void)state;
    unsigned n = 0;
    struct bundle_report report;
    struct bundle_import_options options = {
        .allow_unsigned = true, .check_record = refuse_record, .context = &n};
    make_sample_book(in_folder(folder, "a.book"), false);
    export_to(in_folder(folder, "a.book"), in_folder(folder, "a.bundle"), false);
    assert_int_equal(
        bundle_import(in_folder(folder, "a.bundle"), in_folder(folder, "b.book"), &options, &report),
        STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "records.jsonl, line 7, column 1: impossible: attention"));
    options.check_record = NULL;
    options.check_descriptor = refuse_descriptor;
    n = 0;
    assert_int_equal(
        bundle_import(in_folder(folder, "a.bundle"), in_folder(folder, "b.book"), &options, &report),
        STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "bad bytecode of gemm"));
    assert_int_equal(access(in_folder(folder, "b.book"), F_OK), -1);
}

/* ---- room ---- */

/* More than the first map of a live book holds. */
static void test_map_grows(void **state)
{
    (void)state;
    enum { BYTES = 9 << 20, CODES = 9 };
    uint8_t *code = malloc(BYTES);
    struct rng rng;
    struct bundle_report report;
    struct book *book = open_book(in_folder(folder, "a.book"), BOOK_WRITE);
    rng_seed(&rng, 5);
    for (size_t i = 0; i < BYTES; i++) code[i] = (uint8_t)rng_next(&rng);
    for (uint8_t i = 0; i < CODES; i++) {
        code[0] = i;
        struct descriptor descriptor = {.code = sha256_of(code, BYTES), .op = "gemm"};
        struct record_entry entry = {.kernel = numbered_hash(i)};
        assert_ok(book_put_kernel(book, &entry.kernel, &descriptor, code, BYTES));
        assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
    }
    assert_ok(book_close(book));
    free(code);
    export_to(in_folder(folder, "a.book"), in_folder(folder, "a.bundle"), false);
    put_times(in_folder(folder, "b.book"), 1, 1, 50); /* into a book that is there, too */
    assert_ok(import_from(in_folder(folder, "a.bundle"), in_folder(folder, "b.book"), false, &report));
    assert_int_equal(report.new_kernels, CODES);
    assert_ok(import_from(in_folder(folder, "a.bundle"), in_folder(folder, "c.book"), false, &report));
    assert_same_content(in_folder(folder, "a.book"), in_folder(folder, "c.book"));
}

static void test_damaged_books_are_not_exported(void **state)
{
    (void)state;
    struct bundle_counts counts;
    struct bundle_export_options options = {0};
    struct book *book = open_book(in_folder(folder, "a.book"), BOOK_WRITE);
    struct hash kernel = put_numbered_kernel(book, 1, "gfx942");
    struct record_entry entry = {.kernel = kernel, .environment = numbered_hash(77)};
    assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
    assert_int_equal(bundle_export(book, in_folder(folder, "a.bundle"), &options, &counts), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "missing, and an entry names it"));
    assert_int_equal(access(in_folder(folder, "a.bundle"), F_OK), -1);
    assert_ok(book_close(book));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_content_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_trust, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_filter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_map_grows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_books_are_not_exported, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
