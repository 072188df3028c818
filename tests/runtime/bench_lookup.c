/* First exact lookups in a book of a million records, alone and beside a writer: JSON lines {"name", "value",
 * "unit"}.
 *
 *     bench_lookup [RECORDS]     default 1000000
 *
 * Each lookup is timed by itself, of a problem that its context has not asked for yet, at random among all;
 * the system's cache holds the file. The writer commits one record after the other: 100 a second, several
 * times as many as a sweep, then without a pause; then 200,000 a commit (all, if there are fewer), as an
 * import or a merge does. */
#include "tests/runtime/fixture.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "db/book_internal.h"
#include "tuner/base/clock.h"
#include "tuner/base/rng.h"

enum { M_SIZES = 16, N_SIZES = 250, BATCH = 20000, IMPORT = 200000, LOOKUPS = 1000, CONTEXTS = 40 };

static size_t n_records = 1000000;

static tb_gemm_problem problem_of(size_t i)
{
    return fixture_problem(1 + (int64_t)(i % M_SIZES), 8 * (1 + (int64_t)(i / M_SIZES % N_SIZES)),
                           8 * (1 + (int64_t)(i / M_SIZES / N_SIZES)));
}

static void key_of(const char *class_text, size_t i, char key[KEY_BYTES_MAX + 1])
{
    char text[96];
    struct problem problem;
    tb_gemm_problem wanted = problem_of(i);
    snprintf(text, sizeof text, "gemm f32 nt m=%lld n=%lld k=%lld", (long long)wanted.m, (long long)wanted.n,
             (long long)wanted.k);
    assert_done(problem_parse(text, &problem));
    assert_done(problem_key(&problem, class_text, key));
}

/* ---- the book ---- */

struct fill {
    const char *class_text;
    size_t begin, end;
};

static struct record_entry entry_of(uint64_t median_ns)
{
    struct record_entry entry = {.verified = 1, .kernel = sha256_of("kernel", 6)};
    entry.timing =
        (struct timing){median_ns, median_ns, median_ns, median_ns, median_ns, median_ns, 10, 20, 0};
    return entry;
}

static int fill_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    const struct fill *fill = context;
    static struct record record;
    struct text bytes = {0};
    int code = 0;
    (void)refusal;
    for (size_t i = fill->begin; i < fill->end && !code; i++) {
        char text[KEY_BYTES_MAX + 1];
        key_of(fill->class_text, i, text);
        record = (struct record){.default_ns = 2000, .n_entries = 1, .entries = {entry_of(1000)}};
        text_clear(&bytes);
        record_encode(&record, &bytes);
        MDB_val key = value_of(text, strlen(text)), value = value_of(bytes.data, bytes.size);
        code = mdb_put(txn, book->environment->tables[TABLE_RECORD], &key, &value, 0);
    }
    text_free(&bytes);
    return code;
}

static void make_book(struct fixture *fixture, const char *name)
{
    struct book *book = fixture_book(fixture, name);
    struct put put = {0};
    struct descriptor descriptor = fixture_descriptor(fixture, &put);
    struct hash kernel = entry_of(1).kernel;
    assert_done(book_put_kernel(book, &kernel, &descriptor, fixture->code[0].data, fixture->code[0].size));
    for (size_t i = 0; i < n_records; i += BATCH) {
        struct fill fill = {fixture->class_text, i, i + BATCH < n_records ? i + BATCH : n_records};
        assert_done(book_write(book, "fill", fill_body, &fill));
    }
    assert_done(book_close(book));
}

/* ---- the writer: bench_lookup --write BOOK CLASS RECORDS A_COMMIT PAUSE_NS, until it is killed ---- */

static void write_one(struct book *book, const char *class_text, size_t i, uint64_t median_ns)
{
    char key[KEY_BYTES_MAX + 1];
    struct record_entry entry = entry_of(median_ns);
    key_of(class_text, i, key);
    assert_done(book_put_entry(book, key, &entry, 0, "", 0));
}

static _Noreturn void write_for_ever(char **argv)
{
    struct book *book;
    struct rng rng;
    uint64_t pause_ns = strtoull(argv[6], NULL, 10);
    n_records = strtoul(argv[4], NULL, 10);
    size_t a_commit = strtoul(argv[5], NULL, 10);
    if (a_commit > n_records) a_commit = n_records;
    rng_seed(&rng, 2);
    assert_done(book_open(argv[2], BOOK_WRITE, &book));
    for (uint64_t n = 1;; n++) {
        size_t i = (size_t)rng_below(&rng, n_records - a_commit + 1);
        struct fill fill = {argv[3], i, i + a_commit};
        if (a_commit == 1)
            write_one(book, argv[3], i, 1000 - n % 100);
        else
            assert_done(book_write(book, "fill", fill_body, &fill));
        if (pause_ns) clock_sleep_ns(pause_ns);
    }
}

struct writer {
    const char *name;
    size_t a_commit;
    uint64_t pause_ns;
};

static pid_t start_writer(const char *self, const char *path, const char *class_text,
                          const struct writer *writer)
{
    char number[32], a_commit[32], pause[32];
    snprintf(number, sizeof number, "%zu", n_records);
    snprintf(a_commit, sizeof a_commit, "%zu", writer->a_commit);
    snprintf(pause, sizeof pause, "%llu", (unsigned long long)writer->pause_ns);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(self, self, "--write", path, class_text, number, a_commit, pause, (char *)NULL);
        _exit(99);
    }
    return child;
}

/* ---- lookups ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, const char *what, double value)
{
    printf("{\"name\": \"lookup: first exact, %s, %s\", \"value\": %.2f, \"unit\": \"us\"}\n", name, what,
           value);
    fflush(stdout);
}

static void bench(tb_book *book, const char *name)
{
    static double us[CONTEXTS * LOOKUPS];
    struct rng rng;
    size_t n = 0;
    rng_seed(&rng, 1);
    for (int c = 0; c < CONTEXTS; c++) {
        tb_context *context;
        tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
        options.threads = 1;
        assert_status(tb_context_create(book, "cpu", 0, &options, &context), TB_OK);
        for (int i = 0; i < LOOKUPS; i++) {
            tb_gemm_problem problem = problem_of((size_t)rng_below(&rng, n_records));
            tb_plan *plan;
            uint64_t begin = clock_ns();
            assert_status(tb_gemm_plan(context, &problem, TB_PLAN_NO_LOAD, &plan), TB_OK);
            us[n++] = (double)(clock_ns() - begin) / 1e3;
            if (i) continue;
            tb_explanation out = TB_EXPLANATION_INIT;
            assert_status(tb_plan_explain(plan, &out), TB_OK);
            assert_int_equal(out.match, TB_EXACT);
        }
        tb_context_destroy(context);
    }
    qsort(us, n, sizeof *us, compare);
    report(name, "median", us[n / 2]);
    report(name, "p99", us[n * 99 / 100]);
    report(name, "p99.9", us[n * 999 / 1000]);
}

static void bench_beside(tb_book *book, const char *self, struct fixture *fixture,
                         const struct writer *writer)
{
    pid_t child = start_writer(self, fixture_path(fixture, "million"), fixture->class_text, writer);
    clock_sleep_ns(500000000);
    bench(book, writer->name);
    int status;
    assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

int main(int argc, char **argv)
{
    static const struct writer writers[] = {
        {"beside a writer of 100 commits a second", 1, 10000000},
        {"beside a writer without a pause", 1, 0},
        {"beside a writer of 200,000 records a commit", IMPORT, 0},
    };
    static struct fixture fixture;
    if (argc == 7 && !strcmp(argv[1], "--write")) write_for_ever(argv);
    if (argc > 1) n_records = strtoul(argv[1], NULL, 10);
    fixture_setup(&fixture);
    make_book(&fixture, "million");
    tb_book *book;
    assert_status(tb_open(fixture_path(&fixture, "million"), &book), TB_OK);
    bench(book, "alone");
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        bench_beside(book, argv[0], &fixture, &writers[i]);
    tb_close(book);
    fixture_teardown(&fixture);
    return 0;
}
