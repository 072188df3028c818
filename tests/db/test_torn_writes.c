/* Power loss at every instant: this program records what LMDB writes to a book and when it syncs, then
 * replays every prefix with arbitrary parts of what was not synced yet missing or torn, and opens the result.
 * What was committed before is there, what was not is not there by half. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "tests/db/samples.h"

enum { PAGE = 4096, SECTOR = 512, TRIALS = 14, STEPS = 3 * TRIALS };

/* --- what was written: pieces of at most a page, and syncs */

struct event {
    bool is_sync;  /* everything before it is on the disk */
    bool is_solid; /* O_DSYNC: on the disk when the call returns */
    off_t at;
    size_t size;
    uint8_t *bytes;
};

static struct event *events;
static size_t n_events;
static ino_t recorded; /* 0: nothing is recorded */

static void add_event(struct event event)
{
    events = realloc(events, (n_events + 1) * sizeof *events);
    events[n_events++] = event;
}

static bool is_recorded(int descriptor)
{
    struct stat stat;
    return recorded && !fstat(descriptor, &stat) && stat.st_ino == recorded;
}

static void record_write(int descriptor, const uint8_t *bytes, size_t size, off_t at)
{
    bool is_solid = fcntl(descriptor, F_GETFL) & O_DSYNC;
    while (size) {
        size_t piece = PAGE - (size_t)at % PAGE;
        if (piece > size) piece = size;
        struct event event = {.is_solid = is_solid, .at = at, .size = piece, .bytes = malloc(piece)};
        memcpy(event.bytes, bytes, piece);
        add_event(event);
        bytes += piece;
        at += (off_t)piece;
        size -= piece;
    }
}

#define OURS __attribute__((visibility("default")))

OURS ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t at)
{
    long written = syscall(SYS_pwrite64, descriptor, bytes, size, at);
    if (written > 0 && is_recorded(descriptor)) record_write(descriptor, bytes, (size_t)written, at);
    return written;
}

OURS ssize_t writev(int descriptor, const struct iovec *parts, int n)
{
    off_t at = lseek(descriptor, 0, SEEK_CUR);
    long written = syscall(SYS_writev, descriptor, parts, n);
    if (written > 0 && is_recorded(descriptor))
        for (int i = 0; i < n; at += (off_t)parts[i++].iov_len)
            record_write(descriptor, parts[i].iov_base, parts[i].iov_len, at);
    return written;
}

static int synced(int descriptor, int result)
{
    if (result == 0 && is_recorded(descriptor)) add_event((struct event){.is_sync = true});
    return result;
}

OURS int fdatasync(int descriptor)
{
    return synced(descriptor, (int)syscall(SYS_fdatasync, descriptor));
}

OURS int fsync(int descriptor)
{
    return synced(descriptor, (int)syscall(SYS_fsync, descriptor));
}

/* --- the work: each trial is three transactions, with others in between that delete and reuse pages */

static char *folder;
static uint8_t *image; /* the file before the first event */
static size_t image_bytes;
static size_t committed_at[STEPS]; /* events when the step's call had returned */

static void key_of(int trial, char key[KEY_BYTES_MAX + 1])
{
    snprintf(key, KEY_BYTES_MAX + 1, "gemm/f32@t:1:1/n=%010d/m=0000000001", trial * 37 % TRIALS);
}

static void load_image(const char *path)
{
    struct stat stat_now;
    assert_int_equal(stat(path, &stat_now), 0);
    image_bytes = (size_t)stat_now.st_size;
    image = malloc(image_bytes);
    int descriptor = open(path, O_RDONLY);
    assert_int_equal(read(descriptor, image, image_bytes), image_bytes);
    close(descriptor);
    recorded = stat_now.st_ino;
}

static void churn(struct book *book, int trial)
{
    struct hash environment = numbered_hash(5);
    char source[9000];
    memset(source, trial, sizeof source);
    for (uint64_t i = 0; i < 4; i++) {
        struct hash kernel = numbered_hash(100 * (uint64_t)trial + i);
        assert_ok(book_quarantine(book, "t:1:1", &kernel, &environment, VERDICT_CRASH));
    }
    struct hash same = numbered_hash(trial % 3 ? 1 : (uint64_t)trial);
    assert_ok(book_put_source(book, &same, source, 500 + (size_t)trial % 4 * 2500));
    if (trial % 4 == 3) assert_ok(book_unquarantine(book, "t:1:1"));
}

static void work(void)
{
    const char *path = in_folder(folder, "work.book");
    struct book *book;
    assert_ok(book_open(path, BOOK_WRITE, &book));
    struct hash kernel = put_numbered_kernel(book, 1, "t");
    load_image(path);
    for (int trial = 0; trial < TRIALS; trial++) {
        char key[KEY_BYTES_MAX + 1];
        uint64_t sequence;
        struct trial done = {
            .verdict = VERDICT_OK, .configuration = "A=1", .detail = "with a few more bytes"};
        struct record_entry entry = {.kernel = kernel};
        key_of(trial, key);
        assert_ok(book_start(book, key, "A=1", &kernel, &sequence));
        committed_at[3 * trial] = n_events;
        assert_ok(book_finish(book, key, sequence, &done));
        committed_at[3 * trial + 1] = n_events;
        assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
        committed_at[3 * trial + 2] = n_events;
        churn(book, trial);
    }
    recorded = 0;
    assert_ok(book_close(book));
}

/* --- the crash */

static void apply(uint8_t **file, size_t *size, const struct event *event, struct rng *rng, bool may_tear)
{
    size_t end = (size_t)event->at + event->size;
    if (end > *size) {
        *file = realloc(*file, end);
        memset(*file + *size, 0, end - *size);
        *size = end;
    }
    for (size_t i = 0; i < event->size; i += SECTOR) {
        size_t sector = event->size - i < SECTOR ? event->size - i : SECTOR;
        if (!may_tear || rng_below(rng, 2)) memcpy(*file + event->at + i, event->bytes + i, sector);
    }
}

enum keep { KEEP_NONE, KEEP_ALL, KEEP_SOME, KEEP_TORN };

/* The file as a disk may hold it when the power fails behind `prefix` events. */
static size_t crash(size_t prefix, enum keep keep, struct rng *rng, uint8_t **file)
{
    size_t size = image_bytes, last_sync = 0;
    *file = malloc(size);
    memcpy(*file, image, size);
    for (size_t i = 0; i < prefix; i++)
        if (events[i].is_sync) last_sync = i;
    for (size_t i = 0; i < prefix; i++) {
        bool safe = events[i].is_solid || i < last_sync;
        if (events[i].is_sync) continue;
        if (!safe && (keep == KEEP_NONE || (keep >= KEEP_SOME && rng_below(rng, 2)))) continue;
        apply(file, &size, &events[i], rng, !safe && keep == KEEP_TORN);
    }
    return size;
}

struct seen {
    int verdict;
};

static bool see(void *context, uint64_t sequence, const struct trial *trial)
{
    assert_int_equal(sequence, 1);
    ((struct seen *)context)->verdict = trial->verdict;
    return true;
}

/* How far a trial has come: 0 nothing, 1 marked, 2 finished, 3 recorded. */
static int progress(struct book *book, int trial)
{
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    struct seen seen = {-1};
    key_of(trial, key);
    assert_ok(book_each_trial(book, key, see, &seen));
    enum status status = book_get_record(book, key, &record);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    if (seen.verdict < 0) {
        assert_int_equal(status, STATUS_NOT_FOUND);
        return 0;
    }
    if (seen.verdict == VERDICT_STARTED) return 1;
    assert_int_equal(seen.verdict, VERDICT_OK);
    return status == STATUS_OK ? 3 : 2;
}

static void check(const char *path, size_t prefix)
{
    struct book *book;
    int committed = 0, reached = 0;
    assert_ok(book_verify(path));
    assert_ok(book_open(path, BOOK_WRITE, &book));
    while (committed < STEPS && committed_at[committed] <= prefix) committed++;
    bool behind = false;
    for (int trial = 0; trial < TRIALS; trial++) {
        int step = progress(book, trial);
        assert_false(behind && step); /* nothing later than what is missing */
        behind = behind || step < 3;
        reached += step;
    }
    assert_in_range(reached, committed, committed + 1);
    struct hash kernel = put_numbered_kernel(book, 2, "t"); /* and it goes on */
    struct value value;
    struct descriptor descriptor;
    assert_ok(book_get_descriptor(book, &kernel, &value, &descriptor));
    value_free(&value);
    assert_ok(book_close(book));
}

static void nothing_committed_is_lost(void **state)
{
    (void)state;
    folder = folder_begin();
    work();
    struct rng rng;
    rng_seed(&rng, 1);
    size_t rounds = 1 + test_scaled(2), crashes = 0;
    assert_true(n_events > STEPS);
    for (size_t prefix = 0; prefix <= n_events; prefix++)
        for (size_t round = 0; round < 2 + rounds; round++) {
            enum keep keep = round < 2 ? (enum keep)round : round % 2 ? KEEP_TORN : KEEP_SOME;
            uint8_t *file;
            size_t size = crash(prefix, keep, &rng, &file);
            char leaf[32];
            snprintf(leaf, sizeof leaf, "crash%zu.book", crashes++ % 2);
            const char *path = in_folder(folder, leaf);
            unlink(path);
            int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
            assert_int_equal(write(descriptor, file, size), size);
            close(descriptor);
            free(file);
            check(path, prefix);
        }
    print_message("%zu events, %zu crashes\n", n_events, crashes);
    for (size_t i = 0; i < n_events; i++) free(events[i].bytes);
    free(events);
    free(image);
    folder_end(folder);
}

/* The replay is worth something only if it sees LMDB write: data, a sync, then a meta page that is solid. */
static void the_order_is_seen(void **state)
{
    (void)state;
    size_t syncs = 0, solids = 0;
    folder = folder_begin();
    n_events = 0;
    events = NULL;
    work();
    for (size_t i = 0; i < n_events; i++) {
        syncs += events[i].is_sync;
        solids += events[i].is_solid;
        if (events[i].is_solid) assert_true(events[i].at < 2 * PAGE && i > 0 && events[i - 1].is_sync);
    }
    assert_true(syncs >= STEPS && solids >= STEPS);
    for (size_t i = 0; i < n_events; i++) free(events[i].bytes);
    free(events);
    free(image);
    events = NULL;
    n_events = 0;
    folder_end(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_seen),
        cmocka_unit_test(nothing_committed_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
