/* Several processes on one book: writers killed at random instants, readers beside them. The program runs
 * itself again in a role, since LMDB's environments do not survive a fork. */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include "tests/db/samples.h"

static const char *self;
static char *folder;

enum { CONFIGURATIONS = 7, PROBLEMS = 3 };

static void problem_key(unsigned problem, char key[KEY_BYTES_MAX + 1])
{
    snprintf(key, KEY_BYTES_MAX + 1, "gemm/f32@t:1:1/n=0000000001/m=%010u", problem % PROBLEMS);
}

/* --- roles */

struct line {
    char kind; /* 'S': started, 'F': finished */
    uint32_t problem, configuration;
    uint64_t sequence;
};

static void tell(struct line line)
{
    if (write(1, &line, sizeof line) != (ssize_t)sizeof line) _exit(9);
}

#define MUST(call)                                           \
    do {                                                     \
        if ((call) != STATUS_OK) {                           \
            fprintf(stderr, "role: %s\n", status_message()); \
            _exit(8);                                        \
        }                                                    \
    } while (0)

/* Trials for ever: mark, tell, finish, tell. */
static void role_write(const char *path, unsigned seed)
{
    struct book *book;
    struct rng rng;
    struct hash kernel = numbered_hash(1);
    rng_seed(&rng, seed);
    MUST(book_open(path, BOOK_WRITE, &book));
    for (;;) {
        char key[KEY_BYTES_MAX + 1], configuration[16];
        struct line line = {.problem = (uint32_t)rng_below(&rng, PROBLEMS),
                            .configuration = (uint32_t)rng_below(&rng, CONFIGURATIONS)};
        problem_key(line.problem, key);
        snprintf(configuration, sizeof configuration, "A=%u", line.configuration);
        MUST(book_start(book, key, configuration, &kernel, &line.sequence));
        line.kind = 'S';
        tell(line);
        struct trial trial = {.verdict = VERDICT_OK, .configuration = configuration, .detail = "done"};
        MUST(book_finish(book, key, line.sequence, &trial));
        line.kind = 'F';
        tell(line);
    }
}

/* Generation after generation of a record whose parts must belong together; now and then the file outgrows
 * the map. */
static void role_grow(const char *path)
{
    struct book *book;
    char key[KEY_BYTES_MAX + 1];
    MUST(book_open(path, BOOK_WRITE, &book));
    size_t size = 12 << 20;
    char *big = calloc(1, size);
    for (uint64_t generation = 1;; generation++) {
        struct record_entry entry = {.kernel = numbered_hash(1),
                                     .timing = {.samples = (uint32_t)generation,
                                                .high_ns = ((uint64_t)1 << 40) - generation}}; /* better */
        for (unsigned problem = 0; problem < PROBLEMS; problem++) {
            problem_key(problem, key);
            MUST(book_put_entry(book, key, &entry, generation, "generation", generation));
        }
        struct hash hash = numbered_hash(generation);
        if (generation % 20 == 0 && generation <= 200) MUST(book_put_source(book, &hash, big, size));
        if (generation == 1) tell((struct line){.kind = 'S'});
    }
}

static void role_read(const char *path)
{
    struct book *book;
    uint64_t last[PROBLEMS] = {0};
    MUST(book_open(path, BOOK_READ, &book));
    for (uint64_t n = 0;; n++) {
        static struct record record;
        char key[KEY_BYTES_MAX + 1];
        unsigned problem = (unsigned)(n % PROBLEMS);
        problem_key(problem, key);
        MUST(book_get_record(book, key, &record));
        if (record.n_entries != 1 || record.entries[0].timing.samples != record.baseline_ns ||
            record.default_ns != record.baseline_ns || record.baseline_ns < last[problem]) {
            fprintf(stderr, "torn record: %llu after %llu\n", (unsigned long long)record.baseline_ns,
                    (unsigned long long)last[problem]);
            _exit(7);
        }
        if (n % 1000 == 0) tell((struct line){.kind = 'F', .sequence = record.baseline_ns});
        last[problem] = record.baseline_ns;
        if (n % 5000 == 4999) { /* opening beside a writer */
            MUST(book_close(book));
            MUST(book_open(path, BOOK_READ, &book));
        }
    }
}

/* --- the parent */

struct child {
    pid_t pid;
    int pipe;
};

static struct child spawn(const char *role, const char *path, unsigned seed)
{
    int pipes[2];
    char number[16];
    snprintf(number, sizeof number, "%u", seed);
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(pipes[1], 1);
        close(pipes[0]);
        close(pipes[1]);
        execl(self, self, role, path, number, (char *)NULL);
        _exit(99);
    }
    close(pipes[1]);
    return (struct child){.pid = pid, .pipe = pipes[0]};
}

/* Kills it; what it had told until then. */
static size_t reap(struct child child, struct line *lines, size_t capacity)
{
    size_t n = 0;
    int status;
    kill(child.pid, SIGKILL);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    if (!WIFSIGNALED(status)) fail_msg("a role ended by itself: status 0x%x", status);
    while (n < capacity && read(child.pipe, &lines[n], sizeof *lines) == (ssize_t)sizeof *lines) n++;
    close(child.pipe);
    return n;
}

static void wait_until_it_tells(struct child child)
{
    struct pollfd ready = {.fd = child.pipe, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 60000), 1);
}

static void sleep_ms(double ms)
{
    struct timespec time = {.tv_sec = (time_t)(ms / 1e3), .tv_nsec = (long)(ms * 1e6) % 1000000000};
    nanosleep(&time, NULL);
}

static struct line *told;
static size_t n_told;

struct tally {
    struct book *book;
    uint32_t problem;
    size_t orphans, finished, marks;
    struct orphan last;
};

static bool count_orphan(void *context, const char *record_key_hash, const struct orphan *orphan)
{
    (void)record_key_hash;
    struct tally *tally = context;
    tally->orphans++;
    tally->last = *orphan;
    return true;
}

static bool count_trial(void *context, uint64_t sequence, const struct trial *trial)
{
    struct tally *tally = context;
    (void)sequence;
    if (trial->verdict == VERDICT_STARTED) {
        assert_false(book_owner_alive(trial->owner));
        tally->marks++;
    } else {
        assert_int_equal(trial->verdict, VERDICT_OK);
        assert_string_equal(trial->detail, "done");
        tally->finished++;
    }
    return true;
}

struct wanted {
    struct line line;
    bool found;
};

static bool find_trial(void *context, uint64_t sequence, const struct trial *trial)
{
    struct wanted *wanted = context;
    char configuration[16];
    snprintf(configuration, sizeof configuration, "A=%u", wanted->line.configuration);
    if (sequence != wanted->line.sequence || strcmp(configuration, trial->configuration)) return true;
    wanted->found = wanted->line.kind == 'S' || trial->verdict == VERDICT_OK;
    return false;
}

/* Everything told is in the book; at most one trial a kill is not finished, and each of those is a mark. */
static void check_told(struct book *book, size_t from, size_t kills)
{
    struct tally tally = {.book = book};
    size_t finished_told = 0;
    for (size_t i = 0; i < n_told; i++) {
        if (told[i].kind == 'F') finished_told++;
        if (i < from) continue;
        struct wanted wanted = {.line = told[i]};
        char key[KEY_BYTES_MAX + 1];
        problem_key(told[i].problem, key);
        assert_ok(book_each_trial(book, key, find_trial, &wanted));
        if (!wanted.found) fail_msg("lost: %c %llu", told[i].kind, (unsigned long long)told[i].sequence);
    }
    assert_ok(book_each_trial(book, NULL, count_trial, &tally));
    assert_ok(book_each_orphan(book, NULL, count_orphan, &tally));
    assert_true(tally.finished >= finished_told);
    assert_true(tally.finished <= finished_told + kills); /* finished, but killed before it told */
    assert_true(tally.marks <= kills);
    assert_true(tally.orphans <= tally.marks);
    assert_true(tally.orphans <= PROBLEMS * CONFIGURATIONS);
}

static void killed_writers_lose_no_finished_trial(void **state)
{
    (void)state;
    const char *path = in_folder(folder, "killed.book");
    struct rng rng;
    rng_seed(&rng, 1);
    enum { WRITERS = 2, TOLD = 200000 };
    told = malloc(TOLD * sizeof *told);
    size_t rounds = test_scaled(10), kills = 0;
    for (size_t round = 0; round < rounds; round++) {
        struct child children[WRITERS];
        size_t from = n_told;
        for (unsigned i = 0; i < WRITERS; i++)
            children[i] = spawn("write", path, (unsigned)(round * WRITERS + i));
        /* The first kill may hit the making of the book; later ones any instant of a transaction. */
        for (unsigned i = 0; i < WRITERS; i++) {
            if (round) wait_until_it_tells(children[i]);
            sleep_ms((round ? 20 : 1) + 40 * rng_unit(&rng));
            n_told += reap(children[i], told + n_told, TOLD - n_told);
            kills++;
        }
        struct book *book;
        assert_ok(book_open(path, BOOK_WRITE, &book));
        assert_ok(book_verify(path));
        check_told(book, from, kills);
        assert_ok(book_close(book));
    }
    print_message("%zu kills, %zu trials told\n", kills, n_told / 2);
    assert_true(n_told >= kills - WRITERS);
    free(told);
}

static void readers_beside_a_writer_see_whole_records(void **state)
{
    (void)state;
    const char *path = in_folder(folder, "readers.book");
    struct book *book;
    assert_ok(book_open(path, BOOK_WRITE, &book));
    put_numbered_kernel(book, 1, "t");
    assert_ok(book_close(book));
    struct child writer = spawn("grow", path, 0), readers[2];
    wait_until_it_tells(writer); /* the first generation is there */
    for (unsigned i = 0; i < N_OF(readers); i++) readers[i] = spawn("read", path, i);
    sleep_ms(1000 + 100 * (double)test_scaled(10));
    struct line lines[4096];
    for (size_t i = 0; i < N_OF(readers); i++) {
        struct line first, later;
        assert_int_equal(read(readers[i].pipe, &first, sizeof first), sizeof first);
        do assert_int_equal(read(readers[i].pipe, &later, sizeof later), sizeof later);
        while (later.sequence == first.sequence); /* until it saw the writer go on */
        reap(readers[i], lines, N_OF(lines));
    }
    reap(writer, lines, N_OF(lines));
    assert_ok(book_verify(path));
    assert_ok(book_open(path, BOOK_READ, &book));
    struct book_counts counts;
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.records, PROBLEMS);
    assert_ok(book_close(book));
}

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

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 4 && !strcmp(argv[1], "write")) role_write(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
    if (argc == 4 && !strcmp(argv[1], "grow")) role_grow(argv[2]);
    if (argc == 4 && !strcmp(argv[1], "read")) role_read(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_writers_lose_no_finished_trial),
        cmocka_unit_test(readers_beside_a_writer_see_whole_records),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
