#include "tuner/compile/amdgpu_notes.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { NOTE_AMDGPU_METADATA = 32, DEPTH_MAX = 16, MACHINE_MASK = 0xff };

/* Of the kernel that is looked for, or the largest of all. */
struct found {
    const char *entry; /* NULL: all */
    struct code_resources most;
    bool any;
};

/* What one map of the metadata holds; a kernel is one. */
struct kernel_map {
    struct code_resources resources;
    const char *name; /* `name_bytes` long */
    uint64_t name_bytes;
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

static const struct {
    const char *name;
    size_t offset;
} numbers[] = {{".vgpr_count", offsetof(struct code_resources, registers)},
               {".agpr_count", offsetof(struct code_resources, accumulators)},
               {".sgpr_count", offsetof(struct code_resources, scalar_registers)},
               {".group_segment_fixed_size", offsetof(struct code_resources, shared_bytes)},
               {".private_segment_fixed_size", offsetof(struct code_resources, private_bytes)},
               {".vgpr_spill_count", offsetof(struct code_resources, spill_bytes)}, /* times 4 */
               {".sgpr_spill_count", offsetof(struct code_resources, scalar_spills)},
               {".wavefront_size", offsetof(struct code_resources, wave_size)},
               {".max_flat_workgroup_size", offsetof(struct code_resources, max_block_threads)}};
enum { N_NUMBERS = sizeof numbers / sizeof *numbers };

static uint32_t *number_of(struct code_resources *resources, size_t i)
{
    return (uint32_t *)(void *)((char *)resources + numbers[i].offset);
}

static bool is_named(const struct value *key, const char *name)
{
    return key->string && key->number == strlen(name) && memcmp(key->string, name, key->number) == 0;
}

static void note(const struct value *key, const struct value *value, struct kernel_map *map)
{
    if (value->kind == VALUE_STRING && is_named(key, ".name")) {
        map->name = value->string;
        map->name_bytes = value->number;
    }
    for (size_t i = 0; value->kind == VALUE_NUMBER && i < N_NUMBERS; i++) {
        if (!is_named(key, numbers[i].name)) continue;
        *number_of(&map->resources, i) = value->number < UINT32_MAX ? (uint32_t)value->number : UINT32_MAX;
        map->any = true;
    }
}

static void merge(struct kernel_map *map, struct found *found)
{
    bool wanted = !found->entry || (map->name && strlen(found->entry) == map->name_bytes &&
                                    memcmp(found->entry, map->name, map->name_bytes) == 0);
    if (!map->any || !wanted) return;
    found->any = true;
    for (size_t i = 0; i < N_NUMBERS; i++) {
        uint32_t *most = number_of(&found->most, i), value = *number_of(&map->resources, i);
        if (value > *most) *most = value;
    }
}

/* Walks one value; a map that holds numbers of a kernel is noted wherever it stands. */
static void walk(struct reader *reader, unsigned depth, struct found *found, const struct value *key,
                 struct kernel_map *around)
{
    struct value value = take_value(reader);
    struct kernel_map map = {.any = false};
    if (reader->wrong || depth > DEPTH_MAX) {
        reader->wrong = true;
        return;
    }
    if (key) note(key, &value, around);
    if (value.kind != VALUE_ARRAY && value.kind != VALUE_MAP) return;
    for (uint64_t i = 0; i < value.number && !reader->wrong; i++) {
        struct value name = {VALUE_OTHER, 0, NULL};
        if (value.kind == VALUE_MAP) name = take_value(reader);
        walk(reader, depth + 1, found, value.kind == VALUE_MAP ? &name : NULL, &map);
    }
    if (value.kind == VALUE_MAP) merge(&map, found);
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
        if (head.n_type == NOTE_AMDGPU_METADATA) walk(&reader, 0, found, NULL, NULL);
        if ((uint64_t)(end - next) < name + description) return;
        next += name + description;
    }
}

static enum status read_head(const void *code, size_t bytes, Elf64_Ehdr *head)
{
    if (bytes < sizeof *head || memcmp(code, ELFMAG, SELFMAG) != 0)
        return status_fail(STATUS_BAD_DATA, "the code object is no ELF file");
    memcpy(head, code, sizeof *head);
    return STATUS_OK;
}

enum status amdgpu_kernel_resources(const void *code, size_t bytes, const char *entry,
                                    struct code_resources *out)
{
    Elf64_Ehdr head;
    struct found found = {.entry = entry};
    TRY(read_head(code, bytes, &head));
    for (unsigned i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr segment;
        if (head.e_phoff > bytes || (bytes - head.e_phoff) / sizeof segment <= i) break;
        memcpy(&segment, (const uint8_t *)code + head.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_NOTE || segment.p_offset > bytes ||
            segment.p_filesz > bytes - segment.p_offset)
            continue;
        read_notes((const uint8_t *)code + segment.p_offset, segment.p_filesz, &found);
    }
    if (!found.any && entry)
        return status_fail(STATUS_NOT_FOUND, "the code object has no metadata of a kernel %s", entry);
    if (!found.any) return status_fail(STATUS_BAD_DATA, "the code object has no metadata of kernels");
    *out = found.most;
    out->spill_bytes = out->spill_bytes < UINT32_MAX / 4 ? out->spill_bytes * 4 : UINT32_MAX;
    return STATUS_OK;
}

enum status amdgpu_inspect(const void *code, size_t bytes, struct code_resources *out)
{
    return amdgpu_kernel_resources(code, bytes, NULL, out);
}

/* EF_AMDGPU_MACH of LLVM's user guide for AMDGPU, "ELF Code Object: Header". */
static const struct {
    uint8_t machine;
    const char *target;
} machines[] = {{0x3f, "gfx90a"},  {0x4c, "gfx942"},  {0x4f, "gfx950"},
                {0x41, "gfx1100"}, {0x4e, "gfx1201"}, {0x49, "gfx1250"}};

enum status amdgpu_code_target(const void *code, size_t bytes, const char **target)
{
    Elf64_Ehdr head;
    TRY(read_head(code, bytes, &head));
    if (head.e_machine != EM_AMDGPU)
        return status_fail(STATUS_BAD_DATA, "the code object is for machine %u, not for an AMD GPU",
                           head.e_machine);
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        if (machines[i].machine == (head.e_flags & MACHINE_MASK)) {
            *target = machines[i].target;
            return STATUS_OK;
        }
    return status_fail(STATUS_NOT_COVERED,
                       "the code object is for an AMD GPU that is not known here (0x%02x)",
                       (unsigned)(head.e_flags & MACHINE_MASK));
}
