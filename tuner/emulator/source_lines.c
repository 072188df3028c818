#include "tuner/emulator/source_lines.h"

#include <elf.h>
#include <stdlib.h>
#include "tuner/emulator/dwarf_lines.h"

enum { NAMES_BYTES_MAX = 4 << 20 }; /* joined with their directories; a kernel has some kilobytes */
#define NO_FILE UINT32_MAX          /* of the row behind a sequence */

struct row {
    uint64_t address;
    uint32_t line;
    uint32_t file; /* its name's offset */
};

/* Rows that follow each other in memory, the last with NO_FILE. */
struct sequence {
    uint64_t begin, end;
    size_t first, n;
};

/* Sequences are in the order of their addresses and do not overlap: so are the rows. */
struct source_lines {
    struct row *rows;
    size_t n_rows;
    char *names;
    size_t names_bytes;
};

struct collecting {
    struct row *rows;
    struct sequence *sequences;
    size_t n_rows, rows_capacity, n_sequences, sequences_capacity;
    size_t first; /* of the sequence under way */
    char *names;
    size_t names_bytes, names_capacity;
};

static enum status grow(void **items, size_t needed, size_t *capacity, size_t item_bytes)
{
    if (needed <= *capacity) return STATUS_OK;
    size_t wanted = needed > 2 * *capacity ? needed : 2 * *capacity;
    if (wanted < 256) wanted = 256;
    void *grown = realloc(*items, wanted * item_bytes);
    if (!grown) return status_fail(STATUS_NO_MEMORY, "no memory for a line table");
    *items = grown;
    *capacity = wanted;
    return STATUS_OK;
}

static enum status add_file(void *context, const char *directory, const char *name, uint32_t *number)
{
    struct collecting *c = context;
    size_t before = directory ? strlen(directory) : 0, bytes = strlen(name) + 1;
    size_t needed = before + (directory != NULL) + bytes;
    if (needed > NAMES_BYTES_MAX - c->names_bytes)
        return status_fail(STATUS_BAD_DATA, "a line table's file names take more than %d bytes",
                           NAMES_BYTES_MAX);
    TRY(grow((void **)&c->names, c->names_bytes + needed, &c->names_capacity, 1));
    char *to = c->names + c->names_bytes;
    if (directory) {
        memcpy(to, directory, before);
        to[before] = '/';
        to += before + 1;
    }
    memcpy(to, name, bytes);
    *number = (uint32_t)c->names_bytes;
    c->names_bytes += needed;
    return STATUS_OK;
}

static enum status end_sequence(struct collecting *c, uint64_t end)
{
    if (c->n_rows == c->first) return STATUS_OK;
    TRY(grow((void **)&c->rows, c->n_rows + 1, &c->rows_capacity, sizeof *c->rows));
    TRY(grow((void **)&c->sequences, c->n_sequences + 1, &c->sequences_capacity, sizeof *c->sequences));
    c->rows[c->n_rows++] = (struct row){end, 0, NO_FILE};
    c->sequences[c->n_sequences++] =
        (struct sequence){c->rows[c->first].address, end, c->first, c->n_rows - c->first};
    c->first = c->n_rows;
    return STATUS_OK;
}

static enum status add_row(void *context, const struct dwarf_row *row)
{
    struct collecting *c = context;
    struct row now = {row->address, row->line, row->file};
    if (c->n_rows > c->first) {
        struct row *last = &c->rows[c->n_rows - 1];
        if (row->address < last->address)
            return status_fail(STATUS_BAD_DATA,
                               "a line table is broken: addresses go back from %#llx to %#llx",
                               (unsigned long long)last->address, (unsigned long long)row->address);
        if (!now.line) { /* code that several lines share: near the one before it */
            now.line = last->line;
            now.file = last->file;
        }
        if (row->address == last->address) c->n_rows--; /* that one covered nothing */
    }
    if (row->end) return end_sequence(c, row->address);
    TRY(grow((void **)&c->rows, c->n_rows + 1, &c->rows_capacity, sizeof *c->rows));
    c->rows[c->n_rows++] = now;
    return STATUS_OK;
}

static int by_address(const void *x, const void *y)
{
    const struct sequence *a = x, *b = y;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

/* Code that the linker left out keeps its lines, at addresses that mean nothing: of sequences that overlap
 * only the first stays. */
static enum status arrange(struct collecting *c, struct source_lines *out)
{
    if (c->n_sequences) qsort(c->sequences, c->n_sequences, sizeof *c->sequences, by_address);
    out->rows = malloc((c->n_rows + 1) * sizeof *out->rows);
    if (!out->rows) return status_fail(STATUS_NO_MEMORY, "no memory for a line table");
    uint64_t end = 0;
    for (size_t i = 0; i < c->n_sequences; i++) {
        const struct sequence *sequence = &c->sequences[i];
        if (sequence->begin < end) continue;
        memcpy(out->rows + out->n_rows, c->rows + sequence->first, sequence->n * sizeof *out->rows);
        out->n_rows += sequence->n;
        end = sequence->end;
    }
    return STATUS_OK;
}

/* ELF-64 Object File Format, "Sections". Every offset is checked against the bytes. */
static enum status find_sections(const void *object, size_t bytes, struct dwarf_sections *out)
{
    static const char what[] = "the kernel's code is not a whole 64-bit little-endian ELF file";
    const struct {
        const char *name;
        struct dwarf_bytes *section;
    } wanted[] = {
        {".debug_line", &out->line}, {".debug_line_str", &out->line_str}, {".debug_str", &out->str}};
    Elf64_Ehdr head;
    Elf64_Shdr names, section;
    if (bytes < sizeof head) return status_fail(STATUS_BAD_DATA, "%s", what);
    memcpy(&head, object, sizeof head);
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_ident[EI_DATA] != ELFDATA2LSB || head.e_shentsize != sizeof section ||
        head.e_shstrndx >= head.e_shnum || head.e_shoff > bytes ||
        head.e_shnum > (bytes - head.e_shoff) / sizeof section)
        return status_fail(STATUS_BAD_DATA, "%s", what);
    const unsigned char *table = (const unsigned char *)object + head.e_shoff;
    memcpy(&names, table + head.e_shstrndx * sizeof names, sizeof names);
    if (names.sh_offset > bytes || names.sh_size > bytes - names.sh_offset)
        return status_fail(STATUS_BAD_DATA, "%s", what);
    for (unsigned i = 0; i < head.e_shnum; i++) {
        memcpy(&section, table + i * sizeof section, sizeof section);
        struct dwarf_bytes name =
            dwarf_bytes_of((const unsigned char *)object + names.sh_offset, (size_t)names.sh_size);
        dwarf_take(&name, section.sh_name);
        const char *called = dwarf_string(&name);
        for (size_t w = 0; called && w < sizeof wanted / sizeof *wanted; w++) {
            if (strcmp(called, wanted[w].name) != 0) continue;
            if (section.sh_type == SHT_NOBITS || (section.sh_flags & SHF_COMPRESSED) ||
                section.sh_offset > bytes || section.sh_size > bytes - section.sh_offset)
                return status_fail(STATUS_BAD_DATA, "%s is not in the file as it should be", called);
            *wanted[w].section =
                dwarf_bytes_of((const unsigned char *)object + section.sh_offset, (size_t)section.sh_size);
        }
    }
    if (dwarf_left(&out->line)) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND,
                       "the kernel has no lines (.debug_line): compile with -gline-tables-only");
}

enum status source_lines_read(const void *object, size_t bytes, struct source_lines **out)
{
    const struct dwarf_bytes none = dwarf_bytes_of("", 0);
    struct dwarf_sections sections = {none, none, none};
    TRY(find_sections(object, bytes, &sections));
    struct source_lines *lines = calloc(1, sizeof *lines);
    if (!lines) return status_fail(STATUS_NO_MEMORY, "no memory for a line table");
    struct collecting c = {0};
    const struct dwarf_sink sink = {&c, add_file, add_row};
    enum status status = dwarf_lines_run(&sections, &sink);
    if (status == STATUS_OK) status = arrange(&c, lines);
    lines->names = c.names;
    lines->names_bytes = c.names_bytes;
    free(c.rows);
    free(c.sequences);
    if (status != STATUS_OK) {
        source_lines_free(lines);
        return status;
    }
    *out = lines;
    return STATUS_OK;
}

bool source_lines_find(const struct source_lines *lines, uint64_t address, const char **file, uint32_t *line)
{
    size_t low = 0, high = lines->n_rows; /* rows before `low` begin at or before the address */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->rows[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low) return false;
    const struct row *row = &lines->rows[low - 1];
    if (row->file == NO_FILE || !row->line) return false;
    *file = lines->names + row->file;
    *line = row->line;
    return true;
}

void source_lines_free(struct source_lines *lines)
{
    if (!lines) return;
    free(lines->rows);
    free(lines->names);
    free(lines);
}
