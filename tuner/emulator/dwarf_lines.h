/* The line programs of a .debug_line section, run: rows of address, file and line, handed on one by one. */
#ifndef TUNEBOOK_EMULATOR_DWARF_LINES_H
#define TUNEBOOK_EMULATOR_DWARF_LINES_H

#include "tuner/base/status.h"
#include "tuner/emulator/dwarf_bytes.h"

struct dwarf_sections {
    struct dwarf_bytes line, line_str, str;
};

struct dwarf_row {
    uint64_t address;
    uint32_t line;
    uint32_t file; /* what `file` answered */
    bool end;      /* the first address behind a sequence; file and line say nothing */
};

/* Who hears. `directory` is NULL where the name stands alone; neither string outlives the section. */
struct dwarf_sink {
    void *context;
    enum status (*file)(void *context, const char *directory, const char *name, uint32_t *number);
    enum status (*row)(void *context, const struct dwarf_row *row);
};

enum status dwarf_lines_run(const struct dwarf_sections *sections, const struct dwarf_sink *sink);

#endif
