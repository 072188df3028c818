#include "frontends/cli/compact_shapes.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/device/device.h"
#include "tuner/key_problem.h"
#include "tuner/launch/kernel.h"

enum { SHAPES = 5, FAR = 4 };

static void ask_cpu(struct compact_shapes *shapes)
{
    const struct device_api *api = device_find("cpu");
    const struct device_options options = {0};
    struct device *device;
    shapes->has_asked_cpu = true;
    if (!api || api->open(0, &options, &device) != STATUS_OK) return;
    shapes->of_cpu = api->info(device)->facts;
    snprintf(shapes->cpu_class, sizeof shapes->cpu_class, "%s", api->info(device)->class_text);
    api->close(device);
}

/* Of GPUs from tables, of the CPU here from itself; of another CPU nothing is known, and nothing is
 * forbidden. */
static void set_facts(struct compact_shapes *shapes)
{
    const char *text = shapes->parts.device_class;
    const struct device_class *known = class_find(text);
    char name[32];
    uint32_t units, gbps;
    const struct gpu_target *target =
        class_parse(text, name, &units, &gbps) == STATUS_OK ? gpu_target_find(name) : NULL;
    if (!shapes->has_asked_cpu) ask_cpu(shapes);
    bool is_cpu = strcmp(text, shapes->cpu_class) == 0;
    shapes->is_known = is_cpu || (known && target);
    if (is_cpu)
        shapes->facts = shapes->of_cpu;
    else if (shapes->is_known)
        gpu_target_facts(target, known, &shapes->facts);
    else
        for (int i = 0; i < DEVICE_FACT_COUNT; i++) shapes->facts.value[i] = INT64_C(1) << 30;
}

static bool has_head(const struct compact_shapes *shapes, const struct key_parts *parts)
{
    return shapes->like.op && !strcmp(shapes->parts.head, parts->head) &&
           shapes->parts.n_sizes == parts->n_sizes;
}

/* Keys come in order: a head and a class many times. */
static void take_key(struct compact_shapes *shapes, const char *key)
{
    struct key_parts parts;
    if (!strcmp(shapes->key, key)) return;
    snprintf(shapes->key, sizeof shapes->key, "%s", key);
    if (key_parse(key, strlen(key), &parts) != STATUS_OK || !strchr(parts.device_class, ':')) {
        shapes->like.op = NULL;
        return;
    }
    bool same_class = shapes->like.op && !strcmp(shapes->parts.device_class, parts.device_class);
    bool same_head = has_head(shapes, &parts);
    shapes->parts = parts;
    if (!same_class) set_facts(shapes);
    if (same_head) return;
    struct problem problem;
    shapes->like.op = NULL;
    if (key_parts_problem(&parts, &problem) != STATUS_OK) return;
    for (uint32_t i = 0; i < parts.n_sizes; i++) {
        if (!problem.op->key_sizes[i]) return;
        shapes->fields[i] = op_field_index(problem.op, problem.op->key_sizes[i]);
    }
    shapes->like = problem;
}

/* false: there is no such shape. */
static bool shape_of(const struct compact_shapes *shapes, unsigned number, struct problem *out)
{
    const struct key_parts *parts = &shapes->parts;
    uint32_t last = parts->n_sizes - 1;
    int64_t sizes[KEY_SIZES_MAX];
    memcpy(sizes, parts->sizes, sizeof sizes);
    if (number == 1) sizes[last]++;
    if (number == 2) sizes[last] *= FAR;
    if (number == 3) sizes[last] /= FAR;
    for (uint32_t i = 0; i < last && number == 4; i++) sizes[i] *= 2;
    *out = shapes->like;
    for (uint32_t i = 0; i <= last; i++) {
        if (sizes[i] > KEY_SIZE_LARGEST || (number && sizes[i] < 1)) return false;
        out->value[shapes->fields[i]] = sizes[i];
    }
    return true;
}

uint32_t compact_shapes_covers(void *context, const char *key, const struct descriptor *descriptor)
{
    struct compact_shapes *shapes = context;
    uint32_t covered = 0;
    take_key(shapes, key);
    if (!shapes->like.op) return 1;
    size_t target = strcspn(shapes->parts.device_class, ":");
    if (strlen(descriptor->target) != target ||
        memcmp(descriptor->target, shapes->parts.device_class, target))
        return 0;
    for (unsigned i = 0; i < SHAPES; i++) {
        struct problem problem;
        if (shape_of(shapes, i, &problem) && kernel_covers(descriptor, &problem, &shapes->facts, NULL))
            covered |= 1u << i;
    }
    /* A time of this very problem says more than a guess about the device. */
    return !(covered & 1) && !shapes->is_known ? 1 : covered;
}
