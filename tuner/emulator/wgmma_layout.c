#include "tuner/emulator/wgmma_layout.h"
#include "tuner/emulator/tensor_box.h"

enum { CHUNK = 16, CORE = 8 /* lines of a core matrix */, ADDRESS_BITS = 0x3ffff };

/* Fields hold 18 bits of bytes without the lowest four. */
static uint32_t field(uint64_t descriptor, int shift)
{
    return (uint32_t)(descriptor >> shift & 0x3fff) << 4;
}

const char *wgmma_view_of(uint64_t descriptor, bool mn_major, struct wgmma_view *out)
{
    static const uint32_t swizzles[4] = {0, 128, 64, 32};
    static const uint64_t fields = 0x3fffull | 0x3fffull << 16 | 0x3fffull << 32 | 7ull << 49 | 3ull << 62;
    *out = (struct wgmma_view){.start = field(descriptor, 0),
                               .leading = field(descriptor, 16),
                               .stride = field(descriptor, 32),
                               .swizzle_bytes = swizzles[descriptor >> 62],
                               .mn_major = mn_major};
    if (descriptor & ~fields) return "bits that belong to no field are set";
    if (descriptor >> 49 & 7) return "the base offset is not 0, which nothing here needs";
    /* The manual wants a base offset where the pattern does not begin at a multiple of its size. */
    if (out->swizzle_bytes && out->start / 128 % (out->swizzle_bytes / CHUNK))
        return "it begins within a pattern of the swizzle, which repeats every 8 lines";
    return 0;
}

/* ASSUMED where `start` is not the tile's own: that the swizzle is made of the sum's bits, so that 32 bytes
 * more are the next k of a K-major tile. CUTLASS and others step so.
 *
 * "Canonical Layouts", with T elements in a chunk. K-major ((8,m),(T,2k)): ((1T,SBO),(1,LBO)) without a
 * swizzle and ((8T,SBO),(1,T)) with 128 bytes; MN-major ((T,1,m),(8,k)): ((1,T,SBO),(1T,LBO)) and
 * ((T,8,m),(8,k)):
 * ((1,T,LBO),(8T,SBO)). Then the address's bits are crossed, as for tensor loads. */
uint32_t wgmma_address(const struct wgmma_view *view, uint32_t line, uint32_t chunk)
{
    uint32_t width = view->swizzle_bytes, chunks = width / CHUNK, within = line % CORE, block = line / CORE,
             at;
    if (!width)
        at = within * CHUNK + (view->mn_major ? block * view->leading + chunk * view->stride
                                              : block * view->stride + chunk * view->leading);
    else if (!view->mn_major)
        at = within * width + block * view->stride + chunk * CHUNK;
    else
        at = within * width + block * view->stride + chunk % chunks * CHUNK + chunk / chunks * view->leading;
    return swizzle_address((view->start + at) & ADDRESS_BITS, width);
}

/* "Register Fragments", D of .m64nNk16: four lanes share a row, waves 16 rows. */
void wgmma_place(uint32_t thread, uint32_t element, uint32_t *row, uint32_t *column)
{
    *row = thread / 32 * 16 + thread % 32 / 4 + element / 2 % 2 * 8;
    *column = element / 4 * 8 + thread % 4 * 2 + element % 2;
}

/* "Register Fragments", A of .m64nNk16 and .m64nNk32: as of mma.m16n8k16, in each of four waves. */
void wgmma_a_place(uint32_t thread, uint32_t index, uint32_t *row, uint32_t *byte)
{
    *row = thread / 32 * 16 + thread % 32 / 4 + index % 2 * 8;
    *byte = index / 2 * 16 + thread % 4 * 4;
}
