#include "tuner/predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/base/gpu_target.h"
#include "tuner/defaults_targets.h"
#include "tuner/launch/problem_key.h"
#include "tuner/predict_internal.h"

/* Problems that are compiled and emulated together: enough that no CPU waits, few enough that what is
 * finished is in the book soon. */
enum { ROUND = 16, JOBS_MAX = 64, CHOSEN_FIRST = 2 };

/* What a kernel may take beyond the best to be taken for the reason that it is there. */
static const double NEARLY = 1.05;

/* ---- side by side ---- */

struct crowd {
    predict_work *work;
    void *context;
    const volatile int *stop;
    size_t n, next;
    enum status status;
    char message[512];
    pthread_mutex_t lock;
};

static bool take(struct crowd *crowd, size_t *i)
{
    pthread_mutex_lock(&crowd->lock);
    bool stopped = crowd->stop && *crowd->stop;
    bool taken = crowd->status == STATUS_OK && !stopped && crowd->next < crowd->n;
    if (stopped && crowd->status == STATUS_OK && crowd->next < crowd->n) {
        crowd->status = STATUS_INTERRUPTED;
        snprintf(crowd->message, sizeof crowd->message, "interrupted");
    }
    *i = crowd->next;
    crowd->next += taken;
    pthread_mutex_unlock(&crowd->lock);
    return taken;
}

static void *join_in(void *context)
{
    struct crowd *crowd = context;
    size_t i;
    while (take(crowd, &i)) {
        enum status status = crowd->work(crowd->context, i);
        pthread_mutex_lock(&crowd->lock);
        if (status != STATUS_OK && crowd->status == STATUS_OK) {
            crowd->status = status;
            snprintf(crowd->message, sizeof crowd->message, "%s", status_message());
        }
        pthread_mutex_unlock(&crowd->lock);
    }
    return NULL;
}

enum status predict_side_by_side(const struct predict *predict, size_t n, predict_work *work, void *context)
{
    struct crowd crowd = {.work = work, .context = context, .stop = predict->options->stop, .n = n};
    pthread_t threads[JOBS_MAX];
    unsigned started = 0;
    pthread_mutex_init(&crowd.lock, NULL);
    while (started + 1 < predict->jobs && started + 1 < n &&
           pthread_create(&threads[started], NULL, join_in, &crowd) == 0)
        started++;
    join_in(&crowd);
    while (started) pthread_join(threads[--started], NULL);
    pthread_mutex_destroy(&crowd.lock);
    return crowd.status == STATUS_OK ? STATUS_OK : status_fail(crowd.status, "%s", crowd.message);
}

/* ---- the table of kernels ---- */

static enum status grow(struct predict *predict)
{
    if (predict->n_kernels < predict->capacity) return STATUS_OK;
    size_t capacity = predict->capacity ? 2 * predict->capacity : 64;
    struct predict_kernel **larger = realloc(predict->kernels, capacity * sizeof *larger);
    if (!larger) return status_fail(STATUS_NO_MEMORY, "no memory for %zu kernels", capacity);
    predict->kernels = larger;
    predict->capacity = capacity;
    return STATUS_OK;
}

static void free_kernel(struct predict_kernel *kernel)
{
    if (!kernel) return;
    candidate_free(&kernel->candidate);
    free(kernel);
}

static struct predict_kernel *find_kernel(const struct predict *predict, const struct hash *kernel)
{
    for (size_t i = 0; i < predict->n_kernels; i++)
        if (memcmp(&predict->kernels[i]->candidate.kernel, kernel, sizeof *kernel) == 0)
            return predict->kernels[i];
    return NULL;
}

/* The one that is known already, or this one: a problem's kernels become the table's. */
static enum status adopt(struct predict *predict, struct predict_front *front)
{
    struct predict_kernel *known = find_kernel(predict, &front->kernel->candidate.kernel);
    if (known) {
        free_kernel(front->kernel);
        front->kernel = known;
        return STATUS_OK;
    }
    TRY(grow(predict));
    predict->kernels[predict->n_kernels++] = front->kernel;
    return STATUS_OK;
}

/* The first ones in any case; then those that are nearly as good and that another problem wants, too, for
 * which nothing has to be compiled; then the next in order. */
static bool is_chosen(const struct predict *predict, const struct predict_task *task, size_t i, int pass)
{
    const struct predict_front *front = &task->fronts[i];
    if (pass == 0) return i < CHOSEN_FIRST;
    if (pass == 2) return true;
    return front->ns <= task->fronts[0].ns * NEARLY && find_kernel(predict, &front->kernel->candidate.kernel);
}

/* Of what was ranked PREDICT_FRONTS stay, in their order. */
static void choose_fronts(struct predict *predict, struct predict_task *task)
{
    bool chosen[PREDICT_RANKED] = {false};
    size_t n_chosen = 0, n = 0;
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < task->n && n_chosen < PREDICT_FRONTS; i++) {
            if (chosen[i] || !is_chosen(predict, task, i, pass)) continue;
            chosen[i] = true;
            n_chosen++;
        }
    for (size_t i = 0; i < task->n; i++) {
        if (chosen[i])
            task->fronts[n++] = task->fronts[i];
        else
            free_kernel(task->fronts[i].kernel);
    }
    task->n = n;
}

/* ---- a round ---- */

struct round {
    struct predict *predict;
    struct predict_task tasks[ROUND];
    size_t n, adopted; /* tasks whose kernels are the table's */
    struct predict_kernel *kernels[ROUND * PREDICT_FRONTS];
    size_t n_kernels;
};

static void news(const struct predict *predict, size_t done, size_t n, const char *what)
{
    const struct predict_options *options = predict->options;
    char line[160];
    if (!options->progress) return;
    snprintf(line, sizeof line, "[%zu/%zu] %s: %s, %zu kernels", done, n, options->class_text, what,
             predict->n_kernels);
    options->progress(options->context, (double)done / (double)n, line);
}

static enum status rank_one(void *context, size_t i)
{
    struct round *round = context;
    return predict_rank(round->predict, &round->tasks[i]);
}

static enum status rank_all(struct round *round)
{
    struct predict *predict = round->predict;
    uint64_t begin_ns = clock_ns();
    enum status status = predict_side_by_side(predict, round->n, rank_one, round);
    predict->summary->rank_ns += clock_ns() - begin_ns;
    TRY(status);
    for (; round->adopted < round->n; round->adopted++) {
        struct predict_task *task = &round->tasks[round->adopted];
        choose_fronts(predict, task);
        for (size_t i = 0; i < task->n; i++) {
            TRY(adopt(predict, &task->fronts[i]));
            round->kernels[round->n_kernels++] = task->fronts[i].kernel;
        }
        predict->summary->looked_at += task->result.looked_at;
    }
    return STATUS_OK;
}

static size_t add_once(struct predict_kernel **list, size_t n, struct predict_kernel *kernel)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == kernel) return n;
    list[n] = kernel;
    return n + 1;
}

static void drop_repeated(struct round *round)
{
    size_t n = 0;
    for (size_t i = 0; i < round->n_kernels; i++) n = add_once(round->kernels, n, round->kernels[i]);
    round->n_kernels = n;
}

static enum status recall(struct round *round)
{
    for (size_t i = 0; i < round->n; i++) {
        const char *key = round->tasks[i].defaults_key;
        size_t first = 0;
        while (strcmp(round->tasks[first].defaults_key, key) != 0) first++;
        if (first == i) TRY(predict_recall(round->predict, key));
    }
    return STATUS_OK;
}

/* The best of each problem that are not known to be wrong, as many as it may keep; where one of them fails,
 * the next takes its place in the next turn. */
static enum status verify_all(struct round *round)
{
    for (;;) {
        struct predict_kernel *wanted[ROUND * PREDICT_KEPT];
        size_t n = 0;
        for (size_t t = 0; t < round->n; t++) {
            const struct predict_task *task = &round->tasks[t];
            size_t kept = 0;
            for (size_t i = 0; i < task->n && kept < PREDICT_KEPT; i++) {
                struct predict_kernel *kernel = task->fronts[i].kernel;
                kept += kernel->passed == VERDICT_OK || kernel->passed == VERDICT_STARTED;
                if (kernel->passed == VERDICT_STARTED) n = add_once(wanted, n, kernel);
            }
        }
        if (!n) return STATUS_OK;
        TRY(predict_verify(round->predict, wanted, n));
    }
}

static enum status run_round(struct round *round, size_t done, size_t n)
{
    struct predict *predict = round->predict;
    const struct predict_options *options = predict->options;
    news(predict, done, n, "ranking");
    TRY(rank_all(round));
    drop_repeated(round);
    TRY(recall(round));
    news(predict, done, n, "compiling");
    TRY(predict_compile(predict, round->kernels, round->n_kernels));
    for (size_t i = 0; i < round->n; i++) predict_judge(&round->tasks[i]);
    news(predict, done, n, "emulating");
    TRY(verify_all(round));
    for (size_t i = 0; i < round->n; i++) {
        struct predict_task *task = &round->tasks[i];
        TRY(predict_record(predict, task));
        predict->summary->problems++;
        predict->summary->predicted += task->result.n > 0;
        if (options->finished) options->finished(options->context, &task->result);
    }
    return STATUS_OK;
}

static enum status fill_round(struct round *round, const struct sweep_problem *problems, size_t first,
                              size_t n)
{
    memset(round->tasks, 0, sizeof round->tasks);
    round->n = round->n_kernels = round->adopted = 0;
    for (size_t i = first; i < n && round->n < ROUND; i++) {
        struct predict_task *task = &round->tasks[round->n++];
        task->problem = problems[i].problem;
        task->result =
            (struct predict_result){.problem = task->problem, .index = i, .calls = problems[i].calls};
        TRY(problem_key(&task->problem, round->predict->options->class_text, task->key));
        TRY(problem_key(&task->problem, round->predict->device_class.target, task->defaults_key));
    }
    return STATUS_OK;
}

static enum status run_rounds(struct predict *predict, const struct sweep_problem *problems, size_t n)
{
    struct round *round = calloc(1, sizeof *round);
    if (!round) return status_fail(STATUS_NO_MEMORY, "no memory for a prediction");
    round->predict = predict;
    enum status status = STATUS_OK;
    for (size_t first = 0; first < n && status == STATUS_OK; first += ROUND) {
        status = fill_round(round, problems, first, n);
        if (status == STATUS_OK) status = run_round(round, first, n);
        for (size_t t = round->adopted; t < round->n; t++) /* ranked in vain */
            for (size_t i = 0; i < round->tasks[t].n; i++) free_kernel(round->tasks[t].fronts[i].kernel);
    }
    free(round);
    return status;
}

/* ---- opening ---- */

static enum status open_class(struct predict *predict)
{
    const char *text = predict->options->class_text;
    const struct device_class *known = class_find(text);
    struct device_class *class = &predict->device_class;
    const struct gpu_target *target;
    *class = known ? *known : (struct device_class){.nickname = "", .product = ""};
    TRY(class_parse(text, class->target, &class->units, &class->bandwidth_gbps));
    target = gpu_target_find(class->target);
    if (!target) return status_fail(STATUS_USAGE, "%s: %s is no GPU's target", text, class->target);
    class->wave_size = target->wave_size;
    class->lds_bytes = target->lds_bytes;
    defaults_class_facts(text, class->target, &predict->facts);
    return STATUS_OK;
}

static enum status open_compilers(struct predict *predict)
{
    const char *target = predict->device_class.target;
    TRY(compiler_for_target(target, &predict->compiler, &predict->identity));
    predict->emulator = compiler_find("emu");
    if (!predict->emulator)
        return status_fail(STATUS_UNAVAILABLE, "this program was built without the emulator");
    return predict->emulator->identify(target, &predict->emulator_identity);
}

enum status predict_run(const struct predict_options *options, const struct sweep_problem *problems, size_t n,
                        struct predict_summary *summary)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t begin_ns = clock_ns();
    struct predict predict = {.options = options, .summary = summary};
    memset(summary, 0, sizeof *summary);
    predict.jobs = options->jobs ? options->jobs : cpus > 0 ? (unsigned)cpus : 1;
    if (predict.jobs > JOBS_MAX) predict.jobs = JOBS_MAX;
    pthread_mutex_init(&predict.lock, NULL);
    enum status status = open_class(&predict);
    if (status == STATUS_OK) status = open_compilers(&predict);
    if (status == STATUS_OK) status = predict_verify_begin(&predict);
    if (status == STATUS_OK) status = run_rounds(&predict, problems, n);
    summary->kernels = predict.n_kernels;
    for (size_t i = 0; i < predict.n_kernels; i++) {
        enum verdict passed = predict.kernels[i]->passed;
        summary->failed += passed != VERDICT_OK && passed != VERDICT_STARTED;
        free_kernel(predict.kernels[i]);
    }
    free(predict.kernels);
    pthread_mutex_destroy(&predict.lock);
    text_free(&predict.identity);
    text_free(&predict.emulator_identity);
    summary->total_ns = clock_ns() - begin_ns;
    if (status != STATUS_INTERRUPTED) return status;
    return status_fail(STATUS_INTERRUPTED,
                       "interrupted; everything finished is in the book, the same command resumes");
}
