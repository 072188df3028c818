#include "tuner/emulator/dwarf_lines.h"

#include <stdlib.h>
#include "tuner/emulator/dwarf_files.h"

/* DWARF 4, 7.21, and DWARF 5, 7.22. */
enum {
    EXTENDED = 0,
    COPY = 1,
    ADVANCE_PC = 2,
    ADVANCE_LINE = 3,
    SET_FILE = 4,
    CONST_ADD_PC = 8,
    FIXED_ADVANCE_PC = 9,
};
enum { END_SEQUENCE = 1, SET_ADDRESS = 2 };

/* One program: its head (6.2.4) and the registers that matter here (6.2.2). */
struct program {
    struct dwarf_bytes bytes; /* opcodes */
    struct dwarf_files files;
    unsigned instruction_bytes, line_range, opcode_base;
    int line_base;
    uint8_t operands[256]; /* of standard opcodes */
    const struct dwarf_sink *sink;
    uint64_t address, file;
    uint32_t line;
};

static enum status broken(const char *what)
{
    return status_fail(STATUS_BAD_DATA, "a line table is broken: %s", what);
}

static void reset(struct program *p)
{
    p->address = 0;
    p->file = 1;
    p->line = 1;
}

static enum status emit(struct program *p, bool end)
{
    struct dwarf_row row = {.address = p->address, .line = p->line, .end = end};
    if (!end) {
        if (p->file < p->files.first || p->file - p->files.first >= p->files.n)
            return broken("a row names a file that is not in its list");
        row.file = p->files.numbers[p->file - p->files.first];
    }
    return p->sink->row(p->sink->context, &row);
}

/* 6.2.5.3. Opcodes that this decoder has no use for are skipped by their length. */
static enum status run_extended(struct program *p)
{
    uint64_t length = dwarf_uleb(&p->bytes);
    const uint8_t *body = dwarf_take(&p->bytes, length);
    if (!body || !length) return broken("an extended opcode is cut off");
    struct dwarf_bytes operand = dwarf_bytes_of(body + 1, (size_t)length - 1);
    if (*body == SET_ADDRESS) {
        if (length != 9) return broken("addresses must have 8 bytes");
        p->address = dwarf_number(&operand, 8);
    }
    if (*body != END_SEQUENCE) return STATUS_OK;
    TRY(emit(p, true));
    reset(p);
    return STATUS_OK;
}

/* 6.2.5.2. */
static enum status run_standard(struct program *p, unsigned opcode)
{
    switch (opcode) {
    case EXTENDED: return run_extended(p);
    case COPY: return emit(p, false);
    case ADVANCE_PC: p->address += dwarf_uleb(&p->bytes) * p->instruction_bytes; break;
    case ADVANCE_LINE: p->line += (uint32_t)dwarf_sleb(&p->bytes); break;
    case SET_FILE: p->file = dwarf_uleb(&p->bytes); break;
    case CONST_ADD_PC:
        p->address += (uint64_t)((255 - p->opcode_base) / p->line_range) * p->instruction_bytes;
        break;
    case FIXED_ADVANCE_PC: p->address += dwarf_number(&p->bytes, 2); break;
    default:
        for (unsigned i = 0; i < p->operands[opcode]; i++) dwarf_uleb(&p->bytes);
    }
    return STATUS_OK;
}

static enum status run(struct program *p)
{
    reset(p);
    while (dwarf_left(&p->bytes)) {
        unsigned opcode = dwarf_byte(&p->bytes);
        if (opcode < p->opcode_base) {
            TRY(run_standard(p, opcode));
        } else { /* a special opcode: 6.2.5.1 */
            unsigned adjusted = opcode - p->opcode_base;
            p->address += (uint64_t)(adjusted / p->line_range) * p->instruction_bytes;
            p->line += (uint32_t)(p->line_base + (int)(adjusted % p->line_range));
            TRY(emit(p, false));
        }
        if (p->bytes.failed) return broken("its program is cut off");
    }
    return STATUS_OK;
}

/* 6.2.4, from the version on; `unit` holds the rest of the unit. */
static enum status read_head(struct program *p, struct dwarf_bytes *unit, bool wide,
                             const struct dwarf_sections *sections)
{
    unsigned version = (unsigned)dwarf_number(unit, 2);
    if (version < 2 || version > 5)
        return status_fail(STATUS_BAD_DATA, "a line table of version %u; 2 to 5 are known", version);
    if (version == 5) {
        if (dwarf_byte(unit) != 8) return broken("addresses must have 8 bytes");
        dwarf_byte(unit); /* segment selectors */
    }
    uint64_t head_bytes = dwarf_number(unit, wide ? 8 : 4);
    const uint8_t *head_data = dwarf_take(unit, head_bytes);
    if (!head_data) return broken("its head is longer than itself");
    struct dwarf_bytes head = dwarf_bytes_of(head_data, (size_t)head_bytes);
    p->bytes = *unit;
    p->instruction_bytes = dwarf_byte(&head);
    if (version >= 4 && dwarf_byte(&head) != 1)
        return broken("instructions of several operations are on no machine of ours");
    dwarf_byte(&head); /* whether rows begin statements */
    p->line_base = (int8_t)dwarf_byte(&head);
    p->line_range = dwarf_byte(&head);
    p->opcode_base = dwarf_byte(&head);
    if (!p->line_range || !p->opcode_base) return broken("it has no special opcodes");
    for (unsigned i = 1; i < p->opcode_base; i++) p->operands[i] = dwarf_byte(&head);
    if (head.failed) return broken("its head is cut off");
    return dwarf_files_read(&head, version, wide, sections, p->sink, &p->files);
}

enum status dwarf_lines_run(const struct dwarf_sections *sections, const struct dwarf_sink *sink)
{
    struct dwarf_bytes all = sections->line;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && dwarf_left(&all)) {
        /* 7.4: a length of 0xffffffff says that lengths and offsets have 8 bytes. */
        uint64_t length = dwarf_number(&all, 4);
        bool wide = length == 0xffffffffu;
        if (wide) length = dwarf_number(&all, 8);
        const uint8_t *data = dwarf_take(&all, length);
        if (!data) return broken("a unit is longer than its section");
        struct dwarf_bytes unit = dwarf_bytes_of(data, (size_t)length);
        struct program program = {.sink = sink};
        status = read_head(&program, &unit, wide, sections);
        if (status == STATUS_OK) status = run(&program);
        free(program.files.numbers);
    }
    return status;
}
