/* Blocks of enqueued launches: recorded where the device can, walking through all copies of the weights, and
 * plain where recording fails. The device is a table of counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tuner/enqueued.h"

static struct {
    unsigned enqueued, recorded, graph_launches, destroyed;
    bool capturing, refuses;
    uint64_t seen[4096]; /* copies that launches met */
} device;

static enum status graph_begin(struct device *handle, void *stream)
{
    (void)handle, (void)stream;
    if (device.refuses) return status_fail(STATUS_UNAVAILABLE, "no recording");
    device.capturing = true;
    return STATUS_OK;
}

static enum status graph_end(struct device *handle, void *stream, void **graph)
{
    (void)handle, (void)stream;
    device.capturing = false;
    *graph = &device.seen[++device.recorded];
    return STATUS_OK;
}

static enum status graph_launch(struct device *handle, void *graph, void *stream)
{
    (void)handle, (void)graph, (void)stream;
    device.graph_launches++;
    return STATUS_OK;
}

static void graph_destroy(struct device *handle, void *graph)
{
    (void)handle, (void)graph;
    device.destroyed++;
}

static enum status mark_record(struct device *handle, void *mark, void *stream)
{
    (void)handle, (void)mark, (void)stream;
    return STATUS_OK;
}

static enum status mark_elapsed_ns(struct device *handle, void *begin, void *end, double *ns)
{
    (void)handle, (void)begin, (void)end;
    *ns = 1000;
    return STATUS_OK;
}

static const struct device_api api = {
    .graph_begin = graph_begin,
    .graph_end = graph_end,
    .graph_launch = graph_launch,
    .graph_destroy = graph_destroy,
    .mark_record = mark_record,
    .mark_elapsed_ns = mark_elapsed_ns,
};

static struct stage stage;

static enum status enqueue(void *context, uint64_t i)
{
    (void)context;
    device.enqueued++;
    if (device.capturing) device.seen[i % stage.set.copies]++;
    return STATUS_OK;
}

static struct enqueued begin(uint32_t copies)
{
    memset(&device, 0, sizeof device);
    stage = (struct stage){.api = &api, .own_memory = true, .set.copies = copies};
    return (struct enqueued){.stage = &stage, .enqueue = enqueue};
}

/* Every copy of the weights is met equally often by the recorded blocks together. */
static void check_walk(uint32_t copies, uint32_t wanted)
{
    struct enqueued enqueued = begin(copies);
    double ns;
    uint32_t per_sample = wanted;
    assert_int_equal(enqueued_settle(&enqueued, &per_sample), STATUS_OK);
    assert_int_equal(device.enqueued, per_sample * device.recorded);
    for (uint32_t i = 1; i < copies; i++) assert_int_equal(device.seen[i], device.seen[0]);
    unsigned before = device.graph_launches;
    assert_int_equal(enqueued_time(&enqueued, 7, per_sample, &ns), STATUS_OK);
    assert_int_equal(device.graph_launches, before + 1);
    assert_int_equal(device.enqueued, per_sample * device.recorded);
    enqueued_drop(&enqueued);
    assert_int_equal(device.destroyed, device.recorded);
}

static void test_blocks_walk_through_copies(void **state)
{
    (void)state;
    check_walk(1, 20);
    check_walk(7, 20);
    check_walk(1000, 20);
    check_walk(2048, 20);
    check_walk(1, 5000);
}

/* Another number of launches than a graph has goes one by one, and so does a single launch. */
static void test_other_counts_are_plain(void **state)
{
    (void)state;
    struct enqueued enqueued = begin(3);
    double ns;
    uint32_t per_sample = 20, one = 1;
    assert_int_equal(enqueued_settle(&enqueued, &per_sample), STATUS_OK);
    unsigned graphs = device.graph_launches, before = device.enqueued;
    assert_int_equal(enqueued_time(&enqueued, 0, 4, &ns), STATUS_OK);
    assert_int_equal(device.enqueued, before + 4);
    assert_int_equal(device.graph_launches, graphs);
    assert_int_equal(enqueued_settle(&enqueued, &one), STATUS_OK);
    assert_int_equal(enqueued.n_graphs, 0);
    assert_int_equal(device.destroyed, device.recorded);
}

static void test_refused_recording_leaves_none(void **state)
{
    (void)state;
    struct enqueued enqueued = begin(3);
    double ns;
    uint32_t per_sample = 20;
    device.refuses = true;
    assert_int_equal(enqueued_settle(&enqueued, &per_sample), STATUS_UNAVAILABLE);
    assert_int_equal(enqueued.n_graphs, 0);
    assert_int_equal(per_sample, 21);
    assert_int_equal(enqueued_time(&enqueued, 0, per_sample, &ns), STATUS_OK);
    assert_int_equal(device.enqueued, per_sample);
    assert_int_equal(device.graph_launches, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_walk_through_copies),
        cmocka_unit_test(test_other_counts_are_plain),
        cmocka_unit_test(test_refused_recording_leaves_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
