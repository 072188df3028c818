/* A GPU's class from what its driver tells. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "tuner/base/gpu_target.h"
#include "tuner/device/gpu.h"

enum { PARTS_MAX = 8 }; /* CPX of an MI300X */

/* Whether the word, of letters and digits, stands in the text alone. */
static bool has_word(const char *text, const char *word, size_t length)
{
    for (; *text; text++) {
        if (strncasecmp(text, word, length) == 0 && !isalnum((unsigned char)text[length])) return true;
        while (isalnum((unsigned char)*text)) text++;
        if (!*text) break;
    }
    return false;
}

/* How many words of the product the name has; 0 without one that tells models apart, which has a digit. */
static unsigned words_shared(const char *product, const char *name)
{
    unsigned shared = 0;
    bool model = false;
    for (const char *word = product; *word;) {
        size_t length = 0;
        bool digit = false;
        while (isalnum((unsigned char)word[length])) digit |= isdigit((unsigned char)word[length++]) != 0;
        if (length && has_word(name, word, length)) {
            shared++;
            model |= digit;
        }
        word += length;
        while (*word && !isalnum((unsigned char)*word)) word++;
    }
    return model ? shared : 0;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* The product in the table that this is: its target and units, its name whole, or else most of the name's
 * words and a bandwidth within a tenth. Words that are a tie leave it to the bandwidth: two A100 differ in
 * nothing else. */
static const struct device_class *find_product(const struct gpu_properties *gpu)
{
    size_t n;
    const struct device_class *classes = class_table(&n), *best = NULL;
    unsigned best_words = 0;
    for (size_t i = 0; i < n; i++) {
        const struct device_class *class = &classes[i];
        if (strcmp(class->target, gpu->target) != 0 || class->units != gpu->units) continue;
        if (strcasecmp(class->product, gpu->name) == 0) return class;
        uint32_t off = distance(class->bandwidth_gbps, gpu->bandwidth_gbps);
        if (gpu->bandwidth_gbps && off > class->bandwidth_gbps / 10) continue;
        unsigned words = words_shared(class->product, gpu->name);
        bool nearer = best && off < distance(best->bandwidth_gbps, gpu->bandwidth_gbps);
        if (words < best_words || !words || (words == best_words && !nearer)) continue;
        best = class;
        best_words = words;
    }
    return best;
}

/* The product that this is a part of: its target, its name, and a whole number of times its units. */
static const struct device_class *find_whole(const struct gpu_properties *gpu)
{
    size_t n;
    const struct device_class *classes = class_table(&n), *best = NULL;
    unsigned best_words = 0;
    for (size_t i = 0; i < n && gpu->may_be_part && gpu->units; i++) {
        const struct device_class *class = &classes[i];
        uint32_t parts = class->units / gpu->units;
        if (strcmp(class->target, gpu->target) != 0 || class->units % gpu->units || parts < 2 ||
            parts > PARTS_MAX)
            continue;
        if (strcasecmp(class->product, gpu->name) == 0) return class;
        unsigned words = words_shared(class->product, gpu->name);
        if (words <= best_words) continue;
        best = class;
        best_words = words;
    }
    return best;
}

/* A part of the product; one with a name of its own in the table keeps it. */
static void take_part(const struct gpu_properties *gpu, const struct device_class *whole,
                      struct device_class *out)
{
    uint32_t parts = whole->units / gpu->units;
    struct gpu_properties own = *gpu;
    own.bandwidth_gbps = whole->bandwidth_gbps / parts;
    const struct device_class *known = find_product(&own);
    *out = known ? *known : *whole;
    if (!known) {
        out->nickname = "";
        out->units = gpu->units;
        out->bandwidth_gbps = own.bandwidth_gbps;
        for (size_t i = 0; i < DTYPE_COUNT; i++) out->peak_tflops[i] /= parts;
    }
    out->llc_bytes = whole->llc_bytes / (gpu->memory_parts ? gpu->memory_parts : 1);
}

static void fill_class(const struct gpu_properties *gpu, struct device_info *out)
{
    struct device_class *class = &out->device_class;
    const struct device_class *known = find_product(gpu), *whole = known ? NULL : find_whole(gpu);
    if (known) {
        *class = *known;
    } else if (whole) {
        take_part(gpu, whole, class);
    } else {
        *class = (struct device_class){.nickname = "",
                                       .units = gpu->units,
                                       .bandwidth_gbps = gpu->bandwidth_gbps,
                                       .clock_mhz = gpu->clock_mhz,
                                       .l2_bytes = gpu->l2_bytes,
                                       .llc_bytes = gpu->l2_bytes};
        snprintf(class->target, sizeof class->target, "%s", gpu->target);
    }
    class->product = out->name;
    class->wave_size = gpu->wave_size;
    class->lds_bytes = gpu->lds_bytes;
}

void gpu_describe(const struct gpu_properties *gpu, struct device_info *out)
{
    *out = (struct device_info){0};
    memcpy(out->name, gpu->name, sizeof out->name);
    fill_class(gpu, out);
    class_format(&out->device_class, out->class_text);
    uint64_t llc_bytes =
        out->device_class.llc_bytes > gpu->l2_bytes ? out->device_class.llc_bytes : gpu->l2_bytes;
    const struct gpu_target *target = gpu_target_find(out->device_class.target);
    int64_t *value = out->facts.value;
    value[DEVICE_FACT_architecture] = target ? target->architecture : 0;
    value[DEVICE_FACT_units] = gpu->units;
    value[DEVICE_FACT_lds_bytes] = gpu->lds_bytes;
    value[DEVICE_FACT_wave_size] = gpu->wave_size;
    value[DEVICE_FACT_max_block_threads] = gpu->max_block_threads;
    value[DEVICE_FACT_l2_bytes] = (int64_t)gpu->l2_bytes;
    value[DEVICE_FACT_llc_bytes] = (int64_t)llc_bytes;
    value[DEVICE_FACT_bandwidth_gbps] = out->device_class.bandwidth_gbps;
    out->memory_bytes = gpu->memory_bytes;
    out->llc_bytes = llc_bytes;
}
