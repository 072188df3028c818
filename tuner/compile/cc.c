/* The system's C compiler: kernels for the CPU as shared objects that need no library. */
#include "tuner/compile/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/compile/program.h"
#include "tuner/compile/subprocess.h"

/* What makes the code, in order; -march=TARGET stands in front. Nothing here may depend on the machine. */
#define FLAGS_OF_ALL                                                                              \
    "-O3", "-std=gnu17", "-fPIC", "-fno-math-errno", "-ffp-contract=fast", "-fvisibility=hidden", \
        "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",        \
        "-fno-semantic-interposition"
/* How it is linked: small, without the C library or start files. */
#define LINKING \
    "-shared", "-nostdlib", "-Wl,-s", "-Wl,--build-id=none", "-Wl,--hash-style=gnu", "-Wl,-z,noseparate-code"

static const struct family {
    const char *name;
    const char *mark; /* in the text of --version */
    const char *const flags[16];
    const char *const linking[12];
    const char *const library; /* behind the source: helpers of the compiler, linked in */
} families[] = {
    {"clang", "clang version", {FLAGS_OF_ALL}, {LINKING}, NULL},
    {"gcc", "see the source for copying conditions", {FLAGS_OF_ALL}, {LINKING}, "-lgcc"},
};

struct compiler {
    struct text path;
    struct text version; /* one line, without the path or name it was called by */
    const struct family *family;
};

static void compiler_forget(struct compiler *compiler)
{
    text_free(&compiler->path);
    text_free(&compiler->version);
}

/* $TUNEBOOK_CC alone where it is set, else the usual names. */
static enum status find_path(struct text *path)
{
    const char *wanted = getenv("TUNEBOOK_CC");
    if (wanted && *wanted) {
        if (subprocess_find(wanted, path)) return text_status(path);
        return status_fail(STATUS_UNAVAILABLE, "TUNEBOOK_CC=%s is no program that can be run", wanted);
    }
    const char *names[] = {getenv("CC"), "cc", "gcc", "clang"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] && *names[i] && subprocess_find(names[i], path)) return text_status(path);
    return status_fail(STATUS_UNAVAILABLE,
                       "no C compiler on PATH (cc, gcc, clang): install gcc, or set TUNEBOOK_CC to its path");
}

/* "gcc (Debian 12.2.0-14) 12.2.0" whatever the name it was called by. */
static void name_version(const struct family *family, const char *first_line, struct text *version)
{
    size_t size = strcspn(first_line, "\r\n"), skip = 0;
    if (strcmp(family->name, "gcc") == 0) {
        skip = strcspn(first_line, " \r\n");
        text_append(version, "gcc");
    }
    text_append_bytes(version, first_line + skip, size - skip);
}

static enum status find_compiler(struct compiler *out)
{
    struct compiler compiler = {0};
    struct text text = {0};
    enum status status = find_path(&compiler.path);
    const char *path = text_string(&compiler.path);
    if (status == STATUS_OK) status = program_version(path, &text);
    for (size_t i = 0; status == STATUS_OK && i < sizeof families / sizeof families[0]; i++)
        if (!compiler.family && strstr(text_string(&text), families[i].mark)) compiler.family = &families[i];
    if (status == STATUS_OK && !compiler.family)
        status = status_fail(STATUS_UNAVAILABLE, "%s --version is neither gcc nor clang: %.80s", path,
                             text_string(&text));
    if (status == STATUS_OK) {
        name_version(compiler.family, text_string(&text), &compiler.version);
        status = text_status(&compiler.version);
    }
    text_free(&text);
    if (status != STATUS_OK) {
        compiler_forget(&compiler);
        return status;
    }
    *out = compiler;
    return STATUS_OK;
}

struct target_flag {
    char march[64];
};

/* "generic" is what the compiler makes when it is told nothing. */
static void begin_command(struct command *command, const struct compiler *compiler, const char *target,
                          struct target_flag *flag)
{
    command_begin(command, text_string(&compiler->path));
    snprintf(flag->march, sizeof flag->march, "-march=%s", target);
    if (strcmp(target, "generic") != 0) command_add(command, flag->march);
    command_add_all(command, compiler->family->flags);
}

static enum status check_target(const struct compiler *compiler, const char *target)
{
    struct command command;
    struct target_flag flag;
    struct text log = {0};
    int code = 0;
    begin_command(&command, compiler, target, &flag);
    const char *const probe[] = {"-x", "c", "-S", "-o", "/dev/null", "-", NULL};
    command_add_all(&command, probe);
    struct subprocess process = {.argv = command.argv, .output_limit = 4096, .deadline_ms = PROGRAM_QUICK_MS};
    enum status status = subprocess_run(&process, &log, &code);
    if (status == STATUS_OK && code != 0) {
        const char *line = text_string(&log);
        status = status_fail(STATUS_NOT_COVERED, "%s makes no code for %s: %.*s",
                             text_string(&compiler->version), target, (int)strcspn(line, "\n"), line);
    }
    text_free(&log);
    return status;
}

static enum status cc_identify(const char *target, struct text *identity)
{
    struct compiler compiler;
    TRY(find_compiler(&compiler));
    enum status status = check_target(&compiler, target);
    if (status == STATUS_OK) {
        struct command command;
        struct target_flag flag;
        begin_command(&command, &compiler, target, &flag);
        command_add_all(&command, compiler.family->linking);
        if (compiler.family->library) command_add(&command, compiler.family->library);
        status = command_identify(&command, text_string(&compiler.version), identity);
    }
    compiler_forget(&compiler);
    return status;
}

static enum status cc_compile(const struct compile_request *request, struct text *code, struct text *log)
{
    struct compiler compiler;
    struct command command;
    struct target_flag flag;
    struct text source = {0};
    TRY(find_compiler(&compiler));
    begin_command(&command, &compiler, request->target, &flag);
    command_add_all(&command, compiler.family->linking);
    enum status status = command_define(&command, request->definitions);
    const char *const rest[] = {"-pipe", "-x", "c", "-", "-x", "none", compiler.family->library, NULL};
    command_add_all(&command, rest);
    if (status == STATUS_OK) status = program_source(request, "", &source);
    if (status == STATUS_OK) status = command_compile(&command, request->source_name, &source, 0, code, log);
    command_free(&command);
    text_free(&source);
    compiler_forget(&compiler);
    return status;
}

const struct compiler_api compiler_cc = {
    .abi = COMPILER_API_ABI,
    .name = "cc",
    .identify = cc_identify,
    .compile = cc_compile,
};
