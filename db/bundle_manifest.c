#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "db/bundle_format.h"

static const struct {
    const char *name;
    uint64_t bytes_max;
} kinds[] = {
#define KIND(enumerator, name, largest) {name, largest},
    BUNDLE_KINDS(KIND)
#undef KIND
};

static const char *const top_names[] = {"format", "version", "schema", "code", "counts", "members"};
static const char *const count_names[] = {"records",     "entries", "environments",
                                          "descriptors", "sources", "codes"};
static const char *const member_names[] = {"name", "bytes", "sha256"};
static const struct scan_names top = {top_names, 6}, counts = {count_names, 6}, member = {member_names, 3};

enum { N_COUNTS = sizeof count_names / sizeof *count_names };
static const char format_name[] = "tunebook-bundle";

static uint64_t *count_at(struct bundle_counts *of, unsigned i)
{
    uint64_t *const at[N_COUNTS] = {&of->records,     &of->entries, &of->environments,
                                    &of->descriptors, &of->sources, &of->codes};
    return at[i];
}

static bool in_folder(enum bundle_kind kind)
{
    return kind >= BUNDLE_KIND_DESCRIPTOR;
}

void bundle_member_name(const struct bundle_member *of, char out[BUNDLE_NAME_BYTES])
{
    size_t length = strlen(kinds[of->kind].name);
    memcpy(out, kinds[of->kind].name, length + 1);
    if (in_folder(of->kind)) text_hex(of->name.bytes, sizeof of->name.bytes, out + length);
}

/* ---- lists ---- */

enum status bundle_manifest_add(struct bundle_manifest *manifest, const struct bundle_member *new_member)
{
    if (new_member->bytes > kinds[new_member->kind].bytes_max)
        return status_fail(STATUS_BAD_DATA, "%s: %llu bytes, a bundle takes %llu",
                           kinds[new_member->kind].name, (unsigned long long)new_member->bytes,
                           (unsigned long long)kinds[new_member->kind].bytes_max);
    if (manifest->n == manifest->capacity) {
        size_t capacity = manifest->capacity ? 2 * manifest->capacity : 64;
        struct bundle_member *members = realloc(manifest->members, capacity * sizeof *members);
        if (!members) return status_fail(STATUS_NO_MEMORY, "no memory for %zu members", capacity);
        manifest->members = members;
        manifest->capacity = capacity;
    }
    manifest->members[manifest->n++] = *new_member;
    for (size_t kind = new_member->kind + 1u; kind <= BUNDLE_KIND_COUNT; kind++)
        manifest->first[kind] = manifest->n;
    return STATUS_OK;
}

void bundle_manifest_free(struct bundle_manifest *manifest)
{
    free(manifest->members);
    *manifest = (struct bundle_manifest){0};
}

size_t bundle_manifest_n(const struct bundle_manifest *manifest, enum bundle_kind kind)
{
    return manifest->first[kind + 1] - manifest->first[kind];
}

size_t bundle_manifest_find(const struct bundle_manifest *manifest, enum bundle_kind kind,
                            const struct hash *name)
{
    size_t low = manifest->first[kind], high = manifest->first[kind + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(manifest->members[middle].name.bytes, name->bytes, sizeof name->bytes);
        if (!order) return middle - manifest->first[kind];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

uint64_t tar_bytes(uint64_t bytes)
{
    return TAR_BLOCK + (bytes + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

uint64_t bundle_manifest_unpacked(const struct bundle_manifest *manifest)
{
    uint64_t total = 2 * TAR_BLOCK;
    for (size_t i = 0; i < manifest->n; i++) total += tar_bytes(manifest->members[i].bytes);
    return total;
}

/* ---- text ---- */

void bundle_manifest_print(const struct bundle_manifest *manifest, struct text *out)
{
    struct bundle_counts numbers = manifest->counts;
    text_format(out, "{\"format\":\"%s\",\"version\":%d,\"schema\":%d,\"code\":%s,\"counts\":", format_name,
                BUNDLE_VERSION, SCHEMA_VERSION, manifest->has_code ? "true" : "false");
    for (unsigned i = 0; i < N_COUNTS; i++)
        text_format(out, "%c\"%s\":%llu", i ? ',' : '{', count_names[i],
                    (unsigned long long)*count_at(&numbers, i));
    text_append(out, "},\"members\":[");
    for (size_t i = 0; i < manifest->n; i++) {
        char name[BUNDLE_NAME_BYTES];
        bundle_member_name(&manifest->members[i], name);
        text_format(out, "%s{\"name\":\"%s\",\"bytes\":%llu,\"sha256\":", i ? "," : "", name,
                    (unsigned long long)manifest->members[i].bytes);
        print_hash(out, &manifest->members[i].sha256);
        text_append(out, "}");
    }
    text_append(out, "]}\n");
}

static enum status parse_version(struct scan *scan, const char *what, uint64_t known)
{
    uint64_t version;
    TRY(scan_u64(scan, UINT32_MAX, &version));
    if (version == known) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: %s %llu, this program reads %llu%s", scan->where, what,
                       (unsigned long long)version, (unsigned long long)known,
                       version > known ? "; update Tunebook" : "");
}

static enum status parse_name(struct scan *scan, struct bundle_member *out)
{
    char name[BUNDLE_NAME_BYTES];
    struct scan before = *scan;
    TRY(scan_string(scan, name, sizeof name));
    for (unsigned i = 0; i < BUNDLE_KIND_COUNT; i++) {
        size_t length = strlen(kinds[i].name);
        char hex[SHA256_HEX_BYTES];
        out->kind = (enum bundle_kind)i;
        if (!in_folder(out->kind) && strcmp(name, kinds[i].name) == 0) return STATUS_OK;
        if (!in_folder(out->kind) || strncmp(name, kinds[i].name, length) != 0) continue;
        if (!text_unhex(name + length, out->name.bytes, sizeof out->name.bytes)) break;
        text_hex(out->name.bytes, sizeof out->name.bytes, hex);
        if (strcmp(hex, name + length) == 0) return STATUS_OK;
    }
    return scan_fail(&before, "'%s': no name of a bundle's member", name);
}

/* Behind the last one: by kind, then by name. */
static enum status check_order(const struct scan *scan, const struct bundle_manifest *manifest,
                               const struct bundle_member *next)
{
    static const struct hash none;
    if (!manifest->n) return STATUS_OK;
    const struct bundle_member *last = &manifest->members[manifest->n - 1];
    int order = (int)next->kind - (int)last->kind;
    if (!order)
        order = memcmp(in_folder(next->kind) ? next->name.bytes : none.bytes,
                       in_folder(last->kind) ? last->name.bytes : none.bytes, sizeof none.bytes);
    if (order > 0) return STATUS_OK;
    char name[BUNDLE_NAME_BYTES];
    bundle_member_name(next, name);
    return order ? scan_fail(scan, "member '%s' is out of order", name)
                 : scan_fail(scan, "member '%s' a second time", name);
}

static enum status parse_member(struct scan *scan, struct bundle_manifest *out)
{
    struct bundle_member next = {0};
    TRY(scan_member(scan, &member, 0));
    TRY(parse_name(scan, &next));
    TRY(check_order(scan, out, &next));
    TRY(scan_member(scan, &member, 1));
    TRY(scan_u64(scan, kinds[next.kind].bytes_max, &next.bytes));
    TRY(scan_member(scan, &member, 2));
    TRY(scan_hash(scan, &next.sha256));
    TRY(scan_close(scan, &member));
    return bundle_manifest_add(out, &next);
}

/* What the counts say is what is listed. */
static enum status check_counts(const struct scan *scan, const struct bundle_manifest *manifest)
{
    const uint64_t said[] = {1, 1, manifest->counts.descriptors, manifest->counts.sources,
                             manifest->counts.codes};
    for (unsigned i = 0; i < BUNDLE_KIND_COUNT; i++)
        if (bundle_manifest_n(manifest, (enum bundle_kind)i) != said[i])
            return scan_fail(scan, "%zu members %s where %llu belong",
                             bundle_manifest_n(manifest, (enum bundle_kind)i), kinds[i].name,
                             (unsigned long long)said[i]);
    if (manifest->has_code != (manifest->counts.codes > 0))
        return scan_fail(scan, "\"code\" is %s, with %llu code objects",
                         manifest->has_code ? "true" : "false", (unsigned long long)manifest->counts.codes);
    return STATUS_OK;
}

static enum status parse_all(struct scan *scan, struct bundle_manifest *out)
{
    char format[32];
    TRY(scan_member(scan, &top, 0));
    TRY(scan_string(scan, format, sizeof format));
    if (strcmp(format, format_name) != 0)
        return scan_fail(scan, "format '%s', not '%s'", format, format_name);
    TRY(scan_member(scan, &top, 1));
    TRY(parse_version(scan, "version", BUNDLE_VERSION));
    TRY(scan_member(scan, &top, 2));
    TRY(parse_version(scan, "schema", SCHEMA_VERSION));
    TRY(scan_member(scan, &top, 3));
    TRY(scan_bool(scan, &out->has_code));
    TRY(scan_member(scan, &top, 4));
    for (unsigned i = 0; i < N_COUNTS; i++) {
        TRY(scan_member(scan, &counts, i));
        TRY(scan_u64(scan, UINT64_MAX, count_at(&out->counts, i)));
    }
    TRY(scan_close(scan, &counts));
    TRY(scan_member(scan, &top, 5));
    TRY(scan_text(scan, "["));
    for (bool more = true; more;) {
        TRY(parse_member(scan, out));
        TRY(scan_more(scan, &more));
    }
    TRY(scan_close(scan, &top));
    TRY(scan_text(scan, "\n"));
    TRY(scan_end(scan));
    return check_counts(scan, out);
}

enum status bundle_manifest_parse(const char *where, const char *bytes, size_t size,
                                  struct bundle_manifest *out)
{
    struct scan scan = {.where = where, .begin = bytes, .at = bytes, .end = bytes + size};
    *out = (struct bundle_manifest){0};
    enum status status = parse_all(&scan, out);
    if (status != STATUS_OK) bundle_manifest_free(out);
    return status;
}

/* ---- the seal ---- */

static const uint8_t seal_head[8] = {0x5b, 0x2a, 0x4d, 0x18, SHA256_BYTES, 0, 0, 0};

void bundle_seal(const struct hash *hash, uint8_t out[BUNDLE_SEAL_BYTES])
{
    memcpy(out, seal_head, sizeof seal_head);
    memcpy(out + sizeof seal_head, hash->bytes, sizeof hash->bytes);
}

bool bundle_unseal(const uint8_t seal[BUNDLE_SEAL_BYTES], struct hash *hash)
{
    memcpy(hash->bytes, seal + sizeof seal_head, sizeof hash->bytes);
    return memcmp(seal, seal_head, sizeof seal_head) == 0;
}
