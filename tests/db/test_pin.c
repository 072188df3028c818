/* Pins: stored, found, merged, frozen, checked and salvaged; the lookup takes them above what is better, in
 * whichever layer they stand, and passes over those that are not usable. */
#include "tests/db/samples.h"
#include "db/check.h"
#include "db/lookup.h"
#include "db/merge.h"
#include "db/pin.h"

static const char key[] = "gemm/f32/al=4@cpu:2:20/n=0000000064,k=0000000064/m=0000000016";
static const char other_key[] = "gemm/f32/al=4@cpu:2:20/n=0000000064,k=0000000064/m=0000000032";
static char *folder;
static int64_t refused; /* the number of a kernel that is not usable */

static int begin(void **state)
{
    (void)state;
    refused = -1;
    folder = folder_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static struct book *new_book(const char *name)
{
    struct book *book;
    assert_ok(book_open(in_folder(folder, name), BOOK_WRITE, &book));
    return book;
}

static struct record_entry entry_of(struct book *book, uint64_t kernel, uint64_t ns)
{
    return (struct record_entry){.kernel = put_numbered_kernel(book, kernel, "cpu"),
                                 .verified = 1,
                                 .timing = {.median_ns = ns, .high_ns = ns, .samples = 1}};
}

static void put(struct book *book, uint64_t kernel, uint64_t ns)
{
    struct record_entry entry = entry_of(book, kernel, ns);
    assert_ok(book_put_entry(book, key, &entry, 77, "vendor", 0));
}

static struct pin pin_of(struct book *book, uint64_t kernel, uint64_t at_s)
{
    struct pin pin = {.who = "ada", .because = "the faster one\nloses bits", .pinned_at_s = at_s};
    pin.record.n_entries = 1;
    pin.record.entries[0] = entry_of(book, kernel, 500);
    pin.record.baseline_ns = 77;
    strcpy(pin.record.baseline_name, "vendor");
    pin_describe(&pin);
    return pin;
}

static void pin_to(struct book *book, uint64_t kernel, uint64_t at_s)
{
    struct pin pin = pin_of(book, kernel, at_s);
    assert_ok(book_put_pin(book, key, &pin));
}

static bool is_valid(void *context, struct book *from, const struct record_entry *entry,
                     const struct descriptor *descriptor)
{
    (void)context, (void)from, (void)entry;
    return strtoll(descriptor->configuration + 2, NULL, 10) != refused;
}

static struct lookup_request ask(void)
{
    static const char *const heads[] = {"gemm/f32/al=4"}, *const names[] = {"n", "k", "m"};
    static const int64_t sizes[] = {64, 64, 16};
    return (struct lookup_request){.heads = heads,
                                   .n_heads = 1,
                                   .device_class = "cpu:2:20",
                                   .target = "cpu",
                                   .n_sizes = 3,
                                   .size_names = names,
                                   .sizes = sizes,
                                   .worst = MATCH_DEFAULT,
                                   .is_valid = is_valid};
}

static void expect(struct book *const *books, size_t n, uint64_t kernel, size_t layer, const char *reason)
{
    struct lookup_request request = ask();
    struct lookup_answer answer, all[8];
    struct hash hash = numbered_hash(kernel);
    assert_ok(lookup(books, n, &request, &answer));
    assert_memory_equal(&answer.entry.kernel, &hash, sizeof hash);
    assert_int_equal(answer.match, MATCH_EXACT);
    assert_int_equal(answer.evidence, EVIDENCE_MEASURED);
    assert_int_equal(answer.layer, layer);
    assert_string_equal(answer.reason, reason);
    assert_int_equal(answer.baseline_ns, 77);
    value_free(&answer.descriptor_bytes);
    size_t found = lookup_all(books, n, &request, all, 8); /* lists the same one first, and each once */
    assert_true(found >= 1);
    assert_memory_equal(&all[0].entry.kernel, &hash, sizeof hash);
    for (size_t i = 0; i < found; i++) {
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(&all[i].entry.kernel, &all[j].entry.kernel, sizeof hash);
        value_free(&all[i].descriptor_bytes);
    }
}

static const char line[] = "pinned by ada on 1970-01-01: the faster one loses bits";

static void above_what_is_better(void **state)
{
    (void)state;
    struct book *book = new_book("a.book");
    put(book, 1, 10);
    put(book, 2, 20);
    expect(&book, 1, 1, 0, "");
    pin_to(book, 2, 5);
    expect(&book, 1, 2, 0, line);
    pin_to(book, 3, 6); /* of a kernel that no record has */
    expect(&book, 1, 3, 0, line);
    refused = 3;
    expect(&book, 1, 1, 0, "its pin is not usable here, passed over");
    refused = -1;
    struct record_entry winner = entry_of(book, 4, 1);
    struct hash environment = winner.environment;
    struct book_finals finals = {
        .entries = &winner, .n_entries = 1, .environment = &environment, .baseline_ns = 77};
    assert_ok(book_put_finals(book, key, &finals)); /* a sweep takes no pin away */
    expect(&book, 1, 3, 0, line);
    assert_ok(book_remove_pin(book, key));
    expect(&book, 1, 4, 0, "");
    assert_int_equal(book_remove_pin(book, key), STATUS_NOT_FOUND);
    assert_int_equal(book_remove_pin(book, "schema"), STATUS_BAD_DATA);
    book_close(book);
}

static void in_any_layer(void **state)
{
    (void)state;
    struct book *books[3] = {new_book("user.book"), new_book("b.book"), new_book("s.book")};
    put(books[0], 1, 10);
    pin_to(books[2], 2, 5);
    expect(books, 3, 2, 2, line);
    pin_to(books[1], 3, 1); /* the layer in front, however old */
    expect(books, 3, 3, 1, line);
    refused = 3;
    expect(books, 3, 2, 2, line);
    refused = -1;
    /* Read from a copy, as on a network file system: without locks, and not frozen. */
    struct book *copy;
    assert_ok(book_close(books[2]));
    setenv("TUNEBOOK_TEST_NETWORK_FS", "1", 1);
    assert_ok(book_open(in_folder(folder, "s.book"), BOOK_READ, &copy));
    unsetenv("TUNEBOOK_TEST_NETWORK_FS");
    expect(&copy, 1, 2, 0, line);
    assert_ok(book_close(copy));
    assert_ok(book_open(in_folder(folder, "s.book"), BOOK_WRITE, &books[2]));
    /* Frozen, one with a pin and one without. */
    const char *paths[2] = {in_folder(folder, "pinned.frozen"), in_folder(folder, "plain.frozen")};
    assert_ok(book_freeze(&books[2], 1, paths[0]));
    assert_ok(book_freeze(&books[0], 1, paths[1]));
    for (int i = 0; i < 3; i++) book_close(books[i]);
    assert_ok(book_open(paths[1], BOOK_FROZEN, &books[0]));
    assert_ok(book_open(paths[0], BOOK_FROZEN, &books[1]));
    expect(books, 2, 2, 1, line);
    expect(books, 1, 1, 0, "");
    for (int i = 0; i < 2; i++) book_close(books[i]);
}

static void near_shapes_are_nobodys_pins(void **state)
{
    (void)state;
    struct book *book = new_book("a.book");
    struct record_entry entry = entry_of(book, 1, 10);
    struct pin pin = pin_of(book, 2, 1);
    struct lookup_request request = ask();
    struct lookup_answer answer;
    assert_ok(book_put_entry(book, other_key, &entry, 77, "vendor", 0));
    assert_ok(book_put_pin(book, other_key, &pin));
    assert_ok(lookup(&book, 1, &request, &answer));
    assert_string_equal(answer.descriptor.configuration, "N=1");
    assert_string_equal(answer.reason, "no record for n=64,k=64,m=16; nearest m=32 (x2)");
    value_free(&answer.descriptor_bytes);
    pin = pin_of(book, 3, 1);
    refused = 3;
    assert_ok(book_put_pin(book, key, &pin));
    assert_ok(lookup(&book, 1, &request, &answer));
    assert_string_equal(answer.reason, "its pin is not usable here, passed over; no usable entry for "
                                       "n=64,k=64,m=16; nearest m=32 (x2)");
    value_free(&answer.descriptor_bytes);
    book_close(book);
}

static bool count(void *context, const char *at, const struct pin *pin)
{
    assert_string_equal(at, key);
    assert_non_null(pin);
    assert_string_equal(pin->line, line);
    assert_string_equal(pin->because, "the faster one loses bits");
    assert_int_equal(pin->record.entries[0].timing.median_ns, 500);
    ++*(int *)context;
    return true;
}

static void stored_whole_or_refused(void **state)
{
    (void)state;
    struct book *book = new_book("a.book");
    struct pin pin = pin_of(book, 1, 5), again;
    int n = 0;
    assert_ok(book_put_pin(book, key, &pin));
    assert_ok(book_get_pin(book, key, &again));
    assert_string_equal(again.who, "ada");
    assert_int_equal(again.pinned_at_s, 5);
    assert_ok(book_each_pin(book, count, &n));
    assert_int_equal(n, 1);
    assert_int_equal(book_get_pin(book, other_key, &again), STATUS_NOT_FOUND);
    assert_int_equal(book_put_pin(book, "nonsense", &pin), STATUS_BAD_DATA);
    pin.record.entries[0].kernel = numbered_hash(99);
    assert_int_equal(book_put_pin(book, key, &pin), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "its kernel is not in the book"));
    struct text bytes = {0};
    pin_encode(&again, &bytes);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(pin_decode(bytes.data, bytes.size, &pin), STATUS_BAD_DATA);
        bytes.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(pin_decode(bytes.data, size, &pin), STATUS_BAD_DATA);
    text_free(&bytes);
    book_close(book);
}

static void lines_are_cut_between_characters(void **state)
{
    (void)state;
    struct pin pin = {.who = "ada"};
    for (size_t start = 0; start < 3; start++) {
        memset(pin.because, 0, sizeof pin.because);
        memset(pin.because, 'x', start);
        for (int i = 0; i < 100; i++) strcat(pin.because, "\xe2\x82\xac");
        pin_describe(&pin);
        size_t length = strlen(pin.line), tail = length - strlen("pinned by ada on 1970-01-01: ") - start;
        assert_true(length < sizeof pin.line && length >= sizeof pin.line - 4);
        assert_int_equal(tail % 3, 0);
    }
    strcpy(pin.because, "\xe2\x82\xac");
    pin_describe(&pin);
    assert_string_equal(pin.line, "pinned by ada on 1970-01-01: \xe2\x82\xac");
}

static void tell(void *context, const struct check_finding *finding)
{
    (void)context;
    if (!finding->is_note) print_message("%s %s: %s\n", finding->table, finding->key, finding->what);
}

static struct check_summary check(const char *name)
{
    struct check_options options = {.visit = tell};
    struct check_summary summary;
    assert_ok(book_check(in_folder(folder, name), &options, &summary));
    return summary;
}

static void the_newest_of_merged_books(void **state)
{
    (void)state;
    struct book *books[2] = {new_book("a.book"), new_book("b.book")};
    struct merge_counts counts;
    struct salvage_summary saved;
    pin_to(books[0], 1, 7);
    pin_to(books[1], 2, 9);
    put(books[1], 3, 10);
    for (int order = 0; order < 2; order++) {
        struct book *both[2] = {books[order], books[!order]}, *merged;
        struct book_merge merge = {
            .books = both, .n_books = 2, .path = in_folder(folder, order ? "m1.book" : "m0.book")};
        assert_ok(book_merge(&merge, &counts));
        assert_int_equal(counts.pins, 1);
        assert_ok(book_open(merge.path, BOOK_READ, &merged));
        expect(&merged, 1, 2, 0, line);
        book_close(merged);
        const char *frozen = in_folder(folder, order ? "f1.book" : "f0.book");
        assert_ok(book_freeze(both, 2, frozen));
        assert_ok(book_open(frozen, BOOK_FROZEN, &merged));
        expect(&merged, 1, 2, 0, line);
        book_close(merged);
    }
    for (int i = 0; i < 2; i++) book_close(books[i]);
    assert_int_equal(check("m0.book").findings, 0);
    assert_int_equal(check("f0.book").findings, 0);
    assert_ok(book_salvage(in_folder(folder, "m0.book"), in_folder(folder, "saved.book"), &saved));
    struct book *book;
    assert_ok(book_open(in_folder(folder, "saved.book"), BOOK_READ, &book));
    expect(&book, 1, 2, 0, line);
    book_close(book);
}

static void copied_from_another_book(void **state)
{
    (void)state;
    struct book *from = new_book("a.book"), *to = new_book("b.book");
    struct pin pin = pin_of(from, 1, 1);
    assert_ok(book_copy_kernel(to, from, &pin.record.entries[0]));
    assert_ok(book_put_pin(to, key, &pin));
    expect(&to, 1, 1, 0, line);
    pin.record.entries[0].kernel = numbered_hash(99);
    assert_int_equal(book_copy_kernel(to, from, &pin.record.entries[0]), STATUS_NOT_FOUND);
    book_close(from);
    book_close(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(above_what_is_better, begin, end),
        cmocka_unit_test_setup_teardown(in_any_layer, begin, end),
        cmocka_unit_test_setup_teardown(near_shapes_are_nobodys_pins, begin, end),
        cmocka_unit_test_setup_teardown(stored_whole_or_refused, begin, end),
        cmocka_unit_test_setup_teardown(lines_are_cut_between_characters, begin, end),
        cmocka_unit_test_setup_teardown(the_newest_of_merged_books, begin, end),
        cmocka_unit_test_setup_teardown(copied_from_another_book, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
