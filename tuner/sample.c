/* Problems are shared out among threads. Each takes one at a time: it draws configurations, compiles them,
 * and tries them in a session of that problem. */
#include "tuner/sample.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "templates/proof.h"
#include "tuner/base/clock.h"

enum {
    PER_PROBLEM = 2,    /* configurations of one of the op's own samples */
    LOOK_FURTHER = 180, /* of the op's samples in a row that a template may refuse */
    DRAWS = 64,         /* attempts at a configuration that was not drawn before */
    COMPILE_MS = 120000,
    JOBS_MAX = 64
};

struct group {
    struct problem problem;
    uint64_t first, count; /* of the sample */
};

struct job {
    const struct sample_setting *setting;
    const struct manifest *manifest;
    struct sample_result *result;
    struct group *groups;
    size_t n_groups, next;
    uint64_t done;
    size_t failures_capacity;
    enum status status; /* the first that stopped everything */
    char message[512];
    pthread_mutex_t lock;
};

void sample_free(struct sample_result *result)
{
    free(result->failures);
    result->failures = NULL;
    result->n_failures = 0;
}

/* ---- which problems ---- */

static bool accepts(const struct job *job, const struct problem *problem, const char **clause)
{
    int64_t slots[SLOT_COUNT] = {0};
    problem_slots(problem, &job->setting->info->facts, slots);
    return manifest_accepts(job->manifest, slots, clause);
}

static enum status add_group(struct job *job, const struct problem *problem, uint64_t count)
{
    struct group *groups = realloc(job->groups, (job->n_groups + 1) * sizeof *groups);
    if (!groups) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", job->n_groups + 1);
    job->groups = groups;
    uint64_t first = job->n_groups ? groups[job->n_groups - 1].first + groups[job->n_groups - 1].count : 0;
    groups[job->n_groups++] = (struct group){*problem, first, count};
    return STATUS_OK;
}

static enum status group_given(struct job *job)
{
    const struct sample_setting *setting = job->setting;
    const char *clause = "another op";
    size_t n = 0;
    for (size_t i = 0; i < setting->n_problems; i++)
        n += setting->problems[i].op == job->manifest->op && accepts(job, &setting->problems[i], &clause);
    if (!n)
        return status_fail(STATUS_NOT_COVERED, "%s: accepts none of the problems: %s", job->manifest->name,
                           clause);
    for (size_t i = 0, k = 0; i < setting->n_problems; i++) {
        if (setting->problems[i].op != job->manifest->op || !accepts(job, &setting->problems[i], &clause))
            continue;
        uint64_t count = setting->count * (k + 1) / n - setting->count * k / n;
        k++;
        TRY(add_group(job, &setting->problems[i], count ? count : 1));
    }
    return STATUS_OK;
}

static enum status group_samples(struct job *job)
{
    const struct op_proof *proof = op_proof_find(job->manifest->op->name);
    if (!proof)
        return status_fail(STATUS_UNAVAILABLE, "no proof for op %s: nothing can be verified",
                           job->manifest->op->name);
    const char *clause = "";
    uint64_t count = job->setting->count, wanted = (count + PER_PROBLEM - 1) / PER_PROBLEM, refused = 0;
    for (uint64_t i = 0; job->n_groups < wanted && refused < LOOK_FURTHER; i++) {
        struct problem problem;
        proof->sample(i, &problem);
        refused = accepts(job, &problem, &clause) ? 0 : refused + 1;
        if (!refused) TRY(add_group(job, &problem, 0));
    }
    for (size_t g = 0; g < job->n_groups; g++) { /* a template may accept few of them */
        job->groups[g].first = count * g / job->n_groups;
        job->groups[g].count = count * (g + 1) / job->n_groups - job->groups[g].first;
    }
    if (job->n_groups) return STATUS_OK;
    return status_fail(STATUS_NOT_COVERED, "%s: accepts none of %d sampled problems: %s", job->manifest->name,
                       LOOK_FURTHER, clause);
}

/* ---- one group ---- */

static void note(struct job *job, uint64_t index, struct candidate *candidate, enum verdict verdict,
                 const char *detail)
{
    struct sample_result *result = job->result;
    pthread_mutex_lock(&job->lock);
    result->n_verdicts[verdict]++;
    result->n_failed += verdict != VERDICT_OK;
    job->done++;
    if (verdict != VERDICT_OK && result->n_failures == job->failures_capacity) {
        size_t capacity = 2 * job->failures_capacity + 8;
        struct sample_failure *failures = realloc(result->failures, capacity * sizeof *failures);
        if (failures) {
            result->failures = failures;
            job->failures_capacity = capacity;
        }
    }
    if (verdict != VERDICT_OK && result->n_failures < job->failures_capacity) {
        struct sample_failure *failure = &result->failures[result->n_failures++];
        failure->index = index;
        problem_print(candidate->tuning->scene->problem, failure->problem);
        snprintf(failure->configuration, sizeof failure->configuration, "%s",
                 candidate->descriptor.configuration);
        failure->verdict = verdict;
        snprintf(failure->detail, sizeof failure->detail, "%s", detail);
    }
    if (job->setting->progress) job->setting->progress(job->setting->context, job->done, job->result->asked);
    pthread_mutex_unlock(&job->lock);
}

static enum status try_one(struct job *job, uint64_t index, struct trial_session *session,
                           struct candidate *candidate)
{
    candidate_compiled(candidate);
    struct trial_candidate trial = {&candidate->descriptor, candidate->job.code.data,
                                    candidate->job.code.size};
    struct trial_outcome outcome;
    uint64_t begin = clock_ns();
    TRY(trial_run(session, &trial, 0, &outcome));
    pthread_mutex_lock(&job->lock);
    job->result->verify_ns += clock_ns() - begin;
    pthread_mutex_unlock(&job->lock);
    note(job, index, candidate, outcome.verdict, outcome.detail);
    return STATUS_OK;
}

static enum status open_session(const struct job *job, const struct problem *problem,
                                struct trial_session **out)
{
    const struct sample_setting *setting = job->setting;
    struct trial_setting trial = {.backend = setting->backend,
                                  .target = setting->target,
                                  .device = setting->device,
                                  .info = setting->info,
                                  .threads = setting->threads,
                                  .problem = *problem,
                                  .seed = setting->seed,
                                  .verify_only = true,
                                  .reverse = setting->reverse,
                                  .stop = setting->stop};
    return trial_open(&trial, out);
}

static enum status compile_one(struct job *job, uint64_t index, struct candidate *candidate)
{
    TRY(compile_run(&candidate->job, 1, 1, COMPILE_MS, job->setting->stop));
    pthread_mutex_lock(&job->lock);
    job->result->compile_ns += candidate->job.compile_ns;
    pthread_mutex_unlock(&job->lock);
    if (candidate->job.verdict != VERDICT_OK)
        note(job, index, candidate, candidate->job.verdict, candidate->job.detail);
    return STATUS_OK;
}

static enum status run_one(struct job *job, uint64_t index, struct tuning *tuning,
                           const struct configuration *configuration, struct trial_session **session)
{
    struct candidate candidate;
    enum status status = candidate_prepare(tuning, configuration, &candidate);
    if (status == STATUS_OK) status = compile_one(job, index, &candidate);
    if (status == STATUS_OK && candidate.job.verdict == VERDICT_OK) {
        if (!*session) status = open_session(job, tuning->scene->problem, session);
        if (status == STATUS_OK) status = try_one(job, index, *session, &candidate);
    }
    candidate_free(&candidate);
    return status;
}

/* One that `drawn` does not hold yet, where the space has another one. */
static bool draw(const struct tuning *tuning, struct rng *rng, const struct configuration *drawn, uint64_t n,
                 struct configuration *out)
{
    for (int attempt = 0; attempt < DRAWS; attempt++) {
        uint64_t i = 0;
        if (!space_random(tuning->space, rng, out)) return false;
        while (i < n && memcmp(&drawn[i], out, sizeof *out) != 0) i++;
        if (i == n) return true;
    }
    return n == 0;
}

static enum status run_drawn(struct job *job, struct tuning *tuning, size_t index)
{
    const struct group *group = &job->groups[index];
    struct configuration *drawn = calloc(group->count, sizeof *drawn);
    struct trial_session *session = NULL;
    struct rng rng;
    enum status status = drawn ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for a sample");
    rng_seed(&rng, job->setting->seed + 0x9e3779b97f4a7c15u * (index + 1));
    for (uint64_t i = 0; i < group->count && status == STATUS_OK; i++) {
        drawn[i] = tuning->fallback;
        bool is_default = index == 0 && i == 0 && tuning->has_default;
        if (!is_default && !draw(tuning, &rng, drawn, i, &drawn[i])) break;
        status = run_one(job, group->first + i, tuning, &drawn[i], &session);
    }
    trial_close(session);
    free(drawn);
    return status;
}

/* The template accepts the problem, and no configuration is valid for it here. */
static void note_empty(struct sample_result *result)
{
    if (result->n_empty++ == 0) snprintf(result->empty, sizeof result->empty, "%s", status_message());
}

static enum status run_group(struct job *job, size_t index)
{
    const struct sample_setting *setting = job->setting;
    struct tuning_scene scene = {&job->groups[index].problem, &setting->info->facts,
                                 setting->info->device_class.target, setting->compiler,
                                 setting->compiler_identity};
    struct tuning tuning;
    enum status status = tuning_open(&scene, job->manifest, &tuning);
    pthread_mutex_lock(&job->lock);
    job->result->n_problems += status == STATUS_OK;
    if (status == STATUS_NOT_COVERED) note_empty(job->result);
    pthread_mutex_unlock(&job->lock);
    if (status == STATUS_OK) status = run_drawn(job, &tuning, index);
    tuning_close(&tuning);
    return status == STATUS_NOT_COVERED ? STATUS_OK : status;
}

/* ---- all groups ---- */

static bool take_group(struct job *job, size_t *index)
{
    pthread_mutex_lock(&job->lock);
    bool stopped = job->setting->stop && *job->setting->stop;
    bool taken = job->status == STATUS_OK && !stopped && job->next < job->n_groups;
    if (stopped && job->status == STATUS_OK && job->next < job->n_groups) {
        job->status = STATUS_INTERRUPTED;
        snprintf(job->message, sizeof job->message, "interrupted");
    }
    *index = job->next;
    job->next += taken;
    pthread_mutex_unlock(&job->lock);
    return taken;
}

static void *work(void *context)
{
    struct job *job = context;
    size_t index;
    while (take_group(job, &index)) {
        enum status status = run_group(job, index);
        if (status == STATUS_OK) continue;
        pthread_mutex_lock(&job->lock);
        if (job->status == STATUS_OK) {
            job->status = status;
            snprintf(job->message, sizeof job->message, "%s", status_message());
        }
        pthread_mutex_unlock(&job->lock);
    }
    return NULL;
}

/* A real device measures nothing here, but one process at a time is what its drivers are made for. */
static unsigned count_jobs(const struct job *job)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned jobs = job->setting->jobs ? job->setting->jobs : cpus > 0 ? (unsigned)cpus : 1;
    if (!job->setting->target) jobs = 1;
    if (jobs > job->n_groups) jobs = (unsigned)job->n_groups;
    return jobs < JOBS_MAX ? jobs : JOBS_MAX;
}

static void run_groups(struct job *job)
{
    pthread_t threads[JOBS_MAX];
    unsigned jobs = count_jobs(job), started = 0;
    while (started + 1 < jobs && pthread_create(&threads[started], NULL, work, job) == 0) started++;
    work(job);
    while (started) pthread_join(threads[--started], NULL);
}

static int by_index(const void *a, const void *b)
{
    const struct sample_failure *left = a, *right = b;
    return left->index < right->index ? -1 : left->index > right->index;
}

enum status sample_verify(const struct sample_setting *setting, const struct manifest *manifest,
                          struct sample_result *out)
{
    *out = (struct sample_result){0};
    struct job job = {.setting = setting, .manifest = manifest, .result = out};
    uint64_t begin = clock_ns();
    if (!manifest_has_target(manifest, setting->info->device_class.target))
        return status_fail(STATUS_NOT_COVERED, "%s: not for target %s", manifest->name,
                           setting->info->device_class.target);
    enum status status = setting->n_problems ? group_given(&job) : group_samples(&job);
    for (size_t g = 0; g < job.n_groups; g++) out->asked += job.groups[g].count;
    pthread_mutex_init(&job.lock, NULL);
    if (status == STATUS_OK) {
        run_groups(&job);
        status = job.status == STATUS_OK ? STATUS_OK : status_fail(job.status, "%s", job.message);
    }
    pthread_mutex_destroy(&job.lock);
    free(job.groups);
    if (out->n_failures) qsort(out->failures, out->n_failures, sizeof *out->failures, by_index);
    out->total_ns = clock_ns() - begin;
    return status;
}
