/* The model's front on a recorded space: how near the best of its first 16 configurations is to the best of
 * all, and what its front-runners and its prior gain a search.
 *
 *     tests/tuner/narrow_gemm_cpu FOLDER                 a narrow copy of gemm_cpu: a space that can be tried
 * whole autotune --templates=FOLDER --book=B --threads=1 --strategy=exhaustive --budget=100% PROBLEM...
 *     autotune export --threads=1 --format=kerneltuner --problem=PROBLEM -o FILE B     for each of them
 *     build/tests/tuner/bench_front 1 PROBLEM FILE [PROBLEM FILE]...      1: as many threads
 *
 * Configurations are looked up in the built-in template's space, of which the narrow one's is a part. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "search/recording.h"
#include "tuner/base/file.h"
#include "tuner/device/device.h"
#include "tuner/ranking.h"
#include "tuner/tuning.h"

enum { FRONT = 16, STARTS = 8, SEEDS = 20, CHECKPOINTS = 5 };
static const uint64_t checkpoints[CHECKPOINTS] = {4, 8, 16, 32, 64};

struct subject {
    struct problem problem;
    struct device_info info;
    struct tuning_scene scene;
    struct tuning tuning;
    struct recording *recording;
    double *model_ns; /* by the recording's numbers; NAN: not in the template's space */
    uint32_t *far;    /* parameters that are not the default's */
    uint64_t *order;  /* by the model */
    uint64_t n, best;
};

static struct subject *sorted_subject;

static int by_model(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    const struct subject *s = sorted_subject;
    if (s->model_ns[x] != s->model_ns[y]) return s->model_ns[x] < s->model_ns[y] ? -1 : 1;
    return (s->far[x] > s->far[y]) - (s->far[x] < s->far[y]);
}

/* "NAME=VALUE,..." of the recording's i-th. */
static void print_entry(const struct recording *recording, uint64_t i, struct text *out)
{
    struct configuration configuration;
    out->size = 0;
    if (!space_at(recording->space, i, &configuration)) return;
    for (uint32_t p = 0; p < recording->spec.n_parameters; p++)
        text_format(out, "%s%s=%s", p ? "," : "", recording->spec.parameters[p].name,
                    recording->texts[p][configuration.index[p]]);
}

static void rank_entries(struct subject *s)
{
    struct text text = {0};
    s->n = s->recording->n;
    s->model_ns = calloc(s->n, sizeof *s->model_ns);
    s->far = calloc(s->n, sizeof *s->far);
    s->order = calloc(s->n, sizeof *s->order);
    if (!s->model_ns || !s->far || !s->order) exit(1);
    for (uint64_t i = 0; i < s->n; i++) {
        struct configuration configuration;
        struct model_estimate estimate;
        const struct recorded *entry = &s->recording->entries[i];
        print_entry(s->recording, i, &text);
        s->order[i] = i;
        s->model_ns[i] = INFINITY;
        if (tuning_configuration(&s->tuning, text_string(&text), &configuration) &&
            ranking_estimate(s->tuning.ranking, &configuration, NULL, &estimate)) {
            s->model_ns[i] = estimate.ns;
            s->far[i] = ranking_from_default(s->tuning.ranking, &configuration);
        }
        const struct recorded *best = &s->recording->entries[s->best];
        if (entry->valid && (!best->valid || entry->objective_ns < best->objective_ns)) s->best = i;
    }
    sorted_subject = s;
    qsort(s->order, s->n, sizeof *s->order, by_model);
    text_free(&text);
}

/* Spearman's rank correlation between model and measurement. */
static double correlation(const struct subject *s)
{
    double sum = 0, n = 0;
    for (uint64_t i = 0; i < s->n; i++) n += s->recording->entries[s->order[i]].valid;
    double place = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        const struct recorded *entry = &s->recording->entries[s->order[i]];
        if (!entry->valid) continue;
        double faster = 0;
        for (uint64_t j = 0; j < s->n; j++)
            faster +=
                s->recording->entries[j].valid && s->recording->entries[j].objective_ns < entry->objective_ns;
        sum += (place - faster) * (place - faster);
        place++;
    }
    return 1 - 6 * sum / (n * (n * n - 1));
}

static double prior(const void *context, const struct configuration *configuration)
{
    const struct subject *s = context;
    uint64_t i;
    return space_find(s->recording->space, configuration, &i) ? s->model_ns[i] : NAN;
}

/* The recording's configuration with these values of the template; false if it was not recorded. */
static bool find_values(const struct subject *s, const int64_t *values, struct configuration *out)
{
    struct text wanted = {0}, text = {0};
    int64_t slots[SLOT_COUNT];
    memcpy(slots, s->tuning.slots, sizeof slots);
    for (uint32_t p = 0; p < s->tuning.manifest->n_parameters; p++)
        slots[s->tuning.manifest->parameters[p].slot] = values[p];
    manifest_print_configuration(s->tuning.manifest, slots, &wanted);
    bool found = false;
    for (uint64_t i = 0; i < s->n && !found; i++) {
        print_entry(s->recording, i, &text);
        found =
            strcmp(text_string(&text), text_string(&wanted)) == 0 && space_at(s->recording->space, i, out);
    }
    text_free(&wanted);
    text_free(&text);
    return found;
}

/* optimum / best after so many evaluations, mean over seeds. */
static void search_recorded(const struct subject *s, bool with_model, double nearness[CHECKPOINTS])
{
    struct configuration starts[STARTS + 1 + MANIFEST_STARTS_MAX];
    double optimum = s->recording->entries[s->best].objective_ns;
    size_t n = find_values(s, s->tuning.manifest->defaults, &starts[0]);
    for (uint64_t i = 0; with_model && i < STARTS; i++)
        n += space_at(s->recording->space, s->order[i], &starts[n]);
    for (uint32_t i = 0; i < s->tuning.manifest->n_starts; i++)
        n += find_values(s, s->tuning.manifest->starts[i], &starts[n]);
    memset(nearness, 0, CHECKPOINTS * sizeof *nearness);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct search_options options = {
            .seed = seed, .max_trials = checkpoints[CHECKPOINTS - 1], .starts = starts, .n_starts = n};
        if (with_model) options.prior = prior, options.prior_context = s;
        struct search *search;
        if (search_create(s->recording->space, &options, &search) != STATUS_OK) exit(1);
        struct configuration asked;
        bool finished = false;
        double best_ns = 0;
        uint64_t tried = 0;
        for (int c = 0; c < CHECKPOINTS; c++) {
            while (tried < checkpoints[c] && search_ask(search, &asked, 1, &finished)) {
                const struct recorded *entry = recording_find(s->recording, &asked);
                struct observation told = {asked, entry->valid, entry->objective_ns, 0};
                search_tell(search, &told);
                if (entry->valid && (best_ns == 0 || entry->objective_ns < best_ns))
                    best_ns = entry->objective_ns;
                tried++;
            }
            nearness[c] += best_ns > 0 ? optimum / best_ns / SEEDS : 0;
        }
        search_free(search);
    }
}

static double report(struct subject *s, const char *text)
{
    const struct recording *recording = s->recording;
    double optimum = recording->entries[s->best].objective_ns, front_ns = INFINITY, first_ns = NAN,
           by_default = NAN;
    uint64_t place = 0;
    struct configuration fallback;
    for (uint64_t i = 0; i < s->n; i++) {
        const struct recorded *entry = &recording->entries[s->order[i]];
        if (s->order[i] == s->best) place = i;
        if (i < FRONT && entry->valid) front_ns = fmin(front_ns, entry->objective_ns);
        if (isnan(first_ns) && entry->valid) first_ns = entry->objective_ns;
    }
    if (find_values(s, s->tuning.manifest->defaults, &fallback))
        by_default = recording_find(recording, &fallback)->objective_ns;
    printf("%s: %llu configurations, best %.1f us (predicted %.1f), rank correlation %.2f\n"
           "    the model's first is %.3f of the best's time, the best of its first %d %.3f; the best is its "
           "number %llu; "
           "the default %.3f\n",
           text, (unsigned long long)s->n, optimum / 1e3, s->model_ns[s->best] / 1e3, correlation(s),
           first_ns / optimum, FRONT, front_ns / optimum, (unsigned long long)place + 1,
           by_default / optimum);
    for (int with_model = 0; with_model < 2; with_model++) {
        double nearness[CHECKPOINTS];
        search_recorded(s, with_model, nearness);
        printf("    search %s the model, best so far / optimum after", with_model ? "with   " : "without");
        for (int c = 0; c < CHECKPOINTS; c++)
            printf(" %llu: %.3f", (unsigned long long)checkpoints[c], nearness[c]);
        printf("\n");
    }
    return front_ns / optimum;
}

static void open_subject(struct subject *s, uint32_t threads, const char *text, const char *path,
                         struct manifest *const *templates, size_t n_templates)
{
    const struct device_api *api = device_find("cpu");
    struct device_options options = {.threads = threads, .measure_class = true};
    struct device *device;
    struct text file = {0};
    enum status status = api->open(0, &options, &device);
    if (status == STATUS_OK) {
        s->info = *api->info(device);
        api->close(device);
        status = problem_parse(text, &s->problem);
    }
    if (status == STATUS_OK) status = file_read(path, 256 << 20, &file);
    if (status == STATUS_OK) status = recording_read(path, text_string(&file), file.size, &s->recording);
    s->scene = (struct tuning_scene){
        .problem = &s->problem, .facts = &s->info.facts, .target = s->info.device_class.target};
    for (size_t i = 0; i < n_templates && status == STATUS_OK; i++)
        if (strcmp(templates[i]->name, s->recording->kernel) == 0)
            status = tuning_open(&s->scene, templates[i], &s->tuning);
    text_free(&file);
    if (status == STATUS_OK && s->tuning.space) tuning_rank(&s->tuning, &s->info.device_class);
    if (status == STATUS_OK && s->tuning.ranking) return;
    fprintf(stderr, "bench_front: %s: %s\n", path,
            status == STATUS_OK ? "no such template, or one without a model" : status_message());
    exit(1);
}

int main(int argc, char **argv)
{
    struct manifest **templates;
    size_t n_templates;
    double logs = 0;
    int n = 0;
    if (argc < 4 || argc % 2 != 0 || template_load(NULL, &templates, &n_templates) != STATUS_OK) {
        fprintf(stderr, "usage: bench_front THREADS PROBLEM FILE [PROBLEM FILE]...\n");
        return 2;
    }
    for (int i = 2; i < argc; i += 2) {
        struct subject subject = {.n = 0};
        open_subject(&subject, (uint32_t)atoi(argv[1]), argv[i], argv[i + 1], templates, n_templates);
        rank_entries(&subject);
        logs += log(report(&subject, argv[i]));
        n++;
        tuning_close(&subject.tuning);
        recording_free(subject.recording);
        free(subject.model_ns);
        free(subject.far);
        free(subject.order);
    }
    printf("the best of the first %d over the best of all: geometric mean %.3f of %d\n", FRONT, exp(logs / n),
           n);
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    return 0;
}
