/* Books as the runtime meets them: trust, damage, layers, digests, and what the environment asks for. */
#include "db/pin.h"
#include "tests/runtime/fixture.h"

#include <fcntl.h>
#include <sys/wait.h>

static struct fixture fixture;

static int group_setup(void **state)
{
    (void)state;
    fixture_setup(&fixture);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    fixture_teardown(&fixture);
    return 0;
}

static const struct put first = {.problem = "gemm f32 nt m=16 n=64 k=64", .median_ns = 100};
static const struct put second = {
    .problem = "gemm f32 nt m=32 n=64 k=64", .name = "second", .variant = 1, .median_ns = 50};
static const struct put third = {
    .problem = "gemm f32 nt m=16 n=64 k=64", .name = "third", .variant = 2, .median_ns = 70};

static void make_book(const char *name, const struct put *const *puts, size_t n)
{
    struct book *book = fixture_book(&fixture, name);
    for (size_t i = 0; i < n; i++) fixture_put(&fixture, book, puts[i]);
    assert_done(book_close(book));
}

static tb_status plan_once(struct session *s, int64_t m, tb_explanation *out)
{
    tb_gemm_problem problem = fixture_problem(m, 64, 64);
    tb_plan *plan;
    tb_status status = tb_gemm_plan(s->context, &problem, 0, &plan);
    if (status == TB_OK && out) assert_status(tb_plan_explain(plan, out), TB_OK);
    return status;
}

static void test_digest(void **state)
{
    (void)state;
    make_book("forward", (const struct put *const[]){&first, &second, &third}, 3);
    make_book("backward", (const struct put *const[]){&third, &second, &first}, 3);
    make_book("less", (const struct put *const[]){&first, &second}, 2);
    char digest[3][65];
    const char *names[] = {"forward", "backward", "less"};
    for (int i = 0; i < 3; i++) {
        tb_book *book;
        assert_status(tb_open(fixture_path(&fixture, names[i]), &book), TB_OK);
        assert_status(tb_book_digest(book, digest[i]), TB_OK);
        assert_int_equal(strlen(digest[i]), 64);
        tb_close(book);
    }
    assert_string_equal(digest[0], digest[1]);
    assert_string_not_equal(digest[0], digest[2]);
}

/* Of the first problem: what an entry of it says, under the record's own key. */
static struct hash pin_to(const char *name, const struct put *put)
{
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    struct pin pin = {.who = "ada", .because = "the fast one leaks", .pinned_at_s = 86400};
    struct book *book = fixture_book(&fixture, name);
    assert_done(problem_parse(first.problem, &problem));
    assert_done(problem_key(&problem, fixture.class_text, key));
    pin.record.n_entries = 1;
    pin.record.entries[0] = (struct record_entry){
        .kernel = fixture_kernel_hash(put), .verified = 1, .timing = {.median_ns = 900}};
    pin_describe(&pin);
    assert_done(book_put_pin(book, key, &pin));
    assert_done(book_close(book));
    return pin.record.entries[0].kernel;
}

static void test_pins(void **state)
{
    (void)state;
    char digest[2][65];
    tb_explanation how = TB_EXPLANATION_INIT;
    const struct hash environment = {{0}};
    make_book("pins", (const struct put *const[]){&first, &second, &third}, 3);
    struct session s = fixture_open(&fixture, "pins");
    assert_status(tb_book_digest(s.book, digest[0]), TB_OK);
    session_close(&s);
    struct hash kernel = pin_to("pins", &first); /* the slower of the record's two */
    s = fixture_open(&fixture, "pins");
    assert_status(tb_book_digest(s.book, digest[1]), TB_OK);
    assert_string_not_equal(digest[0], digest[1]);
    assert_status(plan_once(&s, 16, &how), TB_OK);
    assert_int_equal(how.match, TB_EXACT);
    assert_int_equal(how.evidence, TB_MEASURED);
    assert_int_equal(how.expected_ns, 900);
    assert_string_equal(how.template_name, "naive");
    assert_string_equal(how.reason, "pinned by ada on 1970-01-02: the fast one leaks");
    tb_explanation all[4] = {TB_EXPLANATION_INIT, TB_EXPLANATION_INIT, TB_EXPLANATION_INIT,
                             TB_EXPLANATION_INIT};
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    size_t n = 4;
    assert_status(tb_gemm_candidates(s.context, &problem, all, &n), TB_OK);
    assert_int_equal(n, 3);
    assert_string_equal(all[0].template_name, "naive");
    session_close(&s);
    /* In quarantine since: passed over, and told. */
    struct book *book = fixture_book(&fixture, "pins");
    assert_done(book_quarantine(book, fixture.class_text, &kernel, &environment, VERDICT_CRASH));
    assert_done(book_close(book));
    s = fixture_open(&fixture, "pins");
    assert_status(plan_once(&s, 16, &how), TB_OK);
    assert_string_equal(how.template_name, "third");
    assert_non_null(strstr(how.reason, "its pin is not usable here, passed over"));
    assert_non_null(strstr(how.reason, "is in quarantine: crash"));
    session_close(&s);
    /* So is one that does not cover the problem. */
    static const struct put small = {
        .problem = "gemm f32 nt m=8 n=64 k=64", .name = "small", .wants = {"m <= 8"}, .median_ns = 10};
    make_book("pins", (const struct put *const[]){&small}, 1);
    pin_to("pins", &small);
    s = fixture_open(&fixture, "pins");
    assert_status(plan_once(&s, 16, &how), TB_OK);
    assert_string_equal(how.template_name, "third");
    assert_non_null(strstr(how.reason, "kernel small wants m <= 8"));
    session_close(&s);
}

static void test_untrusted_book(void **state)
{
    (void)state;
    make_book("open", (const struct put *const[]){&first}, 1);
    const char *path = fixture_path(&fixture, "open");
    assert_int_equal(chmod(path, 0666), 0);
    struct session s = fixture_open(&fixture, "open");
    assert_status(plan_once(&s, 16, NULL), TB_NO_KERNEL);
    assert_says("others can write");
    assert_says(path);
    session_close(&s);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(fixture.folder, 0777), 0); /* who can write the folder can replace the file */
    s = fixture_open(&fixture, "open");
    assert_status(plan_once(&s, 16, NULL), TB_NO_KERNEL);
    session_close(&s);
    assert_int_equal(chmod(fixture.folder, 0700), 0);
    s = fixture_open(&fixture, "open");
    assert_status(plan_once(&s, 16, NULL), TB_OK);
    session_close(&s);
}

/* Flips one byte of the first code object wherever the book keeps it: where it differs from the second. */
static void damage_code(const char *path)
{
    enum { WINDOW = 64 };
    const struct text *code = &fixture.code[0], *other = &fixture.code[1];
    struct text bytes = {0};
    size_t middle = 4096, hits = 0; /* behind the headers, which other files share */
    while (middle < code->size && middle < other->size && code->data[middle] == other->data[middle]) middle++;
    assert_true(middle >= WINDOW && middle + WINDOW < code->size);
    assert_done(file_read(path, 1 << 28, &bytes));
    int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    char *at = bytes.data;
    while (
        (at = memmem(at, bytes.size - (size_t)(at - bytes.data), code->data + middle - WINDOW, 2 * WINDOW))) {
        char flipped = (char)(at[WINDOW] ^ 1);
        assert_int_equal(pwrite(file, &flipped, 1, at + WINDOW - bytes.data), 1);
        hits++;
        at++;
    }
    close(file);
    text_free(&bytes);
    assert_true(hits > 0);
}

static void test_damaged_code(void **state)
{
    (void)state;
    make_book("damaged", (const struct put *const[]){&first, &second}, 2);
    damage_code(fixture_path(&fixture, "damaged"));
    struct session s = fixture_open(&fixture, "damaged");
    tb_explanation out = TB_EXPLANATION_INIT;
    /* the exact answer is damaged; its neighbour serves, and the explanation says why */
    assert_status(plan_once(&s, 16, &out), TB_OK);
    assert_string_equal(out.template_name, "second");
    assert_int_equal(out.match, TB_NEAR_SHAPE);
    assert_non_null(strstr(out.reason, "was not loaded"));
    session_close(&s);
    make_book("lone", (const struct put *const[]){&first}, 1);
    damage_code(fixture_path(&fixture, "lone"));
    s = fixture_open(&fixture, "lone");
    for (int i = 0; i < 2; i++) {
        assert_status(plan_once(&s, 16, NULL), TB_NO_KERNEL);
        assert_says("was not loaded");
    }
    session_close(&s);
}

static void test_quarantine(void **state)
{
    (void)state;
    make_book("sick", (const struct put *const[]){&first, &third}, 2);
    struct book *book = fixture_book(&fixture, "sick");
    struct hash kernel = fixture_kernel_hash(&third), environment = {{0}};
    assert_done(book_quarantine(book, fixture.class_text, &kernel, &environment, VERDICT_CRASH));
    assert_done(book_close(book));
    struct session s = fixture_open(&fixture, "sick");
    tb_explanation out = TB_EXPLANATION_INIT;
    assert_status(plan_once(&s, 16, &out), TB_OK); /* third would be faster */
    assert_string_equal(out.template_name, "naive");
    assert_non_null(strstr(out.reason, "quarantine: crash"));
    session_close(&s);
}

static void test_books_that_are_none(void **state)
{
    (void)state;
    tb_book *book = NULL;
    assert_status(tb_open(fixture_path(&fixture, "missing"), &book), TB_IO);
    assert_says("missing");
    char junk[9000];
    memset(junk, 'x', sizeof junk);
    assert_done(file_publish(fixture_path(&fixture, "junk"), junk, sizeof junk, 0600));
    assert_status(tb_open(fixture_path(&fixture, "junk"), &book), TB_CORRUPT);
    assert_says("junk");
    assert_status(tb_open(NULL, NULL), TB_INVALID);
    assert_null(book);
    tb_close(NULL);
}

static void test_context_errors(void **state)
{
    (void)state;
    make_book("errors", (const struct put *const[]){&first}, 1);
    tb_book *book;
    tb_context *context = NULL;
    assert_status(tb_open(fixture_path(&fixture, "errors"), &book), TB_OK);
    assert_status(tb_context_create(book, "abacus", 0, NULL, &context), TB_UNAVAILABLE);
    assert_says("cpu");
    assert_status(tb_context_create(book, "cpu", 7, NULL, &context), TB_UNAVAILABLE);
    assert_status(tb_context_create(NULL, "cpu", 0, NULL, &context), TB_INVALID);
    assert_status(tb_context_create(book, NULL, 0, NULL, &context), TB_INVALID);
    assert_null(context);
    tb_context_destroy(NULL);
    tb_close(book);
}

static void test_layers(void **state)
{
    (void)state;
    make_book("upper", (const struct put *const[]){&first}, 1);
    make_book("lower", (const struct put *const[]){&third, &second}, 2);
    char *list = arena_format(&fixture.arena, "%s:%s", fixture_path(&fixture, "upper"),
                              fixture_path(&fixture, "lower"));
    setenv("TUNEBOOK", list, 1);
    struct session s;
    tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
    options.threads = 1;
    assert_status(tb_open(NULL, &s.book), TB_OK);
    unsetenv("TUNEBOOK");
    assert_status(tb_context_create(s.book, "cpu", 0, &options, &s.context), TB_OK);
    tb_explanation out = TB_EXPLANATION_INIT;
    assert_status(plan_once(&s, 16, &out),
                  TB_OK); /* both layers answer exactly: the first one's word counts */
    assert_string_equal(out.template_name, "naive");
    assert_non_null(strstr(out.book, "upper"));
    assert_status(plan_once(&s, 32, &out),
                  TB_OK); /* a lower layer's exact answer beats an upper one's neighbour */
    assert_string_equal(out.template_name, "second");
    session_close(&s);
}

static size_t count_lines(const char *path, const char *needle)
{
    struct text text = {0};
    if (access(path, F_OK) != 0) return 0;
    assert_done(file_read(path, 1 << 20, &text));
    size_t n = 0;
    char *rest = text.data;
    for (char *line; rest && (line = strsep(&rest, "\n"));)
        n += line[0] != '\0' && strstr(line, needle) != NULL;
    text_free(&text);
    return n;
}

static void test_log_and_misses(void **state)
{
    (void)state;
    make_book("watched", (const struct put *const[]){&first}, 1);
    const char *log = fixture_path(&fixture, "log"), *misses = fixture_path(&fixture, "misses");
    setenv("TUNEBOOK_LOG", log, 1);
    setenv("TUNEBOOK_MISSES", misses, 1);
    struct session s = fixture_open(&fixture, "watched");
    unsetenv("TUNEBOOK_LOG");
    unsetenv("TUNEBOOK_MISSES");
    tb_gemm_problem odd = fixture_problem(17, 64, 64);
    tb_plan *plan;
    for (int i = 0; i < 3; i++) {
        assert_status(plan_once(&s, 16, NULL), TB_OK);
        assert_status(plan_once(&s, 17, NULL), TB_OK);
        assert_status(plan_once(&s, 1000, NULL), TB_NO_KERNEL);
        assert_status(tb_gemm_plan(s.context, &odd, TB_PLAN_DETERMINISTIC, &plan), TB_OK);
    }
    session_close(&s);
    assert_int_equal(count_lines(log, ""), 3);
    assert_int_equal(count_lines(log, "gemm f32 nt m=16 n=64 k=64 on "), 1);
    assert_int_equal(count_lines(log, "exact measured naive"), 1);
    assert_int_equal(count_lines(log, "no_kernel"), 1);
    assert_int_equal(count_lines(misses, ""), 2);
    assert_int_equal(count_lines(misses, "gemm f32 nt m=17 n=64 k=64"), 1);
    assert_int_equal(count_lines(misses, "gemm f32 nt m=1000 n=64 k=64"), 1);
    struct text text = {0};
    struct problem problem;
    assert_done(file_read(misses, 1 << 20, &text));
    char *rest = text.data;
    for (char *line; (line = strsep(&rest, "\n")) && line[0];) assert_done(problem_parse(line, &problem));
    text_free(&text);
}

static void test_disable(void **state)
{
    (void)state;
    make_book("off", (const struct put *const[]){&first}, 1);
    const char *misses = fixture_path(&fixture, "off.misses");
    setenv("TUNEBOOK_DISABLE", "1", 1);
    setenv("TUNEBOOK_MISSES", misses, 1);
    struct session s = fixture_open(&fixture, "off");
    unsetenv("TUNEBOOK_DISABLE");
    unsetenv("TUNEBOOK_MISSES");
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    tb_explanation out = TB_EXPLANATION_INIT;
    size_t n = 1;
    assert_status(plan_once(&s, 16, NULL), TB_NO_KERNEL);
    assert_says("TUNEBOOK_DISABLE");
    assert_status(tb_gemm_candidates(s.context, &problem, &out, &n), TB_OK);
    assert_int_equal(n, 0);
    session_close(&s);
    assert_int_equal(count_lines(misses, ""), 0);
    setenv("TUNEBOOK_DISABLE", "0", 1);
    s = fixture_open(&fixture, "off");
    unsetenv("TUNEBOOK_DISABLE");
    assert_status(plan_once(&s, 16, NULL), TB_OK);
    session_close(&s);
}

static int child_of_fork(struct session *s, tb_plan *plan, const tb_launch *launch, const tb_gemm_args *args)
{
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    tb_stats_values stats = TB_STATS_INIT;
    tb_context *context;
    tb_plan *other;
    char digest[65];
    int wrong = 0;
    wrong += tb_gemm_plan(s->context, &problem, 0, &other) != TB_INVALID;
    wrong += strstr(tb_last_error(), "fork") == NULL;
    wrong += tb_launch_run(launch, NULL) != TB_INVALID;
    wrong += tb_gemm_launch(plan, args, NULL, NULL) != TB_INVALID;
    wrong += tb_stats(s->context, &stats) != TB_INVALID;
    wrong += tb_book_digest(s->book, digest) != TB_INVALID;
    wrong += tb_context_create(s->book, "cpu", 0, NULL, &context) != TB_INVALID;
    tb_context_destroy(s->context);
    tb_close(s->book);
    struct session fresh = fixture_open(&fixture, "forked"); /* the child may open its own */
    wrong += plan_once(&fresh, 16, NULL) != TB_OK;
    session_close(&fresh);
    return wrong;
}

static void test_fork(void **state)
{
    (void)state;
    make_book("forked", (const struct put *const[]){&first}, 1);
    struct session s = fixture_open(&fixture, "forked");
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    struct matrices x = matrices_make(16, 64, 64, 1);
    tb_gemm_args args = matrices_args(&x);
    tb_plan *plan;
    tb_launch launch;
    assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_OK);
    assert_status(tb_gemm_prepare(plan, &args, NULL, &launch), TB_OK);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) _exit(child_of_fork(&s, plan, &launch, &args));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_status(tb_launch_run(&launch, NULL), TB_OK); /* the parent goes on */
    matrices_check(&x, 0);
    matrices_free(&x);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest),         cmocka_unit_test(test_pins),
        cmocka_unit_test(test_untrusted_book), cmocka_unit_test(test_damaged_code),
        cmocka_unit_test(test_quarantine),     cmocka_unit_test(test_books_that_are_none),
        cmocka_unit_test(test_context_errors), cmocka_unit_test(test_layers),
        cmocka_unit_test(test_log_and_misses), cmocka_unit_test(test_disable),
        cmocka_unit_test(test_fork),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
