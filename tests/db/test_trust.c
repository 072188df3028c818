/* The trust store: what is in it, who may write there, and keys that get in each other's way. */
#include "tests/db/sign_samples.h"

#include <sys/stat.h>
#include <unistd.h>
#include "db/trust.h"
#include "tuner/base/file.h"

static char root[] = "/tmp/tunebook-test-XXXXXX";

static const char *in_root(const char *leaf)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", root, leaf);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'/*", root, root);
    return system(command);
}

static void put(const char *leaf, const struct sign_public *key)
{
    struct text text = {0};
    assert_ok(sign_public_print(key, &text));
    assert_ok(file_publish(in_root(leaf), text.data, text.size, 0644));
    text_free(&text);
}

static size_t count(void)
{
    struct trust trust;
    assert_ok(trust_load(&trust));
    size_t n = trust.n;
    trust_free(&trust);
    return n;
}

static void test_add_list_remove(void **state)
{
    (void)state;
    struct sign_public keys[2];
    struct trust trust;
    enum trust_change change;
    char id[SIGN_ID_TEXT_BYTES];
    assert_int_equal(count(), 0);
    sample_public(2, &keys[0]), sample_public(1, &keys[1]);
    snprintf(keys[0].comment, sizeof keys[0].comment, "ann");
    for (int i = 0; i < 2; i++) {
        assert_ok(trust_add(&keys[i], &change));
        assert_int_equal(change, TRUST_ADDED);
    }
    assert_ok(trust_load(&trust));
    assert_int_equal(trust.n, 2);
    assert_memory_equal(trust.keys[0].key, keys[1].key, sizeof keys[1].key); /* by id */
    assert_string_equal(trust.keys[0].comment, "minisign public key 010101010101011F");
    assert_string_equal(trust.keys[1].comment, "ann");
    trust_free(&trust);
    /* Again: nothing changes, but for a comment that is another. */
    assert_ok(trust_add(&keys[0], &change));
    assert_int_equal(change, TRUST_UNCHANGED);
    assert_ok(trust_add(&keys[1], &change)); /* no comment of its own */
    assert_int_equal(change, TRUST_UNCHANGED);
    snprintf(keys[0].comment, sizeof keys[0].comment, "ann of the lab");
    assert_ok(trust_add(&keys[0], &change));
    assert_int_equal(change, TRUST_RENAMED);
    assert_int_equal(count(), 2);
    assert_fails(trust_remove("01020304", id), STATUS_USAGE,
                 "01020304: not a key's id, such as 9BAD6D6C3605F31B");
    assert_fails(trust_remove("../../../../etc/", id), STATUS_USAGE,
                 "../../../../etc/: not a key's id, such as 9BAD6D6C3605F31B");
    assert_ok(trust_remove("010101010101011f", id));
    assert_string_equal(id, "010101010101011F");
    assert_fails(trust_remove("010101010101011F", id), STATUS_NOT_FOUND,
                 "010101010101011F: not trusted here; 'autotune trust list' says who is");
    assert_int_equal(count(), 1);
}

static void test_include(void **state)
{
    (void)state;
    struct trust trust;
    struct sign_public keys[2];
    enum trust_change change;
    sample_public(1, &keys[0]), sample_public(2, &keys[1]);
    assert_ok(trust_add(&keys[0], &change));
    assert_ok(trust_load(&trust));
    assert_ok(trust_include(&trust, &keys[1]));
    assert_int_equal(trust.n, 2);
    assert_memory_equal(trust.keys[1].key, keys[1].key, sizeof keys[1].key);
    trust_free(&trust);
    assert_int_equal(count(), 1);
}

static void test_two_keys_one_id(void **state)
{
    (void)state;
    struct sign_public key, other;
    enum trust_change change;
    char message[512];
    sample_public(1, &key), sample_public(2, &other);
    memcpy(other.id, key.id, sizeof other.id);
    assert_ok(trust_add(&key, &change));
    snprintf(
        message, sizeof message,
        "another key with the id 010101010101011F is trusted already (%s): one of the two is not what it "
        "says; 'autotune trust remove 010101010101011F' forgets that one",
        in_root("tunebook/trusted/010101010101011F.pub"));
    assert_fails(trust_add(&other, &change), STATUS_BAD_DATA, message);
    struct trust trust;
    assert_ok(trust_load(&trust));
    assert_memory_equal(trust.keys[0].key, key.key, sizeof key.key);
    trust_free(&trust);
}

static void test_bad_files(void **state)
{
    (void)state;
    struct sign_public key;
    enum trust_change change;
    struct trust trust;
    char message[512], id[SIGN_ID_TEXT_BYTES];
    sample_public(1, &key);
    assert_ok(trust_add(&key, &change));
    /* What is no key file is none of ours: an unfinished one, an editor's. */
    assert_ok(file_publish(in_root("tunebook/trusted/010101010101011F.pub.x1y2z3"), "x", 1, 0644));
    assert_ok(file_publish(in_root("tunebook/trusted/.pub"), "x", 1, 0644));
    assert_int_equal(count(), 1);
    put("tunebook/trusted/0000000000000000.pub", &key);
    snprintf(message, sizeof message,
             "%s: holds key 010101010101011F and should be named 010101010101011F.pub",
             in_root("tunebook/trusted/0000000000000000.pub"));
    assert_fails(trust_load(&trust), STATUS_BAD_DATA, message);
    assert_int_equal(trust.n, 0);
    assert_null(trust.keys);
    assert_ok(trust_remove("0000000000000000", id));
    assert_ok(file_publish(in_root("tunebook/trusted/010101010101011F.pub"), "junk\n", 5, 0644));
    snprintf(message, sizeof message, "%s: public key: line 1 is not 42 bytes in base64",
             in_root("tunebook/trusted/010101010101011F.pub"));
    assert_fails(trust_load(&trust), STATUS_BAD_DATA, message);
    assert_fails(trust_add(&key, &change), STATUS_BAD_DATA, message);
    assert_ok(trust_remove("010101010101011F", id));
    assert_int_equal(mkdir(in_root("tunebook/trusted/010101010101011F.pub"), 0755), 0);
    assert_int_equal(trust_load(&trust), STATUS_BAD_DATA);
}

static void test_others_may_write(void **state)
{
    (void)state;
    struct sign_public key;
    enum trust_change change;
    struct trust trust;
    static const struct {
        const char *leaf;
        mode_t loose, right;
    } cases[] = {
        {"tunebook/trusted", 0775, 0755},
        {"tunebook/trusted", 0757, 0755},
        {"tunebook", 0775, 0755},
        {"tunebook", 0777, 0755},
        {"tunebook/trusted/010101010101011F.pub", 0664, 0644},
        {"tunebook/trusted/010101010101011F.pub", 0646, 0644},
    };
    sample_public(1, &key);
    assert_ok(trust_add(&key, &change));
    for (size_t i = 0; i < N_OF(cases); i++) {
        assert_int_equal(chmod(in_root(cases[i].leaf), cases[i].loose), 0);
        assert_int_equal(trust_load(&trust), STATUS_BAD_DATA);
        assert_non_null(strstr(status_message(), "chmod go-w"));
        if (i < 4) assert_int_equal(trust_add(&key, &change), STATUS_BAD_DATA);
        assert_int_equal(chmod(in_root(cases[i].leaf), cases[i].right), 0);
        assert_int_equal(count(), 1);
    }
}

static void test_no_place(void **state)
{
    (void)state;
    struct trust trust;
    char home[64];
    snprintf(home, sizeof home, "%s", getenv("HOME") ? getenv("HOME") : "");
    unsetenv("XDG_CONFIG_HOME"), unsetenv("HOME");
    assert_fails(trust_load(&trust), STATUS_USAGE,
                 "no place for trusted: set XDG_CONFIG_HOME or HOME to an absolute path");
    setenv("XDG_CONFIG_HOME", root, 1), setenv("HOME", home, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_add_list_remove, set_up),
        cmocka_unit_test_setup(test_two_keys_one_id, set_up),
        cmocka_unit_test_setup(test_bad_files, set_up),
        cmocka_unit_test_setup(test_others_may_write, set_up),
        cmocka_unit_test_setup(test_no_place, set_up),
        cmocka_unit_test_setup(test_include, set_up),
    };
    if (!mkdtemp(root)) return 1;
    setenv("XDG_CONFIG_HOME", root, 1);
    int failed = cmocka_run_group_tests_name("trust", tests, NULL, NULL);
    set_up(NULL);
    rmdir(root);
    return failed;
}
