/* Any bytes as a bundle: reading ends, and nothing is written. The first byte says what they are, the rest of
 * the file is put right for the fuzzer, which would find no hash:
 *
 *     f    the file in front of its seal
 *     t    the tar archive
 *     m    the members, each with a byte before it that names its kind and two that are its length */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "db/bundle_pack.h"
#include "tuner/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KINDS = BUNDLE_KIND_COUNT, MEMBERS_MAX = 32 };

struct part {
    struct bundle_member member;
    const uint8_t *bytes;
};

static int compare(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    if (x->member.kind != y->member.kind) return x->member.kind < y->member.kind ? -1 : 1;
    return memcmp(x->member.name.bytes, y->member.name.bytes, SHA256_BYTES);
}

/* Named by its content: code as it must be, descriptors as the corpus names them. */
static size_t split(const uint8_t *data, size_t size, struct part parts[MEMBERS_MAX])
{
    size_t n = 0;
    while (size >= 3 && n < MEMBERS_MAX) {
        size_t bytes = (size_t)data[1] | (size_t)data[2] << 8;
        if (bytes > size - 3) bytes = size - 3;
        struct part *part = &parts[n++];
        part->bytes = data + 3;
        part->member = (struct bundle_member){.kind = (enum bundle_kind)(data[0] % KINDS), .bytes = bytes};
        part->member.sha256 = sha256_of(part->bytes, bytes);
        if (part->member.kind == BUNDLE_KIND_CODE)
            part->member.name = part->member.sha256;
        else if (part->member.kind > BUNDLE_KIND_RECORDS)
            memset(part->member.name.bytes, data[0], SHA256_BYTES);
        data += 3 + bytes, size -= 3 + bytes;
    }
    qsort(parts, n, sizeof *parts, compare);
    return n;
}

static uint64_t lines(const struct part *part)
{
    uint64_t n = 0;
    for (size_t i = 0; i < part->member.bytes; i++) n += part->bytes[i] == '\n';
    return n;
}

/* By hand, and not compressed: that would take a hundred times as long as all the rest. */
static void add_member(struct text *tar, const char *name, const void *bytes, size_t size)
{
    char head[TAR_BLOCK + 1] = {0};
    unsigned sum = 8 * ' ';
    snprintf(head, 100, "%s", name);
    memcpy(head + 100, "0000644", 7);
    snprintf(head + 124, 12, "%011zo", size);
    head[156] = '0';
    memcpy(head + 257, "ustar\00000", 8);
    for (int i = 0; i < TAR_BLOCK; i++) sum += (unsigned char)head[i];
    snprintf(head + 148, 8, "%06o", sum);
    head[155] = ' ';
    text_append_bytes(tar, head, TAR_BLOCK);
    text_append_bytes(tar, bytes, size);
    memset(head, 0, sizeof head);
    text_append_bytes(tar, head, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

static void make_tar(const uint8_t *data, size_t size, struct text *tar)
{
    static const char end[2 * TAR_BLOCK];
    struct part parts[MEMBERS_MAX];
    struct bundle_manifest manifest = {0};
    struct text text = {0};
    size_t n = split(data, size, parts);
    uint64_t *const counts[] = {&manifest.counts.environments, &manifest.counts.records,
                                &manifest.counts.descriptors, &manifest.counts.sources,
                                &manifest.counts.codes};
    for (size_t i = 0; i < n; i++) {
        const struct part *part = &parts[i];
        bundle_manifest_add(&manifest, &part->member);
        *counts[part->member.kind] += part->member.kind <= BUNDLE_KIND_RECORDS ? lines(part) : 1;
    }
    /* Entries are not counted here: one a record passes. */
    manifest.counts.entries = manifest.counts.records;
    manifest.has_code = manifest.counts.codes > 0;
    bundle_manifest_print(&manifest, &text);
    add_member(tar, BUNDLE_MANIFEST_NAME, text.data, text.size);
    for (size_t i = 0; i < n; i++) {
        char name[BUNDLE_NAME_BYTES];
        bundle_member_name(&parts[i].member, name);
        add_member(tar, name, parts[i].bytes, parts[i].member.bytes);
    }
    text_append_bytes(tar, end, sizeof end);
    bundle_manifest_free(&manifest);
    text_free(&text);
}

/* One frame with a raw block: RFC 8878, 3.1.1. Its size stands in four bytes, and there is no checksum. */
static void add_frame(struct text *out, const void *bytes, size_t size)
{
    const uint32_t block = 1u | (uint32_t)size << 3;
    const uint8_t head[] = {0x28,
                            0xb5,
                            0x2f,
                            0xfd,
                            0x80 | 0x20,
                            (uint8_t)size,
                            (uint8_t)(size >> 8),
                            (uint8_t)(size >> 16),
                            0,
                            (uint8_t)block,
                            (uint8_t)(block >> 8),
                            (uint8_t)(block >> 16)};
    text_append_bytes(out, head, sizeof head);
    text_append_bytes(out, bytes, size);
}

static void write_file(int fd, uint8_t kind, const uint8_t *data, size_t size)
{
    struct text file = {0}, tar = {0};
    uint8_t seal[BUNDLE_SEAL_BYTES];
    if (kind == 'm')
        make_tar(data, size, &tar);
    else
        text_append_bytes(&tar, data, size);
    if (kind == 'f' || tar.size >= 1 << 17)
        text_append_bytes(&file, data, size);
    else
        add_frame(&file, tar.data, tar.size);
    struct hash hash = sha256_of(file.data, file.size);
    bundle_seal(&hash, seal);
    text_append_bytes(&file, seal, sizeof seal);
    if (!file_write_all(fd, file.data, file.size)) abort();
    text_free(&file);
    text_free(&tar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle_report report;
    struct bundle_import_options options = {.dry_run = true};
    char path[64];
    if (size < 1 || size > 60000) return 0;
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    if (fd < 0) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    write_file(fd, data[0], data + 1, size - 1);
    if (bundle_import(path, "/nowhere/fuzz.book", &options, &report) == STATUS_OK &&
        report.changes[BUNDLE_NEW] + report.changes[BUNDLE_LEFT_OUT] != report.counts.records)
        abort();
    close(fd);
    return 0;
}
