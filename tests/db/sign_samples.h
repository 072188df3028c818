/* Key pairs for tests, in minisign's files: from a seed, so that they are the same everywhere. */
#ifndef TUNEBOOK_TESTS_DB_SIGN_SAMPLES_H
#define TUNEBOOK_TESTS_DB_SIGN_SAMPLES_H

#include <sodium.h>
#include "tests/base/check.h"
#include "db/sign.h"

/* A small cost: minisign's own takes a second and 1 GiB. */
enum { SAMPLE_OPERATIONS = 32768, SAMPLE_MEMORY = 1 << 24 };

struct sample_secret {
    unsigned char algorithm[2], derivation[2], checksum_algorithm[2], salt[32], operations[8], memory[8];
    unsigned char id[8], key[64], checksum[32];
};

static inline void sample_base64(struct text *out, const void *bytes, size_t size)
{
    char line[512];
    text_append(out, sodium_bin2base64(line, sizeof line, bytes, size, sodium_base64_VARIANT_ORIGINAL));
    text_append(out, "\n");
}

static inline void sample_checksum(const struct sample_secret *secret, unsigned char out[32])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 32);
    crypto_generichash_update(&state, secret->algorithm, 2);
    crypto_generichash_update(&state, secret->id, sizeof secret->id);
    crypto_generichash_update(&state, secret->key, sizeof secret->key);
    crypto_generichash_final(&state, out, 32);
}

static inline void sample_public(unsigned char seed, struct sign_public *out)
{
    unsigned char bytes[32], secret[64];
    memset(bytes, seed, sizeof bytes);
    *out = (struct sign_public){0};
    memset(out->id, seed, sizeof out->id);
    out->id[0] = 0x1f;
    assert_true(sodium_init() >= 0);
    crypto_sign_seed_keypair(out->key, secret, bytes);
}

/* The content of a secret key's file; sealed by `password` unless that is NULL. */
static inline void sample_secret_print(unsigned char seed, const char *password, struct text *out)
{
    struct sample_secret secret = {.algorithm = {'E', 'd'}, .checksum_algorithm = {'B', '2'}};
    struct sign_public public;
    unsigned char bytes[32], unused[32], stream[104];
    sample_public(seed, &public);
    memcpy(secret.id, public.id, sizeof secret.id);
    memset(bytes, seed, sizeof bytes);
    crypto_sign_seed_keypair(unused, secret.key, bytes);
    if (password) {
        memcpy(secret.derivation, "Sc", 2);
        memset(secret.salt, 7, sizeof secret.salt);
        for (int i = 0; i < 8; i++) {
            secret.operations[i] = (unsigned char)((uint64_t)SAMPLE_OPERATIONS >> 8 * i);
            secret.memory[i] = (unsigned char)((uint64_t)SAMPLE_MEMORY >> 8 * i);
        }
        sample_checksum(&secret, secret.checksum);
        assert_int_equal(crypto_pwhash_scryptsalsa208sha256(stream, sizeof stream, password, strlen(password),
                                                            secret.salt, SAMPLE_OPERATIONS, SAMPLE_MEMORY),
                         0);
        unsigned char *sealed = (unsigned char *)&secret + offsetof(struct sample_secret, id);
        for (size_t i = 0; i < sizeof stream; i++) sealed[i] ^= stream[i];
    }
    text_append(out, "untrusted comment: a key for tests\n");
    sample_base64(out, &secret, sizeof secret);
}

/* A sign_password: the context is the password. */
static inline enum status sample_password(void *context, const char *path, char *out, size_t size)
{
    (void)path;
    if (!context) return status_fail(STATUS_UNAVAILABLE, "no password here");
    snprintf(out, size, "%s", (const char *)context);
    return STATUS_OK;
}

static inline struct sign_secret *sample_secret(unsigned char seed)
{
    struct text text = {0};
    struct sign_secret *secret;
    sample_secret_print(seed, NULL, &text);
    assert_ok(sign_secret_parse("sample", text.data, text.size, sample_password, NULL, &secret));
    text_free(&text);
    return secret;
}

#endif
