/* Compiling: the system's compiler, the pool of children, the cache. */
#include "tests/tuner/support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "tuner/base/clock.h"

static char folder[] = "/tmp/tunebook-test-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static int begin(void **state)
{
    (void)state;
    const char *identity;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    host_compiler(&identity); /* found before PATH is played with */
    assert_non_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("TMPDIR", folder, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct compile_job job_of(const char *source, const char *definitions)
{
    struct compile_job job = {.compiler = host_compiler(&job.identity)};
    job.request = (struct compile_request){source, "test.c", definitions, host_target()};
    return job;
}

static struct compile_job compile(const char *source, const char *definitions, uint32_t deadline_ms)
{
    struct compile_job job = job_of(source, definitions);
    assert_ok(compile_run(&job, 1, 1, deadline_ms, NULL));
    return job;
}

static void test_definitions_count(void **state)
{
    (void)state;
    struct compile_job one = compile("int f(void) { return A + B; }", "A=1\nB=2\n", 60000);
    struct compile_job two = compile("int f(void) { return A + B; }", "A=1\nB=40\n", 60000);
    assert_int_equal(one.verdict, VERDICT_OK);
    assert_int_equal(two.verdict, VERDICT_OK);
    assert_true(memcmp(&one.code_hash, &two.code_hash, sizeof one.code_hash) != 0);
    assert_false(one.cached);
    assert_true(one.compile_ns > 0);
    struct compile_job again = compile("int f(void) { return A + B; }", "A=1\nB=2\n", 60000);
    assert_true(again.cached);
    assert_int_equal(again.compile_ns, 0);
    assert_memory_equal(&one.code_hash, &again.code_hash, sizeof one.code_hash);
    assert_int_equal(one.code.size, again.code.size);
    text_free(&one.code);
    text_free(&two.code);
    text_free(&again.code);
}

/* The same source gives the same bytes: kernels are named by them. */
static void test_compiles_are_repeatable(void **state)
{
    (void)state;
    struct text first = {0}, second = {0}, log = {0};
    const char *identity;
    struct compile_request request = {
        "__attribute__((visibility(\"default\"))) int f(int x) { return x * 3; }", "x.c", "", host_target()};
    const struct compiler_api *cc = host_compiler(&identity);
    assert_ok(cc->compile(&request, &first, &log));
    assert_ok(cc->compile(&request, &second, &log));
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    text_free(&first);
    text_free(&second);
    text_free(&log);
}

static void test_errors_are_told(void **state)
{
    (void)state;
    struct compile_job job = compile("int f(void)\n{ return nobody; }", "", 60000);
    assert_int_equal(job.verdict, VERDICT_COMPILE_ERROR);
    assert_non_null(strstr(job.detail, "test.c:2"));
    assert_non_null(strstr(job.detail, "nobody"));
    assert_int_equal(job.code.size, 0);
    job = compile("#error too many tiles\n", "", 60000);
    assert_non_null(strstr(job.detail, "too many tiles"));
}

/* A compiler that runs for ever goes with all its children. */
static void test_time_is_limited(void **state)
{
    (void)state;
    const char *script = "#!/bin/sh\ncase \"$1\" in --version) echo 'clang version 1.0 (test)';; *) sleep "
                         "1000 & sleep 1000;; esac\n";
    char path[64];
    snprintf(path, sizeof path, "%s/slow-cc", folder);
    FILE *file = fopen(path, "w");
    fputs(script, file);
    fclose(file);
    chmod(path, 0755);
    setenv("TUNEBOOK_CC", path, 1);
    uint64_t begun = clock_ns();
    struct compile_job job = compile("int slow;", "", 500);
    unsetenv("TUNEBOOK_CC");
    assert_int_equal(job.verdict, VERDICT_COMPILE_TIMEOUT);
    assert_true(clock_ns() - begun < 10000000000u);
    clock_sleep_ns(50000000);
    while (waitpid(-1, NULL, WNOHANG) > 0) continue; /* killed grandchildren came to us */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_no_compiler(void **state)
{
    (void)state;
    char *path = strdup(getenv("PATH"));
    struct text identity = {0};
    const struct compiler_api *compiler;
    setenv("PATH", folder, 1);
    unsetenv("CC");
    assert_int_equal(compiler_find("cc")->identify(host_target(), &identity), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "install gcc"));
    assert_int_equal(compiler_for_target(host_target(), &compiler, &identity), STATUS_UNAVAILABLE);
    struct compile_job job = compile("int nothing_compiles_this;", "", 60000);
    assert_int_equal(job.verdict, VERDICT_COMPILE_ERROR);
    assert_non_null(strstr(job.detail, "install gcc"));
    setenv("PATH", path, 1);
    setenv("TUNEBOOK_CC", "/no/such/compiler", 1);
    assert_int_equal(compiler_find("cc")->identify(host_target(), &identity), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "/no/such/compiler"));
    setenv("TUNEBOOK_CC", "true", 1); /* no compiler at all */
    assert_int_equal(compiler_find("cc")->identify(host_target(), &identity), STATUS_UNAVAILABLE);
    unsetenv("TUNEBOOK_CC");
    assert_int_equal(compiler_find("cc")->identify("gfx942", &identity), STATUS_NOT_COVERED);
    assert_int_equal(compiler_for_target("gfx943", &compiler, &identity), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "gfx943"));
    text_free(&identity);
    free(path);
}

static void test_identity_has_no_path(void **state)
{
    (void)state;
    const char *identity;
    host_compiler(&identity);
    assert_null(strstr(identity, "/usr"));
    assert_non_null(strstr(identity, "-O3"));
    assert_non_null(strstr(identity, host_target()));
    assert_null(strstr(identity, "native"));
    assert_null(strchr(identity, '\n'));
}

/* ---- the cache ---- */

static char entry[512];

static int find_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)place;
    if (kind == FTW_F && info->st_size > 0 && strstr(path, "/code/"))
        snprintf(entry, sizeof entry, "%s", path);
    return 0;
}

static void keep_only(const char *source)
{
    char path[64];
    snprintf(path, sizeof path, "%s/tunebook/code", folder);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    entry[0] = '\0';
    struct compile_job job = compile(source, "", 60000);
    text_free(&job.code);
    nftw(path, find_entry, 8, FTW_PHYS);
    assert_true(entry[0]);
}

static void test_damaged_entries_are_compiled_again(void **state)
{
    (void)state;
    const char *source = "int kept(void) { return 5; }";
    keep_only(source);
    struct stat info;
    stat(entry, &info);
    for (off_t at = 0; at < info.st_size; at += info.st_size / 9 + 1) {
        int file = open(entry, O_RDWR);
        char byte;
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
        close(file);
        struct compile_job job = compile(source, "", 60000);
        assert_int_equal(job.verdict, VERDICT_OK);
        assert_false(job.cached);
        text_free(&job.code);
        job = compile(source, "", 60000);
        assert_true(job.cached);
        text_free(&job.code);
    }
    assert_int_equal(truncate(entry, 20), 0);
    struct compile_job job = compile(source, "", 60000);
    assert_false(job.cached);
    text_free(&job.code);
}

static void test_entries_that_others_may_write_are_not_used(void **state)
{
    (void)state;
    keep_only("int shared(void) { return 6; }");
    chmod(entry, 0666);
    struct compile_job job = compile("int shared(void) { return 6; }", "", 60000);
    assert_false(job.cached);
    text_free(&job.code);
}

/* Permissions do not bind root: a file where the folder should be stops everybody. */
static void test_an_unwritable_cache_is_one_warning(void **state)
{
    (void)state;
    char path[64], log[64], text[4096] = "";
    snprintf(path, sizeof path, "%s/blocked", folder);
    snprintf(log, sizeof log, "%s/log", folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    setenv("XDG_CACHE_HOME", path, 1);
    int saved = dup(2), file = open(log, O_CREAT | O_RDWR, 0600);
    dup2(file, 2);
    struct compile_job jobs[3] = {job_of("int a;", ""), job_of("int b;", ""), job_of("int c;", "")};
    enum status status = compile_run(jobs, 3, 2, 60000, NULL);
    dup2(saved, 2);
    close(saved);
    assert_int_equal(status, STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(jobs[i].verdict, VERDICT_OK);
        text_free(&jobs[i].code);
    }
    assert_true(pread(file, text, sizeof text - 1, 0) > 0);
    close(file);
    char *warning = strstr(text, "warning: compiled code is not kept");
    assert_non_null(warning);
    assert_null(strstr(warning + 1, "warning: compiled code"));
    setenv("XDG_CACHE_HOME", folder, 1);
}

static void test_stop(void **state)
{
    (void)state;
    volatile int stop = 1;
    struct compile_job job = job_of("int stopped;", "");
    assert_int_equal(compile_run(&job, 1, 1, 60000, &stop), STATUS_INTERRUPTED);
    assert_ok(compile_run(NULL, 0, 4, 1000, NULL));
}

static void test_nothing_is_left_in_the_temporary_folder(void **state)
{
    (void)state;
    char pattern[128];
    snprintf(pattern, sizeof pattern, "ls -d %s/tunebook-* 2>/dev/null | grep -q .", folder);
    assert_int_not_equal(system(pattern), 0);
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definitions_count),
        cmocka_unit_test(test_compiles_are_repeatable),
        cmocka_unit_test(test_errors_are_told),
        cmocka_unit_test(test_time_is_limited),
        cmocka_unit_test(test_no_compiler),
        cmocka_unit_test(test_identity_has_no_path),
        cmocka_unit_test(test_damaged_entries_are_compiled_again),
        cmocka_unit_test(test_entries_that_others_may_write_are_not_used),
        cmocka_unit_test(test_an_unwritable_cache_is_one_warning),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_nothing_is_left_in_the_temporary_folder),
    };
    return cmocka_run_group_tests_name("compile", tests, begin, end);
}
