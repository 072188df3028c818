#include "tests/base/check.h"

#include "tuner/base/arena.h"

enum { N = 5000 };

static void test_objects_are_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    static unsigned char *objects[N];
    static size_t sizes[N];
    for (int i = 0; i < N; i++) {
        sizes[i] = i % 97 == 0 ? 20000 + (size_t)i : (size_t)(i * 7 % 300);
        objects[i] = arena_alloc(&arena, sizes[i]);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % 16, 0);
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(objects[i][j], 0);
        memset(objects[i], i, sizes[i]);
    }
    for (int i = 0; i < N; i++)
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(objects[i][j], i & 255);
    arena_free(&arena);
    assert_null(arena.last);
}

static void test_empty_objects_have_addresses(void **state)
{
    (void)state;
    struct arena arena = {0};
    void *a = arena_alloc(&arena, 0), *b = arena_alloc(&arena, 0);
    assert_non_null(a);
    assert_ptr_not_equal(a, b);
    arena_free(&arena);
    arena_free(&arena);
}

static void test_copies(void **state)
{
    (void)state;
    struct arena arena = {0};
    char word[] = "word";
    char *copy = arena_string(&arena, word);
    word[0] = 'l';
    assert_string_equal(copy, "word");
    assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(arena_copy(&arena, NULL, 0));
    assert_string_equal(arena_format(&arena, "%s-%d", "n", 42), "n-42");
    char *wide = arena_format(&arena, "%*d", 40000, 1);
    assert_int_equal(strlen(wide), 40000);
    arena_free(&arena);
}

static void test_too_large(void **state)
{
    (void)state;
    struct arena arena = {0};
    volatile size_t huge = SIZE_MAX;
    assert_null(arena_alloc(&arena, huge));
    assert_null(arena_alloc(&arena, huge - 15));
    assert_null(arena.last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_apart),
        cmocka_unit_test(test_empty_objects_have_addresses),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
