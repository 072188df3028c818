/* Lists and ranges of sizes, and files of problems. */
#include "tests/base/check.h"

#include <unistd.h>
#include "templates/shapes.h"

static void expect_sizes(const char *spec, const char *field, const int64_t *sizes, size_t n_sizes)
{
    struct problem *list;
    size_t n;
    assert_ok(shapes_expand(spec, &list, &n));
    assert_int_equal(n, n_sizes);
    for (size_t i = 0; i < n; i++) assert_int_equal(problem_size(&list[i], field), sizes[i]);
    free(list);
}

static void test_ranges(void **state)
{
    (void)state;
    expect_sizes("gemm f32 m=7 n=1 k=1", "m", (int64_t[]){7}, 1);
    expect_sizes("gemm f32 m=8,1,2,8 n=1 k=1", "m", (int64_t[]){1, 2, 8}, 3);
    expect_sizes("gemm f32 m=1..512*2 n=1 k=1", "m", (int64_t[]){1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, 10);
    expect_sizes("gemm f32 m=3..100*3 n=1 k=1", "m", (int64_t[]){3, 9, 27, 81}, 4);
    expect_sizes("gemm f32 m=64..300+64 n=1 k=1", "m", (int64_t[]){64, 128, 192, 256}, 4);
    expect_sizes("gemm f32 m=4..6 n=1 k=1", "m", (int64_t[]){4, 5, 6}, 3);
    expect_sizes("gemm f32 m=5..5 n=1 k=1", "m", (int64_t[]){5}, 1);
    expect_sizes("gemm f32 m=1..4*2,3,100 n=1 k=1", "m", (int64_t[]){1, 2, 3, 4, 100}, 5);
    expect_sizes("gemm f32 m=2147483647..2147483647*2 n=1 k=1", "m", (int64_t[]){2147483647}, 1);
    /* every combination, the last running fastest */
    expect_sizes("gemm f32 m=1,2 n=3 k=5,6,7", "k", (int64_t[]){5, 6, 7, 5, 6, 7}, 6);
    expect_sizes("gemm f32 m=1,2 n=3 k=5,6,7", "m", (int64_t[]){1, 1, 1, 2, 2, 2}, 6);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *message;
    } cases[] = {
        {"gemm f32 m=1,0 n=1 k=1", "gemm: m=0 is out of range; it lies in 1..2147483647"},
        {"gemm f32 m=1, n=1 k=1", "'' is no whole number in a list of sizes"},
        {"gemm f32 m=1,x n=1 k=1", "'x' is no whole number in a list of sizes"},
        {"gemm f32 m=1..x n=1 k=1",
         "'1..x' is no range; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR"},
        {"gemm f32 m=.. n=1 k=1", "'..' is no range; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR"},
        {"gemm f32 m=1..8* n=1 k=1",
         "'1..8*' is no range; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR"},
        {"gemm f32 m=8..1 n=1 k=1",
         "the range '8..1' is empty or endless; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR"},
        {"gemm f32 m=1..8*1 n=1 k=1",
         "the range '1..8*1' is empty or endless; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR"},
        {"gemm f32 m=0..8*2 n=1 k=1",
         "the range '0..8*2' is empty or endless; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR"},
        {"gemm f32 m=1..8+0 n=1 k=1",
         "the range '1..8+0' is empty or endless; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR"},
        {"gemm f32 m=1..9223372036854775807*4611686018427387904 n=1 k=1",
         "gemm: m=4611686018427387904 is out of range; it lies in 1..2147483647"},
        {"gemm f32 m=1..9223372036854775807 n=1 k=1", "a list has more than 100000 sizes"},
        {"gemm f32 m=1..1000 n=1..1000 k=1", "the ranges make more than 100000 problems; narrow them"},
        {"gemm f32 m=1..99999 n=1..99999 k=1..99999 batch=1..99999",
         "the ranges make more than 100000 problems; narrow them"},
        {"", "problem: empty; write for example 'gemm bf16 nt m=16 n=4096 k=4096'"},
        {"gemm f32 layout=nn,nt m=1 n=1 k=1", "'nn' is no whole number in a list of sizes"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem *list;
        size_t n;
        assert_fails(shapes_expand(cases[i].spec, &list, &n), STATUS_USAGE, cases[i].message);
    }
}

static char path[] = "/tmp/tunebook-shapes-XXXXXX";

static enum status read_text(const char *text, struct shape **out, size_t *n)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return shapes_read_file(path, out, n);
}

static void test_file(void **state)
{
    (void)state;
    struct shape *list;
    size_t n;
    assert_ok(read_text("# what we serve\n\n gemm f32 nt m=1,2 n=4 k=8 calls=3.5 # often\r\n"
                        "calls=7 gemm bf16 nn m=1 n=2 k=3\ngemm f32 m=9 n=9 k=9",
                        &list, &n));
    assert_int_equal(n, 4);
    assert_true(list[0].calls == 3.5 && list[1].calls == 3.5 && list[2].calls == 7 && list[3].calls == 1);
    assert_int_equal(problem_size(&list[1].problem, "m"), 2);
    assert_int_equal(problem_size(&list[3].problem, "k"), 9);
    free(list);
}

static void test_file_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "holds no problem"},
        {"# nothing\n\n", "holds no problem"},
        {"gemm f32 m=1 n=1 k=1\n\ngemm f32 m=1 n=1\n", "3: gemm: k is missing; write k=VALUE"},
        {"gemm f32 m=1 n=1 k=1 calls=0", "1: calls=0 is no number above 0"},
        {"gemm f32 m=1 n=1 k=1 calls=x", "1: calls=x is no number above 0"},
        {"gemm f32 m=1 n=1 k=1 calls=nan", "1: calls=nan is no number above 0"},
        {"gemm f32 m=1..99999 n=1 k=1\ngemm f32 m=1,2 n=1 k=1",
         "2: the file makes more than 100000 problems"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct shape *list;
        size_t n;
        char message[256];
        const char *space = cases[i].text[0] && cases[i].message[1] == ':' ? "" : " ";
        snprintf(message, sizeof message, "%s:%s%s", path, space, cases[i].message);
        assert_fails(read_text(cases[i].text, &list, &n), STATUS_BAD_DATA, message);
    }
    struct shape *list;
    size_t n;
    assert_int_equal(shapes_read_file("/nowhere/shapes.txt", &list, &n), STATUS_NOT_FOUND);
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_errors),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
