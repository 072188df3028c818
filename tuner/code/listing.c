/* A line of an instruction is
 *
 *     TAB name operands // 00000000161C: BF850049 <product+0x144>
 *
 * with the place only where it is a branch; a function begins with "0000000000001600 <product>:". */
#include "tuner/code/listing.h"

#include <stdlib.h>
#include <string.h>
#include "tuner/base/text.h"

/* A part of the text. */
struct piece {
    const char *at, *end;
};

static bool take_hex(struct piece *piece, uint64_t *value)
{
    const char *begin = piece->at;
    for (*value = 0; piece->at < piece->end && piece->at - begin < 16; piece->at++) {
        char c = *piece->at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) break;
        *value = *value << 4 | digit;
    }
    return piece->at > begin;
}

static bool take_text(struct piece *piece, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(piece->end - piece->at) < n || memcmp(piece->at, text, n) != 0) return false;
    piece->at += n;
    return true;
}

static const char *find_char(const char *at, const char *end, char c)
{
    return at < end ? memchr(at, c, (size_t)(end - at)) : NULL;
}

/* "<name>:" behind an address: a function, or a part of one. */
static bool read_label(struct piece line, struct piece *name, uint64_t *address)
{
    if (!take_hex(&line, address) || !take_text(&line, " <")) return false;
    const char *end = find_char(line.at, line.end, '>');
    if (!end || end + 1 >= line.end || end[1] != ':') return false;
    *name = (struct piece){line.at, end};
    return true;
}

static bool is_named(const struct piece *name, const char *entry)
{
    size_t n = strlen(entry);
    return (size_t)(name->end - name->at) == n && memcmp(name->at, entry, n) == 0;
}

/* The comment: where the instruction stands and, as an offset from the function's begin, where it goes to. */
static bool read_comment(struct piece comment, const struct piece *function, uint64_t begin,
                         struct listed *out)
{
    while (take_text(&comment, " ")) continue;
    if (!take_hex(&comment, &out->address) || !take_text(&comment, ":")) return false;
    const char *place = find_char(comment.at, comment.end, '<');
    if (!place) return true;
    struct piece target = {place + 1, comment.end};
    size_t n = (size_t)(function->end - function->at);
    uint64_t offset = 0;
    if ((size_t)(target.end - target.at) < n || memcmp(target.at, function->at, n) != 0) return true;
    target.at += n;
    if (!take_text(&target, ">") && (!take_text(&target, "+0x") || !take_hex(&target, &offset))) return true;
    out->jumps = true;
    out->target = begin + offset;
    return true;
}

static bool read_instruction(struct piece line, const struct piece *function, uint64_t begin,
                             struct listed *out)
{
    *out = (struct listed){.address = 0};
    if (!take_text(&line, "\t")) return false;
    const char *comment = NULL;
    for (const char *at = line.at; at + 1 < line.end && !comment; at++)
        if (at[0] == '/' && at[1] == '/') comment = at;
    if (!comment || !read_comment((struct piece){comment + 2, line.end}, function, begin, out)) return false;
    const char *end = line.at;
    while (end < comment && *end != ' ' && *end != '\t') end++;
    size_t n = (size_t)(end - line.at);
    if (!n || n >= sizeof out->name || memchr(line.at, '\0', n)) return false;
    memcpy(out->name, line.at, n);
    out->jumps =
        out->jumps && (text_starts_with(out->name, "s_branch") || text_starts_with(out->name, "s_cbranch_"));
    while (end < comment && *end == ' ') end++;
    while (comment > end && comment[-1] == ' ') comment--;
    out->operands = end;
    out->operand_bytes = (uint32_t)(comment - end);
    return true;
}

static enum status add(struct listing *listing, size_t *capacity, const struct listed *item)
{
    if (listing->n == LISTING_INSTRUCTIONS_MAX)
        return status_fail(STATUS_BAD_DATA, "a listing of more than %d instructions",
                           LISTING_INSTRUCTIONS_MAX);
    if (listing->n == *capacity) {
        size_t wanted = *capacity ? 2 * *capacity : 1024;
        struct listed *larger = realloc(listing->items, wanted * sizeof *larger);
        if (!larger) return status_fail(STATUS_NO_MEMORY, "no memory for %zu instructions", wanted);
        listing->items = larger;
        *capacity = wanted;
    }
    listing->items[listing->n++] = *item;
    return STATUS_OK;
}

enum status listing_read(const char *text, size_t bytes, const char *entry, struct listing *out)
{
    const char *end = text + bytes;
    struct piece function = {text, text};
    uint64_t begin = 0;
    size_t capacity = 0;
    bool wanted = false;
    *out = (struct listing){NULL, 0};
    for (const char *at = text; at < end;) {
        const char *newline = find_char(at, end, '\n');
        struct piece line = {at, newline ? newline : end}, name;
        struct listed item;
        uint64_t address;
        at = newline ? newline + 1 : end;
        if (read_label(line, &name, &address)) {
            function = name;
            begin = address;
            wanted = !entry || is_named(&name, entry);
        } else if (wanted && read_instruction(line, &function, begin, &item)) {
            TRY(add(out, &capacity, &item));
        }
    }
    if (out->n) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND, "the listing has no instructions of %s",
                       entry ? entry : "any kernel");
}

void listing_free(struct listing *listing)
{
    free(listing->items);
    *listing = (struct listing){NULL, 0};
}
