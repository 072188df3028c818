/* The system's C compiler: kernels for the CPU as shared objects that need no library. */
#include "tuner/compile/compiler.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/file.h"
#include "tuner/compile/subprocess.h"

enum { ARGUMENTS_MAX = 160, LOG_LIMIT = 64 << 10, CODE_LIMIT = 64 << 20, QUICK_MS = 20000 };

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
    int code = 0;
    enum status status = find_path(&compiler.path);
    const char *path = text_string(&compiler.path);
    if (status == STATUS_OK) {
        const char *argv[] = {path, "--version", NULL};
        struct subprocess process = {.argv = argv, .output_limit = 4096, .deadline_ms = QUICK_MS};
        status = subprocess_run(&process, &text, &code);
    }
    for (size_t i = 0; status == STATUS_OK && i < sizeof families / sizeof families[0]; i++)
        if (!compiler.family && strstr(text_string(&text), families[i].mark)) compiler.family = &families[i];
    if (status == STATUS_OK && (code != 0 || !compiler.family))
        status =
            status_fail(STATUS_UNAVAILABLE, "%s --version is neither gcc nor clang (exit code %d): %.80s",
                        path, code, text_string(&text));
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

struct arguments {
    const char *argv[ARGUMENTS_MAX];
    size_t n;
    char march[64];
};

static void add(struct arguments *arguments, const char *argument)
{
    if (arguments->n + 1 < ARGUMENTS_MAX) arguments->argv[arguments->n++] = argument;
    arguments->argv[arguments->n] = NULL;
}

static void add_all(struct arguments *arguments, const char *const *list)
{
    for (; *list; list++) add(arguments, *list);
}

/* "generic" is what the compiler makes when it is told nothing. */
static void begin_arguments(struct arguments *arguments, const struct compiler *compiler, const char *target)
{
    arguments->n = 0;
    add(arguments, text_string(&compiler->path));
    snprintf(arguments->march, sizeof arguments->march, "-march=%s", target);
    if (strcmp(target, "generic") != 0) add(arguments, arguments->march);
    add_all(arguments, compiler->family->flags);
}

static enum status check_target(const struct compiler *compiler, const char *target)
{
    struct arguments arguments;
    struct text log = {0};
    int code = 0;
    begin_arguments(&arguments, compiler, target);
    const char *const probe[] = {"-x", "c", "-S", "-o", "/dev/null", "-", NULL};
    add_all(&arguments, probe);
    struct subprocess process = {.argv = arguments.argv, .output_limit = 4096, .deadline_ms = QUICK_MS};
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
        struct arguments arguments;
        begin_arguments(&arguments, &compiler, target);
        add_all(&arguments, compiler.family->linking);
        if (compiler.family->library) add(&arguments, compiler.family->library);
        text_append(identity, text_string(&compiler.version));
        for (size_t i = 1; i < arguments.n; i++) text_format(identity, " %s", arguments.argv[i]);
        status = text_status(identity);
    }
    compiler_forget(&compiler);
    return status;
}

/* The definitions, one per line, as -D arguments in `storage`. */
static enum status add_definitions(struct arguments *arguments, const char *definitions, struct text *storage)
{
    size_t n = 0;
    for (const char *line = definitions; *line; n++) {
        size_t size = strcspn(line, "\n");
        text_append(storage, "-D");
        text_append_bytes(storage, line, size);
        text_append_bytes(storage, "", 1);
        line += size + (line[size] == '\n');
    }
    TRY(text_status(storage));
    if (arguments->n + n + 32 > ARGUMENTS_MAX)
        return status_fail(STATUS_USAGE, "%zu definitions are too many for one kernel; at most %d", n,
                           ARGUMENTS_MAX - 64);
    for (const char *next = storage->data; n > 0; n--, next += strlen(next) + 1) add(arguments, next);
    return STATUS_OK;
}

static enum status run_compiler(const struct compiler *compiler, const struct compile_request *request,
                                const char *output, struct text *log)
{
    struct arguments arguments;
    struct text storage = {0}, source = {0};
    begin_arguments(&arguments, compiler, request->target);
    add_all(&arguments, compiler->family->linking);
    enum status status = add_definitions(&arguments, request->definitions, &storage);
    const char *const rest[] = {
        "-pipe", "-o", output, "-x", "c", "-", "-x", "none", compiler->family->library, NULL};
    add_all(&arguments, rest);
    text_format(&source, "#line 1 \"%s\"\n%s", request->source_name, request->source);
    if (status == STATUS_OK) status = text_status(&source);
    int code = 0;
    if (status == STATUS_OK) {
        struct subprocess process = {.argv = arguments.argv,
                                     .input = source.data,
                                     .input_bytes = source.size,
                                     .output_limit = LOG_LIMIT};
        status = subprocess_run(&process, log, &code);
    }
    if (status == STATUS_OK && code != 0)
        status = status_fail(STATUS_BAD_DATA, "%s: %s ended with exit code %d", request->source_name,
                             text_string(&compiler->path), code);
    text_free(&storage);
    text_free(&source);
    return status;
}

static enum status cc_compile(const struct compile_request *request, struct text *code, struct text *log)
{
    const char *parent = getenv("TMPDIR");
    char folder[512], output[528];
    if (!parent || !*parent) parent = "/tmp";
    if (snprintf(folder, sizeof folder, "%s/tunebook-cc-XXXXXX", parent) >= (int)sizeof folder)
        return status_fail(STATUS_IO, "TMPDIR is too long: %.100s...", parent);
    struct compiler compiler;
    TRY(find_compiler(&compiler));
    if (!mkdtemp(folder)) {
        compiler_forget(&compiler);
        return status_fail_errno(STATUS_IO, "cannot make a folder in %s", parent);
    }
    snprintf(output, sizeof output, "%s/kernel.so", folder);
    enum status status = run_compiler(&compiler, request, output, log);
    if (status == STATUS_OK) status = file_read(output, CODE_LIMIT, code);
    unlink(output);
    rmdir(folder);
    compiler_forget(&compiler);
    return status;
}

const struct compiler_api compiler_cc = {
    .abi = COMPILER_API_ABI,
    .name = "cc",
    .identify = cc_identify,
    .compile = cc_compile,
};
