/* Both ways against the real minisign: its keys and signatures here, ours there. Skipped where there is none.
 */
#include "tests/db/sign_samples.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/scale.h"
#include "tuner/base/file.h"

static char folder[] = "/tmp/tunebook-test-XXXXXX";

/* Runs a shell command in the folder; its exit code. */
static int shell(const char *command)
{
    char line[512];
    snprintf(line, sizeof line, "cd '%s' && { %s; } > talk 2>&1", folder, command);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static const char *at(const char *leaf)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, leaf);
    return path;
}

static bool here(void)
{
    if (shell("minisign -v") == 0) return true;
    print_message("SKIPPED: minisign is not installed\n");
    return false;
}

/* A key that minisign made signs here, and minisign believes it; and the other way round. */
static void exchange(const char *password)
{
    struct sign_public key;
    struct sign_secret *secret;
    struct sign_verdict verdict;
    struct text signature = {0}, comment = {0};
    unsigned char hash[SIGN_HASH_BYTES];
    assert_ok(sign_public_read(at("key.pub"), &key));
    assert_ok(sign_secret_read(at("key.sec"), sample_password, (void *)(uintptr_t)password, &secret));
    assert_ok(file_publish(at("data"), "some bytes", 10, 0644));
    assert_ok(sign_hash_file(at("data"), hash));
    assert_ok(sign_comment_of(at("data"), &comment));
    assert_ok(sign_make(secret, hash, text_string(&comment), &signature));
    assert_ok(sign_beside_write(at("data"), &signature));
    assert_int_equal(shell("minisign -V -p key.pub -m data"), 0);
    assert_int_equal(shell("minisign -V -p key.pub -m key.pub -x data.minisig"), 1);
    assert_int_equal(shell("grep -q 'file:data' talk || minisign -V -p key.pub -m data | grep -q file:data"),
                     0);
    char command[256];
    snprintf(command, sizeof command, "echo '%s' | minisign -S -s key.sec -m data -t 'a word'",
             password ? password : "");
    assert_int_equal(shell(command), 0);
    text_clear(&signature);
    assert_ok(sign_beside_read(at("data"), &signature));
    assert_ok(sign_check(text_string(&signature), signature.size, hash, &key, 1, &verdict));
    assert_string_equal(verdict.trusted_comment, "a word");
    if (!password) { /* the old kind */
        assert_int_equal(shell("minisign -S -l -s key.sec -m data"), 0);
        text_clear(&signature);
        assert_ok(sign_beside_read(at("data"), &signature));
        assert_int_equal(sign_check(text_string(&signature), signature.size, hash, &key, 1, &verdict),
                         STATUS_BAD_DATA);
    }
    text_free(&signature), text_free(&comment);
    sign_secret_free(secret);
}

static void test_plain_key(void **state)
{
    (void)state;
    if (!here()) skip();
    assert_int_equal(shell("minisign -G -f -W -p key.pub -s key.sec"), 0);
    exchange(NULL);
}

/* minisign's own cost: a second and 1 GiB each time. */
static void test_sealed_key(void **state)
{
    (void)state;
    if (!here()) skip();
    if (sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024) < 3000) {
        print_message("SKIPPED: less than 3 GiB of memory\n");
        skip();
    }
    assert_int_equal(shell("printf 'pass word\\npass word\\n' | minisign -G -f -p key.pub -s key.sec"), 0);
    exchange("pass word");
}

/* Keys that were made here open there, sealed at a small cost too. */
static void test_our_keys(void **state)
{
    (void)state;
    static const char *const passwords[] = {NULL, "pass"};
    if (!here()) skip();
    for (size_t i = 0; i < N_OF(passwords); i++) {
        struct text secret = {0}, public_text = {0};
        struct sign_public key;
        sample_public(5, &key);
        sample_secret_print(5, passwords[i], &secret);
        assert_ok(sign_public_print(&key, &public_text));
        assert_ok(file_publish(at("key.sec"), secret.data, secret.size, 0600));
        assert_ok(file_publish(at("key.pub"), public_text.data, public_text.size, 0644));
        exchange(passwords[i]);
        text_free(&secret), text_free(&public_text);
    }
}

/* What is taken here is taken there: a damaged signature that passes differs in its untrusted comment alone.
 */
static void test_never_laxer(void **state)
{
    (void)state;
    if (!here()) skip();
    struct text signature = {0};
    struct sign_public key;
    struct sign_verdict verdict;
    unsigned char hash[SIGN_HASH_BYTES];
    assert_int_equal(shell("minisign -G -f -W -p key.pub -s key.sec && echo x > data && "
                           "minisign -S -s key.sec -m data -t t"),
                     0);
    assert_ok(sign_public_read(at("key.pub"), &key));
    assert_ok(sign_hash_file(at("data"), hash));
    assert_ok(sign_beside_read(at("data"), &signature));
    size_t bits = 8 * signature.size, step = bits / test_scaled(150) + 1, agreed = 0;
    for (size_t bit = 1; bit < bits; bit += step) {
        signature.data[bit / 8] ^= (char)(1 << bit % 8);
        bool taken = sign_check(signature.data, signature.size, hash, &key, 1, &verdict) == STATUS_OK;
        assert_ok(sign_beside_write(at("data"), &signature));
        bool there = shell("minisign -V -p key.pub -m data") == 0;
        if (taken && !there) fail_msg("bit %zu: minisign refuses it", bit);
        agreed += taken == there;
        signature.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    print_message("of %zu damaged signatures minisign judges %zu alike\n", (bits - 2) / step + 1, agreed);
    assert_true(agreed > 0);
    text_free(&signature);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_key),
        cmocka_unit_test(test_sealed_key),
        cmocka_unit_test(test_our_keys),
        cmocka_unit_test(test_never_laxer),
    };
    char command[128];
    if (!mkdtemp(folder)) return 1;
    int failed = cmocka_run_group_tests_name("minisign", tests, NULL, NULL);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) ? 1 : failed;
}
