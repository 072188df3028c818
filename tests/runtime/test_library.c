/* The built libtunebook.so from outside: what it exports, what it needs, how large it is; and the header as
 * other languages read it. Wants $TUNEBOOK_BUILD, which tests/run sets. */
#include "tests/runtime/fixture.h"

/* The CPU, CUDA's and HIP's sides with the table of products that names their devices, and the calls of two
 * ops. What watches GPUs is not in it. */
enum { STRIPPED_BYTES_MAX = 200 << 10 };

static char folder[128], library[512];

static int group_setup(void **state)
{
    (void)state;
    const char *build = getenv("TUNEBOOK_BUILD"), *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/tunebook.XXXXXX", temporary ? temporary : "/tmp");
    snprintf(library, sizeof library, "%s/libtunebook.so", build ? build : "build");
    return mkdtemp(folder) ? 0 : -1;
}

static int group_teardown(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* The output of a shell command in which LIBRARY, FOLDER and ROOT stand for theirs; fails the test if it
 * fails. */
static struct text shell(const char *format)
{
    struct text output = {0}, command = {0};
    const char *root = getenv("TUNEBOOK_ROOT");
    text_format(&command, "LIBRARY='%s' FOLDER='%s' ROOT='%s'; %s", library, folder, root ? root : ".",
                format);
    FILE *pipe = popen(text_string(&command), "r");
    assert_non_null(pipe);
    char line[512];
    while (fgets(line, sizeof line, pipe)) text_append(&output, line);
    int code = pclose(pipe);
    if (code != 0) fail_msg("%s: exit %d: %s", text_string(&command), code, text_string(&output));
    text_free(&command);
    return output;
}

/* Sanitizers put names and bytes of their own into it. */
static void skip_unless_plain(void)
{
    if (access(library, R_OK) != 0) {
        print_message("skipped: there is no %s\n", library);
        skip();
    }
    struct text output = shell("nm -D \"$LIBRARY\" | grep -c '__asan\\|__tsan\\|__ubsan' || true");
    bool plain = strcmp(text_string(&output), "0\n") == 0;
    text_free(&output);
    if (plain) return;
    print_message("skipped: %s is built with sanitizers\n", library);
    skip();
}

static void assert_output(const char *command, const char *expected)
{
    struct text output = shell(command);
    assert_string_equal(text_string(&output), expected);
    text_free(&output);
}

static void test_exports(void **state)
{
    (void)state;
    skip_unless_plain();
    assert_output(
        "nm -D --defined-only \"$LIBRARY\" | awk '{ print $3 }' | grep -v '^tb_[a-z_]*@@TUNEBOOK_0$' | "
        "grep -v '^TUNEBOOK_0$' || true",
        "");
    /* every call of the header is there */
    assert_output("grep TB_API \"$ROOT/frontends/runtime/tunebook.h\" | grep -o 'tb_[a-z_]*(' | tr -d '(' | "
                  "while read -r name; do nm -D --defined-only \"$LIBRARY\" | grep -q \" $name@@\" || echo "
                  "\"$name\"; done",
                  "");
}

static void test_needs(void **state)
{
    (void)state;
    skip_unless_plain();
    /* the dynamic loader is glibc's own, for thread-local storage */
    assert_output("readelf -d \"$LIBRARY\" | sed -n 's/.*(NEEDED).*\\[\\(.*\\)\\].*/\\1/p' | grep -v "
                  "'^ld-linux' | sort",
                  "libc.so.6\nliblmdb.so.0\n");
    assert_output("nm \"$LIBRARY\" 2>/dev/null | grep -ci cjson || true", "0\n");
}

static void test_size(void **state)
{
    (void)state;
    skip_unless_plain();
    struct text output =
        shell("strip -o \"$FOLDER/stripped.so\" \"$LIBRARY\" && wc -c < \"$FOLDER/stripped.so\"");
    long bytes = strtol(text_string(&output), NULL, 10);
    text_free(&output);
    print_message("stripped: %ld bytes\n", bytes);
    assert_true(bytes > 0 && bytes <= STRIPPED_BYTES_MAX);
}

static void test_header(void **state)
{
    (void)state;
    struct text output = shell(
        "printf '#include <tunebook.h>\\nint main(void) { tb_gemm_problem p = TB_GEMM_PROBLEM_INIT; "
        "tb_gemm_args a = TB_GEMM_ARGS_INIT; tb_attention_problem q = TB_ATTENTION_PROBLEM_INIT; "
        "tb_attention_args r = TB_ATTENTION_ARGS_INIT; tb_stats_values s = TB_STATS_INIT; tb_explanation e = "
        "TB_EXPLANATION_INIT; tb_context_options o = TB_CONTEXT_OPTIONS_INIT; return (int)(p.m + a.m + "
        "q.batch + r.batch + "
        "(long)s.hits + (long)e.expected_ns + (long)o.threads); }\\n' > \"$FOLDER/use.c\" && "
        "cd \"$ROOT\" && cc -std=c99 -Wall -Wextra -Wpedantic -Werror -Ifrontends/runtime -c "
        "\"$FOLDER/use.c\" -o \"$FOLDER/use.o\" 2>&1 && { command -v c++ >/dev/null || exit 0; } && "
        "c++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -Ifrontends/runtime -c \"$FOLDER/use.c\" "
        "-o \"$FOLDER/use.o\" 2>&1");
    text_free(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exports),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_header),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
