/* What a compaction remembers, what must stay, and what becomes of trials. */
#include "tests/db/compact_samples.h"
#include "db/compacted.h"
#include "db/pin.h"

static void regret_does_not_add_up(void **state)
{
    (void)state;
    struct compact_report report;
    static struct record record;
    struct book *book = make_book(path);
    struct hash second = numbered_hash(2);
    struct record_entry third = {.kernel = numbered_hash(3),
                                 .environment = environment,
                                 .verified = 1,
                                 .timing = {.median_ns = 490, .high_ns = 491, .samples = 20}};
    struct book_finals finals = {
        .entries = &third, .n_entries = 1, .environment = &environment, .measured = &second, .n_measured = 1};
    assert_ok(book_close(book));
    assert_ok(compact(NULL, &report));
    /* Nobody but record 1 wants kernel 2 any more. Kernel 3 is within 2 % of it, but not of what kernel 1
     * took. */
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_put_finals(book, key_of(2), &finals));
    assert_ok(book_close(book));
    for (int again = 0; again < 2; again++) {
        assert_ok(compact(NULL, &report));
        assert_ok(book_open(path, BOOK_READ, &book));
        assert_ok(book_get_record(book, key_of(1), &record));
        assert_int_equal(record.entries[0].timing.median_ns, 1015);
        assert_ok(book_close(book));
    }
    /* Measured anew, it counts from what was measured. */
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_put_finals(book, key_of(1), &finals));
    assert_ok(book_close(book));
    assert_ok(compact(NULL, &report));
    assert_ok(book_open(path, BOOK_READ, &book));
    struct book_counts counts;
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.kernels, 1);
    assert_ok(book_close(book));
    must_be_sound();
}

/* ---- notes ---- */

static void what_is_pinned_stays(void **state)
{
    (void)state;
    struct compact_report report;
    static struct pin pin, kept;
    struct book *book = make_book(path);
    struct hash lonely;
    assert_ok(book_put_environment(book, "{\"pinned\":1}", &lonely));
    pin = (struct pin){.who = "ada", .because = "a test", .pinned_at_s = 1};
    pin.record = (struct record){
        .n_entries = 1, .entries = {{.kernel = numbered_hash(4), .environment = lonely, .verified = 1}}};
    pin_describe(&pin);
    assert_ok(book_put_pin(book, key_of(2), &pin));
    assert_ok(book_close(book));
    struct book_compact options = {.path = path, .regret = COMPACT_REGRET_ONE / 50};
    assert_ok(book_compact(&options, &report));
    assert_int_equal(report.required, 1);
    assert_int_equal(report.after.kernels, 3); /* 2 and 3 for the records */
    compact_report_free(&report);
    assert_ok(book_open(path, BOOK_READ, &book));
    assert_ok(book_get_pin(book, key_of(2), &kept));
    assert_string_equal(kept.line, pin.line);
    assert_ok(book_close(book));
    must_be_sound();
}

static int damage_note(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)context, (void)refusal;
    MDB_val name = value_of(COMPACTED_NAME, strlen(COMPACTED_NAME)), value = value_of("C\1damaged", 9);
    return mdb_put(txn, book->environment->tables[TABLE_META], &name, &value, 0);
}

static void count_finding(void *context, const struct check_finding *finding)
{
    if (!finding->is_note) ++*(int *)context;
}

static void a_damaged_note_is_named(void **state)
{
    (void)state;
    struct compact_report report;
    struct book *book = make_book(path);
    int found = 0;
    struct check_options options = {.visit = count_finding, .context = &found};
    struct check_summary summary;
    assert_ok(book_write(book, "damage", damage_note, NULL));
    assert_ok(book_close(book));
    assert_int_equal(compact(NULL, &report), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "compacted: the checksum differs"));
    assert_ok(book_check(path, &options, &summary));
    assert_int_equal(found, 1);
}

/* ---- trials ---- */

static void try_it(struct book *book, unsigned kernel, const char *configuration, const char *boot,
                   int verdict, uint64_t median)
{
    uint64_t sequence;
    struct trial trial = {.verdict = (uint8_t)verdict,
                          .kernel = numbered_hash(kernel),
                          .environment = environment,
                          .timing = {.median_ns = median, .high_ns = median + 1, .samples = 20},
                          .configuration = configuration,
                          .detail = ""};
    if (boot) setenv("TUNEBOOK_TEST_BOOT", boot, 1);
    assert_ok(book_start(book, key_of(1), configuration, &trial.kernel, &sequence));
    unsetenv("TUNEBOOK_TEST_BOOT");
    if (verdict != VERDICT_STARTED) assert_ok(book_finish(book, key_of(1), sequence, &trial));
}

struct seen {
    char text[512];
};

static bool see(void *context, uint64_t sequence, const struct trial *trial)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "%s#%d:%s:%d ", trial->configuration, (int)sequence,
             verdict_name((enum verdict)trial->verdict), (int)trial->timing.median_ns);
    return true;
}

static int in_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In alphabetical order: a book has them by hash. */
static void trials_are(const char *at, const char *expected)
{
    struct seen seen = {""};
    struct book *book;
    char *words[32], sorted[512] = "";
    size_t n = 0;
    assert_ok(book_open(at, BOOK_READ, &book));
    assert_ok(book_each_trial(book, key_of(1), see, &seen));
    assert_ok(book_close(book));
    for (char *word = strtok(seen.text, " "); word; word = strtok(NULL, " ")) words[n++] = word;
    qsort(words, n, sizeof *words, in_order);
    for (size_t i = 0; i < n; i++) strcat(strcat(sorted, words[i]), " ");
    assert_string_equal(sorted, expected);
}

static void dead_trials_go(void **state)
{
    (void)state;
    struct compact_report report;
    struct book *book = make_book(path);
    try_it(book, 9, "a", NULL, VERDICT_OK, 11);         /* superseded */
    try_it(book, 9, "a", "before", VERDICT_STARTED, 0); /* resolved by the next */
    try_it(book, 9, "a", NULL, VERDICT_SLOW, 12);
    try_it(book, 8, "b", NULL, VERDICT_WRONG, 0);
    try_it(book, 8, "b", "before", VERDICT_STARTED, 0); /* a machine that went down with it */
    try_it(book, 7, "c", NULL, VERDICT_PRUNED, 0);
    try_it(book, 7, "d", NULL, VERDICT_OK, 13); /* of another compiler's kernel */
    try_it(book, 6, "d", NULL, VERDICT_OK, 14);
    assert_ok(book_close(book));
    pid_t child = fork();
    if (child == 0) { /* one whose owner is gone, of this boot */
        if (book_open(path, BOOK_WRITE, &book) != STATUS_OK) _exit(1);
        try_it(book, 5, "e", NULL, VERDICT_STARTED, 0);
        _exit(book_close(book) != STATUS_OK);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_ok(compact(other, &report));
    trials_are(other, "a#3:slow:12 b#1:wrong:0 b#2:started:0 c#1:pruned:0 d#1:ok:13 d#2:ok:14 ");
    unlink(other);
    struct book_compact options = {.path = path, .output = other, .drop_trials = true};
    assert_ok(book_compact(&options, &report));
    assert_int_equal(report.before.trials, 9);
    assert_int_equal(report.after.trials, 0);
    compact_report_free(&report);
    trials_are(other, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(regret_does_not_add_up, begin, end),
        cmocka_unit_test_setup_teardown(what_is_pinned_stays, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_note_is_named, begin, end),
        cmocka_unit_test_setup_teardown(dead_trials_go, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
