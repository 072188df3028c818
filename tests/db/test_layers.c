#include <sys/stat.h>
#include "db/lookup.h"
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

static void make(const char *leaf)
{
    struct book *book;
    assert_ok(book_open(in_folder(folder, leaf), BOOK_WRITE, &book));
    put_numbered_kernel(book, 1, "t");
    assert_ok(book_close(book));
}

static void close_all(struct book **books, size_t n)
{
    for (size_t i = 0; i < n; i++) assert_ok(book_close(books[i]));
}

static void one_by_name(void **state)
{
    (void)state;
    struct book *books[4];
    struct text warnings = {0};
    size_t n = 9;
    char line[1024];
    make("one.book");
    setenv("TUNEBOOK", in_folder(folder, "other.book"), 1);
    assert_ok(layers_open(in_folder(folder, "one.book"), books, 4, &n, &warnings));
    assert_int_equal(n, 1);
    close_all(books, n);
    n = 9;
    snprintf(line, sizeof line, "%s: no such book", in_folder(folder, "none.book"));
    assert_fails(layers_open(in_folder(folder, "none.book"), books, 4, &n, &warnings), STATUS_NOT_FOUND,
                 line);
    assert_int_equal(n, 9);
    assert_int_equal(warnings.size, 0);
    unsetenv("TUNEBOOK");
}

static void a_list_in_order(void **state)
{
    (void)state;
    struct book *books[4];
    struct text warnings = {0};
    size_t n;
    char list[16384], line[8192];
    make("a.book");
    make("b.book");
    FILE *file = fopen(in_folder(folder, "bad.book"), "w");
    fputs("words", file);
    fclose(file);
    snprintf(list, sizeof list, "%s::%s:%s:%s", in_folder(folder, "b.book"), in_folder(folder, "bad.book"),
             in_folder(folder, "gone.book"), in_folder(folder, "a.book"));
    setenv("TUNEBOOK", list, 1);
    assert_ok(layers_open(NULL, books, 4, &n, &warnings));
    assert_int_equal(n, 2);
    assert_string_equal(book_path(books[0]), in_folder(folder, "b.book"));
    assert_string_equal(book_path(books[1]), in_folder(folder, "a.book"));
    snprintf(line, sizeof line, "%s: no book (not an LMDB file)\n%s: no such book",
             in_folder(folder, "bad.book"), in_folder(folder, "gone.book"));
    assert_string_equal(text_string(&warnings), line);
    close_all(books, n);
    text_clear(&warnings);
    assert_ok(layers_open(NULL, books, 1, &n, &warnings));
    assert_int_equal(n, 1);
    assert_non_null(strstr(text_string(&warnings), "more layers than can be opened; the last are left out"));
    close_all(books, n);
    text_free(&warnings);
    unsetenv("TUNEBOOK");
}

/* What need not exist is passed over without a word. */
static void the_users_own_first(void **state)
{
    (void)state;
    struct book *books[4];
    struct text warnings = {0};
    size_t n, without;
    unsetenv("TUNEBOOK");
    setenv("XDG_DATA_HOME", in_folder(folder, "nothing"), 1);
    assert_ok(layers_open(NULL, books, 4, &without, &warnings)); /* the machine's own, if it has some */
    close_all(books, without);
    make("data/tunebook/user.book");
    setenv("XDG_DATA_HOME", in_folder(folder, "data"), 1);
    assert_ok(layers_open(NULL, books, 4, &n, &warnings));
    assert_int_equal(n, without + 1);
    assert_string_equal(book_path(books[0]), in_folder(folder, "data/tunebook/user.book"));
    assert_int_equal(warnings.size, 0);
    close_all(books, n);
    text_free(&warnings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_by_name),
        cmocka_unit_test(a_list_in_order),
        cmocka_unit_test(the_users_own_first),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
