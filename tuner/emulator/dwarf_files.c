#include "tuner/emulator/dwarf_files.h"

#include <stdlib.h>

/* DWARF 5, 7.5.6 and 7.22: the forms and contents that a line table's head may have. */
enum {
    FORM_DATA2 = 0x05,
    FORM_DATA4 = 0x06,
    FORM_DATA8 = 0x07,
    FORM_STRING = 0x08,
    FORM_BLOCK = 0x09,
    FORM_DATA1 = 0x0b,
    FORM_STRP = 0x0e,
    FORM_UDATA = 0x0f,
    FORM_DATA16 = 0x1e,
    FORM_LINE_STRP = 0x1f,
};
enum { CONTENT_PATH = 1, CONTENT_DIRECTORY_INDEX = 2 };
enum { NAME_BYTES_MAX = 4096 }; /* many entries may point at one string: each is short enough to search */

struct reading {
    struct dwarf_bytes *header;
    bool wide;
    const struct dwarf_sections *sections;
    const struct dwarf_sink *sink;
    const char **directories; /* owned */
    size_t n_directories, directories_capacity;
    struct dwarf_files *files;
};

static enum status broken(void)
{
    return status_fail(STATUS_BAD_DATA, "the head of a line table ends in the middle or is not DWARF's");
}

static enum status add_directory(struct reading *r, const char *name)
{
    if (r->n_directories == r->directories_capacity) {
        size_t capacity = r->directories_capacity ? 2 * r->directories_capacity : 16;
        const char **grown = realloc(r->directories, capacity * sizeof *grown);
        if (!grown) return status_fail(STATUS_NO_MEMORY, "no memory for the directories of a line table");
        r->directories = grown;
        r->directories_capacity = capacity;
    }
    r->directories[r->n_directories++] = name;
    return STATUS_OK;
}

/* Directory 0 is where the compiler ran, which says nothing about the source. */
static enum status add_file(struct reading *r, const char *name, uint64_t directory)
{
    struct dwarf_files *files = r->files;
    if (directory >= r->n_directories)
        return status_fail(STATUS_BAD_DATA, "a line table's file names directory %llu of %zu",
                           (unsigned long long)directory, r->n_directories);
    if (files->n == files->capacity) {
        size_t capacity = files->capacity ? 2 * files->capacity : 16;
        uint32_t *grown = realloc(files->numbers, capacity * sizeof *grown);
        if (!grown) return status_fail(STATUS_NO_MEMORY, "no memory for the files of a line table");
        files->numbers = grown;
        files->capacity = capacity;
    }
    bool alone = !directory || name[0] == '/';
    TRY(r->sink->file(r->sink->context, alone ? NULL : r->directories[directory], name,
                      &files->numbers[files->n]));
    files->n++;
    return STATUS_OK;
}

/* Versions 2 to 4: strings until an empty one; DWARF 4, 6.2.4, items 11 and 12. */
static enum status read_lists(struct reading *r)
{
    const char *name;
    TRY(add_directory(r, ""));
    while ((name = dwarf_string(r->header)) && *name) TRY(add_directory(r, name));
    if (!name) return broken();
    while ((name = dwarf_string(r->header)) && *name) {
        uint64_t directory = dwarf_uleb(r->header);
        dwarf_uleb(r->header); /* time of modification */
        dwarf_uleb(r->header); /* length */
        if (r->header->failed) return broken();
        TRY(add_file(r, name, directory));
    }
    return name ? STATUS_OK : broken();
}

static const char *string_at(const struct dwarf_bytes *section, uint64_t offset)
{
    struct dwarf_bytes bytes = *section;
    if (!dwarf_take(&bytes, offset)) return NULL;
    if (dwarf_left(&bytes) > NAME_BYTES_MAX) bytes.end = bytes.at + NAME_BYTES_MAX;
    return dwarf_string(&bytes);
}

/* One value of an entry: a string, or a number, or nothing that matters here. */
static bool read_value(struct reading *r, uint64_t form, const char **string, uint64_t *number)
{
    struct dwarf_bytes *header = r->header;
    unsigned offset_bytes = r->wide ? 8 : 4;
    switch (form) {
    case FORM_STRING: *string = dwarf_string(header); break;
    case FORM_STRP: *string = string_at(&r->sections->str, dwarf_number(header, offset_bytes)); break;
    case FORM_LINE_STRP:
        *string = string_at(&r->sections->line_str, dwarf_number(header, offset_bytes));
        break;
    case FORM_UDATA: *number = dwarf_uleb(header); break;
    case FORM_DATA1: *number = dwarf_number(header, 1); break;
    case FORM_DATA2: *number = dwarf_number(header, 2); break;
    case FORM_DATA4: *number = dwarf_number(header, 4); break;
    case FORM_DATA8: *number = dwarf_number(header, 8); break;
    case FORM_DATA16: dwarf_take(header, 16); break;
    case FORM_BLOCK: dwarf_take(header, dwarf_uleb(header)); break;
    default: return false;
    }
    return !header->failed;
}

/* Version 5: the formats of entries, then entries; DWARF 5, 6.2.4, items 13 to 18. Every value takes a byte
 * at least, so that a count beyond the bytes ends soon. */
static enum status read_entries(struct reading *r, bool files)
{
    uint64_t contents[255], forms[255];
    unsigned n_formats = dwarf_byte(r->header);
    for (unsigned i = 0; i < n_formats; i++) {
        contents[i] = dwarf_uleb(r->header);
        forms[i] = dwarf_uleb(r->header);
    }
    uint64_t count = dwarf_uleb(r->header);
    if (r->header->failed || (count && !n_formats)) return broken();
    for (uint64_t entry = 0; entry < count; entry++) {
        const char *name = NULL;
        uint64_t directory = 0;
        for (unsigned i = 0; i < n_formats; i++) {
            const char *string = NULL;
            uint64_t number = 0;
            if (!read_value(r, forms[i], &string, &number)) return broken();
            if (contents[i] == CONTENT_PATH) name = string;
            if (contents[i] == CONTENT_DIRECTORY_INDEX) directory = number;
        }
        if (!name) return broken();
        TRY(files ? add_file(r, name, directory) : add_directory(r, name));
    }
    return STATUS_OK;
}

enum status dwarf_files_read(struct dwarf_bytes *header, unsigned version, bool wide,
                             const struct dwarf_sections *sections, const struct dwarf_sink *sink,
                             struct dwarf_files *out)
{
    *out = (struct dwarf_files){.first = version < 5};
    struct reading r = {.header = header, .wide = wide, .sections = sections, .sink = sink, .files = out};
    enum status status;
    if (version < 5) {
        status = read_lists(&r);
    } else {
        status = read_entries(&r, false);
        if (status == STATUS_OK) status = read_entries(&r, true);
    }
    free(r.directories);
    return status;
}
