/* The model's front on a space that is tried whole: how near the best of its first 16 configurations is to
 * the best of all, and what its front-runners and its prior gain a search.
 *
 *     tests/tuner/narrow_gemm_cpu FOLDER                 a narrow copy of gemm_cpu
 *     build/tests/tuner/bench_front FOLDER PROBLEM...    e.g. 'gemm f32 nt m=64 n=1024 k=1024'
 *
 * With BENCH_FRONT_CACHED set only what is compiled already is measured, with BENCH_FRONT_ALL every
 * configuration is printed in the model's order, with its predicted and its measured time.
 *
 * One thread. Every configuration is compiled (the cache keeps them) and measured in turns with all others,
 * ROUNDS times: the least CPU time of a call counts, so that it does not matter who else is at work. Weights
 * and activations stay where the last call left them; the model expects weights to be cold, so problems
 * should be larger than L2. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tuner/device/cpu_load.h"
#include "tuner/device/device.h"
#include "tuner/ranking.h"
#include "tuner/tuning.h"
#include "tuner/worker.h"
/* Its words are macros with names of enumerators: behind those. */
#include "templates/device/cpu.h"
#include "templates/gemm/gemm_args.h"

enum { FRONT = 16, STARTS = 8, SEEDS = 20, CHECKPOINTS = 5, ROUNDS = 7, JOBS = 2, SCRATCH_BYTES = 64 << 20 };
static const uint64_t checkpoints[CHECKPOINTS] = {4, 8, 16, 32, 64};

typedef void kernel(const struct gemm_args *args, const struct cpu_block *block);

struct subject {
    struct problem problem;
    struct device_info info;
    const struct compiler_api *compiler;
    struct text identity;
    struct tuning_scene scene;
    struct tuning tuning;
    uint64_t n, n_measured, best; /* configurations by their number in the space */
    kernel **run;                 /* NULL: did not compile */
    double *ns;                   /* measured; INFINITY: not */
    double *model_ns;
    uint32_t *far;   /* parameters that are not the default's */
    uint64_t *order; /* by the model */
};

static struct subject subject;

static void give_up(const char *what)
{
    fprintf(stderr, "bench_front: %s: %s\n", what, status_message());
    exit(1);
}

static void *zeros(size_t n, size_t bytes)
{
    void *memory = calloc(n, bytes);
    if (!memory) exit(1);
    return memory;
}

/* --- compiling --- */

static void load(struct candidate *candidate, uint64_t i)
{
    void *object;
    if (candidate->job.verdict != VERDICT_OK) return;
    if (cpu_load(candidate->job.code.data, candidate->job.code.size, &object) != STATUS_OK) give_up("load");
    void *symbol = dlsym(object, "gemm_cpu");
    if (!symbol) give_up("gemm_cpu");
    memcpy(&subject.run[i], &symbol, sizeof symbol); /* ISO C has no cast from object to function */
}

static void compile_all(void)
{
    enum { BATCH = 16 };
    for (uint64_t first = 0; first < subject.n; first += BATCH) {
        static struct candidate candidates[BATCH];
        static struct compile_job jobs[BATCH];
        uint64_t n = subject.n - first < BATCH ? subject.n - first : BATCH;
        for (uint64_t i = 0; i < n; i++) {
            struct configuration configuration;
            space_at(subject.tuning.space, first + i, &configuration);
            if (candidate_prepare(&subject.tuning, &configuration, &candidates[i]) != STATUS_OK)
                give_up("prepare");
            jobs[i] = candidates[i].job;
        }
        if (compile_run(jobs, n, JOBS, getenv("BENCH_FRONT_CACHED") ? 1 : 300000, NULL) != STATUS_OK)
            give_up("compile");
        for (uint64_t i = 0; i < n; i++) {
            candidates[i].job = jobs[i];
            load(&candidates[i], first + i);
            candidate_free(&candidates[i]);
        }
        fprintf(stderr, "\r%llu of %llu compiled", (unsigned long long)(first + n),
                (unsigned long long)subject.n);
    }
    fprintf(stderr, "\n");
}

/* --- measuring --- */

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct gemm_args make_args(void)
{
    long long m = problem_size(&subject.problem, "m"), n = problem_size(&subject.problem, "n");
    long long k = problem_size(&subject.problem, "k");
    return (struct gemm_args){.a = zeros((size_t)(m * k), 4),
                              .b = zeros((size_t)(n * k), 4),
                              .d = zeros((size_t)(m * n), 4),
                              .m = m,
                              .n = n,
                              .k = k,
                              .batch = 1,
                              .lda = k,
                              .ldb = k,
                              .ldc = n,
                              .ldd = n,
                              .alpha = 1};
}

static void measure_all(void)
{
    struct gemm_args args = make_args();
    struct cpu_block block = {
        .grid = {1, 1, 1}, .shared = aligned_alloc(4096, SCRATCH_BYTES), .shared_bytes = SCRATCH_BYTES};
    if (!block.shared) exit(1);
    for (int round = 0; round < ROUNDS; round++)
        for (uint64_t i = 0; i < subject.n; i++) {
            if (!subject.run[i]) continue;
            double begin_ns = cpu_ns();
            subject.run[i](&args, &block);
            subject.ns[i] = fmin(subject.ns[i], cpu_ns() - begin_ns);
        }
    free(block.shared);
    free((void *)(uintptr_t)args.a);
    free((void *)(uintptr_t)args.b);
    free(args.d);
}

/* --- ranking --- */

static int by_model(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    if (subject.model_ns[x] != subject.model_ns[y]) return subject.model_ns[x] < subject.model_ns[y] ? -1 : 1;
    return (subject.far[x] > subject.far[y]) - (subject.far[x] < subject.far[y]);
}

static void rank_all(void)
{
    for (uint64_t i = 0; i < subject.n; i++) {
        struct configuration configuration;
        space_at(subject.tuning.space, i, &configuration);
        subject.order[i] = i;
        subject.model_ns[i] = INFINITY; /* of those that were not measured */
        if (isfinite(subject.ns[i]))
            subject.model_ns[i] = ranking_prior(subject.tuning.ranking, &configuration);
        subject.n_measured += isfinite(subject.ns[i]);
        subject.far[i] = ranking_from_default(subject.tuning.ranking, &configuration);
        if (subject.ns[i] < subject.ns[subject.best]) subject.best = i;
    }
    qsort(subject.order, subject.n, sizeof *subject.order, by_model);
}

/* Spearman's rank correlation between model and measurement. */
static double correlation(void)
{
    double sum = 0, n = (double)subject.n_measured;
    for (uint64_t place = 0; place < subject.n_measured; place++) {
        double faster = 0, off;
        for (uint64_t j = 0; j < subject.n; j++) faster += subject.ns[j] < subject.ns[subject.order[place]];
        off = (double)place - faster;
        sum += off * off;
    }
    return 1 - 6 * sum / (n * (n * n - 1));
}

/* optimum / best after so many trials, mean over seeds. */
static void search_measured(bool with_model, double nearness[CHECKPOINTS])
{
    const struct tuning *tuning = &subject.tuning;
    struct configuration starts[STARTS + 1];
    size_t n = 0;
    if (tuning->has_default) starts[n++] = tuning->fallback;
    for (uint64_t i = 0; with_model && i < STARTS; i++)
        n += space_at(tuning->space, subject.order[i], &starts[n]);
    memset(nearness, 0, CHECKPOINTS * sizeof *nearness);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct search_options options = {.seed = seed, .starts = starts, .n_starts = n};
        struct configuration asked;
        struct search *search;
        bool finished = false;
        double best_ns = INFINITY;
        uint64_t tried = 0, i;
        if (with_model) options.prior = ranking_prior, options.prior_context = tuning->ranking;
        if (search_create(tuning->space, &options, &search) != STATUS_OK) give_up("search");
        for (int c = 0; c < CHECKPOINTS; c++) {
            for (; tried < checkpoints[c] && search_ask(search, &asked, 1, &finished); tried++) {
                space_find(tuning->space, &asked, &i);
                struct observation told = {asked, isfinite(subject.ns[i]), subject.ns[i], 0};
                search_tell(search, &told);
                best_ns = fmin(best_ns, subject.ns[i]);
            }
            nearness[c] += subject.ns[subject.best] / best_ns / SEEDS;
        }
        search_free(search);
    }
}

static double report(const char *text)
{
    double optimum = subject.ns[subject.best], front_ns = INFINITY, default_ns = NAN;
    uint64_t place = 0, fallback;
    for (uint64_t i = 0; i < subject.n; i++) {
        if (subject.order[i] == subject.best) place = i;
        if (i < FRONT) front_ns = fmin(front_ns, subject.ns[subject.order[i]]);
    }
    if (subject.tuning.has_default && space_find(subject.tuning.space, &subject.tuning.fallback, &fallback))
        default_ns = subject.ns[fallback];
    printf("%s: %llu configurations, best %.1f us (predicted %.1f), rank correlation %.2f\n"
           "    over the best: the model's first %.3f, the best of its first %d %.3f, the default %.3f; the "
           "best is the "
           "model's number %llu\n",
           text, (unsigned long long)subject.n_measured, optimum / 1e3, subject.model_ns[subject.best] / 1e3,
           correlation(), subject.ns[subject.order[0]] / optimum, FRONT, front_ns / optimum,
           default_ns / optimum, (unsigned long long)place + 1);
    for (int with_model = 0; with_model < 2; with_model++) {
        double nearness[CHECKPOINTS];
        search_measured(with_model, nearness);
        printf("    a search %s the model is at this share of the best speed after",
               with_model ? "with   " : "without");
        for (int c = 0; c < CHECKPOINTS; c++)
            printf(" %llu: %.3f", (unsigned long long)checkpoints[c], nearness[c]);
        printf("\n");
    }
    if (getenv("BENCH_FRONT_ALL"))
        for (uint64_t i = 0; i < subject.n; i++) {
            struct configuration configuration;
            int64_t slots[SLOT_COUNT];
            struct text line = {0};
            memcpy(slots, subject.tuning.slots, sizeof slots);
            space_at(subject.tuning.space, subject.order[i], &configuration);
            space_values(subject.tuning.space, &configuration, slots);
            manifest_print_configuration(subject.tuning.manifest, slots, &line);
            printf("%.1f %.1f %s\n", subject.model_ns[subject.order[i]] / 1e3,
                   subject.ns[subject.order[i]] / 1e3, text_string(&line));
            text_free(&line);
        }
    return front_ns / optimum;
}

/* --- a problem --- */

static void open_subject(const struct manifest *manifest, const char *text)
{
    const struct device_api *api = device_find("cpu");
    struct device_options options = {.threads = 1, .measure_class = true};
    struct device *device;
    bool exact;
    subject = (struct subject){.n = 0};
    if (api->open(0, &options, &device) != STATUS_OK) give_up("cpu");
    subject.info = *api->info(device);
    api->close(device);
    const char *target = subject.info.device_class.target;
    if (problem_parse(text, &subject.problem) != STATUS_OK) give_up(text);
    if (compiler_for_target(target, &subject.compiler, &subject.identity) != STATUS_OK) give_up(target);
    subject.scene = (struct tuning_scene){&subject.problem, &subject.info.facts, target, subject.compiler,
                                          text_string(&subject.identity)};
    if (tuning_open(&subject.scene, manifest, &subject.tuning) != STATUS_OK) give_up(text);
    tuning_rank(&subject.tuning, &subject.info.device_class);
    subject.n = space_count(subject.tuning.space, &exact);
    if (!subject.tuning.ranking || !exact) give_up("no ranking");
    subject.run = zeros(subject.n, sizeof *subject.run);
    subject.ns = zeros(subject.n, sizeof *subject.ns);
    subject.model_ns = zeros(subject.n, sizeof *subject.model_ns);
    subject.far = zeros(subject.n, sizeof *subject.far);
    subject.order = zeros(subject.n, sizeof *subject.order);
    for (uint64_t i = 0; i < subject.n; i++) subject.ns[i] = INFINITY;
}

static void close_subject(void)
{
    tuning_close(&subject.tuning);
    text_free(&subject.identity);
    free(subject.run);
    free(subject.ns);
    free(subject.model_ns);
    free(subject.far);
    free(subject.order);
}

int main(int argc, char **argv)
{
    struct manifest **templates;
    size_t n_templates;
    double logs = 0;
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (argc < 3 || template_load(argv[1], &templates, &n_templates) != STATUS_OK || n_templates != 1) {
        fprintf(stderr, "usage: bench_front FOLDER PROBLEM...    FOLDER: by tests/tuner/narrow_gemm_cpu\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        open_subject(templates[0], argv[i]);
        compile_all();
        measure_all();
        rank_all();
        logs += log(report(argv[i]));
        close_subject();
    }
    printf("the best of the first %d over the best of all: geometric mean %.3f of %d\n", FRONT,
           exp(logs / (argc - 2)), argc - 2);
    manifest_free(templates[0]);
    free(templates);
    return 0;
}
