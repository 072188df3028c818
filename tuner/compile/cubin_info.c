#include "tuner/compile/cubin_info.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include "tuner/base/text.h"

enum {
    FORMAT_SIZED = 4, /* a 16-bit size, then that many bytes; the other formats have 2 bytes of value */
    ATTRIBUTE_REGISTERS = 0x2f, /* both: the kernel's symbol, the number */
    ATTRIBUTE_FRAME = 0x11,
    SYSTEM_SHARED_BYTES = 1024 /* of every kernel, from compute capability 9.0 on */
};

struct cubin {
    const uint8_t *bytes;
    size_t size;
    Elf64_Ehdr head;
};

static bool inside(const struct cubin *cubin, uint64_t offset, uint64_t size)
{
    return offset <= cubin->size && size <= cubin->size - offset;
}

static bool read_section(const struct cubin *cubin, unsigned i, Elf64_Shdr *section)
{
    uint64_t at = cubin->head.e_shoff + (uint64_t)i * sizeof *section;
    if (i >= cubin->head.e_shnum || !inside(cubin, at, sizeof *section)) return false;
    memcpy(section, cubin->bytes + at, sizeof *section);
    return section->sh_type == SHT_NOBITS || inside(cubin, section->sh_offset, section->sh_size);
}

/* "" where it cannot be read. */
static const char *section_name(const struct cubin *cubin, const Elf64_Shdr *section)
{
    Elf64_Shdr names;
    if (!read_section(cubin, cubin->head.e_shstrndx, &names) || names.sh_type != SHT_STRTAB ||
        section->sh_name >= names.sh_size || cubin->bytes[names.sh_offset + names.sh_size - 1])
        return "";
    return (const char *)cubin->bytes + names.sh_offset + section->sh_name;
}

static void note_most(uint32_t *most, uint32_t value)
{
    if (value > *most) *most = value;
}

static void read_info(const uint8_t *next, size_t size, uint32_t *registers, uint32_t *frame)
{
    const uint8_t *end = next + size;
    while (end - next >= 4) {
        uint16_t value_size = 0;
        uint32_t number;
        if (next[0] == FORMAT_SIZED) memcpy(&value_size, next + 2, sizeof value_size);
        if (end - next - 4 < value_size) return;
        if (value_size >= 8 && (next[1] == ATTRIBUTE_REGISTERS || next[1] == ATTRIBUTE_FRAME)) {
            memcpy(&number, next + 8, sizeof number);
            note_most(next[1] == ATTRIBUTE_REGISTERS ? registers : frame, number);
        }
        next += 4 + value_size;
    }
}

enum status cubin_inspect(const void *code, size_t bytes, struct code_resources *out)
{
    struct cubin cubin = {.bytes = code, .size = bytes};
    Elf64_Shdr section;
    uint32_t most_registers = 0, most_shared = 0, frame = 0, reserved = 0;
    if (bytes < sizeof cubin.head || memcmp(code, ELFMAG, SELFMAG) != 0)
        return status_fail(STATUS_BAD_DATA, "the code object is no ELF file");
    memcpy(&cubin.head, code, sizeof cubin.head);
    for (unsigned i = 0; read_section(&cubin, i, &section); i++) {
        const char *name = section_name(&cubin, &section);
        if (strcmp(name, ".nv.info") == 0)
            read_info(cubin.bytes + section.sh_offset, section.sh_size, &most_registers, &frame);
        else if (text_starts_with(name, ".nv.shared.reserved."))
            reserved = SYSTEM_SHARED_BYTES;
        else if (text_starts_with(name, ".nv.shared."))
            note_most(&most_shared, (uint32_t)section.sh_size);
    }
    if (!most_registers) return status_fail(STATUS_BAD_DATA, "the code object has no .nv.info of kernels");
    *out = (struct code_resources){.registers = most_registers,
                                   .shared_bytes = most_shared > reserved ? most_shared - reserved : 0,
                                   .spill_bytes = frame};
    return STATUS_OK;
}
