#include "tuner/base/cpu_measure.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tuner/base/clock.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { REPEATS = 5, STREAMS = 4, FMA_ROUNDS = 200000, ACCUMULATORS = 10 };

/* ---- arithmetic: independent chains of multiply-adds, enough to hide the latency of two units ---- */

#define FMA_LOOP(vector, lanes, constant, fma)                                                              \
    vector a = constant(0.9999f), b = constant(0.0001f), s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a,    \
           s6 = a, s7 = a, s8 = a, s9 = a;                                                                  \
    for (int i = 0; i < FMA_ROUNDS; i++) {                                                                  \
        s0 = fma(s0, a, b), s1 = fma(s1, a, b), s2 = fma(s2, a, b), s3 = fma(s3, a, b), s4 = fma(s4, a, b); \
        s5 = fma(s5, a, b), s6 = fma(s6, a, b), s7 = fma(s7, a, b), s8 = fma(s8, a, b), s9 = fma(s9, a, b); \
        __asm__ volatile("" : KEEP(s0), KEEP(s1), KEEP(s2), KEEP(s3), KEEP(s4));                            \
        __asm__ volatile("" : KEEP(s5), KEEP(s6), KEEP(s7), KEEP(s8), KEEP(s9));                            \
    }                                                                                                       \
    return 2.0 * FMA_ROUNDS * ACCUMULATORS * (lanes)

/* The fastest that this machine has; returns floating-point operations done. */
#if defined(__x86_64__)
#define KEEP(s) "+v"(s)
__attribute__((target("avx512f"))) static double run_avx512(void)
{
    FMA_LOOP(__m512, 16, _mm512_set1_ps, _mm512_fmadd_ps);
}
#undef KEEP
#define KEEP(s) "+x"(s)
__attribute__((target("avx2,fma"))) static double run_avx2(void)
{
    FMA_LOOP(__m256, 8, _mm256_set1_ps, _mm256_fmadd_ps);
}
#define MULTIPLY_ADD(s, a, b) _mm_add_ps(_mm_mul_ps(s, a), b)
static double run_plain(void)
{
    FMA_LOOP(__m128, 4, _mm_set1_ps, MULTIPLY_ADD);
}
static double run_arithmetic(void)
{
    if (__builtin_cpu_supports("avx512f")) return run_avx512();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? run_avx2() : run_plain();
}
#elif defined(__aarch64__)
#define KEEP(s)               "+w"(s)
#define MULTIPLY_ADD(s, a, b) vfmaq_f32(b, s, a)
static double run_arithmetic(void)
{
    FMA_LOOP(float32x4_t, 4, vdupq_n_f32, MULTIPLY_ADD);
}
#else
#define KEEP(s)               "+r"(s)
#define SCALAR(x)             (x)
#define MULTIPLY_ADD(s, a, b) ((s) * (a) + (b))
static double run_arithmetic(void)
{
    FMA_LOOP(float, 1, SCALAR, MULTIPLY_ADD);
}
#endif

/* ---- memory ---- */

typedef uint64_t lane __attribute__((vector_size(16)));

/* Several streams at once: hardware prefetchers start anew at every page, and the other streams cover that.
 */
static void run_reading(const lane *from, size_t lanes)
{
    size_t part = lanes / STREAMS;
    lane s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (size_t i = 0; i + 4 <= part; i += 4) {
        for (int k = 0; k < 4; k++) {
            s0 += from[i + k];
            s1 += from[part + i + k];
            s2 += from[2 * part + i + k];
            s3 += from[3 * part + i + k];
        }
    }
    s0 += s1 + s2 + s3;
    __asm__ volatile("" : : "r"(s0[0] + s0[1]));
}

/* ---- the threads ---- */

struct crew {
    pthread_mutex_t gate; /* held until every thread exists */
    pthread_barrier_t barrier;
    bool dismissed;
};

struct span {
    uint64_t begin_ns, end_ns;
};

struct hand {
    struct crew *crew;
    pthread_t thread;
    lane *slice;
    size_t lanes;
    double operations;
    struct span reading[REPEATS], arithmetic[REPEATS];
};

static void *hand_work(void *argument)
{
    struct hand *hand = argument;
    struct crew *crew = hand->crew;
    pthread_mutex_lock(&crew->gate);
    bool dismissed = crew->dismissed;
    pthread_mutex_unlock(&crew->gate);
    if (dismissed) return NULL;

    memset(hand->slice, 1,
           hand->lanes * sizeof(lane)); /* by its reader, so that pages lie on the reader's node */
    for (int i = 0; i < REPEATS; i++) {
        pthread_barrier_wait(&crew->barrier);
        hand->reading[i].begin_ns = clock_ns();
        run_reading(hand->slice, hand->lanes);
        hand->reading[i].end_ns = clock_ns();
    }
    for (int i = 0; i < REPEATS; i++) {
        pthread_barrier_wait(&crew->barrier);
        hand->arithmetic[i].begin_ns = clock_ns();
        hand->operations = run_arithmetic();
        hand->arithmetic[i].end_ns = clock_ns();
    }
    return NULL;
}

/* From the first thread's begin to the last one's end. */
static double span_of_all(const struct hand *hands, uint32_t n, int repeat, bool reading)
{
    uint64_t begin = UINT64_MAX, end = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct span *span = reading ? &hands[i].reading[repeat] : &hands[i].arithmetic[repeat];
        if (span->begin_ns < begin) begin = span->begin_ns;
        if (span->end_ns > end) end = span->end_ns;
    }
    return end > begin ? (double)(end - begin) : 1;
}

uint32_t cpu_round_figure(double value)
{
    uint32_t step = 1;
    while (value / step >= 99.5 && step < 100000000) step *= 10;
    uint32_t rounded = (uint32_t)(value / step + 0.5) * step;
    return rounded ? rounded : 1;
}

static double least_span(const struct hand *hands, uint32_t n, bool reading)
{
    double least_ns = span_of_all(hands, n, 0, reading);
    for (int i = 1; i < REPEATS; i++) {
        double ns = span_of_all(hands, n, i, reading);
        if (ns < least_ns) least_ns = ns;
    }
    return least_ns;
}

uint32_t cpu_class_figure(uint32_t value)
{
    uint32_t step = 1;
    while (step < (1u << 30) && (uint64_t)value * value > 2 * (uint64_t)step * step) step *= 2;
    return step;
}

/* The best of the repeats: whatever else runs can only slow them down. */
static struct cpu_speed speed_of(const struct hand *hands, uint32_t n, double bytes)
{
    double operations = 0;
    for (uint32_t i = 0; i < n; i++) operations += hands[i].operations;
    /* bytes per nanosecond are 10^9 bytes per second */
    return (struct cpu_speed){cpu_round_figure(bytes / least_span(hands, n, true)),
                              cpu_round_figure(operations / least_span(hands, n, false))};
}

/* Starts all threads or none. They take no signals: those are the program's. */
static int crew_start(struct crew *crew, struct hand *hands, uint32_t n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&crew->gate);
    int error = 0;
    uint32_t started = 0;
    while (started < n && !error) {
        hands[started].crew = crew;
        error = pthread_create(&hands[started].thread, NULL, hand_work, &hands[started]);
        if (!error) started++;
    }
    crew->dismissed = error != 0;
    pthread_mutex_unlock(&crew->gate);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (uint32_t i = 0; i < started; i++) pthread_join(hands[i].thread, NULL);
    return error;
}

static size_t buffer_bytes(uint32_t threads, uint64_t llc_bytes)
{
    uint64_t bytes = llc_bytes * 9 / 4, most = (uint64_t)1 << 30;
    uint64_t free_bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    if (most > free_bytes / 4) most = free_bytes / 4;
    if (bytes < (uint64_t)64 << 20) bytes = (uint64_t)64 << 20;
    if (bytes > most) bytes = most;
    size_t slice = (size_t)bytes / threads / 4096 * 4096;
    return (slice ? slice : 4096) * threads;
}

enum status cpu_measure(uint32_t threads, uint64_t llc_bytes, struct cpu_speed *speed)
{
    size_t bytes = buffer_bytes(threads, llc_bytes), slice = bytes / threads / sizeof(lane);
    struct hand *hands = calloc(threads, sizeof *hands);
    void *buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!hands || buffer == MAP_FAILED) {
        free(hands);
        if (buffer != MAP_FAILED) munmap(buffer, bytes);
        return status_fail(STATUS_NO_MEMORY, "no memory to measure the CPU's bandwidth (%zu bytes)", bytes);
    }
    madvise(buffer, bytes, MADV_HUGEPAGE);
    for (uint32_t i = 0; i < threads; i++) {
        hands[i].slice = (lane *)buffer + i * slice;
        hands[i].lanes = slice;
    }
    struct crew crew = {.gate = PTHREAD_MUTEX_INITIALIZER};
    pthread_barrier_init(&crew.barrier, NULL, threads);
    int error = crew_start(&crew, hands, threads);
    pthread_barrier_destroy(&crew.barrier);
    if (!error) *speed = speed_of(hands, threads, (double)bytes);
    munmap(buffer, bytes);
    free(hands);
    if (error)
        return status_fail(STATUS_IO, "cannot start %u threads to measure the CPU: %s", threads,
                           strerror(error));
    return STATUS_OK;
}
