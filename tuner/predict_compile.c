/* Fronts made for the target by its real compiler, and what the code says of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/predict_internal.h"

enum { COMPILE_MS = 120000 };

/* What an earlier run has left in the book needs no compiler. */
static bool take_from_book(struct predict *predict, struct predict_kernel *kernel)
{
    struct candidate found;
    bool taken = candidate_from_book(predict->options->book, &kernel->candidate.kernel, predict->compiler,
                                     &found) == STATUS_OK;
    if (!taken) {
        candidate_free(&found);
        return false;
    }
    candidate_free(&kernel->candidate);
    kernel->candidate = found;
    kernel->candidate.job.verdict = VERDICT_OK;
    kernel->stored = true;
    return true;
}

static void conclude(struct predict *predict, struct predict_kernel *kernel)
{
    struct compile_job *job = &kernel->candidate.job;
    kernel->compiled = true;
    predict->summary->compile_hits += job->cached || kernel->stored;
    predict->summary->compiled += !job->cached && !kernel->stored;
    if (job->verdict != VERDICT_OK) {
        kernel->passed = job->verdict;
        snprintf(kernel->detail, sizeof kernel->detail, "%.300s", job->detail);
    } else if (!kernel->stored) {
        candidate_compiled(&kernel->candidate);
    }
}

enum status predict_compile(struct predict *predict, struct predict_kernel *const *kernels, size_t n)
{
    uint64_t begin_ns = clock_ns();
    struct compile_job *jobs = calloc(n ? n : 1, sizeof *jobs);
    struct predict_kernel **owners = calloc(n ? n : 1, sizeof *owners);
    size_t n_jobs = 0;
    enum status status =
        jobs && owners ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for %zu compiles", n);
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        if (kernels[i]->compiled) continue;
        if (take_from_book(predict, kernels[i])) {
            conclude(predict, kernels[i]);
            continue;
        }
        owners[n_jobs] = kernels[i];
        jobs[n_jobs++] = kernels[i]->candidate.job;
    }
    if (status == STATUS_OK && n_jobs)
        status = compile_run(jobs, n_jobs, predict->jobs, COMPILE_MS, predict->options->stop);
    for (size_t i = 0; i < n_jobs; i++) {
        owners[i]->candidate.job = jobs[i];
        if (status == STATUS_OK) conclude(predict, owners[i]);
    }
    free(jobs);
    free(owners);
    predict->summary->compile_ns += clock_ns() - begin_ns;
    return status;
}

/* ---- judging ---- */

static void estimate_again(const struct predict_task *task, struct predict_front *front)
{
    const struct descriptor *descriptor = &front->kernel->candidate.descriptor;
    struct model_estimate estimate;
    if (!descriptor->resources.registers || !front->shape.registers) return;
    front->shape.registers = descriptor->resources.registers;
    model_estimate(&task->device, &task->work, &front->shape, &estimate);
    if (!(estimate.ns > 0))
        return; /* so many that it does not run: its place stays behind by what it spills */
    front->ns = estimate.ns;
    front->bound = model_part_name(estimate.bound);
}

static int rank_of(const struct predict_front *front)
{
    if (front->kernel->candidate.job.verdict != VERDICT_OK) return 2;
    return front->kernel->candidate.descriptor.resources.spill_bytes > 0;
}

static int by_promise(const void *a, const void *b)
{
    const struct predict_front *left = a, *right = b;
    int order = rank_of(left) - rank_of(right);
    if (order) return order;
    if (left->ns != right->ns) return left->ns < right->ns ? -1 : 1;
    return memcmp(&left->kernel->candidate.kernel, &right->kernel->candidate.kernel, sizeof(struct hash));
}

void predict_judge(struct predict_task *task)
{
    for (size_t i = 0; i < task->n; i++)
        if (rank_of(&task->fronts[i]) < 2) estimate_again(task, &task->fronts[i]);
    qsort(task->fronts, task->n, sizeof *task->fronts, by_promise);
}
