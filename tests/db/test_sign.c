/* Signatures: what is accepted, and that nothing else is. */
#include "tests/db/sign_samples.h"

static const char comment[] = "timestamp:1\tfile:x\thashed";

/* What minisign 0.11 has written: a key pair, and its signature of "hello\n". */
static const char minisign_public[] = "untrusted comment: minisign public key 9BAD6D6C3605F31B\n"
                                      "RWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e\n";
static const char minisign_secret[] =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAG/MFNmxtrZvU7LnmTqyF6j93tuMHgs+"
    "JEDiPZtAvE5aw3JVJnjcTeGxA/"
    "2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7eAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "A=\n";
static const char minisign_signature[] =
    "untrusted comment: signature from minisign secret key\n"
    "RUQb8wU2bG2tm+bfwCUw4uP3UZ/GlMNf+B94chHIsARNJE47dS+2ZFEhRHEfTy3zmfZuCOemiFfxg32KNvcqseh0GKj6fzXm0wg=\n"
    "trusted comment: timestamp:1795392173\tfile:f\thashed\n"
    "x1K+q8xT+nxmn0UT1k7xZn5B4pkFqS08cZqgsGmf7jVh979cR4b5HpJVZ4bI8cIR1ldiLu1V+/gde4KOL6evCw==\n";

static void hash_of(const char *text, unsigned char out[SIGN_HASH_BYTES])
{
    struct sign_hash hash;
    assert_ok(sign_hash_begin(&hash));
    for (const char *p = text; *p; p++) sign_hash_add(&hash, p, 1);
    sign_hash_end(&hash, out);
}

static void make_sample(struct text *out, unsigned char hash[SIGN_HASH_BYTES])
{
    struct sign_secret *secret = sample_secret(1);
    hash_of("content", hash);
    assert_ok(sign_make(secret, hash, comment, out));
    sign_secret_free(secret);
}

static void test_hash(void **state)
{
    (void)state;
    unsigned char out[SIGN_HASH_BYTES];
    char hex[2 * SIGN_HASH_BYTES + 1];
    hash_of("abc", out); /* RFC 7693, appendix A */
    text_hex(out, sizeof out, hex);
    assert_string_equal(hex, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                             "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    assert_int_equal(sign_hash_file("/", out), STATUS_BAD_DATA);
    assert_int_equal(sign_hash_file("/nowhere/at/all", out), STATUS_NOT_FOUND);
}

static void test_made_by_minisign(void **state)
{
    (void)state;
    struct sign_public key, half;
    struct sign_verdict verdict;
    struct sign_secret *secret;
    unsigned char hash[SIGN_HASH_BYTES];
    hash_of("hello\n", hash);
    assert_ok(sign_public_parse(minisign_public, strlen(minisign_public), &key));
    assert_string_equal(key.comment, "minisign public key 9BAD6D6C3605F31B");
    assert_ok(sign_check(minisign_signature, strlen(minisign_signature), hash, &key, 1, &verdict));
    assert_ptr_equal(verdict.key, &key);
    assert_string_equal(verdict.id, "9BAD6D6C3605F31B");
    assert_string_equal(verdict.trusted_comment, "timestamp:1795392173\tfile:f\thashed");
    assert_ok(
        sign_secret_parse("key", minisign_secret, strlen(minisign_secret), sample_password, NULL, &secret));
    sign_secret_public(secret, &half);
    assert_memory_equal(half.key, key.key, sizeof key.key);
    assert_memory_equal(half.id, key.id, sizeof key.id);
    /* Ed25519 is deterministic: only the untrusted comment is another. */
    struct text again = {0};
    assert_ok(sign_make(secret, hash, verdict.trusted_comment, &again));
    assert_string_equal(strchr(again.data, '\n'), strchr(minisign_signature, '\n'));
    text_free(&again);
    sign_secret_free(secret);
    struct text printed = {0};
    assert_ok(sign_public_print(&key, &printed));
    assert_string_equal(text_string(&printed), minisign_public);
    text_free(&printed);
}

static void test_who_signed_what(void **state)
{
    (void)state;
    struct text text = {0};
    struct sign_public keys[3];
    struct sign_verdict verdict;
    unsigned char hash[SIGN_HASH_BYTES], other[SIGN_HASH_BYTES];
    make_sample(&text, hash);
    hash_of("another", other);
    for (unsigned char i = 0; i < 3; i++) sample_public(i, &keys[i]);
    assert_ok(sign_check(text.data, text.size, hash, keys, 3, &verdict));
    assert_ptr_equal(verdict.key, &keys[1]);
    assert_string_equal(verdict.trusted_comment, comment);
    assert_fails(sign_check(text.data, text.size, other, keys, 3, &verdict), STATUS_BAD_DATA,
                 "signature: does not match: not made by key 010101010101011F for these bytes");
    assert_null(verdict.key);
    assert_string_equal(verdict.trusted_comment, "");
    assert_fails(sign_check(text.data, text.size, hash, keys, 1, &verdict), STATUS_NOT_FOUND,
                 "signed by key 010101010101011F, which is not trusted here");
    assert_int_equal(sign_check(text.data, text.size, hash, NULL, 0, &verdict), STATUS_NOT_FOUND);
    /* An id proves nothing: another key with the signer's neither lets it pass nor stands in its way. */
    memcpy(keys[0].id, keys[1].id, sizeof keys[0].id);
    assert_int_equal(sign_check(text.data, text.size, hash, keys, 1, &verdict), STATUS_BAD_DATA);
    assert_ok(sign_check(text.data, text.size, hash, keys, 2, &verdict));
    assert_ptr_equal(verdict.key, &keys[1]);
    text_free(&text);
}

/* What an attacker can do to the trusted comment: write another, take one of another signature. */
static void test_forged_comment(void **state)
{
    (void)state;
    struct text text = {0}, other = {0}, forged = {0};
    struct sign_public key;
    struct sign_verdict verdict;
    struct sign_secret *secret = sample_secret(1);
    unsigned char hash[SIGN_HASH_BYTES], other_hash[SIGN_HASH_BYTES];
    make_sample(&text, hash);
    sample_public(1, &key);
    hash_of("another", other_hash);
    assert_ok(sign_make(secret, other_hash, "version:2", &other));
    size_t head = (size_t)(strstr(text.data, "trusted comment: t") - text.data);
    text_append_bytes(&forged, text.data, head);
    text_append(&forged, strstr(other.data, "trusted comment: v"));
    assert_fails(sign_check(forged.data, forged.size, hash, &key, 1, &verdict), STATUS_BAD_DATA,
                 "signature: its trusted comment is not by key 010101010101011F");
    strstr(text.data, "file:x")[5] = 'y';
    assert_int_equal(sign_check(text.data, text.size, hash, &key, 1, &verdict), STATUS_BAD_DATA);
    text_free(&text), text_free(&other), text_free(&forged);
    sign_secret_free(secret);
}

static void test_comments(void **state)
{
    (void)state;
    struct text text = {0};
    struct sign_secret *secret = sample_secret(1);
    unsigned char hash[SIGN_HASH_BYTES] = {0};
    char longest[SIGN_TRUSTED_BYTES + 1], clean[32];
    memset(longest, 'c', sizeof longest);
    longest[SIGN_TRUSTED_BYTES] = 0;
    assert_int_equal(sign_make(secret, hash, longest, &text), STATUS_USAGE);
    assert_int_equal(sign_make(secret, hash, "two\nlines", &text), STATUS_USAGE);
    assert_int_equal(sign_make(secret, hash, "\x1b[2J", &text), STATUS_USAGE);
    assert_int_equal(text.size, 0);
    longest[SIGN_TRUSTED_BYTES - 1] = 0;
    struct sign_public key;
    struct sign_verdict verdict;
    sample_public(1, &key);
    assert_ok(sign_make(secret, hash, longest, &text));
    assert_ok(sign_check(text.data, text.size, hash, &key, 1, &verdict));
    assert_string_equal(verdict.trusted_comment, longest);
    sign_comment_clean("a\tb\x1b[\xc3\xa9\xff\xc2\x85\x7f", 11, clean, sizeof clean);
    assert_string_equal(clean, "a\tb?[\xc3\xa9???");
    sign_comment_clean("\xc3\xa9\xc3\xa9", 4, clean, 4);
    assert_string_equal(clean, "\xc3\xa9");
    text_clear(&text);
    assert_ok(sign_comment_of("folder/na\tme", &text));
    assert_non_null(strstr(text.data, "\tfile:na?me\thashed"));
    text_free(&text);
    sign_secret_free(secret);
}

/* ---- damage ---- */

static void test_signature_cut_off(void **state)
{
    (void)state;
    struct text text = {0};
    struct sign_public key;
    struct sign_verdict verdict;
    unsigned char hash[SIGN_HASH_BYTES];
    make_sample(&text, hash);
    sample_public(1, &key);
    for (size_t size = 0; size + 1 < text.size; size++)
        assert_int_equal(sign_check(text.data, size, hash, &key, 1, &verdict), STATUS_BAD_DATA);
    /* The last line break says nothing; minisign does without it, too. */
    assert_ok(sign_check(text.data, text.size - 1, hash, &key, 1, &verdict));
    text_append(&text, "\n");
    assert_int_equal(sign_check(text.data, text.size, hash, &key, 1, &verdict), STATUS_BAD_DATA);
    text_free(&text);
}

static void test_signature_bits(void **state)
{
    (void)state;
    struct text text = {0};
    struct sign_public key;
    struct sign_verdict verdict;
    unsigned char hash[SIGN_HASH_BYTES];
    make_sample(&text, hash);
    sample_public(1, &key);
    size_t from = strlen("untrusted comment: "), to = (size_t)(strchr(text.data, '\n') - text.data);
    for (size_t bit = 0; bit < 8 * text.size; bit++) {
        text.data[bit / 8] ^= (char)(1 << bit % 8);
        enum status status = sign_check(text.data, text.size, hash, &key, 1, &verdict);
        bool free_text = bit / 8 >= from && bit / 8 < to && text.data[bit / 8] != '\n';
        if ((status == STATUS_OK) != free_text) fail_msg("bit %zu: %s", bit, status_name(status));
        text.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    text_free(&text);
}

/* A public key has no checksum: what is damaged is refused, or is a key that this signature is not by. */
static void test_public_damage(void **state)
{
    (void)state;
    struct text signature = {0}, text = {0};
    struct sign_public key, damaged;
    struct sign_verdict verdict;
    unsigned char hash[SIGN_HASH_BYTES];
    make_sample(&signature, hash);
    sample_public(1, &key);
    assert_ok(sign_public_print(&key, &text));
    for (size_t size = 0; size + 1 < text.size; size++)
        assert_int_equal(sign_public_parse(text.data, size, &damaged), STATUS_BAD_DATA);
    size_t from = strlen("untrusted comment: "), to = (size_t)(strchr(text.data, '\n') - text.data),
           taken = 0;
    for (size_t bit = 0; bit < 8 * text.size; bit++) {
        text.data[bit / 8] ^= (char)(1 << bit % 8);
        enum status status = sign_public_parse(text.data, text.size, &damaged);
        bool free_text = bit / 8 >= from && bit / 8 < to && text.data[bit / 8] != '\n';
        taken += status == STATUS_OK;
        if (status == STATUS_OK)
            status = sign_check(signature.data, signature.size, hash, &damaged, 1, &verdict);
        if ((status == STATUS_OK) != free_text) fail_msg("bit %zu: %s", bit, status_name(status));
        text.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_true(taken > 8 * (to - from) - 8); /* and those of the comment are not all */
    text_free(&signature), text_free(&text);
}

static void test_public_forms(void **state)
{
    (void)state;
    struct sign_public key;
    static const char *const bad[] = {
        "",
        "\n",
        "untrusted comment: only\n",
        "RWQ=",
        "comment: x\nRWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e\n",
        "untrusted comment: x\nRUQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e\n",
        "untrusted comment: x\nRWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e\nmore\n",
        "RWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e RWQb8wU2",
    };
    for (size_t i = 0; i < N_OF(bad); i++)
        if (sign_public_parse(bad[i], strlen(bad[i]), &key) != STATUS_BAD_DATA) fail_msg("taken: %s", bad[i]);
    assert_ok(sign_public_read("RWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e", &key));
    assert_string_equal(key.comment, "");
    const char *crlf = "untrusted comment: x\r\nRWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e\r\n";
    assert_ok(sign_public_parse(crlf, strlen(crlf), &key));
    assert_string_equal(key.comment, "x");
}

static void test_legacy(void **state)
{
    (void)state;
    struct text text = {0};
    struct sign_public key;
    struct sign_verdict verdict;
    unsigned char hash[SIGN_HASH_BYTES];
    make_sample(&text, hash);
    sample_public(1, &key);
    memcpy(strstr(text.data, "RUQ"), "RWQ", 3); /* "Ed" */
    assert_fails(sign_check(text.data, text.size, hash, &key, 1, &verdict), STATUS_BAD_DATA,
                 "signature: of the old kind that is not prehashed; 'minisign -S -H' makes one that is");
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_made_by_minisign),
        cmocka_unit_test(test_who_signed_what),
        cmocka_unit_test(test_forged_comment),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_signature_cut_off),
        cmocka_unit_test(test_signature_bits),
        cmocka_unit_test(test_public_damage),
        cmocka_unit_test(test_public_forms),
        cmocka_unit_test(test_legacy),
    };
    return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
