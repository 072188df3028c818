/* Several problems under a budget of time: slices go where most is expected of them (sweep_allocate.h), then
 * each problem has its finals.
 *
 * A problem keeps its session, the process that holds its inputs and references, from slice to slice as long
 * as all of them together fit in a part of the memory; beyond that those of which least is expected are
 * closed, and what opening them again takes counts against their next slice. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/sweep_internal.h"

/* First slices get this part of the time before the finals. */
static const double first_part = 0.5;

/* Sessions may hold this part of the memory together, and be so many: each takes two descriptors. */
static const double memory_part = 0.25;
enum { SESSIONS_MAX = 64 };

/* What a session will hold, before it is opened: operands to measure with and to verify with. On a GPU a
 * context besides (CUDA 12 and 13 on Hopper: 0.4 to 0.5 GB), and a larger part of the memory may be ours. */
enum { OPERAND_COPIES = 2, CONTEXT_BYTES = 512 << 20 };
static const double device_part = 0.5;

/* What the finals of short launches want, and what they take at least, warming up included. */
static const double finals_wanted_ns = 2.5e9, finals_least_ns = 0.8e9;

/* An interrupted sweep begins no finals later than this. */
static const uint64_t patience_ns = 5000000000u;

struct rounds {
    struct sweep *sweep;
    struct sweep_task **tasks; /* NULL: not created yet, or destroyed */
    struct prospect *prospects;
    uint64_t end_ns, first_end_ns;
};

static double until(uint64_t end_ns)
{
    uint64_t now_ns = clock_ns();
    return end_ns > now_ns ? (double)(end_ns - now_ns) : 0;
}

/* --- Time for the finals. --- */

static double finals_ns(const struct rounds *rounds, size_t i)
{
    const struct sweep *sweep = rounds->sweep;
    double share_ns = sweep->shares[i] * (double)sweep->options->budget.time_ns;
    double least_ns = fmin(fmax(share_ns / 4, fmin(finals_least_ns, share_ns / 2)), finals_wanted_ns);
    const struct sweep_task *task = rounds->tasks[i];
    if (!task) return rounds->prospects[i].over ? 0 : least_ns;
    return sweep_task_finals_ns(task, least_ns, share_ns * 3 / 4) + rounds->prospects[i].reopen_ns;
}

static double all_finals_ns(const struct rounds *rounds)
{
    double sum = 0;
    for (size_t i = 0; i < rounds->sweep->n_problems; i++) sum += finals_ns(rounds, i);
    return sum;
}

/* A device may have less room than it says, since others are on it: then all other sessions make way. */
static enum status open_session(struct rounds *rounds, size_t at_work)
{
    enum status status = sweep_task_session(rounds->tasks[at_work]);
    if (status != STATUS_NO_MEMORY) return status;
    for (size_t i = 0; i < rounds->sweep->n_problems; i++) {
        struct sweep_task *task = rounds->tasks[i];
        if (i == at_work || !task || !task->session) continue;
        trial_close(task->session);
        task->session = NULL;
        rounds->prospects[i].reopen_ns = (double)task->open_ns;
    }
    return sweep_task_session(rounds->tasks[at_work]);
}

/* A problem is done: finals where it has a session or may open one, and its result. */
static enum status finish(struct rounds *rounds, size_t i)
{
    struct sweep_task *task = rounds->tasks[i];
    uint64_t begin_ns = clock_ns();
    double all_ns = all_finals_ns(rounds), part = all_ns > 0 ? finals_ns(rounds, i) / all_ns : 1;
    enum status status = STATUS_OK;
    if (task->n_tunings) {
        task->deadline_ns = begin_ns + 1 + (uint64_t)(part * until(rounds->end_ns));
        if (sweep_stopped(rounds->sweep)) task->deadline_ns = begin_ns + 1;
        status = open_session(rounds, i);
        if (status == STATUS_OK) status = sweep_finals(task);
    }
    task->result.total_ns += clock_ns() - begin_ns;
    if (status == STATUS_OK) sweep_task_report(task);
    sweep_task_close(task);
    rounds->tasks[i] = NULL;
    rounds->prospects[i].over = true;
    return status;
}

/* --- Slices. --- */

static double operand_bytes_of(const struct problem *problem)
{
    struct op_work work;
    problem->op->work(problem, &work);
    return OPERAND_COPIES * work.bytes;
}

/* Memory, as a part of what sessions may hold: of the host, and on a GPU of that too. */
struct holding {
    double host, device;
};

static void hold(const struct sweep *sweep, const struct problem *problem, double host_bytes,
                 struct holding *holding)
{
    double host_all = sweep->overlaps ? (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE)
                                      : (double)sweep->info->memory_bytes;
    double copies = 2 * (double)sweep->info->llc_bytes;
    holding->host += host_bytes / (memory_part * host_all);
    if (sweep->overlaps)
        holding->device += (CONTEXT_BYTES + operand_bytes_of(problem) + copies) /
                           (device_part * (double)sweep->info->memory_bytes);
}

/* Closes sessions, those of which least is expected first, until the others fit beside so many bytes to come.
 * The one at work stays. */
static void fit_in_memory(struct rounds *rounds, size_t at_work, double coming)
{
    const struct sweep *sweep = rounds->sweep;
    for (;;) {
        struct holding held = {0};
        double least = 0;
        hold(sweep, &rounds->tasks[at_work]->problem, coming, &held);
        size_t victim = at_work, n_open = 0;
        for (size_t i = 0; i < sweep->n_problems; i++) {
            const struct sweep_task *task = rounds->tasks[i];
            if (!task || !task->session) continue;
            n_open++;
            if (i == at_work) continue;
            hold(sweep, &task->problem, (double)trial_session_bytes(task->session), &held);
            double slice_ns, rate = prospect_rate(&rounds->prospects[i], INFINITY, &slice_ns);
            if (victim != at_work && rate >= least) continue;
            victim = i;
            least = rate;
        }
        if ((held.host <= 1 && held.device <= 1 && n_open <= SESSIONS_MAX) || victim == at_work) return;
        struct sweep_task *task = rounds->tasks[victim];
        trial_close(task->session);
        task->session = NULL;
        rounds->prospects[victim].reopen_ns = (double)task->open_ns;
    }
}

static enum status open_task(struct rounds *rounds, const struct sweep_problem *problem, size_t i)
{
    TRY(sweep_task_create(rounds->sweep, problem, i, &rounds->tasks[i]));
    struct sweep_task *task = rounds->tasks[i];
    TRY(sweep_task_open(task));
    prospect_recall(&rounds->prospects[i], sweep_best_ns(task), (double)task->n_tried);
    return STATUS_OK;
}

static enum status search(struct rounds *rounds, size_t i, uint64_t slice_end_ns)
{
    struct sweep_task *task = rounds->tasks[i];
    if (!task->session) fit_in_memory(rounds, i, operand_bytes_of(&task->problem));
    TRY(open_session(rounds, i));
    rounds->prospects[i].reopen_ns = 0;
    fit_in_memory(rounds, i, (double)trial_session_bytes(task->session));
    for (bool more = true; more;) {
        uint64_t trials = task->fresh_trials, search_ns = task->search_ns;
        bool first = !task->n_tried; /* the default stands before what was learned */
        TRY(sweep_task_batch(task, slice_end_ns, &more));
        trials = task->fresh_trials - trials;
        prospect_note(&rounds->prospects[i], sweep_best_ns(task), (double)trials,
                      (double)(task->search_ns - search_ns));
        if (!first) task->n_learned -= trials < task->n_learned ? trials : task->n_learned;
        /* A compile begun with the last moment would take others' slices. */
        if (!task->n_learned && until(slice_end_ns) < sweep_task_each_ns(task) / 2) break;
    }
    sweep_lessons_take(task);
    sweep_lessons_spread(rounds->sweep, i, rounds->tasks, rounds->prospects);
    return STATUS_OK;
}

static enum status run_slice(struct rounds *rounds, const struct sweep_problem *problem, size_t i,
                             double slice_ns, double left_ns)
{
    uint64_t begin_ns = clock_ns();
    enum status status = rounds->tasks[i] ? STATUS_OK : open_task(rounds, problem, i);
    struct sweep_task *task = rounds->tasks[i];
    if (status == STATUS_OK && task->n_tunings) {
        task->deadline_ns = begin_ns + 1 + (uint64_t)left_ns;
        status = search(rounds, i, begin_ns + 1 + (uint64_t)slice_ns);
    }
    if (task) task->result.total_ns += clock_ns() - begin_ns;
    if (status != STATUS_OK && status != STATUS_INTERRUPTED) {
        sweep_task_close(task); /* no finals for this one */
        rounds->tasks[i] = NULL;
        rounds->prospects[i].over = true;
    }
    TRY(status);
    bool over = !task->n_tunings || sweep_task_is_over(task);
    return over && !sweep_stopped(rounds->sweep) ? finish(rounds, i) : STATUS_OK;
}

/* Each problem gets its default tried however little time is left to it; but a budget that is far too short
 * for all of them is overrun by half at most, and the rest wait for the next sweep. */
static bool may_begin(const struct rounds *rounds, size_t n_begun)
{
    uint64_t budget_ns = rounds->sweep->options->budget.time_ns;
    return !n_begun || clock_ns() - rounds->sweep->started_ns <= budget_ns + budget_ns / 2;
}

static enum status run_slices(struct rounds *rounds, const struct sweep_problem *problems)
{
    size_t n = rounds->sweep->n_problems;
    for (size_t n_slices = 0; !sweep_stopped(rounds->sweep); n_slices++) {
        double left_ns = until(rounds->end_ns) - all_finals_ns(rounds);
        if (left_ns < 0) left_ns = 0;
        struct allocation next = allocate_next(rounds->prospects, n, until(rounds->first_end_ns), left_ns,
                                               may_begin(rounds, n_slices));
        if (next.index == n) break;
        TRY(run_slice(rounds, &problems[next.index], next.index, next.slice_ns, left_ns));
    }
    return STATUS_OK;
}

/* --- The end. --- */

static enum status report_waiting(struct rounds *rounds, const struct sweep_problem *problem, size_t i)
{
    TRY(sweep_task_create(rounds->sweep, problem, i, &rounds->tasks[i]));
    struct sweep_task *task = rounds->tasks[i];
    snprintf(task->result.note, sizeof task->result.note,
             "not tried: the budget ended before its turn; the same command goes on");
    sweep_task_report(task);
    return STATUS_OK;
}

/* Once stopped, a sweep holds the finals for which there is patience; what the others tried is in the book.
 */
static enum status run_finals(struct rounds *rounds, const struct sweep_problem *problems, bool stopped)
{
    const struct sweep *sweep = rounds->sweep;
    uint64_t patient_until_ns = 0;
    enum status first_failure = STATUS_OK;
    char message[512];
    for (size_t i = 0; i < sweep->n_problems; i++) {
        stopped = stopped || sweep_stopped(sweep);
        if (stopped && !patient_until_ns) patient_until_ns = clock_ns() + patience_ns;
        if (rounds->tasks[i]) {
            if (stopped && (!rounds->tasks[i]->session || clock_ns() > patient_until_ns)) continue;
            enum status status = finish(rounds, i); /* one that fails does not cost the others theirs */
            if (status == STATUS_OK || first_failure != STATUS_OK) continue;
            first_failure = status;
            snprintf(message, sizeof message, "%s", status_message());
        } else if (!stopped && !rounds->prospects[i].over) {
            TRY(report_waiting(rounds, &problems[i], i));
        }
    }
    return first_failure == STATUS_OK ? STATUS_OK : status_fail(first_failure, "%s", message);
}

/* --- All of it. --- */

static enum status begin(struct rounds *rounds, const struct sweep_problem *problems)
{
    struct sweep *sweep = rounds->sweep;
    size_t n = sweep->n_problems;
    rounds->tasks = calloc(n, sizeof(struct sweep_task *));
    rounds->prospects = calloc(n, sizeof *rounds->prospects);
    if (!rounds->tasks || !rounds->prospects)
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", n);
    for (size_t i = 0; i < n; i++)
        prospect_begin(&rounds->prospects[i], problems[i].calls,
                       sweep_least_launch_ns(&problems[i].problem, sweep->info), sweep->shares[i]);
    rounds->end_ns = sweep->started_ns + sweep->options->budget.time_ns;
    rounds->first_end_ns =
        clock_ns() + (uint64_t)fmax(0, first_part * (until(rounds->end_ns) - all_finals_ns(rounds)));
    return STATUS_OK;
}

enum status sweep_rounds(struct sweep *sweep, const struct sweep_problem *problems)
{
    struct rounds rounds = {.sweep = sweep};
    enum status status = begin(&rounds, problems);
    if (status == STATUS_OK) {
        /* Whatever ended the slices, what was found so far gets its finals; the first failure is what is
         * told. */
        char line[1024] = "";
        status = run_slices(&rounds, problems);
        if (status != STATUS_OK) snprintf(line, sizeof line, "%s", status_message());
        enum status ended = run_finals(&rounds, problems, status != STATUS_OK);
        status = status == STATUS_OK ? ended : status_fail(status, "%s", line);
    }
    for (size_t i = 0; rounds.tasks && i < sweep->n_problems; i++) sweep_task_close(rounds.tasks[i]);
    free(rounds.tasks);
    free(rounds.prospects);
    return status;
}
