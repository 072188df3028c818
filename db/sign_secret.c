#include <sodium.h>
#include <string.h>
#include "db/sign_internal.h"
#include "db/sign_secret_file.h"

static const char what[] = "secret key";

/* What the derivation's costs may be: minisign's own. More is a file that wants this machine's memory. */
#define OPERATIONS_MAX ((uint64_t)crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE)
#define MEMORY_MAX     ((uint64_t)crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE)

struct secret_bytes {
    unsigned char algorithm[2], derivation[2], checksum_algorithm[2], salt[32], operations[8], memory[8];
    struct sealed {
        unsigned char id[SIGN_ID_BYTES], key[64], checksum[32];
    } sealed;
};

/* All that is secret while a key is opened, in one piece of locked memory. */
struct opening {
    struct secret_bytes bytes;
    struct sealed stream;
    unsigned char checksum[32], seed_public[32], seed_secret[64];
    char password[SIGN_PASSWORD_BYTES];
};

static uint64_t little_endian(const unsigned char bytes[8])
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

static enum status unseal(struct opening *opening, const char *path, sign_password *password, void *context)
{
    struct secret_bytes *bytes = &opening->bytes;
    uint64_t operations = little_endian(bytes->operations), memory = little_endian(bytes->memory);
    if (operations > OPERATIONS_MAX || memory > MEMORY_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: its password's derivation costs more than minisign's own",
                           what);
    TRY(password(context, path, opening->password, sizeof opening->password));
    if (crypto_pwhash_scryptsalsa208sha256((unsigned char *)&opening->stream, sizeof opening->stream,
                                           opening->password, strlen(opening->password), bytes->salt,
                                           operations, (size_t)memory) != 0)
        return status_fail(STATUS_NO_MEMORY,
                           "%s: no memory for its password's derivation, which takes %zu MiB", what,
                           (size_t)(memory >> 20));
    unsigned char *to = (unsigned char *)&bytes->sealed, *from = (unsigned char *)&opening->stream;
    for (size_t i = 0; i < sizeof bytes->sealed; i++) to[i] ^= from[i];
    return STATUS_OK;
}

static bool checksum_matches(struct opening *opening)
{
    struct secret_bytes *bytes = &opening->bytes;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof opening->checksum);
    crypto_generichash_update(&state, bytes->algorithm, sizeof bytes->algorithm);
    crypto_generichash_update(&state, bytes->sealed.id, sizeof bytes->sealed.id);
    crypto_generichash_update(&state, bytes->sealed.key, sizeof bytes->sealed.key);
    crypto_generichash_final(&state, opening->checksum, sizeof opening->checksum);
    sodium_memzero(&state, sizeof state);
    return sodium_memcmp(opening->checksum, bytes->sealed.checksum, sizeof opening->checksum) == 0;
}

/* A key whose halves are of different pairs would sign what gives its secret away. */
static bool halves_match(struct opening *opening)
{
    crypto_sign_seed_keypair(opening->seed_public, opening->seed_secret, opening->bytes.sealed.key);
    return sodium_memcmp(opening->seed_secret, opening->bytes.sealed.key, sizeof opening->seed_secret) == 0;
}

static enum status open_bytes(struct opening *opening, const char *path, sign_password *password,
                              void *context)
{
    static const unsigned char none[2];
    struct secret_bytes *bytes = &opening->bytes;
    bool plain = memcmp(bytes->derivation, none, 2) == 0;
    if (memcmp(bytes->algorithm, "Ed", 2) != 0 || memcmp(bytes->checksum_algorithm, "B2", 2) != 0 ||
        (!plain && memcmp(bytes->derivation, "Sc", 2) != 0))
        return status_fail(STATUS_BAD_DATA, "%s: of another algorithm than minisign's", what);
    if (!plain) {
        TRY(unseal(opening, path, password, context));
        if (!checksum_matches(opening)) return status_fail(STATUS_BAD_DATA, "%s: wrong password", what);
    } else if (!sodium_is_zero(bytes->sealed.checksum, sizeof bytes->sealed.checksum) &&
               !checksum_matches(opening)) { /* minisign leaves the checksum of a key without password out */
        return status_fail(STATUS_BAD_DATA, "%s: damaged: its checksum does not match", what);
    }
    return halves_match(opening) ? STATUS_OK
                                 : status_fail(STATUS_BAD_DATA, "%s: damaged: its halves do not match", what);
}

enum status sign_secret_parse(const char *path, const char *bytes, size_t size, sign_password *password,
                              void *context, struct sign_secret **out)
{
    struct sign_lines lines;
    const char *comment;
    size_t comment_size;
    TRY(sign_ready());
    TRY(sign_lines_split(what, bytes, size, 2, &lines));
    TRY(sign_lines_comment(what, &lines, 0, sign_untrusted_prefix, &comment, &comment_size));
    struct opening *opening = sodium_malloc(sizeof *opening);
    struct sign_secret *secret = sodium_malloc(sizeof *secret);
    enum status status =
        opening && secret ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for a secret key");
    if (status == STATUS_OK)
        status = sign_lines_decode(what, &lines, 1, &opening->bytes, sizeof opening->bytes);
    if (status == STATUS_OK) status = open_bytes(opening, path, password, context);
    if (status == STATUS_OK) {
        memcpy(secret->id, opening->bytes.sealed.id, sizeof secret->id);
        memcpy(secret->key, opening->bytes.sealed.key, sizeof secret->key);
        *out = secret;
        secret = NULL;
    }
    sodium_free(secret);
    sodium_free(opening);
    return status;
}

enum status sign_secret_read(const char *path, sign_password *password, void *context,
                             struct sign_secret **out)
{
    char *bytes;
    size_t size;
    TRY(sign_ready());
    TRY(sign_secret_load(path, SIGN_FILE_BYTES_MAX, &bytes, &size));
    enum status status = sign_secret_parse(path, bytes, size, password, context, out);
    sodium_free(bytes);
    return status == STATUS_OK ? status : status_prefix(status, "%s", path);
}

void sign_secret_free(struct sign_secret *secret)
{
    sodium_free(secret);
}

void sign_secret_public(const struct sign_secret *secret, struct sign_public *out)
{
    *out = (struct sign_public){0};
    memcpy(out->id, secret->id, sizeof out->id);
    memcpy(out->key, secret->key + 32, sizeof out->key);
}
