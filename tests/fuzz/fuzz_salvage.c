/* Any bytes as a damaged book: the search for rows ends, reads nothing outside, and shows only rows that
 * prove themselves. Pages 2 and up come from the fuzzer; where it says so, entries get the checksum that they
 * lack. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "db/salvage_scan.h"
#include "tuner/base/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 512, PAGES_MAX = 8, HEAD = 8 };

/* Head page i, as LMDB writes it; its tree's root is what the fuzzer's first byte says. */
static void write_head(uint8_t *page, uint64_t i, uint8_t root)
{
    const uint32_t magic = 0xBEEFC0DEu, page_bytes = PAGE;
    uint64_t roots[2] = {UINT64_MAX, root};
    memcpy(page, &i, 8);
    memcpy(page + 16, &magic, 4);
    memcpy(page + 40, &page_bytes, 4);
    memcpy(page + 80, &roots[0], 8);
    memcpy(page + 128, &roots[1], 8);
    memcpy(page + 144, &i, 8);
}

/* An entry of a record or a trial at `at` of the page, with what the fuzzer wrote there as its value. */
static void seal(uint8_t *page, size_t at, bool is_trial, uint8_t value_bytes)
{
    static const char key[] = "gemm/f32@t:1:1/n=0000000064/m=0000000008";
    uint8_t *entry = page + at;
    size_t key_bytes = is_trial ? TRIAL_KEY_BYTES : sizeof key - 1;
    if (value_bytes < 6 || at + HEAD + key_bytes + value_bytes > PAGE) return;
    uint16_t head[4] = {value_bytes, 0, 0, (uint16_t)key_bytes};
    memcpy(entry, head, sizeof head);
    if (!is_trial) memcpy(entry + HEAD, key, key_bytes);
    uint8_t *value = entry + HEAD + key_bytes;
    value[0] = is_trial ? 'T' : 'R';
    value[1] = 1;
    uint32_t crc = crc32c(value, value_bytes - 4u);
    memcpy(value + value_bytes - 4, &crc, 4);
}

static enum status check(void *context, const struct salvaged *found)
{
    struct row *row = context;
    if (row_check(found->table, &found->key, &found->value, row) != STATUS_OK) abort();
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    static struct row row;
    static uint8_t bytes[PAGES_MAX * PAGE];
    struct salvage_scan scan;
    if (size < 8) return 0;
    const uint8_t *orders = data;
    data += 8, size -= 8;
    if (size > sizeof bytes - 2 * PAGE) size = sizeof bytes - 2 * PAGE;
    memset(bytes, 0, sizeof bytes);
    write_head(bytes, 0, orders[0]);
    write_head(bytes + PAGE, 1, orders[0]);
    memcpy(bytes + (size_t)2 * PAGE, data, size);
    for (uint64_t i = 2; i < PAGES_MAX; i++)
        if (orders[1] >> i & 1) memcpy(bytes + i * PAGE, &i, 8);
    for (int i = 2; i < 8; i += 2)
        if (orders[1] & 1)
            seal(bytes + (size_t)(2 + i / 2) * PAGE, 2 * (size_t)orders[i], i & 2, orders[i + 1]);
    size_t whole = (size_t)2 * PAGE + size + (orders[1] & 2 ? PAGE : 0);
    if (whole > sizeof bytes) whole = sizeof bytes;
    if (file < 0) file = memfd_create("book", MFD_CLOEXEC);
    if (ftruncate(file, (off_t)whole) || pwrite(file, bytes, whole, 0) != (ssize_t)whole) abort();
    salvage_scan(file, "book", check, &row, &scan);
    return 0;
}
