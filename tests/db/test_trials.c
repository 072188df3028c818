#include <signal.h>
#include <sys/wait.h>
#include "tests/db/samples.h"

static char *folder;
static struct book *book;
static const struct hash *kernel;

static int begin(void **state)
{
    (void)state;
    static struct hash hash;
    hash = numbered_hash(1);
    kernel = &hash;
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

struct found {
    size_t n;
    char hash[33];
    struct orphan last;
};

static bool find(void *context, const char *record_key_hash, const struct orphan *orphan)
{
    struct found *found = context;
    found->n++;
    snprintf(found->hash, sizeof found->hash, "%s", record_key_hash);
    found->last = *orphan;
    return true;
}

static struct found orphans_of(const char *record_key)
{
    struct found found = {0};
    assert_ok(book_each_orphan(book, record_key, find, &found));
    return found;
}

/* A child that marks a trial and dies with it in flight, under an earlier boot or under this one; the
 * sequence. */
static uint64_t orphan_of_boot(const char *record_key, const char *configuration, bool earlier_boot)
{
    static int boots;
    char boot[16];
    int pipes[2], status;
    uint64_t sequence = 0;
    snprintf(boot, sizeof boot, "%d", boots++); /* each earlier mark under a boot of its own */
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct book *mine;
        if (earlier_boot) setenv("TUNEBOOK_TEST_BOOT", boot, 1);
        if (book_open(in_folder(folder, "a.book"), BOOK_WRITE, &mine) != STATUS_OK ||
            book_start(mine, record_key, configuration, kernel, &sequence) != STATUS_OK ||
            write(pipes[1], &sequence, sizeof sequence) != (ssize_t)sizeof sequence)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &sequence, sizeof sequence), sizeof sequence);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return sequence;
}

static uint64_t orphan_by_child(const char *record_key, const char *configuration)
{
    return orphan_of_boot(record_key, configuration, true);
}

struct listed {
    size_t n;
    uint64_t sequence[8];
    struct trial trial[8];
    char configuration[8][64];
};

static bool list(void *context, uint64_t sequence, const struct trial *trial)
{
    struct listed *listed = context;
    listed->sequence[listed->n] = sequence;
    snprintf(listed->configuration[listed->n], 64, "%s", trial->configuration);
    listed->trial[listed->n++] = *trial;
    return listed->n < 8;
}

static void a_trial_is_marked_then_finished(void **state)
{
    (void)state;
    uint64_t one, two;
    struct listed listed = {0};
    assert_ok(book_start(book, "p1", "A=1", kernel, &one));
    assert_ok(book_each_trial(book, "p1", list, &listed));
    assert_int_equal(listed.n, 1);
    assert_int_equal(listed.trial[0].verdict, VERDICT_STARTED);
    assert_int_equal(listed.trial[0].attempts, 1);
    assert_memory_equal(&listed.trial[0].kernel, kernel, sizeof *kernel);
    assert_true(book_owner_alive(listed.trial[0].owner));
    assert_int_equal(orphans_of("p1").n, 0); /* we are alive */

    struct trial trial = {
        .verdict = VERDICT_WRONG, .configuration = "A=1", .detail = "element (3,17): 4 instead of 5"};
    assert_ok(book_finish(book, "p1", one, &trial));
    assert_int_equal(book_finish(book, "p1", one, &trial), STATUS_NOT_FOUND);
    char line[1024];
    snprintf(line, sizeof line, "%s: cannot finish trial 9 of p1, A=1: it has no started mark",
             book_path(book));
    assert_fails(book_finish(book, "p1", 9, &trial), STATUS_NOT_FOUND, line);
    trial.verdict = VERDICT_STARTED;
    assert_int_equal(book_finish(book, "p1", one, &trial), STATUS_USAGE);

    assert_ok(book_start(book, "p1", "A=1", kernel, &two));
    assert_int_equal(two, one + 1);
    trial.verdict = VERDICT_OK;
    trial.detail = NULL;
    assert_ok(book_finish(book, "p1", two, &trial));
    memset(&listed, 0, sizeof listed);
    assert_ok(book_each_trial(book, "p1", list, &listed));
    assert_int_equal(listed.n, 2);
    assert_int_equal(listed.sequence[0], one);
    assert_int_equal(listed.trial[0].verdict, VERDICT_WRONG);
    assert_int_equal(listed.trial[1].verdict, VERDICT_OK);
    assert_string_equal(listed.configuration[1], "A=1");
}

static void marks_of_the_dead_are_orphans(void **state)
{
    (void)state;
    char hash[33];
    uint64_t first = orphan_by_child("p2", "A=1"), again;
    struct found found = orphans_of("p2");
    assert_int_equal(found.n, 1);
    assert_int_equal(found.last.sequence, first);
    assert_int_equal(found.last.attempts, 1);
    assert_string_equal(found.last.configuration, "A=1");
    book_key_hash("p2", hash);
    assert_string_equal(found.hash, hash);
    assert_int_equal(orphans_of("p3").n, 0);
    assert_int_equal(orphans_of(NULL).n, 1);

    /* Tried again: now it is ours, and not an orphan; finished, it is forgotten. */
    struct listed listed = {0};
    assert_ok(book_start(book, "p2", "A=1", kernel, &again));
    assert_int_equal(orphans_of("p2").n, 0);
    assert_ok(book_each_trial(book, "p2", list, &listed));
    assert_int_equal(listed.trial[1].attempts, 2);
    struct trial trial = {.verdict = VERDICT_OK, .configuration = "A=1"};
    assert_ok(book_finish(book, "p2", again, &trial));
    assert_int_equal(orphans_of(NULL).n, 0);

    /* What ended well starts the count anew. */
    orphan_by_child("p2", "A=1");
    assert_int_equal(orphans_of("p2").last.attempts, 1);
    orphan_by_child("p2", "A=1");
    found = orphans_of("p2");
    assert_int_equal(found.n, 1);
    assert_int_equal(found.last.attempts, 2);
}

static void a_killed_sweep_speaks_against_no_kernel(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        orphan_of_boot("p7", "A=1", false);
        struct found found = orphans_of("p7");
        assert_int_equal(found.n, 1);
        assert_int_equal(found.last.attempts, 0);
    }
    orphan_of_boot("p7", "A=1", true);
    assert_int_equal(orphans_of("p7").last.attempts, 2); /* our boot, as the child saw it, and its own */
    orphan_of_boot("p7", "A=1", false);
    assert_int_equal(orphans_of("p7").last.attempts, 1);
}

static void other_configurations_do_not_count(void **state)
{
    (void)state;
    orphan_by_child("p4", "A=1");
    orphan_by_child("p4", "A=2");
    orphan_by_child("p5", "A=1");
    assert_int_equal(orphans_of("p4").n, 2);
    assert_int_equal(orphans_of("p4").last.attempts, 1);
    assert_int_equal(orphans_of("p5").n, 1);
}

static void a_living_process_owns_its_marks(void **state)
{
    (void)state;
    int pipes[2], status;
    char byte;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct book *mine;
        uint64_t sequence;
        if (book_open(in_folder(folder, "a.book"), BOOK_WRITE, &mine) != STATUS_OK ||
            book_start(mine, "p6", "A=1", kernel, &sequence) != STATUS_OK || write(pipes[1], "x", 1) != 1)
            _exit(1);
        for (;;) pause();
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(orphans_of("p6").n, 0);
    uint64_t sequence;
    assert_ok(book_start(book, "p6", "A=1", kernel, &sequence));
    assert_int_equal(sequence, 2);
    struct trial trial = {.verdict = VERDICT_OK, .configuration = "A=1"};
    struct listed listed = {0};
    assert_ok(book_each_trial(book, "p6", list, &listed));
    assert_int_equal(listed.trial[1].attempts, 1); /* the other's mark is no orphan */
    assert_ok(book_finish(book, "p6", sequence, &trial));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(pipes[0]);
    close(pipes[1]);
}

static void owners(void **state)
{
    (void)state;
    uint64_t owner = book_owner();
    assert_int_equal(owner, book_owner());
    assert_true(book_owner_alive(owner));
    assert_false(book_owner_alive(owner ^ UINT64_C(1) << 63)); /* another boot */
    assert_false(book_owner_alive(owner ^ UINT64_C(1) << 22)); /* the number, used by a later process */
    pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_false(book_owner_alive((owner & ~UINT64_C(0x3fffff)) | (uint64_t)child)); /* a zombie */
    waitpid(child, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_is_marked_then_finished),
        cmocka_unit_test(marks_of_the_dead_are_orphans),
        cmocka_unit_test(a_killed_sweep_speaks_against_no_kernel),
        cmocka_unit_test(other_configurations_do_not_count),
        cmocka_unit_test(a_living_process_owns_its_marks),
        cmocka_unit_test(owners),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
