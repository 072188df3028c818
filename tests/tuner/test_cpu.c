/* The CPU device: its pool, its loader, its launches. */
#include "tests/tuner/support.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include "tuner/base/clock.h"
#include "tuner/base/rng.h"
#include "tuner/device/cpu_load.h"
#include "tuner/device/cpu_pool.h"
#include "tuner/launch/kernel.h"

/* ---- the pool ---- */

enum { INDEXES = 5000, SLOTS = 16 };

struct notes {
    atomic_uint done[INDEXES];
    atomic_uint in_slot[SLOTS];
    atomic_uint clashes, slot_of[INDEXES];
};

static void note(void *context, uint32_t i, uint32_t slot)
{
    struct notes *notes = context;
    if (slot >= SLOTS || atomic_fetch_add(&notes->in_slot[slot], 1) != 0)
        atomic_fetch_add(&notes->clashes, 1);
    atomic_fetch_add(&notes->done[i], 1);
    atomic_store(&notes->slot_of[i], slot);
    atomic_fetch_sub(&notes->in_slot[slot], 1);
}

static void check_run(struct cpu_pool *pool, struct notes *notes, uint32_t count, uint32_t threads)
{
    memset(notes, 0, sizeof *notes);
    cpu_pool_run(pool, count, threads, note, notes);
    assert_int_equal(notes->clashes, 0);
    for (uint32_t i = 0; i < INDEXES; i++) assert_int_equal(notes->done[i], i < count ? 1 : 0);
    for (uint32_t i = 0; i < count; i++) assert_true(notes->slot_of[i] < (threads ? threads : 1));
}

static void test_every_index_once(void **state)
{
    (void)state;
    struct notes *notes = malloc(sizeof *notes);
    const uint32_t sizes[] = {1, 2, 3, 7};
    for (size_t s = 0; s < 4; s++) {
        struct cpu_pool *pool;
        assert_ok(cpu_pool_create(sizes[s], &pool));
        for (uint32_t count = 0; count < 20; count++) check_run(pool, notes, count, sizes[s]);
        check_run(pool, notes, INDEXES, sizes[s]);
        check_run(pool, notes, INDEXES, 1);
        if (sizes[s] > 2) check_run(pool, notes, INDEXES, 2);
        cpu_pool_destroy(pool);
    }
    free(notes);
    cpu_pool_destroy(NULL);
}

static void add(void *context, uint32_t i, uint32_t slot)
{
    (void)slot;
    atomic_fetch_add((atomic_ullong *)context, i + 1);
}

/* Launches back to back, and with pauses in which workers fall asleep. */
static void test_many_runs(void **state)
{
    (void)state;
    struct cpu_pool *pool;
    struct rng rng;
    rng_seed(&rng, 3);
    assert_ok(cpu_pool_create(4, &pool));
    for (int round = 0; round < scaled(3000); round++) {
        atomic_ullong sum = 0;
        uint32_t count = (uint32_t)rng_below(&rng, 12);
        cpu_pool_run(pool, count, 4, add, &sum);
        assert_int_equal(sum, (uint64_t)count * (count + 1) / 2);
        if (round % 64 == 0) clock_sleep_ns(200000);
    }
    cpu_pool_destroy(pool);
}

struct caller {
    struct cpu_pool *pool;
    bool right;
};

static void *call_often(void *argument)
{
    struct caller *caller = argument;
    caller->right = true;
    for (int round = 0; round < scaled(500); round++) {
        atomic_ullong sum = 0;
        cpu_pool_run(caller->pool, 9, 3, add, &sum);
        caller->right &= sum == 45;
    }
    return NULL;
}

static void test_callers_take_turns(void **state)
{
    (void)state;
    struct cpu_pool *pool;
    struct caller callers[3];
    pthread_t threads[3];
    assert_ok(cpu_pool_create(3, &pool));
    for (int i = 0; i < 3; i++) {
        callers[i] = (struct caller){.pool = pool};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_true(callers[i].right);
    }
    cpu_pool_destroy(pool);
}

/* ---- the loader ---- */

static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;
    while (readdir(folder)) n++;
    closedir(folder);
    return n;
}

/* Kernels whose memory files get the same descriptor number must stay kernels of their own, however many
 * there are. */
static void test_loads_are_distinct(void **state)
{
    (void)state;
    enum { LOADS = 70 };
    static const char *const files[] = {"good", "no_entry"};
    struct made made[2];
    void *loads[LOADS];
    made_compile(made, files, 2);
    size_t before = open_files();
    for (int i = 0; i < LOADS; i++) {
        assert_ok(cpu_load(made[i % 2].job.code.data, made[i % 2].job.code.size, &loads[i]));
        for (int j = 0; j < i; j++)
            if (loads[i] == loads[j]) fail_msg("load %d is load %d", i, j);
    }
    assert_int_equal(open_files(), before);
    for (int i = 0; i < LOADS; i++) cpu_unload(loads[i]);
    cpu_unload(NULL);
    made_free(&made[0]);
    made_free(&made[1]);
}

static void test_nonsense_is_refused(void **state)
{
    (void)state;
    void *handle = NULL;
    assert_int_equal(cpu_load("not an object", 13, &handle), STATUS_BAD_DATA);
    assert_int_equal(cpu_load("", 0, &handle), STATUS_BAD_DATA);
    assert_null(handle);
}

/* ---- launches ---- */

static struct device *open_threads(uint32_t threads, device_parallel_for *parallel_for, void *pool)
{
    struct device_options options = {.threads = threads, .parallel_for = parallel_for, .pool = pool};
    struct device *device;
    assert_ok(device_find("cpu")->open(0, &options, &device));
    return device;
}

static void check_product(const struct device_api *api, struct device *device, const struct made *made,
                          int64_t m)
{
    struct kernel *kernel;
    struct kernel_launch launch;
    struct problem problem;
    char text[64];
    float a[32 * 3], b[3 * 2] = {1, 2, 3, 4, 5, 6}, d[32 * 2];
    snprintf(text, sizeof text, "gemm f32 nn m=%lld n=2 k=3 al=2222", (long long)m);
    assert_ok(problem_parse(text, &problem));
    for (int i = 0; i < 32 * 3; i++) a[i] = (float)i;
    assert_ok(kernel_load(api, device, &made->descriptor, made->job.code.data, made->job.code.size, &kernel));
    assert_ok(kernel_bind(kernel, &problem, &launch));
    _Alignas(64) char workspace[1 << 16], args[OP_ARGS_BYTES_MAX];
    assert_true(launch.workspace_bytes + launch.scratch_bytes <= sizeof workspace);
    void *pointers[OP_OPERANDS_MAX] = {a, b, NULL, d};
    problem.op->bind(&problem, pointers, workspace, args);
    assert_ok(kernel_run(kernel, &launch, args, (uint32_t)problem.op->args_bytes, workspace, NULL));
    for (int64_t i = 0; i < m; i++)
        for (int j = 0; j < 2; j++)
            assert_true(d[i * 2 + j] == a[i * 3] * b[j] + a[i * 3 + 1] * b[2 + j] + a[i * 3 + 2] * b[4 + j]);
    kernel_unload(kernel);
}

static uint32_t pool_calls;

/* A caller's pool that runs everything backwards. */
static void backwards(void *pool, uint32_t count, uint32_t threads, device_parallel_body *body, void *context)
{
    (void)threads;
    assert_int_equal(*(int *)pool, 42);
    pool_calls++;
    for (uint32_t i = count; i-- > 0;) body(context, i, 0);
}

static void test_launch_on_any_pool(void **state)
{
    (void)state;
    static const char *const files[] = {"rows"};
    struct made made;
    int answer = 42;
    made_compile(&made, files, 1);
    made_describe(&made, "m", "256");
    made_finish(&made);
    const struct device_api *api = device_find("cpu");
    struct device *devices[] = {open_threads(1, NULL, NULL), open_threads(2, NULL, NULL),
                                open_threads(2, backwards, &answer)};
    for (int d = 0; d < 3; d++) {
        for (int64_t m = 1; m < 32; m += 5) check_product(api, devices[d], &made, m);
        api->close(devices[d]);
    }
    assert_true(pool_calls > 0);
    made_free(&made);
}

static void test_info(void **state)
{
    (void)state;
    const struct device_api *api = device_find("cpu");
    struct device *device = open_threads(1, NULL, NULL);
    const struct device_info *info = api->info(device);
    assert_int_equal(info->facts.value[DEVICE_FACT_units], 1);
    assert_int_equal(info->facts.value[DEVICE_FACT_lds_bytes], 64 << 20);
    int64_t vector = info->facts.value[DEVICE_FACT_vector_bytes];
    assert_true(vector == 16 || vector == 32 || vector == 64);
    assert_true(info->llc_bytes > 0 && info->memory_bytes > info->llc_bytes);
    assert_int_equal(api->scratch_bytes(device, 0), 0);
    assert_true(api->scratch_bytes(device, 100) >= 100);
    assert_int_equal(api->scratch_bytes(device, 100) % 64, 0);
    uint32_t n;
    assert_ok(api->count(&n));
    assert_int_equal(n, 1);
    api->close(device);
    struct device *none = NULL;
    assert_int_equal(api->open(1, NULL, &none), STATUS_UNAVAILABLE);
    assert_null(device_find("no such backend"));
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_index_once),
        cmocka_unit_test(test_many_runs),
        cmocka_unit_test(test_callers_take_turns),
        cmocka_unit_test(test_loads_are_distinct),
        cmocka_unit_test(test_nonsense_is_refused),
        cmocka_unit_test(test_launch_on_any_pool),
        cmocka_unit_test(test_info),
    };
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
