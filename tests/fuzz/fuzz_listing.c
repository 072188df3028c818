/* Any bytes as llvm-objdump's listing: reading ends and stays inside, and what is found adds up. The first
 * byte says what stands in front of the data: nothing, or a function that the data's lines belong to. */
#include <stdlib.h>
#include <string.h>
#include "tuner/code/cycles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const targets[] = {"gfx90a", "gfx942", "gfx950", "gfx1100"};
static const char front[] = "0000000000001600 <product>:\n"
                            "\tv_mfma_f32_32x32x8_f16 v[2:17], v[0:1], v[0:1], v[2:17] // 000000001600: 0\n";
static const char back[] = "\n\ts_cbranch_scc0 1 // 000000009000: 0 <product+0x0>\n";

static void check(const char *target, const struct listing *listing)
{
    struct main_loop loop;
    struct cycle_sum sum;
    struct occupancy occupancy = {
        .units = 1, .simds = 4, .waves_per_block = 4, .blocks = 2, .waves_per_simd = 2};
    if (main_loop_find(target, listing, &loop) != STATUS_OK) {
        if (!*status_message() || strchr(status_message(), '\n')) abort();
        return;
    }
    uint32_t counted = 0;
    for (int i = 0; i < INSTRUCTION_KINDS; i++) counted += loop.counts[i];
    if (counted != loop.instructions || !loop.matrix_cycles || loop.begin > loop.end) abort();
    if (cycles_sum(&loop, &occupancy, NULL, &sum) != STATUS_OK || !(sum.share > 0 && sum.share <= 1)) abort();
}

static void read_listing(const char *text, size_t size, const char *entry)
{
    struct listing listing;
    if (listing_read(text, size, entry, &listing) == STATUS_OK) {
        for (size_t i = 0; i < listing.n; i++) {
            const struct listed *item = &listing.items[i];
            if (item->operands < text || item->operands + item->operand_bytes > text + size) abort();
            if (strlen(item->name) >= LISTING_NAME_BYTES) abort();
        }
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) check(targets[i], &listing);
    }
    listing_free(&listing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) return 0;
    bool framed = data[0] & 1;
    size_t before = framed ? sizeof front - 1 : 0, after = framed ? sizeof back - 1 : 0;
    size_t whole = before + size - 1 + after;
    char *text = malloc(whole ? whole : 1); /* exactly so long: a byte too far is seen */
    if (!text) abort();
    memcpy(text, front, before);
    memcpy(text + before, data + 1, size - 1);
    memcpy(text + whole - after, back, after);
    read_listing(text, whole, framed ? "product" : NULL);
    free(text);
    return 0;
}
