/* How many configurations a second the model ranks, alone, on one CPU, and what it puts first: for every
 * template and problem here, the space made for a device class, then its best 16.
 *
 *     build/tests/tuner/bench_ranking [CLASS [PROBLEM]]     e.g. mi300x 'gemm bf16 nt m=4096 n=4096 k=4096'
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/base/gpu_target.h"
#include "tuner/ranking.h"
#include "tuner/tuning.h"

enum { FRONT = 16, SHOWN = 4 };

static void show(const struct manifest *manifest, const struct tuning *tuning, const struct ranked *ranked)
{
    int64_t slots[SLOT_COUNT];
    struct text text = {0};
    memcpy(slots, tuning->slots, sizeof slots);
    space_values(tuning->space, &ranked->configuration, slots);
    manifest_print_configuration(manifest, slots, &text);
    const struct model_estimate *estimate = &ranked->estimate;
    printf("    %9.1f us  %-8s", estimate->ns / 1e3, model_part_name(estimate->bound));
    for (int part = 0; part < MODEL_PARTS; part++)
        if (estimate->part_ns[part] > 0)
            printf(" %s %.1f", model_part_name((enum model_part)part), estimate->part_ns[part] / 1e3);
    printf("\n               %s\n", text_string(&text));
    text_free(&text);
}

static void rank(const struct manifest *manifest, const struct device_class *class,
                 const struct problem *problem)
{
    struct device_facts facts;
    struct tuning tuning;
    struct ranking *ranking = NULL;
    struct ranked *front = calloc(FRONT, sizeof *front);
    gpu_target_facts(gpu_target_find(class->target), class, &facts);
    struct tuning_scene scene = {.problem = problem, .facts = &facts, .target = class->target};
    uint64_t begin_ns = clock_ns(), looked_at = 0;
    if (front && tuning_open(&scene, manifest, &tuning) == STATUS_OK) {
        uint64_t opened_ns = clock_ns();
        bool exact;
        double count = (double)space_count(tuning.space, &exact);
        if (ranking_create(manifest, problem, class, tuning.space, &ranking) == STATUS_OK) {
            size_t n = ranking_best(ranking, FRONT, 0, 1, front, &looked_at);
            double seconds = (double)(clock_ns() - opened_ns) / 1e9;
            printf("  %s: %llu of %.3g configurations in %.2f s (space %.2f s): %.3g a second\n",
                   manifest->name, (unsigned long long)looked_at, count, seconds,
                   (double)(opened_ns - begin_ns) / 1e9, (double)looked_at / seconds);
            for (size_t i = 0; i < n && i < SHOWN; i++) show(manifest, &tuning, &front[i]);
        } else {
            printf("  %s\n", status_message());
        }
        ranking_free(ranking);
        tuning_close(&tuning);
    }
    free(front);
}

int main(int argc, char **argv)
{
    static const char *const texts[] = {"gemm bf16 nt m=1 n=8192 k=8192", "gemm bf16 nt m=16 n=8192 k=8192",
                                        "gemm bf16 nt m=256 n=4096 k=4096",
                                        "gemm bf16 nt m=4096 n=4096 k=4096"};
    const struct device_class *class = class_find(argc > 1 ? argv[1] : "mi300x");
    struct manifest **templates;
    size_t n;
    if (!class || !gpu_target_find(class->target) || template_load(NULL, &templates, &n) != STATUS_OK)
        return 2;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct problem problem;
        const char *text = argc > 2 ? argv[2] : texts[i];
        if (problem_parse(text, &problem) != STATUS_OK) return 2;
        printf("%s on %s\n", text, class->nickname);
        for (size_t t = 0; t < n; t++) rank(templates[t], class, &problem);
        if (argc > 2) break;
    }
    for (size_t t = 0; t < n; t++) manifest_free(templates[t]);
    free(templates);
    return 0;
}
