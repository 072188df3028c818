/* Packing for the CPU GEMM templates: a strip of an operand, elements (e, p) with p running along k, is
 * copied and widened to float so that the elements of one p are neighbours. Needs gemm_cpu_epilogue.h (in_t)
 * before it. */
#ifndef TUNEBOOK_GEMM_CPU_PACK_H
#define TUNEBOOK_GEMM_CPU_PACK_H

/* `ALONG_K`: element (e, p) is at from[e * ld + p]; `ACROSS_K`: at from[p * ld + e]. */
#define ACROSS_K 0
#define ALONG_K  1

struct strip {
    const in_t *from; /* element (0, 0) */
    long long ld;
    int count; /* elements that exist, at most the strip's width; the others become 0 */
    int depth; /* values of p */
};

/* LANES elements by LANES values of p, of which `count` by `depth` exist, the others being 0. */
VEC_INLINE void pack_load_block(vec rows[LANES], const in_t *from, long long ld, int count, int depth)
{
#define LOAD_WHOLE(e) \
    if ((e) < LANES) rows[(e) % LANES] = in_load(from + (e)*ld);
#define LOAD_PART(e) \
    if ((e) < LANES) rows[(e) % LANES] = (e) < count ? in_load_part(from + (e)*ld, depth) : (vec){0};
#define LOAD_SOME(e) \
    if ((e) < LANES) rows[(e) % LANES] = (e) < count ? in_load(from + (e)*ld) : (vec){0};
    if (count >= LANES && depth >= LANES) {
        EACH_OF_16(LOAD_WHOLE)
    } else if (depth >= LANES) {
        EACH_OF_16(LOAD_SOME)
    } else {
        EACH_OF_16(LOAD_PART)
    }
#undef LOAD_WHOLE
#undef LOAD_SOME
#undef LOAD_PART
}

/* Row l of the transposed block goes to to[l * pitch] for l < depth; `width` elements of it, or a whole
 * vector. */
VEC_INLINE void pack_store_block(float *to, int pitch, const vec rows[LANES], int width, int depth)
{
#define STORE_WHOLE(l) \
    if ((l) < LANES) vec_store(to + (l)*pitch, rows[(l) % LANES]);
#define STORE_SOME(l) \
    if ((l) < LANES && (l) < depth) vec_store_part(to + (l)*pitch, rows[(l) % LANES], width);
    if (width >= LANES && depth >= LANES) {
        EACH_OF_16(STORE_WHOLE)
    } else {
        EACH_OF_16(STORE_SOME)
    }
#undef STORE_WHOLE
#undef STORE_SOME
}

/* Element (e, p) goes to to[p * pitch + e] for e < width. `spill`: stores may run past `width` into what is
 * written later, the next p, and past the end by less than a vector. `ahead`: elements of k to prefetch
 * ahead, 0 for none. */
VEC_INLINE void pack_along_k(float *to, int pitch, int width, int spill, int ahead, const struct strip *strip)
{
    for (int p = 0; p < strip->depth; p += LANES) {
        int depth = strip->depth - p < LANES ? strip->depth - p : LANES;
        for (int e = (width - 1) / LANES * LANES; e >= 0; e -= LANES) {
            vec rows[LANES];
            const in_t *from = strip->from + e * strip->ld + p;
            if (ahead > 0) {
                for (int i = 0; i < LANES && e + i < strip->count; i++) {
                    __builtin_prefetch((const char *)(from + i * strip->ld) + ahead * (int)sizeof(in_t), 0,
                                       2);
                }
            }
            pack_load_block(rows, from, strip->ld, strip->count - e, depth);
            vec_transpose(rows);
            pack_store_block(to + (long long)p * pitch + e, pitch, rows, spill ? LANES : width - e, depth);
        }
    }
}

/* As above, but never past the end: the steps that would spill so far store what is theirs. */
VEC_INLINE void pack_across_k(float *to, int pitch, int width, int spill, int ahead,
                              const struct strip *strip)
{
    for (int p = 0; p < strip->depth; p++) {
        const in_t *from = strip->from + p * strip->ld;
        float *row = to + (long long)p * pitch;
        for (int e = 0; e < width; e += LANES) {
            int left = strip->count - e;
            vec x = left >= LANES ? in_load(from + e) : left > 0 ? in_load_part(from + e, left) : (vec){0};
            if (ahead > 0) __builtin_prefetch((const char *)(from + e) + ahead * (int)sizeof(in_t), 0, 3);
            if (e + LANES <= width || (spill && e + LANES <= (long long)(strip->depth - p) * pitch)) {
                vec_store(row + e, x);
            } else {
                vec_store_part(row + e, x, width - e);
            }
        }
    }
}

#endif
