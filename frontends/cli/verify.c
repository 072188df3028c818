/* autotune verify: a sample of each template's space through verification, on a device here or an emulated
 * one. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/emulated.h"
#include "frontends/cli/place.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/base/progress.h"
#include "tuner/sample.h"

enum { DEFAULT_SAMPLE = 200, SHOWN = 20 };

/* One template's part. */
struct verified {
    const struct manifest *manifest;
    struct sample_result result;
};

struct verify_command {
    const struct settings *settings;
    struct template_set templates;
    struct problem_list list;
    struct problem *problems; /* of the list */
    struct place place;
    const struct compiler_api *compiler;
    struct text identity;
    struct progress progress;
    const char *now; /* the template at work */
    bool interrupted;
    struct verified *items;
    size_t n;
};

static void on_progress(void *context, uint64_t done, uint64_t count)
{
    struct verify_command *command = context;
    progress_show(&command->progress, (double)done / (double)count, "%s: %llu of %llu", command->now,
                  (unsigned long long)done, (unsigned long long)count);
}

static enum status check_words(const struct settings *settings)
{
    if (settings->order && strcmp(settings->order, "forward") != 0 && strcmp(settings->order, "reverse") != 0)
        return status_fail(STATUS_USAGE, "--order=%s: forward or reverse", settings->order);
    if (settings->order && !settings->emulate)
        return status_fail(STATUS_USAGE,
                           "--order=%s: a device orders threads as it likes; say --emulate, too",
                           settings->order);
    if (settings->emulate && settings->device)
        return status_fail(STATUS_USAGE,
                           "--device=%s names a device here; --emulate stands for one that is "
                           "not: say --arch or --class",
                           settings->device);
    return STATUS_OK;
}

static enum status gather_problems(struct verify_command *command)
{
    TRY(problems_gather(command->settings, &command->list));
    command->problems = calloc(command->list.n ? command->list.n : 1, sizeof *command->problems);
    if (!command->problems)
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", command->list.n);
    for (size_t i = 0; i < command->list.n; i++) command->problems[i] = command->list.items[i].problem;
    return STATUS_OK;
}

static enum status prepare(struct verify_command *command)
{
    const struct settings *settings = command->settings;
    TRY(check_words(settings));
    TRY(gather_problems(command));
    TRY(template_set_load(settings->templates, &command->templates));
    const struct manifest *one;
    if (settings->template_name) TRY(template_set_find(&command->templates, settings->template_name, &one));
    if (settings->emulate)
        return emulated_open(settings, &command->place, &command->compiler, &command->identity);
    TRY(place_open(settings, &command->place));
    return compiler_for_target(command->place.info->device_class.target, &command->compiler,
                               &command->identity);
}

/* ---- running ---- */

static enum status run_template(struct verify_command *command, const struct manifest *manifest)
{
    const struct settings *settings = command->settings;
    struct verified *verified = &command->items[command->n];
    struct sample_setting setting = {
        .backend = command->place.api->name,
        .target = settings->emulate ? emulated_name(settings) : NULL,
        .device = command->place.index,
        .threads = settings->emulate && !settings->threads ? 1 : (uint32_t)settings->threads,
        .reverse = settings->order && strcmp(settings->order, "reverse") == 0,
        .info = command->place.info,
        .compiler = command->compiler,
        .compiler_identity = text_string(&command->identity),
        .jobs = (unsigned)settings->jobs,
        .count = settings->sample ? (uint64_t)settings->sample : DEFAULT_SAMPLE,
        .seed = (uint64_t)settings->seed,
        .problems = command->problems,
        .n_problems = command->list.n,
        .stop = stop_flag(),
        .progress = on_progress,
        .context = command};
    command->now = manifest->name;
    verified->manifest = manifest;
    enum status status = sample_verify(&setting, manifest, &verified->result);
    if (status == STATUS_NOT_COVERED)
        sample_free(&verified->result);
    else
        command->n++; /* what was found counts, whatever ended it */
    return status;
}

/* Templates for other targets and problems are passed over; that none is left is an error. */
static enum status run_all(struct verify_command *command)
{
    char reasons[512] = "";
    command->items = calloc(command->templates.n ? command->templates.n : 1, sizeof *command->items);
    if (!command->items) return status_fail(STATUS_NO_MEMORY, "no memory for results");
    enum status status = STATUS_OK;
    progress_begin(&command->progress);
    for (size_t i = 0; i < command->templates.n && status == STATUS_OK; i++) {
        const char *only = command->settings->template_name;
        if (only && strcmp(command->templates.items[i]->name, only) != 0) continue;
        status = run_template(command, command->templates.items[i]);
        if (status != STATUS_NOT_COVERED) continue;
        size_t used = strlen(reasons);
        snprintf(reasons + used, sizeof reasons - used, "%s%s", used ? "; " : "", status_message());
        status = STATUS_OK;
    }
    progress_end(&command->progress);
    if (status == STATUS_OK && !command->n)
        return status_fail(STATUS_UNAVAILABLE, "nothing to verify: %s", reasons);
    return status;
}

/* ---- reporting ---- */

static cJSON *failure_json(const struct sample_failure *failure)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "problem", failure->problem);
    cJSON_AddStringToObject(object, "configuration", failure->configuration);
    cJSON_AddStringToObject(object, "verdict", verdict_name(failure->verdict));
    cJSON_AddStringToObject(object, "detail", failure->detail);
    return object;
}

static cJSON *verified_json(const struct verify_command *command, const struct verified *verified)
{
    const struct sample_result *result = &verified->result;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "template", verified->manifest->name);
    cJSON_AddStringToObject(object, "target", command->place.info->device_class.target);
    cJSON_AddBoolToObject(object, "emulated", command->place.api->emulates);
    cJSON *verdicts = cJSON_AddObjectToObject(object, "verdicts");
    for (int v = 0; v < VERDICT_COUNT; v++)
        if (result->n_verdicts[v])
            cJSON_AddNumberToObject(verdicts, verdict_name((enum verdict)v), (double)result->n_verdicts[v]);
    cJSON *failures = cJSON_AddArrayToObject(object, "failures");
    for (size_t i = 0; i < result->n_failures; i++)
        cJSON_AddItemToArray(failures, failure_json(&result->failures[i]));
    cJSON_AddNumberToObject(object, "asked", (double)result->asked);
    cJSON_AddBoolToObject(object, "interrupted", command->interrupted);
    cJSON_AddNumberToObject(object, "problems", (double)result->n_problems);
    cJSON_AddNumberToObject(object, "empty_problems", (double)result->n_empty);
    cJSON_AddNumberToObject(object, "compile_ns", (double)result->compile_ns);
    cJSON_AddNumberToObject(object, "verify_ns", (double)result->verify_ns);
    cJSON_AddNumberToObject(object, "total_ns", (double)result->total_ns);
    return object;
}

/* One template is one object; several are a list of such. */
static enum status report_json(const struct verify_command *command)
{
    if (command->n == 1) return json_deliver(verified_json(command, &command->items[0]));
    cJSON *root = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(root, "templates");
    for (size_t i = 0; i < command->n; i++)
        cJSON_AddItemToArray(array, verified_json(command, &command->items[i]));
    return json_deliver(root);
}

static uint64_t tried(const struct sample_result *result)
{
    uint64_t n = 0;
    for (int v = 0; v < VERDICT_COUNT; v++) n += result->n_verdicts[v];
    return n;
}

static void report_text(const struct verify_command *command, const struct verified *verified)
{
    const struct sample_result *result = &verified->result;
    const char *separator = " ";
    char time[NUMBER_BYTES];
    printf("%s for %s%s:", verified->manifest->name, command->place.info->device_class.target,
           command->place.api->emulates ? ", emulated" : "");
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (!result->n_verdicts[v]) continue;
        printf("%s%llu %s", separator, (unsigned long long)result->n_verdicts[v],
               verdict_name((enum verdict)v));
        separator = ", ";
    }
    printf("; %llu problems, %s\n", (unsigned long long)result->n_problems,
           number_time((double)result->total_ns, time));
    if (tried(result) < result->asked)
        printf("  %llu of %llu configurations: %s\n", (unsigned long long)tried(result),
               (unsigned long long)result->asked,
               command->interrupted ? "interrupted" : "the spaces of these problems have no more");
    if (result->n_empty)
        printf("  %llu problems without a configuration; the first: %s\n",
               (unsigned long long)result->n_empty, result->empty);
    for (size_t i = 0; i < result->n_failures && i < SHOWN; i++) {
        const struct sample_failure *failure = &result->failures[i];
        printf("  %s: %s\n    %s %s\n", verdict_name(failure->verdict), failure->detail, failure->problem,
               failure->configuration);
    }
    if (result->n_failures > SHOWN)
        printf("  ... and %zu more; --json lists all\n", result->n_failures - SHOWN);
}

static enum status report(const struct verify_command *command)
{
    uint64_t failed = 0, verified = 0;
    for (size_t i = 0; i < command->n; i++) {
        verified += tried(&command->items[i].result);
        failed += command->items[i].result.n_failed;
    }
    if (command->settings->json)
        TRY(report_json(command));
    else
        for (size_t i = 0; i < command->n; i++) report_text(command, &command->items[i]);
    if (!failed) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND, "%llu of %llu configurations failed", (unsigned long long)failed,
                       (unsigned long long)verified);
}

enum status command_verify(const struct settings *settings)
{
    struct verify_command command = {.settings = settings};
    char line[1024];
    stop_watch();
    enum status status = prepare(&command);
    if (status == STATUS_OK) status = run_all(&command);
    if (command.n) {
        snprintf(line, sizeof line, "%s", status_message());
        command.interrupted = status == STATUS_INTERRUPTED;
        enum status reported = report(&command);
        if (status == STATUS_OK)
            status = reported;
        else
            status_fail(status, "%s", line);
    }
    for (size_t i = 0; i < command.n; i++) sample_free(&command.items[i].result);
    free(command.items);
    free(command.problems);
    text_free(&command.identity);
    place_close(&command.place);
    template_set_free(&command.templates);
    problems_free(&command.list);
    return status;
}
