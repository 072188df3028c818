/* The small shapes that every candidate must get right before it sees the problem itself. */
#include "templates/gemm/fill.h"

/* Sizes are m, n, k, batch. OWN stands for the problem's own size where that is small, else the number beside
 * it. Numbers are primes or otherwise no multiple of any tile, and some exceed every block; products stay
 * small. */
enum { OWN = 1 << 16, OWN_LESS = 1 << 17, OWN_MORE = 1 << 18, SIZE_BITS = OWN - 1, CLIP = 48 };
static const int32_t shapes[][4] = {
    {1, 1, 1, 1},
    {OWN | 61, OWN | 83, OWN | 139, 1},
    {OWN_MORE | 67, OWN_MORE | 97, OWN_MORE | 131, 1},
    {OWN_LESS | 31, OWN_LESS | 127, OWN_LESS | 63, 1},
    {OWN | 5, 19, 2311, 1},
    {OWN | 3, 2311, 17, 1},
    {1031, 7, 29, 1},
    {OWN | 13, 33, 65, 3},
    {7, 67, 37, 2},
};

static int64_t size_of_rule(int32_t rule, int64_t own, int64_t longest)
{
    int64_t number = rule & SIZE_BITS;
    if (number > longest) number = longest;
    if (own > CLIP) return number;
    if (rule & OWN) return own;
    if (rule & OWN_MORE) return own + 1;
    if (rule & OWN_LESS) return own > 1 ? own - 1 : 1;
    return number;
}

bool gemm_small_shape(const struct problem *own, unsigned i, int64_t longest, struct problem *out)
{
    static const enum gemm_field sizes[4] = {GEMM_M, GEMM_N, GEMM_K, GEMM_BATCH};
    if (i >= sizeof shapes / sizeof shapes[0]) return false;
    *out = *own;
    for (unsigned s = 0; s < 4; s++)
        out->value[sizes[s]] = size_of_rule(shapes[i][s], own->value[sizes[s]], longest);
    return proof_make_valid(out);
}
