/* The kernels in .hip files of tests/emulator, compiled for the emulator and run through device.h. */
#ifndef TUNEBOOK_TESTS_EMULATOR_KERNELS_H
#define TUNEBOOK_TESTS_EMULATOR_KERNELS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/manifest.h"
#include "tuner/compile/compiler.h"
#include "tuner/device/device.h"

#define assert_ok(call)                                                        \
    do {                                                                       \
        enum status status_ = (call);                                          \
        if (status_ != STATUS_OK) fail_msg("%s: %s", #call, status_message()); \
    } while (0)

/* What every kernel of these files takes; as `struct test_args` there. */
struct test_args {
    uint32_t *out;
    const uint32_t *in;
    uint32_t *shared_words; /* of all blocks */
    uint32_t n;
};

struct kernels {
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    struct text source;
    char file[64];
};

static inline const char *tests_root(void)
{
    const char *root = getenv("TUNEBOOK_ROOT");
    return root ? root : ".";
}

/* FILE.hip for a target, by `threads` workers. */
static inline void kernels_open(struct kernels *kernels, const char *file, const char *target,
                                uint32_t threads, bool reverse)
{
    char path[256];
    struct text flat = {0}, code = {0}, log = {0};
    struct device_options options = {.threads = threads, .target = target, .reverse = reverse};
    *kernels = (struct kernels){.api = device_find("emu")};
    snprintf(kernels->file, sizeof kernels->file, "%s", file);
    snprintf(path, sizeof path, "%s/tests/emulator/%s", tests_root(), file);
    assert_ok(source_flatten(tests_root(), path, &flat));
    assert_ok(kernels->api->open(0, &options, &kernels->device));
    struct compile_request request = {.source = text_string(&flat),
                                      .source_name = file,
                                      .definitions = "",
                                      .target = kernels->api->info(kernels->device)->device_class.target};
    if (compiler_find("emu")->compile(&request, &code, &log) != STATUS_OK)
        fail_msg("%s: %s\n%s", file, status_message(), text_string(&log));
    assert_ok(kernels->api->load(kernels->device, code.data, code.size, &kernels->module));
    FILE *text = fopen(path, "r");
    assert_non_null(text);
    char line[512];
    while (fgets(line, sizeof line, text)) text_append(&kernels->source, line);
    fclose(text);
    text_free(&flat);
    text_free(&code);
    text_free(&log);
}

static inline void kernels_close(struct kernels *kernels)
{
    kernels->api->unload(kernels->device, kernels->module);
    kernels->api->close(kernels->device);
    text_free(&kernels->source);
}

static inline struct device_step kernels_step(struct kernels *kernels, const char *entry, uint32_t grid,
                                              uint32_t block, uint32_t shared_bytes)
{
    struct device_step step = {
        .grid = {grid, 1, 1}, .cluster = {1, 1, 1}, .block = {block, 1, 1}, .shared_bytes = shared_bytes};
    assert_ok(kernels->api->function(kernels->module, entry, &step.function));
    return step;
}

static inline enum status kernels_launch(struct kernels *kernels, const struct device_step *steps, uint32_t n,
                                         const struct test_args *args)
{
    struct device_launch launch = {.steps = steps, .n_steps = n, .args = args, .args_bytes = sizeof *args};
    return kernels->api->launch(kernels->device, NULL, &launch);
}

/* The line of the comment "@mark" in the kernels' source. */
static inline uint32_t kernels_line(const struct kernels *kernels, const char *mark, size_t length)
{
    uint32_t line = 1;
    for (const char *at = text_string(&kernels->source); *at; at++) {
        if (*at == '\n') line++;
        if (*at == '@' && strncmp(at + 1, mark, length) == 0 && strchr(" \n*", at[1 + length])) return line;
    }
    fail_msg("%s has no mark @%.*s", kernels->file, (int)length, mark);
    return 0;
}

/* `text` with every "@mark" as "FILE:LINE". */
static inline void kernels_expand(const struct kernels *kernels, const char *text, struct text *out)
{
    while (*text) {
        size_t plain = strcspn(text, "@");
        text_append_bytes(out, text, plain);
        text += plain;
        if (!*text) break;
        size_t mark = strspn(++text, "abcdefghijklmnopqrstuvwxyz_0123456789");
        text_format(out, "%s:%u", kernels->file, kernels_line(kernels, text, mark));
        text += mark;
    }
}

#endif
