/* Any bytes as a kernel's line tables: reading ends, stays inside and is bounded; what is found is a place.
 * The first byte says how much of an ELF file is already right: nothing, the sections, what stands in front
 * of the lists of directories and files, or these too. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/source_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char section_names[] = "\0.debug_line\0.debug_line_str\0.shstrtab";
enum { NAME_LINE = 1, NAME_LINE_STR = 13, NAME_NAMES = 29, SECTIONS = 4 };

struct bytes {
    uint8_t *data;
    size_t size;
};

static size_t append(struct bytes *bytes, const void *data, size_t size)
{
    bytes->data = realloc(bytes->data, bytes->size + size + 1);
    if (!bytes->data) abort();
    if (size) memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return bytes->size - size;
}

/* An ELF file of two sections and their names. */
static void make_elf(struct bytes *out, const struct bytes *line, const uint8_t *line_str,
                     size_t line_str_size)
{
    Elf64_Ehdr head = {.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SECTIONS, .e_shstrndx = 3};
    memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    Elf64_Shdr sections[SECTIONS] = {{0}};
    append(out, &head, sizeof head);
    sections[1] = (Elf64_Shdr){.sh_name = NAME_LINE, .sh_type = SHT_PROGBITS, .sh_size = line->size};
    sections[1].sh_offset = append(out, line->data, line->size);
    sections[2] = (Elf64_Shdr){.sh_name = NAME_LINE_STR, .sh_type = SHT_PROGBITS, .sh_size = line_str_size};
    sections[2].sh_offset = append(out, line_str, line_str_size);
    sections[3] = (Elf64_Shdr){.sh_name = NAME_NAMES, .sh_type = SHT_STRTAB, .sh_size = sizeof section_names};
    sections[3].sh_offset = append(out, section_names, sizeof section_names);
    head.e_shoff = append(out, sections, sizeof sections);
    memcpy(out->data, &head, sizeof head);
}

/* From the version on, up to the lists of directories and files, for which `lists` bytes of data remain. */
static void append_head(struct bytes *line, unsigned version, uint32_t lists)
{
    static const uint8_t fixed[] = {1, 1, 1, 251, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
    bool wide = version >= 4; /* these have the second byte */
    const uint8_t first[4] = {(uint8_t)version, 0, 8, 0};
    uint32_t head_bytes = (uint32_t)sizeof fixed - !wide + lists;
    append(line, first, version == 5 ? 4 : 2);
    append(line, &head_bytes, 4);
    append(line, fixed + !wide, sizeof fixed - !wide);
}

static void make_line(struct bytes *line, unsigned mode, const uint8_t *data, size_t size)
{
    static const uint8_t lists_4[] = {'d', 0, 0, 'a', 0, 1, 0, 0, 'b', 0, 0, 0, 0, 0};
    uint32_t length;
    if (mode == 1) {
        append(line, data, size);
        return;
    }
    append(line, "\0\0\0\0", 4);
    if (mode == 2 && size >= 2) {
        append_head(line, 2 + data[0] % 4, data[1] < size - 2 ? data[1] : (uint32_t)(size - 2));
        data += 2;
        size -= 2;
    } else {
        append_head(line, 4, sizeof lists_4);
        append(line, lists_4, sizeof lists_4);
    }
    append(line, data, size);
    length = (uint32_t)(line->size - 4);
    memcpy(line->data, &length, 4);
}

static void read_lines(const uint8_t *object, size_t size)
{
    struct source_lines *lines;
    uint8_t *exact = malloc(size ? size : 1); /* so that a byte too far is seen */
    if (!exact) abort();
    if (size) memcpy(exact, object, size);
    enum status status = source_lines_read(exact, size, &lines);
    free(exact);
    if (status != STATUS_OK) {
        if (!*status_message() || strchr(status_message(), '\n')) abort();
        return;
    }
    for (uint64_t address = 0; address < 4096; address += 3) {
        const char *file = NULL;
        uint32_t line = 0;
        if (source_lines_find(lines, address << (address % 50), &file, &line) &&
            (!line || strlen(file) > 9000))
            abort();
    }
    source_lines_free(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    unsigned mode = data[0] % 4;
    if (!mode) {
        read_lines(data + 1, size - 1);
        return 0;
    }
    size_t strings = data[1] < size - 2 ? data[1] : size - 2;
    struct bytes line = {0}, object = {0};
    make_line(&line, mode, data + 2, size - 2 - strings);
    make_elf(&object, &line, data + size - strings, strings);
    read_lines(object.data, object.size);
    free(line.data);
    free(object.data);
    return 0;
}
