/* Compaction of generated books, against a model of them that shares no code with it: every recorded problem
 * stays within the regret, nothing that is referred to is missing and nothing else is left, no fewer kernels
 * would have done, and once is enough. A failure names the seed that brings it back: TUNEBOOK_TEST_SEED=N. */
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/check.h"
#include "db/compact.h"
#include "db/lookup.h"

enum { KERNELS_MAX = 8, RECORDS_MAX = 7, ENVIRONMENTS = 2, NOWHERE = 2, REGRET = 20000, SHAPES = 3 };
static const char class_text[] = "x86-64-v4:2:38";
static uint64_t seed;

#define assert_seeded(condition)                                                                         \
    do {                                                                                                 \
        if (!(condition))                                                                                \
            fail_msg("%s does not hold; TUNEBOOK_TEST_SEED=%llu", #condition, (unsigned long long)seed); \
    } while (0)

/* ---- the model ---- */

struct time {
    bool is_there, verified;
    uint8_t evidence;
    uint64_t median, high;
};
struct world {
    unsigned n_kernels, n_records;
    struct time entries[RECORDS_MAX][KERNELS_MAX][ENVIRONMENTS + 1];
    struct time trials[RECORDS_MAX][KERNELS_MAX][ENVIRONMENTS]; /* evidence: the verdict */
    bool quarantined[KERNELS_MAX][ENVIRONMENTS];
    uint32_t shapes[RECORDS_MAX][KERNELS_MAX];
    struct hash environments[ENVIRONMENTS + 1];
};
static struct world world;

static struct time random_time(struct rng *rng, bool calm)
{
    uint64_t median = 1000 + rng_below(rng, 60);
    return (struct time){.is_there = true,
                         .verified = rng_below(rng, 8) != 0,
                         .median = median,
                         .high = median + (calm ? 1 : rng_below(rng, 50))};
}

static void make_world(struct rng *rng, bool calm)
{
    memset(&world, 0, sizeof world);
    world.n_kernels = 1 + (unsigned)rng_below(rng, KERNELS_MAX);
    world.n_records = 1 + (unsigned)rng_below(rng, RECORDS_MAX);
    bool has_trials = rng_below(rng, 2), has_shapes = rng_below(rng, 2);
    for (unsigned r = 0; r < world.n_records; r++)
        for (unsigned k = 0; k < world.n_kernels; k++) {
            world.shapes[r][k] =
                has_shapes ? (uint32_t)rng_below(rng, 1 << SHAPES) | (rng_below(rng, 4) != 0) : 1;
            for (unsigned e = 0; e <= ENVIRONMENTS; e++) {
                if (rng_below(rng, e ? 5 : 2)) continue;
                world.entries[r][k][e] = random_time(rng, calm);
                if (e == NOWHERE) world.entries[r][k][e].evidence = EVIDENCE_PREDICTED;
            }
            for (unsigned e = 0; e < ENVIRONMENTS && has_trials; e++) {
                if (rng_below(rng, 3) == 0) continue;
                world.trials[r][k][e] = random_time(rng, calm);
                world.trials[r][k][e].evidence = rng_below(rng, 5) ? VERDICT_OK : VERDICT_WRONG;
            }
        }
    for (unsigned k = 0; k < world.n_kernels; k++)
        for (unsigned e = 0; e < ENVIRONMENTS; e++) world.quarantined[k][e] = rng_below(rng, 12) == 0;
}

static bool has_entries(unsigned r)
{
    for (unsigned k = 0; k < world.n_kernels; k++)
        for (unsigned e = 0; e <= ENVIRONMENTS; e++)
            if (world.entries[r][k][e].is_there) return true;
    return false;
}

/* Would a lookup take this entry for shape s of its record? */
static bool answers(unsigned r, unsigned k, unsigned e, unsigned s)
{
    const struct time *time = &world.entries[r][k][e];
    bool quarantined = e < ENVIRONMENTS && world.quarantined[k][e];
    return time->is_there && (time->verified || time->evidence != EVIDENCE_MEASURED) && !quarantined &&
           (world.shapes[r][k] >> s & 1);
}

static struct record_entry entry_of(unsigned k, unsigned e, const struct time *time)
{
    return (struct record_entry){.kernel = numbered_hash(k),
                                 .environment = world.environments[e],
                                 .evidence = time->evidence,
                                 .verified = time->verified,
                                 .timing = {.median_ns = time->median, .high_ns = time->high, .samples = 20}};
}

static uint64_t most(uint64_t ns)
{
    return ns + ns * REGRET / COMPACT_REGRET_ONE;
}

/* The first by the record's order of the entries of environment e (or all, e > ENVIRONMENTS) with kernels of
 * `kept`. */
static bool first_of(unsigned r, unsigned e, uint32_t kept, bool must_answer, struct record_entry *out)
{
    bool found = false;
    for (unsigned k = 0; k < world.n_kernels; k++)
        for (unsigned f = 0; f <= ENVIRONMENTS; f++) {
            if ((e <= ENVIRONMENTS && f != e) || !(kept >> k & 1) || !world.entries[r][k][f].is_there)
                continue;
            if (must_answer && !answers(r, k, f, 0)) continue;
            struct record_entry entry = entry_of(k, f, &world.entries[r][k][f]);
            if (!found || record_entry_compare(&entry, out) < 0) *out = entry;
            found = true;
        }
    return found;
}

static unsigned number_of(const struct hash *kernel)
{
    for (unsigned k = 0; k < KERNELS_MAX; k++) {
        struct hash hash = numbered_hash(k);
        if (!memcmp(&hash, kernel, sizeof hash)) return k;
    }
    fail_msg("a kernel that nobody made");
    return 0;
}

/* May the trial stand for an entry where `best` is the best one? */
static bool trial_counts(unsigned r, unsigned k, unsigned e, const struct record_entry *best)
{
    const struct time *trial = &world.trials[r][k][e], *other = &world.trials[r][number_of(&best->kernel)][e];
    return trial->is_there && trial->evidence == VERDICT_OK && other->is_there &&
           other->evidence == VERDICT_OK && (world.shapes[r][k] & 1) && !world.quarantined[k][e] &&
           !world.entries[r][k][e].is_there && trial->median <= most(best->timing.median_ns) &&
           trial->median <= most(other->median);
}

static bool environment_is_kept(unsigned r, unsigned e, uint32_t kept)
{
    struct record_entry best, now;
    if (!first_of(r, e, UINT32_MAX, true, &best)) return true;
    if (first_of(r, e, kept, true, &now) && now.timing.median_ns <= most(best.timing.median_ns)) return true;
    for (unsigned k = 0; k < world.n_kernels; k++)
        if ((kept >> k & 1) && trial_counts(r, k, e, &best)) return true;
    return false;
}

static bool is_measured(unsigned r)
{
    struct record_entry best;
    return first_of(r, 0, UINT32_MAX, true, &best) || first_of(r, 1, UINT32_MAX, true, &best);
}

static bool shape_is_kept(unsigned r, unsigned s, uint32_t kept)
{
    bool before = false, after = false;
    for (unsigned k = 0; k < world.n_kernels; k++)
        for (unsigned e = 0; e <= ENVIRONMENTS; e++) {
            struct record_entry best;
            before |= answers(r, k, e, s);
            after |= (kept >> k & 1) && answers(r, k, e, s);
            after |= e < ENVIRONMENTS && (kept >> k & 1) && (world.shapes[r][k] >> s & 1) &&
                     first_of(r, e, UINT32_MAX, true, &best) && trial_counts(r, k, e, &best);
        }
    return !before || after;
}

/* Do these kernels keep what is promised? In a calm world, in which the faster entry always comes first. */
static bool is_enough(uint32_t kept)
{
    for (unsigned r = 0; r < world.n_records; r++) {
        struct record_entry best, now;
        for (unsigned e = 0; e < ENVIRONMENTS; e++)
            if (!environment_is_kept(r, e, kept)) return false;
        for (unsigned s = 1; s < SHAPES; s++)
            if (!shape_is_kept(r, s, kept)) return false;
        if (is_measured(r)) continue;
        bool answered = first_of(r, ENVIRONMENTS + 1, UINT32_MAX, true, &best);
        if (!answered && !first_of(r, ENVIRONMENTS + 1, UINT32_MAX, false, &best)) continue;
        if (!answered && !(kept >> number_of(&best.kernel) & 1)) return false;
        if (answered && (!first_of(r, ENVIRONMENTS + 1, kept, true, &now) ||
                         now.timing.median_ns > most(best.timing.median_ns)))
            return false;
    }
    return true;
}

static unsigned fewest(void)
{
    unsigned best = KERNELS_MAX;
    for (uint32_t kept = 0; kept < UINT32_C(1) << world.n_kernels; kept++)
        if ((unsigned)__builtin_popcount(kept) < best && is_enough(kept))
            best = (unsigned)__builtin_popcount(kept);
    return best;
}

/* ---- its book ---- */

static void key_of(unsigned r, char key[KEY_BYTES_MAX + 1])
{
    snprintf(key, KEY_BYTES_MAX + 1, "gemm/f32@%s/n=0000000064/m=%010u", class_text, r + 1);
}

static void put_trial(struct book *book, const char *key, unsigned k, unsigned e, const struct time *time)
{
    char configuration[32];
    uint64_t sequence;
    snprintf(configuration, sizeof configuration, "numbered N=%u", k);
    struct trial trial = {.verdict = time->evidence,
                          .kernel = numbered_hash(k),
                          .environment = world.environments[e],
                          .timing = {.median_ns = time->median, .high_ns = time->high, .samples = 20},
                          .configuration = configuration,
                          .detail = ""};
    assert_ok(book_start(book, key, configuration, &trial.kernel, &sequence));
    assert_ok(book_finish(book, key, sequence, &trial));
}

static void make_book(const char *path)
{
    struct book *book;
    char key[KEY_BYTES_MAX + 1];
    assert_ok(book_open(path, BOOK_WRITE, &book));
    for (unsigned k = 0; k < world.n_kernels; k++) put_numbered_kernel(book, k, "x86-64-v4");
    assert_ok(book_put_environment(book, "{\"a\":1}", &world.environments[0]));
    assert_ok(book_put_environment(book, "{\"b\":1}", &world.environments[1]));
    for (unsigned r = 0; r < world.n_records; r++) {
        key_of(r, key);
        for (unsigned k = 0; k < world.n_kernels; k++) {
            for (unsigned e = 0; e <= ENVIRONMENTS; e++) {
                struct record_entry entry = entry_of(k, e, &world.entries[r][k][e]);
                if (world.entries[r][k][e].is_there)
                    assert_ok(book_put_entry(book, key, &entry, 7, "vendor", 9));
            }
            for (unsigned e = 0; e < ENVIRONMENTS; e++)
                if (world.trials[r][k][e].is_there) put_trial(book, key, k, e, &world.trials[r][k][e]);
        }
    }
    for (unsigned k = 0; k < world.n_kernels; k++)
        for (unsigned e = 0; e < ENVIRONMENTS; e++) {
            struct hash kernel = numbered_hash(k);
            if (world.quarantined[k][e])
                assert_ok(book_quarantine(book, class_text, &kernel, &world.environments[e], VERDICT_CRASH));
        }
    assert_ok(book_close(book));
}

static uint32_t covers(void *context, const char *key, const struct descriptor *descriptor)
{
    (void)context;
    unsigned r = (unsigned)strtoul(key + strlen(key) - KEY_DIGITS, NULL, 10) - 1;
    return world.shapes[r][strtoul(strchr(descriptor->configuration, '=') + 1, NULL, 10)];
}

static enum status compact_to(const char *from, const char *to, struct compact_report *report)
{
    struct book_compact options = {.path = from, .output = to, .regret = REGRET, .covers = covers};
    return book_compact(&options, report);
}

/* ---- what came out ---- */

static bool entry_is_usable(unsigned r, const struct record_entry *entry, unsigned s)
{
    unsigned k = number_of(&entry->kernel);
    for (unsigned e = 0; e < ENVIRONMENTS; e++)
        if (!memcmp(&entry->environment, &world.environments[e], sizeof entry->environment) &&
            world.quarantined[k][e])
            return false;
    return (entry->verified || entry->evidence != EVIDENCE_MEASURED) && (world.shapes[r][k] >> s & 1);
}

/* The first usable entry of an environment. */
static const struct record_entry *served(unsigned r, const struct record *record, unsigned e)
{
    for (uint32_t i = 0; i < record->n_entries; i++)
        if (entry_is_usable(r, &record->entries[i], 0) &&
            (e > ENVIRONMENTS ||
             !memcmp(&record->entries[i].environment, &world.environments[e], sizeof(struct hash))))
            return &record->entries[i];
    return NULL;
}

static void entries_are_true(unsigned r, const struct record *record)
{
    for (uint32_t i = 0; i < record->n_entries; i++) {
        const struct record_entry *entry = &record->entries[i];
        unsigned k = number_of(&entry->kernel), e = 0;
        while (memcmp(&entry->environment, &world.environments[e], sizeof entry->environment)) e++;
        const struct time *from = &world.entries[r][k][e];
        if (!from->is_there) from = &world.trials[r][k][e];
        assert_seeded(from->is_there && from->median == entry->timing.median_ns &&
                      from->high == entry->timing.high_ns);
    }
}

static void record_is_kept(struct book *book, unsigned r)
{
    static struct record record;
    char key[KEY_BYTES_MAX + 1];
    struct record_entry best;
    key_of(r, key);
    if (!has_entries(r)) return;
    assert_ok(book_get_record(book, key, &record));
    assert_int_equal(record.baseline_ns, 7);
    entries_are_true(r, &record);
    for (unsigned e = 0; e < ENVIRONMENTS; e++) {
        if (!first_of(r, e, UINT32_MAX, true, &best)) continue;
        const struct record_entry *now = served(r, &record, e);
        assert_seeded(now && now->timing.median_ns <= most(best.timing.median_ns));
    }
    assert_seeded(record.n_entries > 0);
    if (first_of(r, ENVIRONMENTS + 1, UINT32_MAX, true, &best))
        assert_seeded(served(r, &record, ENVIRONMENTS + 1) != NULL);
    for (unsigned s = 1; s < SHAPES; s++) {
        bool before = false, after = false;
        for (unsigned k = 0; k < world.n_kernels; k++)
            for (unsigned e = 0; e <= ENVIRONMENTS; e++) before |= answers(r, k, e, s);
        for (uint32_t i = 0; i < record.n_entries; i++) after |= entry_is_usable(r, &record.entries[i], s);
        assert_seeded(!before || after);
    }
}

static void find(void *context, const struct check_finding *finding)
{
    (void)context;
    fail_msg("%s %s: %s; TUNEBOOK_TEST_SEED=%llu", finding->table, finding->key, finding->what,
             (unsigned long long)seed);
}

/* Not even a note: nothing is left that nobody refers to. */
static void nothing_is_missing_or_left(const char *path)
{
    struct check_options options = {.visit = find};
    struct check_summary summary;
    assert_ok(book_check(path, &options, &summary));
}

static void contents(const char *path, char out[SHA256_HEX_BYTES])
{
    struct book *book;
    assert_ok(book_open(path, BOOK_READ, &book));
    assert_ok(book_digest(book, out));
    assert_ok(book_close(book));
}

static void same_contents(const char *a, const char *b)
{
    char x[SHA256_HEX_BYTES], y[SHA256_HEX_BYTES];
    contents(a, x);
    contents(b, y);
    assert_seeded(strcmp(x, y) == 0);
}

static void compact_one(bool calm)
{
    char *folder = folder_begin(), paths[4][4096];
    struct compact_report report, again;
    struct rng rng;
    struct book *book;
    for (int i = 0; i < 4; i++) snprintf(paths[i], sizeof paths[i], "%s/%d.book", folder, i);
    rng_seed(&rng, seed);
    make_world(&rng, calm);
    make_book(paths[0]);
    assert_ok(compact_to(paths[0], paths[1], &report));
    assert_ok(book_open(paths[1], BOOK_READ, &book));
    for (unsigned r = 0; r < world.n_records; r++) record_is_kept(book, r);
    assert_ok(book_close(book));
    nothing_is_missing_or_left(paths[1]);
    assert_int_equal(report.lower_bound, report.after.kernels);
    if (calm) assert_seeded(report.after.kernels == fewest());
    compact_report_free(&report);
    assert_ok(compact_to(paths[0], paths[2], &report)); /* the same book, the same content */
    same_contents(paths[1], paths[2]);
    assert_ok(compact_to(paths[1], paths[3], &again)); /* and nothing more to save */
    same_contents(paths[1], paths[3]);
    for (size_t g = 0; g < report.n_groups; g++) { /* regret counts from what was there at first */
        assert_int_equal(report.groups[g].worst, again.groups[g].worst);
        assert_true(report.groups[g].worst <= REGRET);
        assert_true(report.groups[g].slower <= report.groups[g].timed);
    }
    compact_report_free(&report);
    compact_report_free(&again);
    folder_end(folder);
}

static void compact_many(uint64_t first, bool calm)
{
    const char *given = getenv("TUNEBOOK_TEST_SEED");
    for (uint64_t n = 0; n < test_scaled(30); n++) {
        seed = given ? strtoull(given, NULL, 10) : first + n;
        compact_one(calm);
        if (given) return;
    }
}

static void no_fewer_would_do(void **state)
{
    (void)state;
    compact_many(0, true);
}

static void noise_changes_nothing(void **state)
{
    (void)state;
    compact_many(1000, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_fewer_would_do),
        cmocka_unit_test(noise_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
