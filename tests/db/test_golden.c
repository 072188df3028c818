/* The books that every schema so far has written keep opening and say what they said. `test_golden --write
 * FILE` makes the golden book of the schema of this program (tests/db/golden/README). */
#include "tests/db/golden.h"

#include "db/book_internal.h"
#include "db/check.h"
#include "tuner/base/file.h"

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

/* A copy: opening a live book leaves a lock file beside it. */
static const char *copy_of(const char *leaf)
{
    char from[256];
    struct text bytes = {0};
    const char *to = in_folder(folder, leaf);
    snprintf(from, sizeof from, "tests/db/golden/%s", leaf);
    assert_ok(file_read(from, 1 << 24, &bytes));
    assert_ok(file_publish(to, bytes.data, bytes.size, 0644));
    text_free(&bytes);
    return to;
}

static void compare_records(struct book *book)
{
    for (unsigned i = 0; i < GOLDEN_RECORDS; i++) {
        char key[KEY_BYTES_MAX + 1];
        struct record expected, got;
        struct text a = {0}, b = {0};
        golden_record(i, &expected);
        assert_ok(book_get_record(book, golden_key(i, key), &got));
        record_encode(&expected, &a);
        record_encode(&got, &b);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        text_free(&a);
        text_free(&b);
    }
}

static void compare_kernels(struct book *book)
{
    for (unsigned i = 0; i < GOLDEN_KERNELS; i++) {
        struct hash kernel = golden_kernel(i);
        struct descriptor expected, got;
        struct value bytes, code;
        struct text encoded = {0};
        uint8_t expected_code[GOLDEN_CODE_BYTES];
        golden_code(i, expected_code);
        golden_descriptor(i, &expected);
        assert_ok(book_get_descriptor(book, &kernel, &bytes, &got));
        descriptor_encode(&expected, &encoded);
        assert_int_equal(got.args_abi, 1);
        assert_string_equal(got.configuration, golden_configuration(i));
        assert_int_equal(got.parameter_values[0], 4 << i);
        assert_string_equal(got.steps[0].entry, "golden");
        assert_int_equal(got.resources.registers, 32 + i);
        assert_int_equal(encoded.size, bytes.size); /* and today's program writes the same bytes */
        assert_memory_equal(encoded.data, bytes.bytes, bytes.size);
        assert_ok(book_get_code(book, &got.code, &code));
        assert_int_equal(code.size, sizeof expected_code);
        assert_memory_equal(code.bytes, expected_code, sizeof expected_code);
        value_free(&bytes);
        value_free(&code);
        text_free(&encoded);
    }
}

static bool compare_trial(void *context, uint64_t sequence, const struct trial *got)
{
    struct trial expected;
    golden_trial(*(unsigned *)context, &expected);
    assert_int_equal(sequence, 1);
    assert_int_equal(got->verdict, expected.verdict);
    assert_int_equal(got->compile_ns, expected.compile_ns);
    assert_int_equal(got->finished_at_s, expected.finished_at_s);
    assert_string_equal(got->configuration, expected.configuration);
    assert_string_equal(got->detail, expected.detail);
    *(unsigned *)context += 100;
    return true;
}

static void fail_finding(void *context, const struct check_finding *finding)
{
    (void)context;
    fail_msg("%s %s: %s", finding->table, finding->key, finding->what);
}

static void schema_1(void **state)
{
    (void)state;
    const char *path = copy_of("schema-1.book");
    struct book *book;
    struct book_counts counts;
    struct value value;
    enum verdict verdict;
    struct hash source = golden_source_hash(), quarantined = golden_kernel(99);
    struct hash environment = sha256_of(golden_environment, sizeof golden_environment - 1);
    struct check_summary summary;
    struct check_options options = {.visit = fail_finding};
    assert_ok(book_check(path, &options, &summary));
    assert_ok(book_open(path, BOOK_READ, &book));
    compare_records(book);
    compare_kernels(book);
    for (unsigned i = 0; i < GOLDEN_TRIALS; i++) {
        char key[KEY_BYTES_MAX + 1];
        unsigned seen = i;
        assert_ok(book_each_trial(book, golden_key(i, key), compare_trial, &seen));
        assert_int_equal(seen, i + 100);
    }
    assert_ok(book_get_environment(book, &environment, &value));
    assert_int_equal(value.size, sizeof golden_environment - 1);
    assert_memory_equal(value.bytes, golden_environment, value.size);
    value_free(&value);
    assert_ok(book_get_source(book, &source, &value));
    value_free(&value);
    assert_ok(book_quarantined(book, golden_class, &quarantined, &environment, &verdict));
    assert_int_equal(verdict, VERDICT_HANG);
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.records, GOLDEN_RECORDS);
    assert_int_equal(counts.trials, GOLDEN_TRIALS);
    assert_ok(book_close(book));
    /* And it can be written. */
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_put_source(book, &source, "", 0));
    assert_ok(book_close(book));
}

static int raise_schema(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)context, (void)refusal;
    MDB_val name = value_of("schema", 6), value = value_of("2", 1);
    return mdb_put(txn, book->environment->tables[TABLE_META], &name, &value, 0);
}

/* Neither check nor salvage touches what it does not know. */
static void a_newer_schema(void **state)
{
    (void)state;
    const char *path = copy_of("schema-1.book"), *salvaged = in_folder(folder, "salvaged.book");
    struct book *book;
    struct check_summary summary;
    struct salvage_summary kept;
    struct check_options options = {.visit = fail_finding};
    char line[1024];
    _Static_assert(SCHEMA_VERSION == 1,
                   "a golden book of each schema: write that of this one, and a test like schema_1");
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_write(book, "test", raise_schema, NULL));
    assert_ok(book_close(book));
    snprintf(line, sizeof line, "%s: schema 2, this program knows up to 1; update Tunebook", path);
    assert_fails(book_open(path, BOOK_READ, &book), STATUS_BAD_DATA, line);
    assert_fails(book_check(path, &options, &summary), STATUS_BAD_DATA, line);
    assert_fails(book_salvage(path, salvaged, &kept), STATUS_BAD_DATA, line);
    assert_int_equal(access(salvaged, F_OK), -1);
}

static int write_golden(const char *path)
{
    struct book *book;
    assert_ok(book_open(path, BOOK_WRITE, &book));
    golden_write(book);
    assert_ok(book_close(book));
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_1),
        cmocka_unit_test(a_newer_schema),
    };
    if (argc == 3 && !strcmp(argv[1], "--write")) return write_golden(argv[2]);
    return cmocka_run_group_tests(tests, begin, end);
}
