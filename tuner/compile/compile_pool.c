#include "tuner/compile/compile_pool.h"

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/compile/cache.h"
#include "tuner/compile/compile_frames.h"
#include "tuner/worker.h"

enum { PARALLEL_MAX = 256, STOP_POLL_MS = 100 };

/* One compile in flight. */
struct running {
    struct worker worker;
    struct compile_job *job; /* NULL: free */
    struct hash key;
    uint64_t started_ns, deadline_ns;
};

struct pool {
    struct running running[PARALLEL_MAX];
    unsigned parallel;
    uint32_t deadline_ms;
    char folder[512]; /* for the compilers' temporary files: removed with whatever killed ones left */
};

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static enum status pool_begin(struct pool *pool, unsigned parallel, uint32_t deadline_ms)
{
    *pool = (struct pool){.parallel = parallel < 1              ? 1
                                      : parallel < PARALLEL_MAX ? parallel
                                                                : PARALLEL_MAX,
                          .deadline_ms = deadline_ms};
    const char *parent = getenv("TMPDIR");
    if (!parent || !*parent) parent = "/tmp";
    if (snprintf(pool->folder, sizeof pool->folder, "%s/tunebook-XXXXXX", parent) >= (int)sizeof pool->folder)
        return status_fail(STATUS_IO, "TMPDIR is too long: %.100s...", parent);
    if (!mkdtemp(pool->folder)) return status_fail_errno(STATUS_IO, "cannot make a folder in %s", parent);
    return STATUS_OK;
}

static void pool_finish(struct pool *pool)
{
    for (unsigned i = 0; i < pool->parallel; i++) worker_end(&pool->running[i].worker, 0, NULL);
    nftw(pool->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void set_detail(struct compile_job *job, enum verdict verdict, const char *text)
{
    job->verdict = verdict;
    snprintf(job->detail, sizeof job->detail, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static bool take_cached(struct compile_job *job, const struct hash *key)
{
    job->cached = cache_get(key, &job->code, &job->code_hash);
    if (job->cached) set_detail(job, VERDICT_OK, "");
    return job->cached;
}

static enum status start(struct pool *pool, struct running *slot, struct compile_job *job,
                         const struct hash *key)
{
    const struct compile_request *request = &job->request;
    struct text frame = {0};
    field_put_string(&frame, job->compiler->name);
    field_put_string(&frame, request->source_name);
    field_put_string(&frame, request->definitions);
    field_put_string(&frame, request->target);
    field_put_string(&frame, pool->folder);
    field_put(&frame, &pool->deadline_ms, sizeof pool->deadline_ms);
    field_put_string(&frame, request->source);
    *slot = (struct running){.started_ns = clock_ns(), .key = *key};
    slot->deadline_ns = slot->started_ns + (uint64_t)pool->deadline_ms * 1000000u;
    enum status status = text_status(&frame);
    if (status == STATUS_OK) status = worker_spawn("compile", &slot->worker);
    if (status == STATUS_OK)
        status = channel_send(&slot->worker.channel, COMPILE_REQUEST, frame.data, frame.size);
    text_free(&frame);
    if (status == STATUS_OK)
        slot->job = job;
    else
        worker_end(&slot->worker, 0, NULL);
    return status;
}

/* The line of a log that says most: the first with "error", else the first. */
static const char *telling_line(const char *log)
{
    for (const char *line = log; *line;) {
        size_t size = strcspn(line, "\n");
        const char *found = strstr(line, "error");
        if (found && found < line + size) return line;
        line += size + (line[size] == '\n');
    }
    return log;
}

/* How a compiler that failed says that it had too little memory. */
static bool is_out_of_memory(const char *log)
{
    const char *const signs[] = {"out of memory", "memory exhausted", "bad_alloc", "Cannot allocate memory",
                                 "Killed signal"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strstr(log, signs[i])) return true;
    return false;
}

static bool take_answer(struct compile_job *job, const struct frame *frame)
{
    struct fields fields = {frame->bytes, frame->bytes + frame->size};
    uint32_t status;
    const char *message, *log;
    const void *code;
    size_t code_bytes;
    if (frame->kind != COMPILE_ANSWER || !field_take_exact(&fields, &status, sizeof status) ||
        !field_take_string(&fields, &message) || !field_take(&fields, &code, &code_bytes) ||
        !field_take_string(&fields, &log))
        return false;
    if (status == STATUS_OK) {
        text_append_bytes(&job->code, code, code_bytes);
        job->code_hash = sha256_of(code, code_bytes);
        if (text_status(&job->code) == STATUS_OK)
            set_detail(job, VERDICT_OK, "");
        else
            set_detail(job, VERDICT_RESOURCE_LIMIT, "no memory for the code");
    } else {
        bool limited = status == STATUS_NO_MEMORY || is_out_of_memory(log);
        set_detail(job, limited ? VERDICT_RESOURCE_LIMIT : VERDICT_COMPILE_ERROR,
                   *log ? telling_line(log) : message);
    }
    return true;
}

static void finish(struct running *slot)
{
    struct compile_job *job = slot->job;
    job->compile_ns = clock_ns() - slot->started_ns;
    if (job->verdict == VERDICT_OK) cache_put(&slot->key, &job->code, &job->code_hash);
    slot->job = NULL;
}

/* The compiler itself ended without an answer. */
static void take_death(struct running *slot)
{
    char how[96], detail[320], printed[160] = "";
    int ended = 0;
    worker_printed(slot->worker.output, printed, sizeof printed);
    worker_end(&slot->worker, 1000, &ended);
    worker_describe_end(ended, how, sizeof how);
    snprintf(detail, sizeof detail, "the compiler's process %s%s%s", how, *printed ? ": " : "", printed);
    set_detail(slot->job, VERDICT_CRASH, detail);
}

static void attend(struct pool *pool, struct running *slot)
{
    struct frame frame;
    enum channel_news news = channel_receive(&slot->worker.channel, 0, &frame);
    if (news == CHANNEL_FRAME && take_answer(slot->job, &frame)) {
        worker_end(&slot->worker, 1000, NULL);
        finish(slot);
    } else if (news != CHANNEL_NOTHING) {
        take_death(slot);
        finish(slot);
    } else if (clock_ns() >= slot->deadline_ns) {
        char detail[96];
        snprintf(detail, sizeof detail, "took longer than %u ms", pool->deadline_ms);
        worker_end(&slot->worker, 0, NULL);
        set_detail(slot->job, VERDICT_COMPILE_TIMEOUT, detail);
        finish(slot);
    }
}

/* Sleeps until a child says something, a deadline passes, or it is time to look at *stop. */
static unsigned await(struct pool *pool)
{
    struct pollfd waits[PARALLEL_MAX];
    unsigned n = 0;
    uint64_t now = clock_ns(), next = now + STOP_POLL_MS * 1000000u;
    for (unsigned i = 0; i < pool->parallel; i++) {
        const struct running *slot = &pool->running[i];
        if (!slot->job) continue;
        waits[n++] = (struct pollfd){.fd = slot->worker.channel.socket, .events = POLLIN};
        if (slot->deadline_ns < next) next = slot->deadline_ns;
    }
    if (n) poll(waits, n, next > now ? (int)((next - now) / 1000000u) + 1 : 0);
    for (unsigned i = 0; i < pool->parallel; i++)
        if (pool->running[i].job) attend(pool, &pool->running[i]);
    return n;
}

static struct running *free_slot(struct pool *pool)
{
    for (unsigned i = 0; i < pool->parallel; i++)
        if (!pool->running[i].job) return &pool->running[i];
    return NULL;
}

static enum status run_all(struct pool *pool, struct compile_job *jobs, size_t n, const volatile int *stop)
{
    size_t next = 0;
    for (;;) {
        if (stop && *stop) return status_fail(STATUS_INTERRUPTED, "interrupted while compiling");
        struct running *slot;
        while (next < n && (slot = free_slot(pool))) {
            struct compile_job *job = &jobs[next++];
            struct hash key = cache_key(&job->request, job->identity);
            if (take_cached(job, &key)) continue;
            TRY(start(pool, slot, job, &key));
        }
        if (await(pool) == 0 && next == n) return STATUS_OK;
    }
}

enum status compile_run(struct compile_job *jobs, size_t n, unsigned parallel, uint32_t deadline_ms,
                        const volatile int *stop)
{
    struct pool *pool = malloc(sizeof *pool);
    if (!pool) return status_fail(STATUS_NO_MEMORY, "no memory for compiling");
    for (size_t i = 0; i < n; i++) {
        jobs[i].verdict = VERDICT_STARTED;
        jobs[i].detail[0] = '\0';
        jobs[i].compile_ns = 0;
        jobs[i].cached = false;
    }
    enum status status = pool_begin(pool, parallel, deadline_ms);
    if (status == STATUS_OK) {
        status = run_all(pool, jobs, n, stop);
        pool_finish(pool);
    }
    free(pool);
    return status;
}
