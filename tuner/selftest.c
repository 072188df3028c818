#include "tuner/selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/device/matrix_probe_args.h"
#include "templates/embedded.h"
#include "tuner/compile/compile_pool.h"
#include "tuner/selftest_cases.h"

enum { COMPILE_DEADLINE_MS = 120000 };
static const char probe_path[] = "device/matrix_probe.hip", entry[] = "matrix_probe";

const char *selftest_verdict_name(enum selftest_verdict verdict)
{
    static const char *const names[] = {
        [SELFTEST_AGREES] = "agrees", [SELFTEST_DIFFERS] = "differs", [SELFTEST_NOT_RUN] = "not run"};
    return names[verdict];
}

static enum status probe_source(const char **out)
{
    for (size_t i = 0; i < n_embedded_headers; i++) {
        if (strcmp(embedded_headers[i].path, probe_path) != 0) continue;
        *out = embedded_headers[i].text;
        return STATUS_OK;
    }
    return status_fail(STATUS_UNAVAILABLE, "%s was not built in", probe_path);
}

static enum status compile(const struct selftest_device *on, enum matrix_form form, struct text *code)
{
    static const volatile int never = 0;
    const struct matrix_info *info = matrix_info(form);
    struct text definitions = {0};
    const char *source = NULL;
    TRY(probe_source(&source));
    text_format(&definitions, "FORM=%s\nWORDS_A=%u\nWORDS_B=%u\nWORDS_D=%u\nINTEGERS=%d\n", info->name,
                info->registers[MATRIX_A], info->registers[MATRIX_B], info->registers[MATRIX_D],
                info->acc == DTYPE_I32);
    struct compile_job job = {
        .compiler = on->compiler,
        .identity = on->identity,
        .request = {source, probe_path, text_string(&definitions), on->target},
    };
    enum status status = text_status(&definitions);
    if (status == STATUS_OK)
        status = compile_run(&job, 1, 1, COMPILE_DEADLINE_MS, on->stop ? on->stop : &never);
    if (status == STATUS_OK && job.verdict != VERDICT_OK)
        status = status_fail(STATUS_BAD_DATA, "%s does not compile it: %s", on->compiler->name, job.detail);
    text_free(&definitions);
    if (status == STATUS_OK)
        *code = job.code;
    else
        text_free(&job.code);
    return status;
}

/* The cases' registers on the device. */
static enum status put(const struct selftest_device *on, const struct selftest_cases *cases,
                       void *memory[SELFTEST_WORDS])
{
    for (unsigned x = 0; x < SELFTEST_WORDS; x++) {
        TRY(on->api->allocate(on->device, cases->bytes[x], 256, &memory[x]));
        if (x == SELFTEST_D)
            TRY(on->api->fill(on->device, memory[x], 0xa5, cases->bytes[x]));
        else
            TRY(on->api->upload(on->device, memory[x], cases->words[x], cases->bytes[x]));
    }
    return STATUS_OK;
}

static enum status launch(const struct selftest_device *on, const struct selftest_cases *cases,
                          struct device_module *module, void *const memory[SELFTEST_WORDS])
{
    const struct matrix_probe_args args = {memory[SELFTEST_A], memory[SELFTEST_B], memory[SELFTEST_C],
                                           memory[SELFTEST_D]};
    struct device_step step = {
        .grid = {(uint32_t)cases->n, 1, 1},
        .cluster = {1, 1, 1},
        .block = {matrix_info(cases->form)->shape.wave, 1, 1},
    };
    struct device_launch launch = {.steps = &step, .n_steps = 1, .args = &args, .args_bytes = sizeof args};
    TRY(on->api->function(module, entry, &step.function));
    TRY(on->api->launch(on->device, NULL, &launch));
    return on->api->synchronize(on->device, NULL);
}

/* Runs the code; `d` is room for the answer. */
static enum status execute(const struct selftest_device *on, const struct selftest_cases *cases,
                           const struct text *code, unsigned *d)
{
    struct device_module *module;
    void *memory[SELFTEST_WORDS] = {0};
    TRY(on->api->load(on->device, code->data, code->size, &module));
    enum status status = put(on, cases, memory);
    if (status == STATUS_OK) status = launch(on, cases, module, memory);
    if (status == STATUS_OK)
        status = on->api->download(on->device, d, memory[SELFTEST_D], cases->bytes[SELFTEST_D]);
    for (unsigned x = 0; x < SELFTEST_WORDS; x++)
        if (memory[x]) on->api->release(on->device, memory[x]);
    on->api->unload(on->device, module);
    return status;
}

static enum status run(const struct selftest_device *on, const struct selftest_cases *cases, bool *equal,
                       struct text *why)
{
    struct text code = {0};
    unsigned *d = malloc(cases->bytes[SELFTEST_D]);
    if (!d) return status_fail(STATUS_NO_MEMORY, "no memory for the self-test");
    enum status status = compile(on, cases->form, &code);
    if (status == STATUS_OK) status = execute(on, cases, &code, d);
    if (status == STATUS_OK) *equal = selftest_cases_equal(cases, d, why);
    text_free(&code);
    free(d);
    return status;
}

enum status selftest_run(const struct selftest_device *on, enum matrix_form form, struct selftest_result *out)
{
    struct selftest_cases cases;
    struct text why = {0};
    bool equal = false;
    *out = (struct selftest_result){.form = form, .verdict = SELFTEST_NOT_RUN};
    if (!matrix_on_target(form, on->target)) {
        snprintf(out->why, sizeof out->why, "%s has no such instruction", on->target);
        return STATUS_OK;
    }
    TRY(selftest_cases_make(form, &cases));
    enum status status = run(on, &cases, &equal, &why);
    if (status == STATUS_OK) out->verdict = equal ? SELFTEST_AGREES : SELFTEST_DIFFERS;
    snprintf(out->why, sizeof out->why, "%s", status == STATUS_OK ? text_string(&why) : status_message());
    text_free(&why);
    selftest_cases_free(&cases);
    return status == STATUS_INTERRUPTED || status == STATUS_NO_MEMORY ? status : STATUS_OK;
}

enum status selftest_ensure(const struct selftest_device *on, enum matrix_form form)
{
    char environment[SELFTEST_ENVIRONMENT_BYTES];
    struct selftest_result result;
    TRY(selftest_environment(on->api, on->device, on->target, environment));
    enum status status = selftest_trusted(on->target, environment, form);
    if (status != STATUS_NOT_FOUND) return status;
    TRY(selftest_run(on, form, &result));
    if (result.verdict == SELFTEST_NOT_RUN)
        return status_fail(STATUS_UNAVAILABLE, "%s on %s: the self-test could not run: %s",
                           matrix_info(form)->name, on->target, result.why);
    TRY(selftest_keep(on->target, environment, &result));
    return selftest_trusted(on->target, environment, form);
}

enum status selftest_ensure_type(const struct selftest_device *on, enum dtype in)
{
    for (unsigned i = 0; i < MATRIX_FORMS; i++) {
        const struct matrix_info *info = matrix_info((enum matrix_form)i);
        if (info->evidence != MATRIX_ASSUMED || info->in != in) continue;
        if (matrix_on_target((enum matrix_form)i, on->target)) TRY(selftest_ensure(on, (enum matrix_form)i));
    }
    return STATUS_OK;
}
