/* Source lines of what every clang here compiles, and of bytes that are no line tables. */
#include "tests/base/check.h"

#include <dlfcn.h>
#include <unistd.h>
#include "tests/scale.h"
#include "tuner/base/clock.h"
#include "tuner/base/file.h"
#include "tuner/base/rng.h"
#include "tuner/base/text.h"
#include "tuner/emulator/source_lines.h"

/* Every call of `hook` is at a line that its argument names; 1000 and up are in inner.h. */
static const char source[] =
    "#line 10 \"outer/kernel.c\"\n"
    "void (*hook)(int line); volatile int kept;\n"
    "#line 1000 \"inner.h\"\n"
    "static inline __attribute__((always_inline)) void deepest(void) {\n"
    "    hook(1001);\n"
    "}\n"
    "static inline __attribute__((always_inline)) void inner(int n) {\n"
    "    for (int i = 0; i < n; i++)\n"
    "        hook(1005);\n"
    "    deepest();\n"
    "}\n"
    "#line 50 \"outer/kernel.c\"\n"
    "void entry(int n) {\n"
    "    hook(51);\n"
    "    inner(n);\n"
    "    if (n > 1)\n"
    "        hook(54), kept = n; /* else it is merged with the next call, which has no line then */\n"
    "    hook(55);\n"
    "}\n"
    "#line 60 \"outer/kernel.c\"\n"
    "void merged(int n) { /* one call for both, which belongs to neither line */\n"
    "    if (n > 1)\n"
    "        hook(-60);\n"
    "    else\n"
    "        hook(-60);\n"
    "    kept = n;\n"
    "}\n"
    "#line 70 \"/absolute/other.c\"\n"
    "__attribute__((section(\".text.other\"))) void other(void) {\n"
    "\n"
    "    hook(72); hook(72);\n"
    "    hook(73);\n"
    "}\n";

static const char *const compilers[] = {"clang",    "clang-14", "clang-15", "clang-16", "clang-17",
                                        "clang-18", "clang-19", "clang-20", "clang-21", "clang-22"};

static char folder[64];

static void path_of(char *out, size_t capacity, const char *leaf)
{
    snprintf(out, capacity, "%s/%s", folder, leaf);
}

static bool is_here(const char *compiler)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", compiler);
    return system(command) == 0;
}

/* The object that the compiler makes of `text`, read into `out`; `path` is where it is. */
static void compile(const char *compiler, const char *flags, const char *text, char path[128],
                    struct text *out)
{
    static unsigned n;
    char from[128], leaf[32], command[512];
    path_of(from, sizeof from, "source.c");
    assert_ok(file_publish(from, text, strlen(text), 0644));
    snprintf(leaf, sizeof leaf, "object-%u.so", n++); /* loaders know files by name */
    path_of(path, 128, leaf);
    snprintf(command, sizeof command, "%s -shared -fPIC -fno-optimize-sibling-calls %s %s -o %s", compiler,
             flags, from, path);
    if (system(command) != 0) fail_msg("failed: %s", command);
    text_clear(out);
    assert_ok(file_read(path, 16 << 20, out));
}

static struct {
    const struct source_lines *lines;
    uintptr_t base;
    unsigned calls, wrong;
} heard;

static void hear(int line)
{
    uintptr_t address = (uintptr_t)__builtin_return_address(0) - heard.base - 1;
    const char *file = "nowhere", *wanted = line >= 1000 ? "inner.h"
                                            : line >= 70 ? "/absolute/other.c"
                                                         : "outer/kernel.c";
    uint32_t found = 0;
    heard.calls++;
    bool known = source_lines_find(heard.lines, address, &file, &found);
    if (line < 0 && known && found >= (uint32_t)-line && found < (uint32_t)-line + 7) return;
    if (known && found == (uint32_t)line && strcmp(file, wanted) == 0) return;
    heard.wrong++;
    print_error("the call at %s:%d is said to be at %s:%u\n", wanted, line, file, found);
}

static void check_calls(const char *path, const struct text *object)
{
    struct source_lines *lines;
    assert_ok(source_lines_read(object->data, object->size, &lines));
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(module);
    void (**hook)(int) = dlsym(module, "hook");
    void (*entry)(int), (*merged)(int), (*other)(void);
    *(void **)&entry = dlsym(module, "entry");
    *(void **)&merged = dlsym(module, "merged");
    *(void **)&other = dlsym(module, "other");
    assert_true(hook && entry && merged && other);
    Dl_info info;
    assert_true(dladdr((void *)hook, &info));
    heard.lines = lines;
    heard.base = (uintptr_t)info.dli_fbase;
    heard.calls = heard.wrong = 0;
    *hook = hear;
    entry(1);
    entry(4);
    merged(1);
    merged(2);
    other();
    assert_int_equal(heard.calls, 4 + 8 + 2 + 3);
    assert_int_equal(heard.wrong, 0);

    /* Functions begin at their own lines; nothing is known before, behind and of the hook itself. */
    const char *file;
    uint32_t line;
    assert_true(source_lines_find(lines, (uintptr_t) * (void **)&entry - heard.base, &file, &line));
    assert_int_equal(line, 50);
    assert_string_equal(file, "outer/kernel.c");
    assert_true(source_lines_find(lines, (uintptr_t) * (void **)&other - heard.base, &file, &line));
    assert_int_equal(line, 70);
    assert_false(source_lines_find(lines, 0, &file, &line));
    assert_false(source_lines_find(lines, UINT64_MAX, &file, &line));
    assert_false(source_lines_find(lines, (uintptr_t)hook - heard.base, &file, &line));
    dlclose(module);
    source_lines_free(lines);
}

static void what_clang_makes(void **state)
{
    (void)state;
    static const char *const flags[] = {
        "-O2 -gline-tables-only -gdwarf-4",
        "-O2 -gline-tables-only -gdwarf-5",
        "-O0 -gline-tables-only -gdwarf-4",
        "-O1 -g -gdwarf-2",
        "-O1 -g -gdwarf-3",
        "-O1 -g -gdwarf-5",
        "-O1 -gline-tables-only -gdwarf-4 -ffunction-sections",
    };
    unsigned n = 0;
    struct text object = {0};
    char path[128];
    for (size_t c = 0; c < N_OF(compilers); c++) {
        if (!is_here(compilers[c])) continue;
        n++;
        for (size_t f = 0; f < N_OF(flags); f++) {
            compile(compilers[c], flags[f], source, path, &object);
            check_calls(path, &object);
        }
    }
    text_free(&object);
    if (!n) print_message("SKIPPED: no clang here\n");
}

static const char *any_compiler(void)
{
    for (size_t c = 0; c < N_OF(compilers); c++)
        if (is_here(compilers[c])) return compilers[c];
    print_message("SKIPPED: no clang here\n");
    return NULL;
}

/* A kernel of some hundred lines is read in well under a millisecond. */
static void speed(void **state)
{
    (void)state;
    const char *compiler = any_compiler();
    if (!compiler) return;
    struct text text = {0}, object = {0};
    char path[128];
    text_append(&text, "void entry(volatile float *x, int n) {\n");
    for (int i = 0; i < 400; i++)
        text_format(&text, "    if (x[%d] > n) x[%d] += x[%d] * %d;\n", i, i + 1, i + 2, i);
    text_append(&text, "}\n");
    compile(compiler, "-O1 -gline-tables-only -gdwarf-4", text_string(&text), path, &object);
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 50; i++) {
        struct source_lines *lines;
        uint64_t begin = clock_ns();
        assert_ok(source_lines_read(object.data, object.size, &lines));
        uint64_t taken = clock_ns() - begin;
        if (taken < best) best = taken;
        source_lines_free(lines);
    }
    print_message("400 lines, %zu bytes of code object: %.1f us\n", object.size, (double)best / 1e3);
    assert_true(best < 1000000);
    text_free(&text);
    text_free(&object);
}

static void what_is_no_table(void **state)
{
    (void)state;
    struct source_lines *lines;
    const char *compiler = any_compiler();
    static const char not_elf[] = "the kernel's code is not a whole 64-bit little-endian ELF file";
    assert_fails(source_lines_read("", 0, &lines), STATUS_BAD_DATA, not_elf);
    char zeros[256] = {0};
    assert_fails(source_lines_read(zeros, sizeof zeros, &lines), STATUS_BAD_DATA, not_elf);
    if (!compiler) return;
    struct text object = {0};
    char path[128];
    compile(compiler, "-O1 -g0", source, path, &object);
    assert_fails(source_lines_read(object.data, object.size, &lines), STATUS_NOT_FOUND,
                 "the kernel has no lines (.debug_line): compile with -gline-tables-only");
    text_free(&object);
}

/* Cut off anywhere, or with bytes changed: an answer or one line, never an access outside (under ASan). */
static void damaged(void **state)
{
    (void)state;
    const char *compiler = any_compiler();
    if (!compiler) return;
    static const char *const flags[] = {"-O1 -gline-tables-only -gdwarf-4",
                                        "-O1 -gline-tables-only -gdwarf-5"};
    struct text object = {0};
    struct rng rng;
    char path[128];
    unsigned refused = 0, read = 0;
    rng_seed(&rng, 1);
    for (size_t f = 0; f < N_OF(flags); f++) {
        compile(compiler, flags[f], source, path, &object);
        for (size_t i = 0; i < test_scaled(3000); i++) {
            size_t size = i % 3 ? object.size : (size_t)rng_below(&rng, object.size + 1);
            unsigned char *copy = malloc(size + 1);
            memcpy(copy, object.data, size);
            for (uint64_t n = rng_below(&rng, 200); n && size; n--)
                copy[rng_below(&rng, size)] = (unsigned char)rng_next(&rng);
            unsigned char *exact = realloc(copy, size ? size : 1);
            struct source_lines *lines;
            if (source_lines_read(exact, size, &lines) == STATUS_OK) {
                const char *file;
                uint32_t line;
                for (int a = 0; a < 50; a++)
                    if (source_lines_find(lines, rng_below(&rng, object.size), &file, &line))
                        assert_true(line > 0 && strlen(file) < size);
                source_lines_free(lines);
                read++;
            } else {
                refused++;
            }
            free(exact);
        }
    }
    assert_true(refused && read);
    text_free(&object);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/tunebook-lines-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_clang_makes),
        cmocka_unit_test(speed),
        cmocka_unit_test(what_is_no_table),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
