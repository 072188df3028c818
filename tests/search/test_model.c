/* The model's physics: what must hold of any device, whatever its constants are. */
#include "tests/base/check.h"

#include <math.h>
#include "search/model.h"
#include "tuner/base/class_physics.h"

static struct model_device device_of(const char *nickname)
{
    struct model_device device;
    assert_true(model_device_of(class_find(nickname), NULL, &device));
    return device;
}

static struct model_work work_of(int64_t m, int64_t n, int64_t k)
{
    return (struct model_work){.m = m,
                               .n = n,
                               .k = k,
                               .batch = 1,
                               .a_type = DTYPE_BF16,
                               .b_type = DTYPE_BF16,
                               .d_type = DTYPE_BF16,
                               .weights_cold = true};
}

/* A decent kernel. */
static struct model_kernel kernel_of(int64_t tile_m, int64_t tile_n)
{
    struct model_kernel kernel;
    model_kernel_init(&kernel);
    kernel.tile_m = tile_m, kernel.tile_n = tile_n, kernel.tile_k = 64;
    kernel.wave_m = tile_m / 2, kernel.wave_n = tile_n / 2;
    kernel.matrix = 1, kernel.math_m = kernel.math_n = 16, kernel.math_k = 16;
    kernel.stages = 3, kernel.group_m = 8, kernel.by_die = 1;
    kernel.shared_bytes = (tile_m + tile_n) * 64 * 2;
    return kernel;
}

static double estimate_ns(const struct model_device *device, const struct model_work *work,
                          const struct model_kernel *kernel)
{
    struct model_estimate estimate;
    model_estimate(device, work, kernel, &estimate);
    assert_true(isfinite(estimate.ns) && estimate.ns > 0);
    for (int part = 0; part < MODEL_PARTS; part++)
        assert_true(isfinite(estimate.part_ns[part]) && estimate.part_ns[part] >= -1e-6);
    assert_true(estimate.part_ns[estimate.bound] > 0);
    return estimate.ns;
}

/* Every class has a row of its own, with sensible figures, and no row is for a class that is not there. */
static void test_every_class(void **state)
{
    (void)state;
    size_t n;
    const struct device_class *classes = class_table(&n);
    for (size_t i = 0; i < n; i++) {
        const struct class_physics *physics = class_physics_find(&classes[i]);
        struct model_device device = device_of(classes[i].nickname);
        assert_non_null(physics);
        assert_string_equal(physics->nickname, classes[i].nickname);
        assert_int_equal(classes[i].units % physics->dies, 0);
        assert_true(physics->llc_gbps == 0 || physics->llc_gbps > classes[i].bandwidth_gbps);
        assert_true((physics->llc_gbps > 0) == (classes[i].llc_bytes > 0));
        assert_in_range((int)physics->memory_latency_ns, 200, 1000);
        assert_true(physics->near_latency_ns < physics->memory_latency_ns);
        assert_in_range((int)physics->power_percent_16, 40, 100);
        assert_true(physics->power_percent_8 <= physics->power_percent_16);
        assert_true(device.registers && device.unit_threads && device.vector_flops >= 128);
        /* A unit's L2 path is no faster than its shared memory. */
        assert_true(device.unit_bytes_per_cycle <= device.lds_bytes_per_cycle);
    }
}

static void test_unknown_classes(void **state)
{
    (void)state;
    struct model_device device;
    struct device_class odd = *class_find("mi300x");
    odd.nickname = "";
    odd.units = 100, odd.bandwidth_gbps = 1000;
    assert_true(model_device_of(&odd, NULL, &device)); /* by its target */
    assert_int_equal(device.units, 100);
    assert_true(device.memory_gbps == 1000);
    strcpy(odd.target, "gfx803");
    assert_false(model_device_of(&odd, NULL, &device));
}

/* Never faster than arithmetic and memory allow; with large tiles on large problems not absurdly slower. */
static void test_bounds(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 16, 200, 1024, 4096, 8192};
    size_t n;
    const struct device_class *classes = class_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct model_device device = device_of(classes[i].nickname);
        for (size_t s = 0; s < N_OF(sizes); s++) {
            struct model_work work = work_of(sizes[s], 4096, 4096);
            struct model_kernel kernel = kernel_of(sizes[s] < 64 ? 16 : 128, 128);
            double ns = estimate_ns(&device, &work, &kernel), m = (double)work.m;
            double flops_ns = 2 * m * 4096 * 4096 / (classes[i].peak_tflops[DTYPE_BF16] * 1e3);
            double bytes_ns = 2 * (m * 4096 * 2 + 4096.0 * 4096) / classes[i].bandwidth_gbps;
            assert_true(ns > flops_ns && ns > bytes_ns);
            if (sizes[s] == 8192) assert_true(ns < 5 * fmax(flops_ns, bytes_ns));
        }
    }
}

static void test_more_is_slower(void **state)
{
    (void)state;
    struct model_device device = device_of("mi300x");
    struct model_kernel kernel = kernel_of(128, 128);
    double before = 0;
    for (int64_t k = 64; k <= 16384; k += 64) {
        struct model_work work = work_of(1024, 1024, k);
        double ns = estimate_ns(&device, &work, &kernel);
        assert_true(ns >= before);
        before = ns;
    }
    before = 0;
    for (int64_t m = 128; m <= 32768; m += 128) {
        struct model_work work = work_of(m, 4096, 1024);
        double ns = estimate_ns(&device, &work, &kernel);
        assert_true(ns >= before * 0.999); /* a patch of tiles may fall better */
        before = ns;
    }
}

/* One tile more than there are units costs a round; a part of one costs no more than a whole one. */
static void test_wave_quantization(void **state)
{
    (void)state;
    struct model_device device = device_of("mi300x");
    struct model_kernel kernel = kernel_of(256, 256);
    kernel.occupancy = 1;
    struct model_work fits = work_of(16 * 256, 19 * 256, 4096), spills = work_of(16 * 256, 20 * 256, 4096);
    struct model_estimate full, partly;
    model_estimate(&device, &fits, &kernel, &full);
    model_estimate(&device, &spills, &kernel, &partly);
    assert_int_equal(full.tiles, 304);
    assert_int_equal(full.rounds, 1);
    assert_int_equal(partly.rounds, 2);
    assert_true(partly.ns > 1.3 * full.ns && partly.ns < 2 * full.ns);
    kernel.stream = 1;
    struct model_estimate stream;
    model_estimate(&device, &spills, &kernel, &stream);
    assert_true(stream.ns < partly.ns); /* what stream-K is for */
}

/* A tall, thin product has too few tiles: splitting k pays, until the partial sums cost more. */
static void test_split_k(void **state)
{
    (void)state;
    struct model_device device = device_of("mi300x");
    struct model_work work = work_of(64, 512, 16384);
    struct model_kernel kernel = kernel_of(64, 64);
    kernel.split_cost = 1;
    double once = estimate_ns(&device, &work, &kernel);
    kernel.split_k = 16;
    double split = estimate_ns(&device, &work, &kernel);
    kernel.split_k = 256;
    double far = estimate_ns(&device, &work, &kernel);
    assert_true(split < once / 2);
    assert_true(far > split);
}

/* Each of these can only help. */
static void test_helpful(void **state)
{
    (void)state;
    struct model_device device = device_of("mi300x");
    struct model_work work = work_of(4096, 4096, 4096);
    struct model_kernel kernel = kernel_of(128, 128), other = kernel;
    double ns = estimate_ns(&device, &work, &kernel);
    other.stages = 1;
    assert_true(estimate_ns(&device, &work, &other) > ns);
    other = kernel, other.conflicts = 8;
    assert_true(estimate_ns(&device, &work, &other) > ns);
    other = kernel, other.vector_a = other.vector_b = 2;
    assert_true(estimate_ns(&device, &work, &other) > ns);
    other = kernel, other.scale_k = 64;
    assert_true(estimate_ns(&device, &work, &other) > ns);
    other = kernel, other.matrix = 0;
    assert_true(estimate_ns(&device, &work, &other) > 4 * ns);
    other = kernel, other.math_cycles = 64; /* a quarter of what these units do in that time */
    assert_true(estimate_ns(&device, &work, &other) > ns);
    other = kernel, other.by_die = 0, other.group_m = 1;
    struct model_estimate scattered, together;
    model_estimate(&device, &work, &other, &scattered);
    model_estimate(&device, &work, &kernel, &together);
    assert_true(scattered.part_ns[MODEL_LLC] > 1.5 * together.part_ns[MODEL_LLC]);
}

/* What a partition gives up: an eighth of the units and of the bandwidth. */
static void test_partition(void **state)
{
    (void)state;
    struct model_device whole = device_of("mi300x"), part = device_of("mi300x_cpx");
    struct model_work eight = work_of(8192, 4096, 4096), one = work_of(1024, 4096, 4096);
    struct model_kernel kernel = kernel_of(128, 128);
    double ratio = estimate_ns(&part, &one, &kernel) / estimate_ns(&whole, &eight, &kernel);
    assert_true(ratio > 0.8 && ratio < 1.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_class),
        cmocka_unit_test(test_unknown_classes),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_more_is_slower),
        cmocka_unit_test(test_wave_quantization),
        cmocka_unit_test(test_split_k),
        cmocka_unit_test(test_helpful),
        cmocka_unit_test(test_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
