/* The names of files at the head of a line program. */
#ifndef TUNEBOOK_EMULATOR_DWARF_FILES_H
#define TUNEBOOK_EMULATOR_DWARF_FILES_H

#include "tuner/emulator/dwarf_lines.h"

struct dwarf_files {
    uint32_t *numbers; /* the sink's; owned */
    size_t n, capacity;
    size_t first; /* the file register's value that means numbers[0]: 1, since version 5 it is 0 */
};

/* Reads directories and files from `header`; `wide` is whether offsets have 8 bytes. */
enum status dwarf_files_read(struct dwarf_bytes *header, unsigned version, bool wide,
                             const struct dwarf_sections *sections, const struct dwarf_sink *sink,
                             struct dwarf_files *out);

#endif
