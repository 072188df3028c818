/* What reader and writer of bundles share. Private to db; docs/format.md says it in words. */
#ifndef TUNEBOOK_DB_BUNDLE_FORMAT_H
#define TUNEBOOK_DB_BUNDLE_FORMAT_H

#include "db/bundle.h"
#include "db/bundle_scan.h"

/* KIND(enumerator, its file or folder, largest member): in the order of the members */
#define BUNDLE_KINDS(KIND)                                      \
    KIND(ENVIRONMENTS, "environments.jsonl", UINT64_C(1) << 28) \
    KIND(RECORDS, "records.jsonl", (UINT64_C(1) << 33) - 1)     \
    KIND(DESCRIPTOR, "descriptors/", UINT64_C(1) << 24)         \
    KIND(SOURCE, "sources/", UINT64_C(1) << 26)                 \
    KIND(CODE, "code/", UINT64_C(1) << 29)
enum bundle_kind {
#define KIND(enumerator, name, largest) BUNDLE_KIND_##enumerator,
    BUNDLE_KINDS(KIND)
#undef KIND
        BUNDLE_KIND_COUNT
};

enum {
    BUNDLE_NAME_BYTES = 96,
    BUNDLE_MANIFEST_BYTES_MAX = 64 << 20,
    BUNDLE_ENVIRONMENT_BYTES_MAX = 1 << 20, /* of one line */
    BUNDLE_RECORD_BYTES_MAX = 1 << 16,      /* of one line: 64 entries are 30,000 */
    BUNDLE_SEAL_BYTES = 8 + SHA256_BYTES,
    TAR_BLOCK = 512
};
#define BUNDLE_MANIFEST_NAME "manifest.json"
/* Of what a bundle unpacks to, against its file: what would be more is a bomb. */
enum { BUNDLE_RATIO_MAX = 1000, BUNDLE_SLACK_BYTES = 16 << 20 };

struct bundle_member {
    enum bundle_kind kind;
    struct hash name; /* of what lies in a folder */
    uint64_t bytes;
    struct hash sha256;
};
void bundle_member_name(const struct bundle_member *member, char out[BUNDLE_NAME_BYTES]);

struct bundle_manifest {
    bool has_code;
    struct bundle_counts counts;
    struct bundle_member *members;
    size_t n, capacity;
    size_t first[BUNDLE_KIND_COUNT + 1]; /* where each kind begins */
};
/* Members are added in order of kind and name. */
enum status bundle_manifest_add(struct bundle_manifest *manifest, const struct bundle_member *member);
void bundle_manifest_print(const struct bundle_manifest *manifest, struct text *out);
enum status bundle_manifest_parse(const char *where, const char *bytes, size_t size,
                                  struct bundle_manifest *out);
void bundle_manifest_free(struct bundle_manifest *manifest);
/* The index among its kind; SIZE_MAX if there is none. */
size_t bundle_manifest_find(const struct bundle_manifest *manifest, enum bundle_kind kind,
                            const struct hash *name);
size_t bundle_manifest_n(const struct bundle_manifest *manifest, enum bundle_kind kind);
/* What the tar archive takes with its head blocks, padding and end, but without the manifest. */
uint64_t bundle_manifest_unpacked(const struct bundle_manifest *manifest);
uint64_t tar_bytes(uint64_t bytes);

/* Lines, with the line break. False: a character that has no spelling. */
bool bundle_record_print(const char *key, const struct record *record, struct text *out);
void bundle_environment_print(const struct hash *hash, const void *json, size_t size, struct text *out);
/* Without the line break. *facts of the environment points into the line. */
enum status bundle_record_parse(struct scan *scan, char key[KEY_BYTES_MAX + 1], struct record *out);
enum status bundle_environment_parse(struct scan *scan, struct hash *hash, const char **facts, size_t *size);

/* The seal: a frame that zstd skips, which holds the SHA-256 of all bytes before it. */
void bundle_seal(const struct hash *hash, uint8_t out[BUNDLE_SEAL_BYTES]);
bool bundle_unseal(const uint8_t seal[BUNDLE_SEAL_BYTES], struct hash *hash);

#endif
