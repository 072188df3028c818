#include "tuner/compile/amdgpu_notes.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

enum { NOTE_AMDGPU_METADATA = 32, DEPTH_MAX = 16 };

struct found {
    uint32_t registers, shared_bytes, spilled_registers;
    bool any;
};

/* MessagePack as far as metadata use it: https://github.com/msgpack/msgpack/blob/master/spec.md */
struct reader {
    const uint8_t *next, *end;
    bool wrong;
};

static uint64_t take_number(struct reader *reader, size_t size)
{
    uint64_t value = 0;
    if ((size_t)(reader->end - reader->next) < size) {
        reader->wrong = true;
        return 0;
    }
    while (size--) value = value << 8 | *reader->next++;
    return value;
}

static const char *take_bytes(struct reader *reader, uint64_t size)
{
    const char *bytes = (const char *)reader->next;
    if ((uint64_t)(reader->end - reader->next) < size) {
        reader->wrong = true;
        return NULL;
    }
    reader->next += size;
    return bytes;
}

enum value_kind { VALUE_OTHER, VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY, VALUE_MAP };

struct value {
    enum value_kind kind;
    uint64_t number; /* or the length */
    const char *string;
};

static struct value take_value(struct reader *reader)
{
    struct value value = {VALUE_OTHER, 0, NULL};
    uint8_t code = (uint8_t)take_number(reader, 1);
    if (code < 0x80)
        value = (struct value){VALUE_NUMBER, code, NULL};
    else if (code < 0x90)
        value = (struct value){VALUE_MAP, code & 15u, NULL};
    else if (code < 0xa0)
        value = (struct value){VALUE_ARRAY, code & 15u, NULL};
    else if (code < 0xc0)
        value = (struct value){VALUE_STRING, code & 31u, NULL};
    else if (code >= 0xcc && code <= 0xcf)
        value = (struct value){VALUE_NUMBER, take_number(reader, 1u << (code - 0xcc)), NULL};
    else if (code >= 0xd0 && code <= 0xd3)
        take_number(reader, 1u << (code - 0xd0)); /* negative numbers are nothing we ask for */
    else if (code >= 0xd9 && code <= 0xdb)
        value = (struct value){VALUE_STRING, take_number(reader, 1u << (code - 0xd9)), NULL};
    else if (code == 0xdc || code == 0xdd)
        value = (struct value){VALUE_ARRAY, take_number(reader, code == 0xdc ? 2 : 4), NULL};
    else if (code == 0xde || code == 0xdf)
        value = (struct value){VALUE_MAP, take_number(reader, code == 0xde ? 2 : 4), NULL};
    else if (code != 0xc0 && code != 0xc2 && code != 0xc3 && code < 0xe0)
        reader->wrong = true;
    if (value.kind == VALUE_STRING) value.string = take_bytes(reader, value.number);
    return value;
}

static void note_number(const struct value *key, uint64_t number, struct found *found)
{
    struct {
        const char *name;
        uint32_t *to;
    } const wanted[] = {{".vgpr_count", &found->registers},
                        {".group_segment_fixed_size", &found->shared_bytes},
                        {".vgpr_spill_count", &found->spilled_registers}};
    for (size_t i = 0; key->string && i < sizeof wanted / sizeof wanted[0]; i++) {
        if (key->number != strlen(wanted[i].name) || memcmp(key->string, wanted[i].name, key->number) != 0)
            continue;
        if (number > *wanted[i].to) *wanted[i].to = (uint32_t)number;
        found->any = true;
    }
}

/* Walks one value; numbers that a map names are noted wherever they stand. */
static void walk(struct reader *reader, unsigned depth, struct found *found, const struct value *key)
{
    struct value value = take_value(reader);
    if (reader->wrong || depth > DEPTH_MAX) {
        reader->wrong = true;
        return;
    }
    if (value.kind == VALUE_NUMBER && key) note_number(key, value.number, found);
    if (value.kind != VALUE_ARRAY && value.kind != VALUE_MAP) return;
    for (uint64_t i = 0; i < value.number && !reader->wrong; i++) {
        struct value name = {VALUE_OTHER, 0, NULL};
        if (value.kind == VALUE_MAP) name = take_value(reader);
        walk(reader, depth + 1, found, value.kind == VALUE_MAP ? &name : NULL);
    }
}

/* The notes of one segment, each: sizes of name and description, type, both padded to 4 bytes. */
static void read_notes(const uint8_t *next, size_t bytes, struct found *found)
{
    const uint8_t *end = next + bytes;
    Elf64_Nhdr head;
    while ((size_t)(end - next) >= sizeof head) {
        memcpy(&head, next, sizeof head);
        next += sizeof head;
        uint64_t name = ((uint64_t)head.n_namesz + 3) & ~3u,
                 description = ((uint64_t)head.n_descsz + 3) & ~3u;
        if ((uint64_t)(end - next) < name + head.n_descsz) return;
        struct reader reader = {next + name, next + name + head.n_descsz, false};
        if (head.n_type == NOTE_AMDGPU_METADATA) walk(&reader, 0, found, NULL);
        if ((uint64_t)(end - next) < name + description) return;
        next += name + description;
    }
}

enum status amdgpu_inspect(const void *code, size_t bytes, uint32_t *registers, uint32_t *shared_bytes,
                           uint32_t *spill_bytes)
{
    Elf64_Ehdr head;
    struct found found = {0};
    if (bytes < sizeof head || memcmp(code, ELFMAG, SELFMAG) != 0)
        return status_fail(STATUS_BAD_DATA, "the code object is no ELF file");
    memcpy(&head, code, sizeof head);
    for (unsigned i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr segment;
        if (head.e_phoff > bytes || (bytes - head.e_phoff) / sizeof segment <= i) break;
        memcpy(&segment, (const uint8_t *)code + head.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_NOTE || segment.p_offset > bytes ||
            segment.p_filesz > bytes - segment.p_offset)
            continue;
        read_notes((const uint8_t *)code + segment.p_offset, segment.p_filesz, &found);
    }
    if (!found.any) return status_fail(STATUS_BAD_DATA, "the code object has no metadata of kernels");
    *registers = found.registers;
    *shared_bytes = found.shared_bytes;
    *spill_bytes = found.spilled_registers * 4;
    return STATUS_OK;
}
