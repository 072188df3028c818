/* What emulation costs: nanoseconds per switch, per access. One line each, on one worker. */
#include "tests/emulator/kernels.h"
#include <time.h>

enum { WORDS = 1 << 16, ROUNDS = 9 };

struct bench {
    const char *file, *entry, *what;
    uint32_t grid, shared_bytes, n;
    double per_thread; /* of what is counted */
};

static const struct bench benches[] = {
    {"bench.hip", "empty", "thread from beginning to end", 400, 0, 0, 1},
    {"bench.hip", "barriers", "thread at a barrier", 4, 0, 1000, 1000},
    {"bench.hip", "shuffles", "lane of a shuffle", 4, 0, 1000, 1000},
    {"bench.hip", "reads16", "16-byte shared read (16-byte writes)", 4, 4096, 50, 50 * 128},
    {"bench.hip", "reads16_of_words", "16-byte shared read (4-byte writes)", 4, 4096, 50, 50 * 128},
    {"bench.hip", "reads4", "4-byte shared read", 4, 1024, 50, 50 * 128},
    {"bench.hip", "writes4", "4-byte shared write", 4, 4096, 50, 50 * 128},
    {"bench.hip", "global_reads", "4-byte global read", 4, 0, 5000, 5000},
    {"bench.hip", "global_writes", "4-byte global write", 4, 0, 5000, 5000},
    {"bench_waves.hip", "reads4", "4-byte shared read, waves meet alone", 4, 1024, 50, 50 * 128},
    {"bench_waves.hip", "reads16", "16-byte shared read, waves meet alone", 4, 4096, 50, 50 * 128},
};

/* Of this process: others may be busy here. */
static double cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static double best_ns(struct kernels *kernels, const struct bench *bench, const struct test_args *args)
{
    struct device_step step = kernels_step(kernels, bench->entry, bench->grid, 256, bench->shared_bytes);
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_ns();
        assert_ok(kernels_launch(kernels, &step, 1, args));
        double ns = (cpu_ns() - begin) / bench->grid / 256 / bench->per_thread;
        if (round == 0 || ns < best) best = ns;
    }
    return best;
}

/* With an argument: only those of that entry. */
int main(int argc, char **argv)
{
    uint32_t *out = calloc(WORDS, 4), *in = calloc(WORDS, 4);
    struct test_args args = {out, in, out, 0};
    struct kernels kernels = {0};
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
        const struct bench *bench = &benches[i];
        if (strcmp(kernels.file, bench->file) != 0) {
            if (kernels.device) kernels_close(&kernels);
            kernels_open(&kernels, bench->file, "gfx942", 1, false);
            assert_ok(kernels.api->expose(kernels.device, "out", out, WORDS * 4, true));
            assert_ok(kernels.api->expose(kernels.device, "in", in, WORDS * 4, false));
        }
        if (argc > 1 && strcmp(argv[1], bench->entry) != 0) continue;
        args.n = bench->n;
        printf("%7.2f ns  %s\n", best_ns(&kernels, bench, &args), bench->what);
    }
    kernels_close(&kernels);
    free(out);
    free(in);
    return 0;
}
