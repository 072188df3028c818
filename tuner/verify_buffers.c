#include "tuner/verify_buffers.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_FROM = 4 << 20 };

static size_t round_up(size_t value, size_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

size_t operand_bytes(const struct operand *operand)
{
    if (operand->rows <= 0 || operand->columns <= 0 || operand->batch <= 0) return 0;
    int64_t elements = (operand->batch - 1) * operand->batch_stride + (operand->rows - 1) * operand->pitch +
                       operand->columns;
    return (size_t)elements * dtype_bytes(operand->type);
}

enum status guarded_create(const char *name, size_t bytes, unsigned align, enum guarded_end end,
                           struct guarded *out)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), step = (size_t)1 << align;
    size_t accessible =
        round_up(bytes + 2 * step, page) + page; /* a page of poison at the far end, at least */
    struct guarded buffer = {
        .area_bytes = accessible + 2 * (size_t)GUARD_BYTES, .page_bytes = accessible, .bytes = bytes};
    buffer.area =
        mmap(NULL, buffer.area_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffer.area == MAP_FAILED)
        return status_fail_errno(STATUS_NO_MEMORY, "no memory for a buffer of %zu bytes", bytes);
    buffer.pages = buffer.area + GUARD_BYTES;
    if (mprotect(buffer.pages, accessible, PROT_READ | PROT_WRITE) != 0) {
        munmap(buffer.area, buffer.area_bytes);
        return status_fail_errno(STATUS_NO_MEMORY, "no memory for a buffer of %zu bytes", bytes);
    }
    if (accessible >= HUGE_FROM) madvise(buffer.pages, accessible, MADV_HUGEPAGE);
    /* Pages are multiples of 2 * step: the address is an odd multiple of step. */
    size_t offset =
        end == GUARDED_AT_BEGIN ? step : (accessible - bytes - step) / (2 * step) * (2 * step) + step;
    buffer.data = buffer.pages + offset;
    snprintf(buffer.name, sizeof buffer.name, "%s", name);
    *out = buffer;
    return STATUS_OK;
}

void guarded_destroy(struct guarded *buffer)
{
    if (buffer->area) munmap(buffer->area, buffer->area_bytes);
    *buffer = (struct guarded){0};
}

void guarded_poison(struct guarded *buffer, uint8_t value)
{
    memset(buffer->pages, value, buffer->page_bytes);
}

enum status guarded_protect(struct guarded *buffer)
{
    if (mprotect(buffer->pages, buffer->page_bytes, PROT_READ) != 0)
        return status_fail_errno(STATUS_NO_MEMORY, "cannot protect a buffer");
    buffer->read_only = true;
    return STATUS_OK;
}

/* The first byte of a range that is not `value`, or the range's end. */
static const char *first_other(const char *begin, const char *end, uint8_t value)
{
    uint64_t pattern;
    memset(&pattern, value, sizeof pattern);
    const char *p = begin;
    for (; end - p >= (ptrdiff_t)sizeof pattern; p += sizeof pattern)
        if (memcmp(p, &pattern, sizeof pattern) != 0) break;
    while (p < end && (uint8_t)*p == value) p++;
    return p;
}

bool guarded_red_zone(const struct guarded *buffer, uint8_t value, int64_t *offset)
{
    const char *behind = buffer->data + buffer->bytes, *end = buffer->pages + buffer->page_bytes;
    const char *p = first_other(behind, end, value);
    if (p == end) {
        p = first_other(buffer->pages, buffer->data, value);
        if (p == buffer->data) return false;
    }
    *offset = p - buffer->data;
    return true;
}

bool guarded_gaps(const struct guarded *buffer, const struct operand *operand, uint8_t value, int64_t *offset)
{
    int64_t bytes = dtype_bytes(operand->type);
    const char *end = buffer->data + buffer->bytes;
    for (int64_t b = 0; b < operand->batch; b++)
        for (int64_t r = 0; r < operand->rows; r++) {
            bool last_row = r + 1 == operand->rows;
            int64_t row = b * operand->batch_stride + r * operand->pitch;
            int64_t next = last_row ? (b + 1) * operand->batch_stride : row + operand->pitch;
            const char *gap = buffer->data + (row + operand->columns) * bytes,
                       *until = buffer->data + next * bytes;
            if (until > end) until = end;
            if (gap >= until) continue;
            const char *p = first_other(gap, until, value);
            if (p == until) continue;
            *offset = p - buffer->data;
            return true;
        }
    return false;
}

/* Four independent sums of products with odd constants: a change of one word changes its lane, and it runs at
 * memory speed. */
uint64_t guarded_checksum(const struct guarded *buffer)
{
    uint64_t lanes[4] = {1, 2, 3, 4};
    for (const char *p = buffer->pages; p < buffer->pages + buffer->page_bytes; p += sizeof lanes) {
        uint64_t words[4];
        memcpy(words, p, sizeof words);
        for (int i = 0; i < 4; i++) lanes[i] = (lanes[i] ^ words[i]) * 0x9e3779b97f4a7c15u;
    }
    return lanes[0] ^ lanes[1] << 1 ^ lanes[2] << 2 ^ lanes[3] << 3;
}

bool guarded_holds(const struct guarded *buffer, const void *address, int64_t *offset)
{
    const char *p = address;
    if (!buffer->area || p < buffer->area || p >= buffer->area + buffer->area_bytes) return false;
    *offset = p - buffer->data;
    return true;
}
