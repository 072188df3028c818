#include "tests/base/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tuner/base/file.h"

static char folder[] = "/tmp/tunebook-test-XXXXXX";

/* The path of a file in the test's folder; four of them live at once. */
static const char *in_folder(const char *leaf)
{
    static char paths[4][4400];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, leaf);
    return path;
}

static int count_entries(const char *path)
{
    int n = 0;
    DIR *dir = opendir(path);
    if (!dir) return -1;
    for (struct dirent *entry; (entry = readdir(dir));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return n;
}

static void empty_folder(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir -m 755 '%s'", folder, folder);
    assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
    (void)state;
    empty_folder();
    return 0;
}

/* Runs `body` in a child, for what cannot be undone; its exit code. Assertions of cmocka do not cross
 * processes. */
static int in_child(int (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- reading ---- */

static void test_read(void **state)
{
    (void)state;
    enum { SIZE = 50000 };
    static char bytes[SIZE];
    for (int i = 0; i < SIZE; i++) bytes[i] = (char)(i * 7);
    const char *path = in_folder("data");
    assert_ok(file_publish(path, bytes, SIZE, 0644));
    struct text text = {0};
    text_append(&text, "> ");
    assert_ok(file_read(path, SIZE, &text));
    assert_int_equal(text.size, SIZE + 2);
    assert_memory_equal(text.data + 2, bytes, SIZE);
    assert_int_equal(text.data[text.size], 0);

    char message[300];
    snprintf(message, sizeof message, "%s is larger than the %d bytes allowed", path, SIZE - 1);
    assert_fails(file_read(path, SIZE - 1, &text), STATUS_BAD_DATA, message);
    assert_int_equal(text.size, SIZE + 2);
    text_free(&text);

    assert_ok(file_publish(in_folder("empty"), "", 0, 0644));
    assert_ok(file_read(in_folder("empty"), 0, &text));
    assert_int_equal(text.size, 0);
    text_free(&text);
}

static void test_read_refuses(void **state)
{
    (void)state;
    struct text text = {0};
    char message[300];
    snprintf(message, sizeof message, "cannot open %s: No such file or directory", in_folder("none"));
    assert_fails(file_read(in_folder("none"), 10, &text), STATUS_NOT_FOUND, message);
    snprintf(message, sizeof message, "cannot read %s: it is a folder, not a regular file", folder);
    assert_fails(file_read(folder, 10, &text), STATUS_BAD_DATA, message);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0); /* nobody writes: it must not wait */
    snprintf(message, sizeof message, "cannot read %s: it is a device, pipe or socket, not a regular file",
             in_folder("pipe"));
    assert_fails(file_read(in_folder("pipe"), 10, &text), STATUS_BAD_DATA, message);
    assert_fails(file_read("/dev/null/x", 10, &text), STATUS_IO, "cannot open /dev/null/x: Not a directory");
    assert_null(text.data);
}

/* ---- publishing ---- */

static void test_publish_replaces_and_honours_umask(void **state)
{
    (void)state;
    const char *path = in_folder("file");
    mode_t before = umask(027);
    assert_ok(file_publish(path, "first", 5, 0666));
    assert_ok(file_publish(in_folder("readonly"), "x", 1, 0444));
    umask(before);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(stat(in_folder("readonly"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0440);
    assert_ok(file_publish(path, "second", 6, 0600));
    struct text text = {0};
    assert_ok(file_read(path, 100, &text));
    assert_string_equal(text.data, "second");
    text_free(&text);
    assert_int_equal(count_entries(folder), 2);
}

/* A name without a folder belongs to the current one. */
static void test_publish_here(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    enum status status = file_publish("plain", "x", 1, 0644);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(access(in_folder("plain"), R_OK), 0);
}

/* While one process publishes, a reader sees the old bytes or the new ones, never a mixture or nothing. */
static void test_publish_is_atomic(void **state)
{
    (void)state;
    enum { SIZE = 200000, TIMES = 60 };
    static char bytes[SIZE];
    const char *path = in_folder("shared");
    memset(bytes, 'a', SIZE);
    assert_ok(file_publish(path, bytes, SIZE, 0644));
    fflush(NULL);
    pid_t writer = fork();
    if (writer == 0) {
        int failed = 0;
        for (int i = 0; i < TIMES; i++) {
            memset(bytes, 'a' + i % 26, SIZE - (size_t)i);
            failed |= file_publish(path, bytes, SIZE - (size_t)i, 0644) != STATUS_OK;
        }
        _exit(failed);
    }
    int status = 0, reads = 0;
    while (waitpid(writer, &status, WNOHANG) == 0) {
        struct text text = {0};
        assert_ok(file_read(path, SIZE, &text));
        assert_true(text.size > SIZE - TIMES);
        for (size_t i = 1; i < text.size; i++)
            if (text.data[i] != text.data[0]) fail_msg("byte %zu is of another version", i);
        text_free(&text);
        reads++;
    }
    assert_int_equal(status, 0);
    assert_true(reads > 0);
    assert_int_equal(count_entries(folder), 1);
}

static void test_publish_errors(void **state)
{
    (void)state;
    char message[4600];
    snprintf(message, sizeof message, "cannot write %s: No such file or directory", in_folder("none/file"));
    assert_fails(file_publish(in_folder("none/file"), "x", 1, 0644), STATUS_IO, message);
    /* The target is a folder: the new file was written, but cannot take its name. */
    assert_int_equal(mkdir(in_folder("taken"), 0755), 0);
    snprintf(message, sizeof message, "cannot write %s: Is a directory", in_folder("taken"));
    assert_fails(file_publish(in_folder("taken"), "x", 1, 0644), STATUS_IO, message);
    assert_int_equal(count_entries(folder), 1);
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    snprintf(message, sizeof message, "cannot write %s: File name too long", in_folder(name));
    assert_fails(file_publish(in_folder(name), "x", 1, 0644), STATUS_IO, message);
}

static int publish_too_large(void)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    static char bytes[5000];
    if (file_publish(in_folder("kept"), bytes, sizeof bytes, 0644) != STATUS_IO) return 1;
    if (!strstr(status_message(), "/kept: File too large (raise the file size limit, see ulimit -f)"))
        return 2;
    return file_publish(in_folder("kept"), "new", 3, 0644) == STATUS_OK ? 0 : 3;
}

static void test_publish_above_the_limit(void **state)
{
    (void)state;
    assert_ok(file_publish(in_folder("kept"), "old", 3, 0644));
    assert_int_equal(in_child(publish_too_large), 0);
    assert_int_equal(count_entries(folder), 1);
}

enum { NO_MOUNT = 77 };

static int publish_on_full_disk(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=64k") != 0)
        return NO_MOUNT;
    static char bytes[100000];
    struct text text = {0};
    if (file_publish(in_folder("kept"), "old", 3, 0644) != STATUS_OK) return 1;
    if (file_publish(in_folder("kept"), bytes, sizeof bytes, 0644) != STATUS_IO) return 2;
    if (!strstr(status_message(), "/kept: No space left on device (free some space or choose another place)"))
        return 3;
    if (count_entries(folder) != 1) return 4;
    if (file_read(in_folder("kept"), 100, &text) != STATUS_OK || strcmp(text.data, "old") != 0) return 5;
    text_free(&text);
    if (mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) return NO_MOUNT;
    if (file_publish(in_folder("kept"), "new", 3, 0644) != STATUS_IO) return 6;
    if (!strstr(status_message(), "/kept: Read-only file system (choose a place that can be written)"))
        return 7;
    return file_make_folders(folder) == STATUS_OK ? 0 : 8; /* it is there already */
}

static void test_publish_on_full_disk(void **state)
{
    (void)state;
    int code = in_child(publish_on_full_disk);
    if (code == NO_MOUNT) {
        print_message("no file system can be mounted here: skipped\n");
        skip();
    }
    assert_int_equal(code, 0);
}

/* Root may write anywhere, so somebody else tries. */
static int publish_without_permission(void)
{
    if (geteuid() == 0 && setuid(65534) != 0) return 1;
    if (file_publish(in_folder("closed/file"), "x", 1, 0644) != STATUS_IO) return 2;
    if (!strstr(status_message(), "closed/file: Permission denied (check the owner and the permissions)"))
        return 3;
    if (file_make_folders(in_folder("closed/a/b")) != STATUS_IO) return 4;
    if (!strstr(status_message(), "closed/a: Permission denied (check the owner and the permissions)"))
        return 5;
    return 0;
}

static void test_publish_without_permission(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("closed"), 0555), 0);
    assert_int_equal(in_child(publish_without_permission), 0);
    assert_int_equal(count_entries(in_folder("closed")), 0);
}

/* ---- folders ---- */

static void test_make_folders(void **state)
{
    (void)state;
    mode_t before = umask(0);
    assert_ok(file_make_folders(in_folder("a/b//c/")));
    assert_ok(file_make_folders(in_folder("a/b/c")));
    umask(before);
    struct stat info;
    assert_int_equal(stat(in_folder("a/b/c"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0755);
    assert_ok(file_publish(in_folder("a/file"), "x", 1, 0644));
    char message[9000];
    snprintf(message, sizeof message, "cannot make folder %s: %s is a file", in_folder("a/file/d"),
             in_folder("a/file"));
    assert_fails(file_make_folders(in_folder("a/file/d")), STATUS_IO, message);
    assert_fails(file_make_folders(""), STATUS_IO, "cannot make folder \"\": No such file or directory");
    static char longer[5000];
    memset(longer, 'n', sizeof longer - 1);
    assert_int_equal(file_make_folders(longer), STATUS_IO);
    assert_ok(file_make_folders("/"));
}

static void set_or_unset(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void test_user_paths(void **state)
{
    (void)state;
    static const struct {
        const char *home, *data, *cache, *data_path, *cache_path;
    } cases[] = {
        {"/h", NULL, NULL, "/h/.local/share/tunebook/x", "/h/.cache/tunebook/x"},
        {"/h", "/d", "/c", "/d/tunebook/x", "/c/tunebook/x"},
        {NULL, "/d", "/c", "/d/tunebook/x", "/c/tunebook/x"},
        {"/h", "relative", "", "/h/.local/share/tunebook/x", "/h/.cache/tunebook/x"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        set_or_unset("HOME", cases[i].home);
        set_or_unset("XDG_DATA_HOME", cases[i].data);
        set_or_unset("XDG_CACHE_HOME", cases[i].cache);
        struct text path = {0};
        assert_ok(file_data_path("x", &path));
        assert_string_equal(text_string(&path), cases[i].data_path);
        text_clear(&path);
        assert_ok(file_cache_path("x", &path));
        assert_string_equal(text_string(&path), cases[i].cache_path);
        text_free(&path);
    }
    struct text path = {0};
    setenv("HOME", "/h", 1);
    unsetenv("XDG_CONFIG_HOME");
    assert_ok(file_config_path("x", &path));
    setenv("XDG_CONFIG_HOME", "/c", 1);
    assert_ok(file_config_path("x", &path));
    assert_string_equal(text_string(&path), "/h/.config/tunebook/x/c/tunebook/x");
    unsetenv("XDG_CONFIG_HOME");
    text_free(&path);
    unsetenv("HOME");
    setenv("XDG_DATA_HOME", "relative", 1);
    assert_fails(file_data_path("user.book", &path), STATUS_USAGE,
                 "no place for user.book: set XDG_DATA_HOME or HOME to an absolute path");
    assert_null(path.data);
}

static void test_network(void **state)
{
    (void)state;
    static const struct {
        uint32_t magic;
        const char *type, *name;
    } cases[] = {
        {0x6969, "nfs4", "NFS"},       {0xfe534d42, "smb3", "SMB"},
        {0xff534d42, "cifs", "CIFS"},  {0x0bd00bd0, "lustre", "Lustre"},
        {0x01021997, "9p", "9p"},      {0x65735546, "fuse.sshfs", "sshfs"},
        {0x65735546, "fuseblk", NULL}, {0x65735546, "fuse.fuse-overlayfs", NULL},
        {0x65735546, "", NULL},        {0xef53, "ext4", NULL},
        {0x01021994, "tmpfs", NULL},   {0x9123683e, "fuse.sshfs", NULL},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        const char *name = file_network_name(cases[i].magic, cases[i].type);
        assert_string_equal(name ? name : "local", cases[i].name ? cases[i].name : "local");
    }
    const char *name = "untouched";
    assert_false(file_on_network("/proc/self", &name));
    assert_false(file_on_network("/proc/none/at/all", &name));
    assert_false(file_on_network("/none", &name));
    assert_false(file_on_network("none/here", &name));
    assert_false(file_on_network("", &name));
    assert_string_equal(name, "untouched");
}

static int group_set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : 1;
}

static int group_tear_down(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_read),
        TEST(test_read_refuses),
        TEST(test_publish_replaces_and_honours_umask),
        TEST(test_publish_here),
        TEST(test_publish_is_atomic),
        TEST(test_publish_errors),
        TEST(test_publish_above_the_limit),
        TEST(test_publish_on_full_disk),
        TEST(test_publish_without_permission),
        TEST(test_make_folders),
        TEST(test_user_paths),
        TEST(test_network),
    };
    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
