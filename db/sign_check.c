#include <sodium.h>
#include <string.h>
#include "db/sign_signature.h"

static const char what[] = "signature";

struct parsed {
    struct signature_bytes bytes;
    unsigned char global[64];
    struct signature_signed whole;
    size_t comment_size;
};

static enum status parse(const char *text, size_t size, struct parsed *out)
{
    struct sign_lines lines;
    const char *comment;
    TRY(sign_lines_split(what, text, size, 4, &lines));
    TRY(sign_lines_comment(what, &lines, 0, sign_untrusted_prefix, &comment, &out->comment_size));
    TRY(sign_lines_decode(what, &lines, 1, &out->bytes, sizeof out->bytes));
    TRY(sign_lines_comment(what, &lines, 2, sign_trusted_prefix, &comment, &out->comment_size));
    TRY(sign_lines_decode(what, &lines, 3, out->global, sizeof out->global));
    if (out->comment_size >= SIGN_TRUSTED_BYTES)
        return status_fail(STATUS_BAD_DATA, "%s: its trusted comment is longer than %d bytes", what,
                           SIGN_TRUSTED_BYTES - 1);
    memcpy(out->whole.signature, out->bytes.signature, sizeof out->whole.signature);
    memcpy(out->whole.comment, comment, out->comment_size);
    return STATUS_OK;
}

static enum status check_algorithm(const unsigned char algorithm[2])
{
    if (memcmp(algorithm, "ED", 2) == 0) return STATUS_OK;
    if (memcmp(algorithm, "Ed", 2) == 0)
        return status_fail(STATUS_BAD_DATA,
                           "%s: of the old kind that is not prehashed; 'minisign -S -H' makes one "
                           "that is",
                           what);
    return status_fail(STATUS_BAD_DATA, "%s: of another algorithm than minisign's", what);
}

static bool is_by(const struct sign_public *key, const unsigned char signature[64], const void *bytes,
                  size_t size)
{
    return crypto_sign_verify_detached(signature, bytes, size, key->key) == 0;
}

/* Ids are chosen at random and signed by nobody: two keys may have one. */
static enum status find_signer(const struct parsed *parsed, const unsigned char hash[SIGN_HASH_BYTES],
                               const struct sign_public *keys, size_t n_keys, struct sign_verdict *out)
{
    bool known = false, file = false;
    for (size_t i = 0; i < n_keys; i++) {
        if (memcmp(keys[i].id, parsed->bytes.id, SIGN_ID_BYTES) != 0) continue;
        known = true;
        if (!is_by(&keys[i], parsed->bytes.signature, hash, SIGN_HASH_BYTES)) continue;
        file = true;
        if (!is_by(&keys[i], parsed->global, &parsed->whole,
                   sizeof parsed->whole.signature + parsed->comment_size))
            continue;
        out->key = &keys[i];
        return STATUS_OK;
    }
    if (!known) return status_fail(STATUS_NOT_FOUND, "signed by key %s, which is not trusted here", out->id);
    if (!file)
        return status_fail(STATUS_BAD_DATA, "%s: does not match: not made by key %s for these bytes", what,
                           out->id);
    return status_fail(STATUS_BAD_DATA, "%s: its trusted comment is not by key %s", what, out->id);
}

enum status sign_check(const char *signature, size_t size, const unsigned char hash[SIGN_HASH_BYTES],
                       const struct sign_public *keys, size_t n_keys, struct sign_verdict *out)
{
    struct parsed parsed;
    out->key = NULL;
    *out->id = *out->trusted_comment = 0;
    TRY(sign_ready());
    TRY(parse(signature, size, &parsed));
    sign_id_text(parsed.bytes.id, out->id);
    TRY(check_algorithm(parsed.bytes.algorithm));
    TRY(find_signer(&parsed, hash, keys, n_keys, out));
    sign_comment_clean(parsed.whole.comment, parsed.comment_size, out->trusted_comment,
                       sizeof out->trusted_comment);
    return STATUS_OK;
}
