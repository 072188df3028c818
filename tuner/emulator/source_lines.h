/* Which line of the source an address of a compiled kernel comes from. An own decoder, since kernels run in a
 * child that can start no other program, and no library for it is small. */
#ifndef TUNEBOOK_EMULATOR_SOURCE_LINES_H
#define TUNEBOOK_EMULATOR_SOURCE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

struct source_lines;

/* Reads the line tables of a 64-bit little-endian ELF object (DWARF 2 to 5), which may hold anything; the
 * bytes are not needed afterwards. STATUS_NOT_FOUND if it has none, STATUS_BAD_DATA if they are broken. */
enum status source_lines_read(const void *object, size_t bytes, struct source_lines **out);

/* The place of an instruction by its address in the object (0 is where the object is loaded). Of an inlined
 * function it is the inlined line. A return address is one behind its call: ask for the byte before it. False
 * where no line is known. Code that the compiler shares among lines has none of its own; its place is then
 * that of what stands before it, which is near. The name lives as long as the lines. */
bool source_lines_find(const struct source_lines *lines, uint64_t address, const char **file, uint32_t *line);

void source_lines_free(struct source_lines *lines);

#endif
