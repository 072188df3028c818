#include "frontends/cli/bundle_trust.h"

static void add(void *context, const void *bytes, size_t size)
{
    struct bundle_trust *trust = context;
    sign_hash_add(&trust->hash, bytes, size);
}

/* A signature by somebody else, or none, trusts nobody; one that does not match refuses the bundle. */
static enum status end(void *context, bool *trusted)
{
    struct bundle_trust *trust = context;
    unsigned char hash[SIGN_HASH_BYTES];
    struct text signature = {0};
    sign_hash_end(&trust->hash, hash);
    enum status status = sign_beside_read(trust->path, &signature);
    bool there = status == STATUS_OK;
    if (there)
        status = sign_check(text_string(&signature), signature.size, hash, trust->keys.keys, trust->keys.n,
                            &trust->verdict);
    text_free(&signature);
    *trusted = status == STATUS_OK;
    if (status != STATUS_NOT_FOUND) return there ? status_prefix(status, "%s.minisig", trust->path) : status;
    if (!trust->named) return STATUS_OK;
    return there ? status_fail(STATUS_BAD_DATA, "%s: signed by %s, which --trust does not name", trust->path,
                               trust->verdict.id)
                 : status_fail(STATUS_BAD_DATA, "%s: not signed (no %s.minisig), and --trust wants it to be",
                               trust->path, trust->path);
}

static enum status read_named(const struct words *words, struct trust *out)
{
    for (size_t i = 0; i < words->n; i++) {
        struct sign_public key;
        enum status status = sign_public_read(words->items[i], &key);
        if (status == STATUS_NOT_FOUND) status = STATUS_USAGE; /* neither a file nor a key */
        TRY(status_prefix(status, "--trust"));
        TRY(trust_include(out, &key));
    }
    return STATUS_OK;
}

enum status bundle_trust_begin(const struct settings *settings, const char *path, struct bundle_trust *out)
{
    *out = (struct bundle_trust){.path = path, .named = settings->trusted.n > 0};
    out->verifier = (struct bundle_verifier){.add = add, .end = end, .context = out};
    TRY(sign_hash_begin(&out->hash));
    return out->named ? read_named(&settings->trusted, &out->keys) : trust_load(&out->keys);
}

void bundle_trust_free(struct bundle_trust *trust)
{
    trust_free(&trust->keys);
}
