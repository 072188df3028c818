#include "tuner/compile/rtc.h"

#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/file.h"
#include "tuner/base/sha256.h"
#include "tuner/compile/program.h"

enum { ARGUMENTS_MAX = 192, LIBRARY_LIMIT = 1 << 30 };

enum status rtc_function(const struct rtc *rtc, const char *name, void *to)
{
    void *symbol = dlsym(rtc->library, name);
    if (!symbol) return status_fail(STATUS_UNAVAILABLE, "has no function %s", name);
    memcpy(to, &symbol, sizeof symbol); /* ISO C has no cast between pointers to functions and objects */
    return STATUS_OK;
}

static enum status take_functions(struct rtc *rtc, const struct rtc_family *family)
{
    struct {
        const char *rest;
        void *to;
    } const wanted[] = {
        {"Version", &rtc->version},
        {"CreateProgram", &rtc->create},
        {"CompileProgram", &rtc->compile},
        {"DestroyProgram", &rtc->destroy},
        {"GetProgramLogSize", &rtc->log_size},
        {"GetProgramLog", &rtc->log},
        {family->code_size, &rtc->code_size},
        {family->code, &rtc->code},
        {"GetErrorString", &rtc->error_string},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", family->prefix, wanted[i].rest);
        TRY(rtc_function(rtc, name, wanted[i].to));
    }
    return STATUS_OK;
}

/* Libraries are never closed: compilers of this size do not survive it. */
static bool try_library(const struct rtc_family *family, const char *path, struct rtc *out)
{
    *out = (struct rtc){.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    return out->library && take_functions(out, family) == STATUS_OK;
}

/* Each line of `paths`. */
static bool try_paths(const struct rtc_family *family, struct text *paths, struct rtc *out)
{
    if (text_status(paths) != STATUS_OK || !paths->data) return false;
    for (char *save = NULL, *path = strtok_r(paths->data, "\n", &save); path;
         path = strtok_r(NULL, "\n", &save))
        if (try_library(family, path, out)) return true;
    return false;
}

enum status rtc_open(const struct rtc_family *family, struct rtc *out)
{
    const char *wanted = getenv(family->variable);
    if (wanted && *wanted) {
        if (try_library(family, wanted, out)) return STATUS_OK;
        const char *why = out->library ? status_message() : dlerror();
        return status_fail(STATUS_UNAVAILABLE, "%s=%s cannot be used: %s", family->variable, wanted,
                           why ? why : "unknown");
    }
    for (size_t i = 0; family->places[i]; i++) {
        struct text paths = {0};
        family->places[i](&paths);
        bool opened = try_paths(family, &paths, out);
        text_free(&paths);
        if (opened) return STATUS_OK;
    }
    return status_fail(STATUS_UNAVAILABLE, "%s", family->missing);
}

void rtc_add_places(struct text *paths, const char *root, const char *pattern)
{
    struct text whole = {0};
    glob_t found;
    text_format(&whole, "%s/%s", root, pattern);
    if (root && *root && text_status(&whole) == STATUS_OK &&
        glob(text_string(&whole), 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) text_format(paths, "%s\n", found.gl_pathv[i]);
        globfree(&found);
    }
    text_free(&whole);
}

enum status rtc_where(const struct rtc *rtc, struct text *path)
{
    struct link_map *map;
    if (dlinfo(rtc->library, RTLD_DI_LINKMAP, &map) != 0)
        return status_fail(STATUS_UNAVAILABLE, "the loader does not say where the compiler is");
    text_append(path, map->l_name);
    return text_status(path);
}

struct build_id {
    uintptr_t base;
    char *out;
};

static int find_build_id(struct dl_phdr_info *info, size_t size, void *context)
{
    struct build_id *wanted = context;
    (void)size;
    if (info->dlpi_addr != wanted->base) return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_NOTE) continue;
        const char *next = (const char *)(info->dlpi_addr + segment->p_vaddr), *end = next + segment->p_memsz;
        while ((size_t)(end - next) >= sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const void *)next;
            const char *bytes = next + sizeof *note + ((note->n_namesz + 3) & ~3u);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= 20) {
                text_hex(bytes, note->n_descsz, wanted->out);
                return 1;
            }
            next = bytes + ((note->n_descsz + 3) & ~3u);
        }
    }
    return 1;
}

/* In place of a build's id: a hash of the file, found out once for each library. */
static void hash_file(const char *path, char out[41])
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        char path[512], hash[41];
    } last;
    struct text file = {0};
    pthread_mutex_lock(&mutex);
    if (strcmp(last.path, path) != 0 && strlen(path) < sizeof last.path &&
        file_read(path, LIBRARY_LIMIT, &file) == STATUS_OK) {
        struct hash hash = sha256_of(text_string(&file), file.size);
        text_hex(&hash, 20, last.hash);
        strcpy(last.path, path);
    }
    if (strcmp(last.path, path) == 0) strcpy(out, last.hash);
    pthread_mutex_unlock(&mutex);
    text_free(&file);
}

void rtc_build_id(const struct rtc *rtc, char out[41])
{
    struct link_map *map;
    out[0] = '\0';
    if (dlinfo(rtc->library, RTLD_DI_LINKMAP, &map) != 0) return;
    struct build_id wanted = {map->l_addr, out};
    dl_iterate_phdr(find_build_id, &wanted);
    if (!*out) hash_file(map->l_name, out);
}

enum status rtc_identify(const struct rtc_options *options, const char *version, const char *target,
                         struct text *identity)
{
    text_format(identity, "%s %s%s", version, options->architecture, target);
    for (const char *const *flag = options->flags; *flag; flag++) text_format(identity, " %s", *flag);
    return text_status(identity);
}

/* What the library is handed, in the end. */
struct arguments {
    const char *list[ARGUMENTS_MAX];
    size_t n;
    struct text storage; /* strings made here, each terminated */
};

static void add_all(struct arguments *arguments, const char *const *list)
{
    for (; *list && arguments->n < ARGUMENTS_MAX; list++) arguments->list[arguments->n++] = *list;
}

/* The architecture first, a definition per line last. */
static enum status make_arguments(struct arguments *arguments, const struct rtc_options *options,
                                  const struct compile_request *request)
{
    size_t made = 1;
    text_format(&arguments->storage, "%s%s", options->architecture, request->target);
    text_append_bytes(&arguments->storage, "", 1);
    for (const char *line = request->definitions; *line; made++) {
        size_t size = strcspn(line, "\n");
        text_append(&arguments->storage, "-D");
        text_append_bytes(&arguments->storage, line, size);
        text_append_bytes(&arguments->storage, "", 1);
        line += size + (line[size] == '\n');
    }
    TRY(text_status(&arguments->storage));
    add_all(arguments, options->flags);
    add_all(arguments, options->warnings);
    if (made > ARGUMENTS_MAX - arguments->n)
        return status_fail(STATUS_USAGE, "%zu definitions are too many for one kernel; at most %d", made - 1,
                           ARGUMENTS_MAX - 32);
    const char *next = arguments->storage.data;
    for (; made > 0; made--, next += strlen(next) + 1) arguments->list[arguments->n++] = next;
    return STATUS_OK;
}

/* What one of the two pairs of functions hands out: a size first, then bytes. */
static enum status take_text(rtc_program program, int (*size_of)(rtc_program, size_t *),
                             int (*get)(rtc_program, char *), struct text *out)
{
    size_t size = 0;
    if (size_of(program, &size) != 0) return status_fail(STATUS_IO, "the compiler does not tell a size");
    char *bytes = calloc(1, size + 1);
    if (!bytes)
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu bytes of the compiler's output", size);
    enum status status = STATUS_OK;
    if (size && get(program, bytes) != 0)
        status = status_fail(STATUS_IO, "the compiler does not hand out its output");
    else
        text_append_bytes(out, bytes, size);
    free(bytes);
    return status == STATUS_OK ? text_status(out) : status;
}

static void take_log(const struct rtc *rtc, rtc_program program, struct text *log)
{
    struct text text = {0};
    if (take_text(program, rtc->log_size, rtc->log, &text) == STATUS_OK) text_append(log, text_string(&text));
    text_free(&text);
}

enum status rtc_compile(const struct rtc *rtc, const struct rtc_options *options,
                        const struct compile_request *request, struct text *code, struct text *log)
{
    struct arguments arguments = {.n = 0};
    struct text source = {0};
    rtc_program program = NULL;
    enum status status = make_arguments(&arguments, options, request);
    if (status == STATUS_OK) status = program_source(request, "", &source);
    if (status == STATUS_OK) {
        int error = rtc->create(&program, text_string(&source), request->source_name, 0, NULL, NULL);
        if (error)
            status = status_fail(STATUS_IO, "%s: the compiler takes no program: %s", request->source_name,
                                 rtc->error_string(error));
    }
    if (status == STATUS_OK) {
        int error = rtc->compile(program, (int)arguments.n, arguments.list);
        take_log(rtc, program, log);
        if (error)
            status = status_fail(STATUS_BAD_DATA, "%s: %s", request->source_name, rtc->error_string(error));
    }
    if (status == STATUS_OK) status = take_text(program, rtc->code_size, rtc->code, code);
    if (program) rtc->destroy(&program);
    text_free(&arguments.storage);
    text_free(&source);
    return status;
}
