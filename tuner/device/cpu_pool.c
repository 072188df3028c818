#include "tuner/device/cpu_pool.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 128, SPIN_NS = 40000, SPIN_PAUSES = 16 };

/* A worker's mailbox. The caller posts WORK; the worker answers IDLE when it is done. */
enum { IDLE, WORK, ASLEEP, QUIT };

struct worker {
    _Alignas(LINE_BYTES) _Atomic uint32_t state;
    uint32_t slot;
    struct cpu_pool *pool;
    pthread_t thread;
};

struct cpu_pool {
    uint32_t threads;       /* the caller included */
    struct worker *workers; /* threads - 1 */
    /* The launch that runs: written before its workers are posted, unchanged until the last has answered. */
    device_parallel_body *body;
    void *context;
    uint32_t count, active;
    _Alignas(LINE_BYTES) _Atomic uint32_t next;    /* index to take, where count > active */
    _Alignas(LINE_BYTES) _Atomic uint32_t pending; /* workers that have not answered */
    _Atomic uint32_t caller_sleeps;
    _Alignas(LINE_BYTES) _Atomic uint32_t lock; /* 0 free, 1 taken, 2 taken and somebody waits */
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Spins while *word == value, at most SPIN_NS; the last value seen. */
static uint32_t spin_while(_Atomic uint32_t *word, uint32_t value)
{
    uint64_t begin = 0;
    for (;;) {
        for (int i = 0; i < SPIN_PAUSES; i++) {
            uint32_t seen = atomic_load_explicit(word, memory_order_acquire);
            if (seen != value) return seen;
            pause_briefly();
        }
        uint64_t now = now_ns();
        if (!begin) begin = now;
        if (now - begin > SPIN_NS) return value;
    }
}

static void run_share(struct cpu_pool *pool, uint32_t slot)
{
    if (pool->count <= pool->active) {
        pool->body(pool->context, slot, slot);
        return;
    }
    for (;;) {
        uint32_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (i >= pool->count) return;
        pool->body(pool->context, i, slot);
    }
}

static uint32_t await_post(struct worker *worker)
{
    uint32_t state = spin_while(&worker->state, IDLE);
    if (state != IDLE) return state;
    uint32_t expected = IDLE;
    if (!atomic_compare_exchange_strong(&worker->state, &expected, ASLEEP)) return expected;
    while ((state = atomic_load(&worker->state)) == ASLEEP) futex_wait(&worker->state, ASLEEP);
    return state;
}

static void *worker_main_loop(void *argument)
{
    struct worker *worker = argument;
    struct cpu_pool *pool = worker->pool;
    while (await_post(worker) != QUIT) {
        run_share(pool, worker->slot);
        /* IDLE first: once pending is 0 the caller may post again. */
        atomic_store(&worker->state, IDLE);
        if (atomic_fetch_sub(&pool->pending, 1) == 1 && atomic_load(&pool->caller_sleeps))
            futex_wake(&pool->pending);
    }
    return NULL;
}

static void post(struct worker *worker, uint32_t message)
{
    if (atomic_exchange(&worker->state, message) == ASLEEP) futex_wake(&worker->state);
}

static void await_workers(struct cpu_pool *pool)
{
    uint64_t begin = 0;
    for (;;) {
        uint32_t left = atomic_load_explicit(&pool->pending, memory_order_acquire);
        if (left == 0) return;
        for (int i = 0; i < SPIN_PAUSES; i++) pause_briefly();
        uint64_t now = now_ns();
        if (!begin) begin = now;
        if (now - begin > SPIN_NS) break;
    }
    atomic_store(&pool->caller_sleeps, 1);
    uint32_t left;
    while ((left = atomic_load(&pool->pending)) != 0) futex_wait(&pool->pending, left);
    atomic_store(&pool->caller_sleeps, 0);
}

/* Drepper, "Futexes are tricky", mutex 2, after a spin. */
static void take_turn(struct cpu_pool *pool)
{
    uint32_t expected = 0;
    if (atomic_compare_exchange_strong(&pool->lock, &expected, 1)) return;
    while (atomic_exchange(&pool->lock, 2) != 0) futex_wait(&pool->lock, 2);
}

static void end_turn(struct cpu_pool *pool)
{
    if (atomic_exchange(&pool->lock, 0) == 2) futex_wake(&pool->lock);
}

void cpu_pool_run(void *context, uint32_t count, uint32_t threads, device_parallel_body *body,
                  void *body_context)
{
    struct cpu_pool *pool = context;
    uint32_t active = threads < pool->threads ? threads : pool->threads;
    if (count < active) active = count;
    if (active <= 1) {
        for (uint32_t i = 0; i < count; i++) body(body_context, i, 0);
        return;
    }
    take_turn(pool);
    pool->body = body;
    pool->context = body_context;
    pool->count = count;
    pool->active = active;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->pending, active - 1, memory_order_relaxed);
    for (uint32_t i = 0; i + 1 < active; i++) post(&pool->workers[i], WORK);
    run_share(pool, 0);
    await_workers(pool);
    end_turn(pool);
}

/* Workers start with all signals blocked: a handler of the program must not run on them. Faults still arrive.
 */
static enum status start_workers(struct cpu_pool *pool)
{
    sigset_t all, before;
    sigfillset(&all);
    const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    enum status status = STATUS_OK;
    uint32_t started = 0;
    for (; started + 1 < pool->threads; started++) {
        struct worker *worker = &pool->workers[started];
        worker->pool = pool;
        worker->slot = started + 1;
        int error = pthread_create(&worker->thread, NULL, worker_main_loop, worker);
        if (error == 0) continue;
        status = status_fail(STATUS_IO, "cannot start thread %u of %u (error %d); use fewer threads",
                             started + 2, pool->threads, error);
        break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pool->threads = started + 1;
    return status;
}

enum status cpu_pool_create(uint32_t threads, struct cpu_pool **out)
{
    size_t bytes = (sizeof(struct cpu_pool) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    size_t all = bytes + (size_t)threads * sizeof(struct worker);
    struct cpu_pool *pool = aligned_alloc(LINE_BYTES, (all + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES);
    if (!pool) return status_fail(STATUS_NO_MEMORY, "no memory for a pool of %u threads", threads);
    *pool = (struct cpu_pool){.threads = threads, .workers = (struct worker *)((char *)pool + bytes)};
    for (uint32_t i = 0; i < threads; i++) pool->workers[i] = (struct worker){.state = IDLE};
    enum status status = start_workers(pool);
    if (status != STATUS_OK) {
        cpu_pool_destroy(pool);
        return status;
    }
    *out = pool;
    return STATUS_OK;
}

void cpu_pool_destroy(struct cpu_pool *pool)
{
    if (!pool) return;
    for (uint32_t i = 0; i + 1 < pool->threads; i++) {
        post(&pool->workers[i], QUIT);
        pthread_join(pool->workers[i].thread, NULL);
    }
    free(pool);
}
