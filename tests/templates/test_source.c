/* Flattening of sources, and templates from a folder. */
#include "tests/base/check.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include "templates/manifest.h"
#include "templates/source.h"

static char root[] = "/tmp/tunebook-source-XXXXXX";

static void write_file(const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static enum status flatten(const char *name, struct text *out)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    text_clear(out);
    return source_flatten(root, path, out);
}

static void test_flatten(void **state)
{
    (void)state;
    struct text out = {0};
    make_folder("op");
    make_folder("device");
    write_file("op/k.c", "#include <math.h>\n  #  include \"a.h\" /* once */\n#include "
                         "\"../device/d.h\"\n#include \"a.h\"\nint k;");
    write_file("op/a.h", "#include \"device/d.h\"\nint a;\n");
    write_file("device/d.h", "int d; /* #include \"none.h\" */\n");
    assert_ok(flatten("op/k.c", &out));
    assert_string_equal(text_string(&out), "#line 1 \"op/k.c\"\n#include <math.h>\n"
                                           "#line 1 \"op/a.h\"\n"
                                           "#line 1 \"device/d.h\"\nint d; /* #include \"none.h\" */\n"
                                           "#line 2 \"op/a.h\"\nint a;\n"
                                           "#line 3 \"op/k.c\"\n"
                                           "\n"
                                           "\nint k;\n");
    /* the same whatever the root is called */
    struct text again = {0};
    char longer[256], path[256];
    snprintf(longer, sizeof longer, "%s/", root);
    snprintf(path, sizeof path, "%s//op/k.c", root);
    assert_ok(source_flatten(longer, path, &again));
    assert_string_equal(text_string(&out), text_string(&again));
    text_free(&again);
    text_free(&out);
}

static void test_cycles_end(void **state)
{
    (void)state;
    struct text out = {0};
    write_file("self.c", "#include \"self.c\"\nint x;\n");
    assert_ok(flatten("self.c", &out));
    assert_string_equal(text_string(&out), "#line 1 \"self.c\"\n\nint x;\n");
    text_free(&out);
}

static void test_errors(void **state)
{
    (void)state;
    struct text out = {0};
    char message[256];
    write_file("missing.c", "int x;\n#include \"nothing.h\"\n");
    snprintf(message, sizeof message, "missing.c:2: #include \"nothing.h\" is neither in %s nor built in",
             root);
    assert_fails(flatten("missing.c", &out), STATUS_BAD_DATA, message);
    write_file("outside.c", "#include \"../../../../../../etc/passwd\"\n");
    snprintf(message, sizeof message,
             "outside.c:1: #include \"../../../../../../etc/passwd\" is neither in %s nor built in", root);
    assert_fails(flatten("outside.c", &out), STATUS_BAD_DATA, message);
    write_file("absolute.c", "#include \"/etc/passwd\"\n");
    snprintf(message, sizeof message, "absolute.c:1: #include \"/etc/passwd\" is neither in %s nor built in",
             root);
    assert_fails(flatten("absolute.c", &out), STATUS_BAD_DATA, message);
    assert_int_equal(flatten("../passwd", &out), STATUS_BAD_DATA);
    assert_int_equal(source_flatten(root, "/etc/passwd", &out), STATUS_BAD_DATA);
    snprintf(message, sizeof message, "/etc/passwd: lies outside %s", root);
    assert_string_equal(status_message(), message);
    assert_int_equal(flatten("nowhere.c", &out), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "nowhere.c"));
    assert_int_equal(out.size, 0);
    for (int i = 0; i < 40; i++) {
        char name[32], content[64];
        snprintf(name, sizeof name, "deep%d.h", i);
        snprintf(content, sizeof content, "#include \"deep%d.h\"\n", i + 1);
        write_file(name, content);
    }
    assert_fails(flatten("deep0.h", &out), STATUS_BAD_DATA,
                 "deep32.h:1: #include \"deep33.h\" is nested deeper than 32 files");
    text_free(&out);
}

static const char manifest_format[] =
    "{\"name\": \"%s\", \"op\": \"gemm\", \"source\": \"%s\", \"targets\": [\"x86-64-v3\"], \"parameters\": "
    "{\"A\": [1]},"
    " \"launch\": [{\"entry\": \"e\", \"grid\": [1, 1, 1]}], \"default\": {\"A\": 1}}";

static void write_manifest(const char *file, const char *name, const char *source)
{
    char json[512];
    snprintf(json, sizeof json, manifest_format, name, source);
    write_file(file, json);
}

/* A user's folder: manifests in it and one folder below, headers of ours without copying them. */
static void test_load_folder(void **state)
{
    (void)state;
    char folder[64], message[256];
    struct manifest **list;
    size_t n;
    snprintf(folder, sizeof folder, "%s/user", root);
    make_folder("user");
    snprintf(message, sizeof message,
             "templates: %s holds no manifest (NAME.json, in it or one folder below)", folder);
    assert_fails(template_load(folder, &list, &n), STATUS_USAGE, message);
    make_folder("user/gemm");
    write_manifest("user/one.json", "one", "one.c");
    write_file(
        "user/one.c",
        "#include \"device/cpu.h\"\n#include \"gemm_args.h\"\n#include \"templates/gemm/gemm_args.h\"\n");
    write_manifest("user/gemm/two.json", "two", "two.c");
    write_file("user/gemm/two.c", "#include \"../../device/cpu.h\"\n");
    write_file("user/notes.txt", "no manifest\n");
    assert_ok(template_load(folder, &list, &n));
    assert_int_equal(n, 2);
    assert_string_equal(list[0]->name, "two"); /* by path: gemm/two.json, one.json */
    assert_string_equal(list[1]->name, "one");
    assert_non_null(strstr(list[1]->source, "struct cpu_block {"));
    const char *args = strstr(list[1]->source, "struct gemm_args {");
    assert_non_null(args);
    assert_null(strstr(args + 1, "struct gemm_args {"));
    assert_non_null(strstr(list[1]->origin, "/user/one.json"));
    for (size_t i = 0; i < n; i++) manifest_free(list[i]);
    free(list);

    write_manifest("user/gemm/again.json", "one", "two.c");
    assert_int_equal(template_load(folder, &list, &n), STATUS_BAD_DATA);
    snprintf(message, sizeof message,
             "%s/one.json: a template named one is there already, in %s/gemm/again.json", folder, folder);
    assert_string_equal(status_message(), message);
    write_manifest("user/gemm/again.json", "three", "three.c");
    assert_int_equal(template_load(folder, &list, &n), STATUS_BAD_DATA);
    snprintf(message, sizeof message, "%s/gemm/again.json: ", folder);
    assert_true(strncmp(status_message(), message, strlen(message)) == 0);
    assert_non_null(strstr(status_message(), "three.c"));
    assert_int_equal(template_load("/nowhere", &list, &n), STATUS_IO);
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flatten),
        cmocka_unit_test(test_cycles_end),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_load_folder),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
