/* Secret keys: sealed and plain, whose file others may read, and how a password is asked for. */
#include "tests/db/sign_samples.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "tuner/base/file.h"

static char folder[] = "/tmp/tunebook-test-XXXXXX";
static char path[64];

static void write_file(const char *content, size_t size, mode_t mode)
{
    unlink(path);
    assert_ok(file_publish(path, content, size, 0600));
    assert_int_equal(chmod(path, mode), 0);
}

/* ---- what is in the file ---- */

static enum status parse(const struct text *text, const char *password)
{
    struct sign_secret *secret = NULL;
    enum status status = sign_secret_parse("key", text->data, text->size, sample_password,
                                           (void *)(uintptr_t)password, &secret);
    sign_secret_free(secret);
    return status;
}

static void test_sealed(void **state)
{
    (void)state;
    struct text text = {0}, empty = {0};
    sample_secret_print(3, "correct horse", &text);
    assert_ok(parse(&text, "correct horse"));
    assert_fails(parse(&text, "correct horsf"), STATUS_BAD_DATA, "secret key: wrong password");
    assert_fails(parse(&text, ""), STATUS_BAD_DATA, "secret key: wrong password");
    assert_fails(parse(&text, NULL), STATUS_UNAVAILABLE, "no password here");
    sample_secret_print(3, "", &empty);
    assert_ok(parse(&empty, ""));
    for (size_t size = 0; size + 1 < text.size; size++) {
        struct text cut = {.data = text.data, .size = size};
        assert_int_equal(parse(&cut, "correct horse"), STATUS_BAD_DATA);
    }
    /* Each takes a derivation, so some bits: of the salt, the costs, the sealed part. */
    size_t from = (size_t)(strchr(text.data, '\n') - text.data) + 1;
    for (size_t bit = 8 * from; bit < 8 * (text.size - 1); bit += 41) {
        text.data[bit / 8] ^= (char)(1 << bit % 8);
        enum status status = parse(&text, "correct horse");
        /* Near costs come to the same derivation. */
        bool costs = bit / 8 >= from + 38 * 4 / 3 && bit / 8 <= from + 54 * 4 / 3;
        if (status == STATUS_OK && costs) status = STATUS_BAD_DATA;
        if (status != STATUS_BAD_DATA && status != STATUS_NO_MEMORY)
            fail_msg("bit %zu: %s", bit, status_name(status));
        text.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    text_free(&text), text_free(&empty);
}

/* Without a password there is no checksum: its id alone can be damaged unseen, and then nobody knows the key.
 */
static void test_plain(void **state)
{
    (void)state;
    struct text text = {0};
    sample_secret_print(3, NULL, &text);
    size_t from = (size_t)(strchr(text.data, '\n') - text.data) + 1, taken = 0;
    for (size_t bit = 8 * from; bit < 8 * (text.size - 1); bit++) {
        text.data[bit / 8] ^= (char)(1 << bit % 8);
        bool ok = parse(&text, NULL) == STATUS_OK;
        taken += ok;
        /* Salt and costs are not used either: bytes 6 to 62. */
        bool unused = bit / 8 >= from + 6 * 4 / 3 && bit / 8 <= from + 62 * 4 / 3;
        if (ok && !unused) fail_msg("bit %zu of a secret key is not missed", bit);
        text.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_true(taken > 0);
    text_free(&text);
}

/* A file may not ask for more than minisign does: 33554432 operations, 1 GiB. */
static void test_costs(void **state)
{
    (void)state;
    struct sample_secret secret = {
        .algorithm = {'E', 'd'}, .derivation = {'S', 'c'}, .checksum_algorithm = {'B', '2'}};
    for (int which = 0; which < 2; which++) {
        struct text text = {0};
        memset(secret.operations, 0, 8), memset(secret.memory, 0, 8);
        if (which)
            secret.operations[3] = 2, secret.operations[0] = 1;
        else
            secret.memory[3] = 0x40, secret.memory[0] = 1;
        text_append(&text, "untrusted comment: x\n");
        sample_base64(&text, &secret, sizeof secret);
        assert_fails(parse(&text, "x"), STATUS_BAD_DATA,
                     "secret key: its password's derivation costs more than minisign's own");
        text_free(&text);
    }
}

/* ---- whose file ---- */

static void test_permissions(void **state)
{
    (void)state;
    struct text text = {0};
    char message[200];
    static const mode_t loose[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666, 0777};
    struct sign_secret *secret;
    sample_secret_print(3, NULL, &text);
    for (size_t i = 0; i < N_OF(loose); i++) {
        write_file(text.data, text.size, loose[i]);
        snprintf(message, sizeof message,
                 "%s: holds a secret and others may use it (mode %03o); chmod 600 makes it right", path,
                 loose[i]);
        assert_fails(sign_secret_read(path, sample_password, NULL, &secret), STATUS_BAD_DATA, message);
    }
    for (mode_t mode = 0400; mode <= 0600; mode += 0200) {
        write_file(text.data, text.size, mode);
        assert_ok(sign_secret_read(path, sample_password, NULL, &secret));
        sign_secret_free(secret);
    }
    assert_int_equal(sign_secret_read(folder, sample_password, NULL, &secret), STATUS_BAD_DATA);
    unlink(path);
    assert_int_equal(sign_secret_read(path, sample_password, NULL, &secret), STATUS_NOT_FOUND);
    char large[SIGN_FILE_BYTES_MAX + 1];
    memset(large, 'x', sizeof large);
    write_file(large, sizeof large, 0600);
    snprintf(message, sizeof message, "%s: larger than the 16384 bytes allowed", path);
    assert_fails(sign_secret_read(path, sample_password, NULL, &secret), STATUS_BAD_DATA, message);
    write_file("public\n", 7, 0600);
    snprintf(message, sizeof message, "%s: secret key: line 1 does not begin with 'untrusted comment: '",
             path);
    assert_fails(sign_secret_read(path, sample_password, NULL, &secret), STATUS_BAD_DATA, message);
    text_free(&text);
}

static void test_password_file(void **state)
{
    (void)state;
    char out[SIGN_PASSWORD_BYTES], longest[SIGN_PASSWORD_BYTES + 1];
    static const char *const same[] = {"pass word", "pass word\n", "pass word\r\n", "pass word\nmore\n"};
    for (size_t i = 0; i < N_OF(same); i++) {
        write_file(same[i], strlen(same[i]), 0600);
        assert_ok(sign_password_ask(path, "key", out, sizeof out));
        assert_string_equal(out, "pass word");
    }
    setenv("TUNEBOOK_PASSWORD_FILE", path, 1);
    *out = 0;
    assert_ok(sign_password_ask(NULL, "key", out, sizeof out));
    assert_string_equal(out, "pass word");
    unsetenv("TUNEBOOK_PASSWORD_FILE");
    memset(longest, 'p', sizeof longest);
    longest[sizeof longest - 2] = '\n';
    write_file(longest, sizeof longest - 1, 0600);
    assert_ok(sign_password_ask(path, "key", out, sizeof out));
    assert_int_equal(strlen(out), SIGN_PASSWORD_BYTES - 1);
    memset(longest, 'p', sizeof longest);
    write_file(longest, sizeof longest - 1, 0600);
    assert_int_equal(sign_password_ask(path, "key", out, sizeof out), STATUS_BAD_DATA);
    write_file("x", 1, 0640);
    assert_int_equal(sign_password_ask(path, "key", out, sizeof out), STATUS_BAD_DATA);
}

/* ---- the terminal ---- */

static volatile sig_atomic_t noted;

static void take_note(int number)
{
    noted = number;
}

/* A child whose terminal is `slave` (none: NULL) asks; its exit code tells what it got. */
static pid_t ask_in_child(const char *slave)
{
    fflush(NULL);
    pid_t child = fork();
    if (child) return child;
    char out[SIGN_PASSWORD_BYTES];
    setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* for SIGQUIT */
    if (setsid() < 0) _exit(90);
    int fd = slave ? open(slave, O_RDWR) : -1;
    if (slave && (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0)) _exit(91);
    enum status status = sign_password_ask(NULL, "my.key", out, sizeof out);
    struct sigaction handler;
    sigaction(SIGTERM, NULL, &handler);
    if (handler.sa_handler == take_note && noted != SIGTERM) _exit(92);
    if (status == STATUS_OK && strcmp(out, "pa ss") != 0) _exit(93);
    _exit(status);
}

static int exit_code(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the terminal shows up to `until`; the caller's alarm ends a wait for ever. */
static void read_until(int master, const char *until, char *seen, size_t size)
{
    size_t n = strlen(seen);
    while (!strstr(seen, until)) {
        ssize_t got = read(master, seen + n, size - 1 - n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail_msg("the terminal showed only: %s", seen);
        n += (size_t)got;
        seen[n] = 0;
    }
}

/* Asks on a new terminal and answers `typed`, then the child's exit code; `seen` is what was shown. */
static int converse(const char *typed, int number, char *seen, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    char slave[64];
    assert_int_equal(ptsname_r(master, slave, sizeof slave), 0);
    int keep = open(slave, O_RDWR | O_NOCTTY); /* the master stays readable after the child's end */
    pid_t child = ask_in_child(slave);
    *seen = 0;
    alarm(60);
    read_until(master, "Password of my.key: ", seen, size);
    if (number)
        kill(child, number);
    else
        assert_int_equal(write(master, typed, strlen(typed)), (ssize_t)strlen(typed));
    int code = exit_code(child);
    read_until(master, "\n", seen, size);
    alarm(0);
    struct termios terminal;
    assert_int_equal(tcgetattr(keep, &terminal), 0);
    assert_true(terminal.c_lflag & ECHO);
    close(keep);
    close(master);
    return code;
}

static void test_terminal(void **state)
{
    (void)state;
    char seen[256];
    assert_int_equal(converse("pa ss\n", 0, seen, sizeof seen), STATUS_OK);
    assert_string_equal(seen, "Password of my.key: \r\n"); /* and nothing of what was typed */
    assert_int_equal(converse("pa\x15pa ss\n", 0, seen, sizeof seen), STATUS_OK);
    assert_int_equal(converse("pa\x03", 0, seen, sizeof seen), 128 + SIGINT);
    assert_int_equal(converse("\x04", 0, seen, sizeof seen), STATUS_INTERRUPTED);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < N_OF(signals); i++)
        assert_int_equal(converse("", signals[i], seen, sizeof seen), 128 + signals[i]);
    /* A program with a handler of its own hears the signal, and the call ends. */
    struct sigaction own = {.sa_handler = take_note}, before;
    sigaction(SIGTERM, &own, &before);
    assert_int_equal(converse("", SIGTERM, seen, sizeof seen), STATUS_INTERRUPTED);
    sigaction(SIGTERM, &before, NULL);
    assert_int_equal(exit_code(ask_in_child(NULL)), STATUS_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sealed),        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_costs),         cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_password_file), cmocka_unit_test(test_terminal),
    };
    if (!mkdtemp(folder) || sodium_init() < 0) return 1;
    unsetenv("TUNEBOOK_PASSWORD_FILE");
    snprintf(path, sizeof path, "%s/file", folder);
    int failed = cmocka_run_group_tests_name("sign_secret", tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
