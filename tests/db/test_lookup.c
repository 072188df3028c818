/* Lookups whose answers and reasons are written out by hand; test_lookup_oracle.c has the breadth. */
#include "db/book_internal.h"
#include "db/lookup.h"
#include "tests/db/samples.h"

static char *folder;
static struct book *book;
static const char *const heads[] = {"gemm/f32/al=4", "gemm/f32/al=2"};
static const char *const names[] = {"n", "k", "m"};
static int64_t refused = -1; /* the number of a kernel that is_valid turns down */

static int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    return book_open(in_folder(folder, "a.book"), BOOK_WRITE, &book);
}

static int end(void **state)
{
    (void)state;
    book_close(book);
    folder_end(folder);
    return 0;
}

static void put(const char *key, uint64_t kernel, enum evidence evidence)
{
    struct record_entry entry = {.kernel = put_numbered_kernel(book, kernel, "cpu"),
                                 .evidence = (uint8_t)evidence,
                                 .timing.high_ns = 10 + kernel};
    assert_ok(book_put_entry(book, key, &entry, 77, "vendor", 0));
}

static bool is_valid(void *context, struct book *from, const struct record_entry *entry,
                     const struct descriptor *descriptor)
{
    (void)context, (void)from, (void)entry;
    return strtoll(descriptor->configuration + 2, NULL, 10) != refused;
}

static enum status ask(int64_t n, int64_t k, int64_t m, enum match worst, struct lookup_answer *answer)
{
    int64_t sizes[] = {n, k, m};
    struct lookup_request request = {.heads = heads,
                                     .n_heads = 2,
                                     .device_class = "cpu:2:20",
                                     .target = "cpu",
                                     .n_sizes = 3,
                                     .size_names = names,
                                     .sizes = sizes,
                                     .worst = worst,
                                     .is_valid = is_valid};
    return lookup((struct book *const *)&book, 1, &request, answer);
}

static void expect(int64_t n, int64_t k, int64_t m, enum match match, uint64_t kernel, const char *reason)
{
    struct lookup_answer answer;
    struct hash hash = numbered_hash(kernel);
    assert_ok(ask(n, k, m, MATCH_DEFAULT, &answer));
    assert_string_equal(match_name(answer.match), match_name(match));
    assert_string_equal(answer.reason, reason);
    assert_memory_equal(&answer.entry.kernel, &hash, sizeof hash);
    assert_int_equal(answer.baseline_ns, 77);
    assert_string_equal(answer.baseline_name, "vendor");
    assert_string_equal(answer.descriptor.template_name, "numbered");
    value_free(&answer.descriptor_bytes);
}

static void expect_none(int64_t n, int64_t k, int64_t m, enum match worst, const char *reason)
{
    struct lookup_answer answer;
    assert_fails(ask(n, k, m, worst, &answer), STATUS_NOT_FOUND, reason);
    assert_int_equal(answer.match, MATCH_NONE);
    assert_string_equal(answer.reason, reason);
    assert_null(answer.descriptor_bytes.bytes);
}

static void from_nothing_to_everything(void **state)
{
    (void)state;
    expect_none(64, 64, 16, MATCH_DEFAULT,
                "no record for n=64,k=64,m=16 on cpu:2:20 or near it, and no default");
    expect_none(64, 64, 16, MATCH_EXACT, "no record for n=64,k=64,m=16 on cpu:2:20");

    put("gemm/f32/al=2@cpu/n=0000000000,k=0000000000/m=0000000000", 1, EVIDENCE_DEFAULT);
    expect(64, 64, 16, MATCH_DEFAULT, 1, "no record for n=64,k=64,m=16 or near it; the template's default");

    put("gemm/f32/al=4@cpu:64:400/n=0000000064,k=0000000064/m=0000000016", 2, EVIDENCE_MEASURED);
    put("gemm/f32/al=4@cpu:4:20/n=0000000128,k=0000000064/m=0000000016", 3, EVIDENCE_MEASURED);
    put("gemm/f32/al=4@gpu:2:20/n=0000000064,k=0000000064/m=0000000016", 4, EVIDENCE_MEASURED);
    expect(64, 64, 16, MATCH_SIBLING_CLASS, 3,
           "no record for n=64,k=64,m=16; nearest n=128 (x2) on cpu:4:20"); /* the closer class counts more */

    put("gemm/f32/al=4@cpu:2:20/n=0000000128,k=0000000064/m=0000000016", 5, EVIDENCE_MEASURED);
    expect(64, 64, 16, MATCH_NEAR_SHAPE, 5, "no record for n=64,k=64,m=16; nearest n=128 (x2)");
    put("gemm/f32/al=4@cpu:2:20/n=0000000064,k=0000000064/m=0000000004", 6, EVIDENCE_PREDICTED);
    expect(64, 64, 16, MATCH_NEAR_SHAPE, 5,
           "no record for n=64,k=64,m=16; nearest n=128 (x2)"); /* measured first */
    put("gemm/f32/al=4@cpu:2:20/n=0000000064,k=0000000064/m=0000000064", 7, EVIDENCE_MEASURED);
    expect(64, 64, 16, MATCH_NEAR_SHAPE, 7,
           "no record for n=64,k=64,m=16; nearest m=64 (x4)"); /* equal n and k first */
    put("gemm/f32/al=4@cpu:2:20/n=0000000064,k=0000000064/m=0000000012", 8, EVIDENCE_MEASURED);
    expect(64, 64, 16, MATCH_NEAR_SHAPE, 8, "no record for n=64,k=64,m=16; nearest m=12 (x0.75)");
    put("gemm/f32/al=2@cpu:2:20/n=0000000064,k=0000000064/m=0000000016", 9, EVIDENCE_MEASURED);
    expect(64, 64, 16, MATCH_NEAR_SHAPE, 8,
           "no record for n=64,k=64,m=16; nearest m=12 (x0.75)"); /* the own head first */
    put("gemm/f32/al=2@cpu:2:20/n=0000000096,k=0000000064/m=0000000016", 9, EVIDENCE_MEASURED);
    put("gemm/f32/al=4@cpu:2:20/n=0000000100,k=0000000064/m=0000000016", 5, EVIDENCE_MEASURED);
    expect(96, 64, 16, MATCH_NEAR_SHAPE, 9,
           "no record for n=96,k=64,m=16; nearest the same sizes as gemm/f32/al=2"); /* but the group before
                                                                                        it */

    put("gemm/f32/al=4@cpu:2:20/n=0000000064,k=0000000064/m=0000000016", 10, EVIDENCE_MEASURED);
    expect(64, 64, 16, MATCH_EXACT, 10, "");
    refused = 10;
    expect(64, 64, 16, MATCH_NEAR_SHAPE, 8, "no usable entry for n=64,k=64,m=16; nearest m=12 (x0.75)");
    expect_none(64, 64, 16, MATCH_EXACT, "no usable entry for n=64,k=64,m=16: 1 entries, none usable here");
    refused = -1;
}

static void the_limits_of_near(void **state)
{
    (void)state;
    put("gemm/f32/al=4@cpu:2:20/n=0000001000,k=0000001000/m=0000000100", 20, EVIDENCE_MEASURED);
    expect(500, 2000, 400, MATCH_NEAR_SHAPE, 20,
           "no record for n=500,k=2000,m=400; nearest n=1000 (x2), k=1000 (x0.5), m=100 (x0.25)");
    expect(1000, 1000, 25, MATCH_NEAR_SHAPE, 20, "no record for n=1000,k=1000,m=25; nearest m=100 (x4)");
    struct lookup_answer answer;
    assert_int_equal(ask(499, 1000, 100, MATCH_NEAR_SHAPE, &answer), STATUS_NOT_FOUND);
    assert_int_equal(ask(1000, 2001, 100, MATCH_NEAR_SHAPE, &answer), STATUS_NOT_FOUND);
    assert_int_equal(ask(1000, 1000, 401, MATCH_NEAR_SHAPE, &answer), STATUS_NOT_FOUND);
    assert_int_equal(ask(1000, 1000, 24, MATCH_NEAR_SHAPE, &answer), STATUS_NOT_FOUND);
}

static int damage_record(struct book *to, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    MDB_val key = value_of(context, strlen(context)), value = value_of("R", 1);
    return mdb_put(txn, to->environment->tables[TABLE_RECORD], &key, &value, 0);
}

/* A damaged value is as good as none, and counted. */
static void damage_is_passed_over(void **state)
{
    (void)state;
    char key[] = "gemm/f32/al=4@cpu:2:20/n=0000030000,k=0000030000/m=0000000016";
    put(key, 30, EVIDENCE_MEASURED);
    expect(30000, 30000, 16, MATCH_EXACT, 30, "");
    assert_ok(book_write(book, "test", damage_record, key));
    expect(30000, 30000, 16, MATCH_DEFAULT, 1,
           "no usable entry for n=30000,k=30000,m=16 or near it; the template's default");
    expect_none(30000, 30000, 16, MATCH_EXACT,
                "no usable entry for n=30000,k=30000,m=16 on cpu:2:20; 1 damaged values");
}

/* A book that cannot be read does not hide the others; if none can, that is the answer. */
static void a_dead_layer(void **state)
{
    (void)state;
    struct book *dead;
    int64_t sizes[] = {64, 64, 16};
    struct lookup_answer answer;
    struct lookup_request request = {.heads = heads,
                                     .n_heads = 1,
                                     .device_class = "cpu:2:20",
                                     .target = "cpu",
                                     .n_sizes = 3,
                                     .size_names = names,
                                     .sizes = sizes,
                                     .worst = MATCH_DEFAULT,
                                     .is_valid = is_valid};
    assert_ok(book_open(in_folder(folder, "dead.book"), BOOK_WRITE, &dead));
    static const uint32_t wiped = 0;
    const volatile uint32_t *living = dead->environment->living;
    dead->environment->living = &wiped; /* as in a child of fork */
    struct book *both[] = {dead, book};
    assert_ok(lookup(both, 2, &request, &answer));
    assert_int_equal(answer.layer, 1);
    value_free(&answer.descriptor_bytes);
    assert_int_equal(lookup(both, 1, &request, &answer), STATUS_UNAVAILABLE);
    dead->environment->living = living;
    assert_ok(book_close(dead));
    assert_int_equal(lookup(NULL, 0, &request, &answer), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_nothing_to_everything),
        cmocka_unit_test(the_limits_of_near),
        cmocka_unit_test(damage_is_passed_over),
        cmocka_unit_test(a_dead_layer),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
