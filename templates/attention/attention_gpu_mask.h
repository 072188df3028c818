/* Which keys rows see. A row is a query's position p; the keys it sees are always one range, which moves up
 * with p, so that of rows between positions p0 and p1
 *
 *     attention_seen_by_any(args, s, p0, p1)     is every key that is to be looked at
 *     attention_seen_by_all(args, s, p0, p1)     needs no mask: a tile of keys within it is whole
 *
 * and a key of other tiles is tested against its row's own range, attention_seen_by_any(args, s, p, p). Keys
 * beyond the sequence are in none of them: a mask by these ranges keeps garbage there from every row, if what
 * multiplies their zeros is not NaN. The position of token t is s.before + t. */
#ifndef TUNEBOOK_ATTENTION_GPU_MASK_H
#define TUNEBOOK_ATTENTION_GPU_MASK_H

#include "attention_gpu_sequence.h"

/* Keys first, first + 1 ... last - 1; none where last <= first. */
struct attention_range {
    int first, last;
};

GPU_DEVICE bool attention_sees(struct attention_range range, int j)
{
    return j >= range.first && j < range.last;
}

/* Are keys j to j + n - 1 all in it? */
GPU_DEVICE bool attention_sees_all(struct attention_range range, int j, int n)
{
    return j >= range.first && j + n <= range.last;
}

/* The first key that a query at p sees, and the one behind its last, clamped to the sequence. */
GPU_DEVICE int attention_first_key(const struct attention_args &args, int p)
{
    if (MASK != MASK_SLIDING && MASK != MASK_BAND) return 0;
    long long first = (long long)p - args.window + 1;
    return first > 0 ? (int)first : 0;
}

GPU_DEVICE int attention_last_key(const struct attention_args &args, const struct attention_sequence &s,
                                  int p)
{
    if (MASK == MASK_FULL) return s.keys;
    long long last = (long long)p + (MASK == MASK_BAND ? args.window : 1);
    return last < 0 ? 0 : last < s.keys ? (int)last : s.keys;
}

GPU_DEVICE struct attention_range attention_seen_by_any(const struct attention_args &args,
                                                        const struct attention_sequence &s, int p0, int p1)
{
    struct attention_range range = {attention_first_key(args, p0), attention_last_key(args, s, p1)};
    return range;
}

GPU_DEVICE struct attention_range attention_seen_by_all(const struct attention_args &args,
                                                        const struct attention_sequence &s, int p0, int p1)
{
    struct attention_range range = {attention_first_key(args, p1), attention_last_key(args, s, p0)};
    return range;
}

/* Tiles of N keys, numbered from key 0 on, that a range touches: tiles.first to tiles.last - 1. */
template <int N> GPU_DEVICE struct attention_range attention_tiles(struct attention_range keys)
{
    struct attention_range tiles = {0, 0};
    if (keys.first < keys.last) {
        tiles.first = (int)((unsigned)keys.first / N);
        tiles.last = (int)(((unsigned)keys.last + N - 1) / N);
    }
    return tiles;
}

#endif
