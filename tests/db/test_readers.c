/* 24 readers, threads of several processes, beside a writer: no call fails, no record is torn or goes back in
 * time, and the file stays within twice of what it holds. The program runs itself again in a role, since
 * LMDB's environments do not survive a fork. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "tuner/base/clock.h"

enum { PROCESSES = 6, THREADS = 4, RECORDS = 30000, KERNELS = 16, READS_AT_LEAST = 100 };

static void record_key(unsigned i, char key[KEY_BYTES_MAX + 1])
{
    snprintf(key, KEY_BYTES_MAX + 1, "gemm/f32@t:1:1/n=%010u/m=%010u", i / 50, i % 50);
}

#define MUST(call)                                           \
    do {                                                     \
        if ((call) != STATUS_OK) {                           \
            fprintf(stderr, "role: %s\n", status_message()); \
            _exit(8);                                        \
        }                                                    \
    } while (0)

/* Each generation of a record says so in all of its parts. */
static struct record_entry entry_of(unsigned i, uint64_t generation)
{
    return (struct record_entry){.kernel = numbered_hash(i % KERNELS),
                                 .timing = {.median_ns = generation,
                                            .samples = (uint32_t)generation,
                                            .high_ns = ((uint64_t)1 << 40) - generation}};
}

static void name_of(uint64_t generation, char name[32])
{
    snprintf(name, 32, "generation %llu", (unsigned long long)generation);
}

static void put_generation(struct book *book, unsigned i, uint64_t generation)
{
    char key[KEY_BYTES_MAX + 1], name[32];
    struct record_entry entry = entry_of(i, generation);
    struct book_finals finals = {.entries = &entry,
                                 .n_entries = 1,
                                 .measured = &entry.kernel,
                                 .n_measured = 1,
                                 .baseline_ns = generation,
                                 .default_ns = generation,
                                 .baseline_name = name};
    record_key(i, key);
    name_of(generation, name);
    MUST(book_put_finals(book, key, &finals));
}

/* The first generation of all. */
static int fill_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct record *record = context;
    struct text bytes = {0};
    int code = 0;
    (void)refusal;
    for (unsigned i = 0; i < RECORDS && !code; i++) {
        char key_text[KEY_BYTES_MAX + 1];
        record_key(i, key_text);
        *record =
            (struct record){.baseline_ns = 1, .default_ns = 1, .n_entries = 1, .entries = {entry_of(i, 1)}};
        name_of(1, record->baseline_name);
        text_clear(&bytes);
        record_encode(record, &bytes);
        MDB_val key = value_of(key_text, strlen(key_text)), value = value_of(bytes.data, bytes.size);
        code = mdb_put(txn, book->environment->tables[TABLE_RECORD], &key, &value, 0);
    }
    text_free(&bytes);
    return code;
}

static bool is_whole(const struct record *record, unsigned i, uint64_t at_least)
{
    char name[32];
    uint64_t generation = record->baseline_ns;
    struct hash kernel = numbered_hash(i % KERNELS);
    name_of(generation, name);
    return record->n_entries == 1 && record->default_ns == generation &&
           !strcmp(record->baseline_name, name) && record->entries[0].timing.median_ns == generation &&
           record->entries[0].timing.high_ns == ((uint64_t)1 << 40) - generation &&
           !memcmp(kernel.bytes, record->entries[0].kernel.bytes, sizeof kernel.bytes) &&
           generation >= at_least;
}

/* --- roles */

static uint64_t deadline_ns;
static const char *book_file;

/* A sweep's work: records and trials. Until it is killed. */
static void role_write(void)
{
    struct book *book;
    struct rng rng;
    rng_seed(&rng, 1);
    MUST(book_open(book_file, BOOK_WRITE, &book));
    for (uint64_t generation = 2;; generation++) {
        unsigned i = (unsigned)rng_below(&rng, RECORDS);
        put_generation(book, i, generation);
        if (generation % 10 != 2) continue;
        char key[KEY_BYTES_MAX + 1];
        uint64_t sequence;
        struct hash kernel = numbered_hash(i % KERNELS);
        struct trial trial = {.verdict = VERDICT_OK, .configuration = "A=1"};
        record_key(i, key);
        MUST(book_start(book, key, "A=1", &kernel, &sequence));
        MUST(book_finish(book, key, sequence, &trial));
    }
}

static bool sees_whole(void *context, const char *key, const struct record *record)
{
    unsigned n, m;
    uint64_t *seen = context;
    if (sscanf(key, "gemm/f32@t:1:1/n=%u/m=%u", &n, &m) != 2 || !is_whole(record, n * 50 + m, 1)) _exit(7);
    return ++*seen < 200;
}

static void *read_for_a_while(void *context)
{
    unsigned reader = *(unsigned *)context;
    struct book *book;
    struct rng rng;
    struct record *record = malloc(sizeof *record);
    uint64_t *last = calloc(RECORDS, sizeof *last), n = 0;
    if (!record || !last) _exit(9);
    rng_seed(&rng, reader);
    MUST(book_open(book_file, BOOK_READ, &book));
    for (; clock_ns() < deadline_ns || n < READS_AT_LEAST; n++) {
        char key[KEY_BYTES_MAX + 1];
        unsigned i = (unsigned)rng_below(&rng, RECORDS);
        record_key(i, key);
        MUST(book_get_record(book, key, record));
        if (!is_whole(record, i, last[i])) {
            fprintf(stderr, "torn record %s: %s, after generation %llu\n", key, record->baseline_name,
                    (unsigned long long)last[i]);
            _exit(7);
        }
        last[i] = record->baseline_ns;
        /* More readers at work than CPUs would be preempted with a snapshot in hand, which keeps pages from
         * being reused: the file would grow by what is written until the scheduler comes back to them. */
        if (n % 20 == 19) clock_sleep_ns(5000000);
        uint64_t seen = 0;
        struct value value;
        struct hash code;
        char text[32];
        snprintf(text, sizeof text, "code %u", i % KERNELS);
        code = sha256_of(text, strlen(text));
        if (n % 50 == 0) MUST(book_get_code(book, &code, &value));
        if (n % 50 == 0) value_free(&value);
        if (n % 1000 == 500) MUST(book_each_record(book, "gemm/f32", sees_whole, &seen));
        if (n % 3000 != 2999) continue;
        MUST(book_close(book)); /* opening beside a writer */
        MUST(book_open(book_file, BOOK_READ, &book));
    }
    MUST(book_close(book));
    free(last);
    free(record);
    return NULL;
}

static void role_read(unsigned process)
{
    pthread_t threads[THREADS];
    unsigned readers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        readers[i] = process * THREADS + i;
        if (pthread_create(&threads[i], NULL, read_for_a_while, &readers[i])) _exit(9);
    }
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    _exit(0);
}

/* --- the parent */

static const char *self;

static pid_t spawn(const char *role, unsigned number, uint64_t until_ns)
{
    char number_text[16], until_text[32];
    snprintf(number_text, sizeof number_text, "%u", number);
    snprintf(until_text, sizeof until_text, "%llu", (unsigned long long)until_ns);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(self, self, role, book_file, number_text, until_text, (char *)NULL);
        _exit(99);
    }
    return pid;
}

/* The size of a copy that holds nothing but what is in use. */
static uint64_t live_bytes(struct book *book, const char *copy)
{
    struct stat info;
    int descriptor = open(copy, O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(descriptor >= 0);
    assert_int_equal(mdb_env_copyfd2(book->environment->lmdb, descriptor, MDB_CP_COMPACT), 0);
    assert_int_equal(fstat(descriptor, &info), 0);
    close(descriptor);
    return (uint64_t)info.st_size;
}

static void wait_for_the_writer(void)
{
    struct book *book;
    struct book_counts counts = {0};
    assert_ok(book_open(book_file, BOOK_READ, &book));
    while (!counts.trials) {
        clock_sleep_ns(10000000);
        assert_ok(book_count(book, &counts));
    }
    assert_ok(book_close(book));
}

static void nobody_sees_half_a_record(void **state)
{
    (void)state;
    char *folder = folder_begin();
    struct book *book;
    struct stat info;
    char path[4096];
    snprintf(path, sizeof path, "%s/readers.book", folder);
    book_file = path;
    assert_ok(book_open(path, BOOK_WRITE, &book));
    for (unsigned i = 0; i < KERNELS; i++) put_numbered_kernel(book, i, "t");
    static struct record record;
    assert_ok(book_write(book, "fill", fill_body, &record));
    assert_ok(book_close(book));
    pid_t readers[PROCESSES];
    pid_t writer = spawn("write", 0, 0);
    wait_for_the_writer();
    uint64_t until_ns = clock_ns() + test_few_or_full(3, 60) * 1000000000;
    for (unsigned i = 0; i < PROCESSES; i++) readers[i] = spawn("read", i, until_ns);
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
        if (status) fail_msg("readers of process %u: status 0x%x", i, status);
    }
    int status;
    assert_int_equal(waitpid(writer, &status, WNOHANG), 0); /* still at it */
    kill(writer, SIGKILL);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_ok(book_verify(path));
    assert_ok(book_open(path, BOOK_READ, &book));
    struct book_counts counts;
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.records, RECORDS);
    uint64_t live = live_bytes(book, in_folder(folder, "copy"));
    assert_int_equal(stat(path, &info), 0);
    print_message("about %llu records written, %lld bytes, of which %llu are in use\n",
                  (unsigned long long)counts.trials * 10, (long long)info.st_size, (unsigned long long)live);
    assert_true((uint64_t)info.st_size <= 2 * live);
    assert_ok(book_close(book));
    folder_end(folder);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 5) {
        book_file = argv[2];
        deadline_ns = strtoull(argv[4], NULL, 10);
        if (!strcmp(argv[1], "write")) role_write();
        if (!strcmp(argv[1], "read")) role_read((unsigned)strtoul(argv[3], NULL, 10));
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_sees_half_a_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
