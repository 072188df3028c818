/* autotune doctor: what was found here, what is missing, and for what. */
#include "frontends/cli/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/talk.h"

static const char *const state_names[] = {
    [FINDING_OK] = "ok", [FINDING_ADVICE] = "advice", [FINDING_MISSING] = "missing"};

void finding_add(struct findings *findings, const char *what, enum finding_state state, const char *advice,
                 const char *format, ...)
{
    if (findings->n == FINDINGS_MAX) return;
    struct finding *finding = &findings->items[findings->n++];
    *finding = (struct finding){.what = what, .state = state, .advice = advice};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->found, sizeof finding->found, format, arguments);
    va_end(arguments);
}

static enum status print_json(const struct findings *findings, bool ready)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddBoolToObject(root, "ready", ready);
    cJSON *checks = cJSON_AddArrayToObject(root, "checks");
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->items[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "check", finding->what);
        cJSON_AddStringToObject(object, "state", state_names[finding->state]);
        cJSON_AddStringToObject(object, "found", finding->found);
        json_add_text(object, "advice", finding->advice);
        cJSON_AddItemToArray(checks, object);
    }
    return json_deliver(root);
}

static void print_text(const struct findings *findings)
{
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->items[i];
        printf("%-8s %-15s %s\n", state_names[finding->state], finding->what, finding->found);
        if (*finding->advice) printf("%-8s %-15s -> %s\n", "", "", finding->advice);
    }
}

static enum status conclude(const struct settings *settings, const struct findings *findings)
{
    const struct finding *missing = NULL;
    size_t n_missing = 0;
    for (size_t i = 0; i < findings->n; i++) {
        if (findings->items[i].state != FINDING_MISSING) continue;
        if (!n_missing++) missing = &findings->items[i];
    }
    if (settings->json)
        TRY(print_json(findings, !missing));
    else
        print_text(findings);
    if (!missing) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND, "a sweep cannot run here: %s: %s%s", missing->what, missing->found,
                       n_missing > 1 ? " (and more)" : "");
}

enum status command_doctor(const struct settings *settings)
{
    if (settings->arguments.n)
        return status_fail(STATUS_USAGE, "%s: 'autotune doctor' takes no argument",
                           settings->arguments.items[0]);
    if (settings->selftest) return doctor_selftest(settings);
    if (settings->emulate || settings->arch)
        return status_fail(STATUS_USAGE, "--%s: goes with --selftest",
                           settings->emulate ? "emulate" : "arch");
    struct findings *findings = calloc(1, sizeof *findings);
    if (!findings) return status_fail(STATUS_NO_MEMORY, "no memory");
    doctor_check_tools(settings, findings);
    doctor_check_amd("", findings);
    doctor_check_compilers(findings);
    doctor_check_places(settings, findings);
    doctor_check_system(findings);
    enum status status = conclude(settings, findings);
    free(findings);
    return status;
}
