/* autotune doctor --selftest: every GPU here, or an emulated one, is asked where its matrix instructions keep
 * their operands. */
#include <stdio.h>
#include <string.h>
#include "frontends/cli/doctor.h"
#include "frontends/cli/place.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "tuner/selftest.h"

struct tally {
    const char *differs, *not_run; /* the first of each */
    size_t n_differ, n_not_run, n;
};

static const char *evidence_name(enum matrix_form form)
{
    return matrix_info(form)->evidence == MATRIX_TABLED ? "tabled" : "assumed";
}

static void report(const struct selftest_result *result, const char *place, const char *target, cJSON *forms)
{
    const char *name = matrix_info(result->form)->name, *verdict = selftest_verdict_name(result->verdict);
    if (!forms) {
        printf("%-8s %-8s %-8s %-24s %s\n", verdict, place, target, name, evidence_name(result->form));
        if (*result->why) printf("%-8s -> %s\n", "", result->why);
        fflush(stdout);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "form", name);
    cJSON_AddStringToObject(object, "evidence", evidence_name(result->form));
    cJSON_AddStringToObject(object, "verdict", verdict);
    json_add_text(object, "why", result->why);
    cJSON_AddItemToArray(forms, object);
}

static void count(struct tally *tally, const struct selftest_result *result)
{
    const char *name = matrix_info(result->form)->name;
    tally->n++;
    if (result->verdict == SELFTEST_DIFFERS && !tally->n_differ++) tally->differs = name;
    if (result->verdict == SELFTEST_NOT_RUN && !tally->n_not_run++) tally->not_run = name;
}

/* All forms of one device. What an emulator says is not kept: it agrees with itself. */
static enum status ask(const struct selftest_device *on, const char *place, bool keep, cJSON *devices,
                       struct tally *tally)
{
    char environment[SELFTEST_ENVIRONMENT_BYTES];
    TRY(selftest_environment(on->api, on->device, on->target, environment));
    cJSON *forms = NULL;
    if (devices) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "device", place);
        cJSON_AddStringToObject(object, "target", on->target);
        cJSON_AddStringToObject(object, "environment", environment);
        forms = cJSON_AddArrayToObject(object, "forms");
        cJSON_AddItemToArray(devices, object);
    }
    size_t before = tally->n;
    for (unsigned i = 0; i < MATRIX_FORMS; i++) {
        struct selftest_result result;
        if (!matrix_on_target((enum matrix_form)i, on->target)) continue;
        TRY(selftest_run(on, (enum matrix_form)i, &result));
        report(&result, place, on->target, forms);
        count(tally, &result);
        if (keep && selftest_keep(on->target, environment, &result) != STATUS_OK)
            talk_note("the answer is not kept: %s", status_message());
    }
    if (tally->n == before)
        talk_note("%s: %s has none of the matrix instructions that kernels here use", place, on->target);
    return STATUS_OK;
}

static bool is_gpu(const struct place *place)
{
    return strcmp(place->api->name, "cpu") != 0 && strcmp(place->api->name, "emu") != 0;
}

static enum status ask_place(const struct place *place, cJSON *devices, struct tally *tally)
{
    char name[64];
    struct text identity = {0};
    struct selftest_device on = {place->api, place->device, place->info->device_class.target,
                                 NULL,       NULL,          stop_flag()};
    snprintf(name, sizeof name, "%s:%u", place->api->name, place->index);
    enum status status = compiler_for_target(on.target, &on.compiler, &identity);
    on.identity = text_string(&identity);
    if (status == STATUS_OK) status = ask(&on, name, true, devices, tally);
    text_free(&identity);
    return status;
}

static enum status ask_gpus(const struct settings *settings, cJSON *devices, struct tally *tally)
{
    struct places places;
    size_t asked = 0;
    TRY(places_open_all(settings, &places));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < places.n && status == STATUS_OK; i++) {
        const struct place *place = &places.items[i];
        if (!is_gpu(place)) continue;
        if (settings->arch && strcmp(settings->arch, place->info->device_class.target) != 0) continue;
        status = ask_place(place, devices, tally);
        asked++;
    }
    places_close(&places);
    if (status != STATUS_OK || asked) return status;
    if (settings->arch)
        return status_fail(STATUS_UNAVAILABLE,
                           "--arch=%s: no such GPU here; --emulate asks the emulator instead",
                           settings->arch);
    return status_fail(STATUS_UNAVAILABLE, "no GPU here to test; 'autotune doctor' says what is missing");
}

static enum status ask_emulator(const struct settings *settings, cJSON *devices, struct tally *tally)
{
    if (!settings->arch)
        return status_fail(STATUS_USAGE, "--emulate: --arch=TARGET says which GPU, such as --arch=gfx942");
    const struct device_api *api = device_find("emu");
    const struct compiler_api *compiler = compiler_find("emu");
    if (!api || !compiler) return status_fail(STATUS_UNAVAILABLE, "the emulator is not part of this program");
    struct device_options options = {.threads = (uint32_t)settings->threads, .target = settings->arch};
    struct device *device;
    TRY(api->open(0, &options, &device));
    struct selftest_device on = {api,      device, api->info(device)->device_class.target,
                                 compiler, NULL,   stop_flag()};
    struct text identity = {0};
    enum status status = compiler->identify(on.target, &identity);
    on.identity = text_string(&identity);
    if (status == STATUS_OK) status = ask(&on, "emu", false, devices, tally);
    text_free(&identity);
    api->close(device);
    return status;
}

static enum status conclude(const struct tally *tally)
{
    if (tally->n_differ)
        return status_fail(STATUS_NOT_FOUND,
                           "%s%s: registers lie elsewhere than we believe; kernels with it are wrong there",
                           tally->differs, tally->n_differ > 1 ? " (and more)" : "");
    if (tally->n_not_run)
        return status_fail(STATUS_UNAVAILABLE, "%s%s: the self-test could not run", tally->not_run,
                           tally->n_not_run > 1 ? " (and more)" : "");
    return STATUS_OK;
}

enum status doctor_selftest(const struct settings *settings)
{
    struct tally tally = {0};
    cJSON *root = NULL, *devices = NULL;
    stop_watch();
    if (settings->json) {
        root = cJSON_CreateObject();
        devices = cJSON_AddArrayToObject(root, "devices");
    }
    enum status status =
        settings->emulate ? ask_emulator(settings, devices, &tally) : ask_gpus(settings, devices, &tally);
    if (status != STATUS_OK) {
        cJSON_Delete(root);
        return status;
    }
    if (root) {
        cJSON_AddBoolToObject(root, "agrees", !tally.n_differ && !tally.n_not_run);
        TRY(json_deliver(root));
    }
    return conclude(&tally);
}
