/* An operand's way from memory into shared memory, the same for A and B, for gemm_mma.
 *
 * A tile stands in shared memory as it does in memory: lines, side by side elements of which run along k or
 * across it. ldmatrix reads eight lines at the same place of each, 16 bytes a line, and asynchronous copies
 * write 16 bytes side by side. So that neither meets itself in a bank, a line's pieces of 16 bytes change
 * places, by exclusive or with the line's number, within 128 bytes, or within the line where that is shorter:
 * eight lines' pieces then fill the 32 banks, wherever they are.
 *
 *     ALONG_K       LINES are rows of A or columns of B, SPAN is TILE_K
 *     not ALONG_K   LINES are the TILE_K steps of k, SPAN is the tile's rows or columns; ldmatrix transposes
 *
 * A thread copies one place of every STRIDE-th line: one address, which moves on. */
#ifndef TUNEBOOK_GEMM_MMA_STAGE_H
#define TUNEBOOK_GEMM_MMA_STAGE_H

/* PARTS is 2 where the second half of the tile lies elsewhere: the values' columns of a glu. BYTES is what
 * one copy moves. */
template <int TILE, bool RUNS_ALONG_K, int BYTES, int N_PARTS> struct side {
    static constexpr bool ALONG_K = RUNS_ALONG_K;
    static constexpr int PARTS = N_PARTS, PART = TILE / N_PARTS;
    static constexpr int LINES = ALONG_K ? TILE : TILE_K, SPAN = ALONG_K ? TILE_K : TILE;
    static constexpr int VECTOR_BYTES = BYTES, VECTOR = BYTES / 2;
    static constexpr int VECTORS = SPAN / VECTOR;    /* of a line */
    static constexpr int STRIDE = THREADS / VECTORS; /* lines between two copies of a thread */
    static constexpr int COPIES = (LINES + STRIDE - 1) / STRIDE;
    static constexpr bool EVEN = LINES % STRIDE == 0;
    static constexpr int PITCH = SPAN * 2, TILE_BYTES = LINES * PITCH;
    static constexpr int PIECES = SPAN / 8;
    /* How many pieces change places, and how many lines' pieces fill the banks together. */
    static constexpr int SWAPPED = PIECES % 8 == 0 ? 8 : PIECES % 4 == 0 ? 4 : 2;
    static constexpr int PERIOD = 8 / SWAPPED;
    static_assert(PART % VECTOR == 0 && THREADS % VECTORS == 0, "a thread copies one place of its lines");
    static_assert(COPIES <= 32, "a bit for each copy");
};

template <class S> GPU_DEVICE int shared_place(int line, int element)
{
    int piece = element / 8 ^ (line / S::PERIOD & (S::SWAPPED - 1));
    return line * S::PITCH + piece * 16 + element % 8 * 2;
}

/* The place `line` lines and `element` elements on from `place`. Eight lines later pieces lie as before;
 * within a line it is an exclusive or, where no carry goes into the bits that name a piece: `element` has
 * bits that the place's element has not. */
template <class S> GPU_DEVICE int place_from(int place, int line, int element)
{
    constexpr int TURN = S::SWAPPED * 16;
    return (place ^ (2 * element & (TURN - 1))) + 2 * element / TURN * TURN + line * S::PITCH;
}

/* A block's part of an operand. Its pitches are the kernel's arguments, which cost no registers where they
 * come from there at every use. */
struct operand {
    const in_t *first; /* the tile's first line at k = 0 */
    int inside;        /* how many rows or columns of each part exist, at most PART */
};

struct pitches {
    long long ld, jump; /* jump: elements from where the second part would follow the first to where it is */
};

/* A thread's share of an operand's copies. */
struct copies {
    const in_t *at; /* what the next one reads */
    int place;      /* in shared memory, of a tile's first one */
    unsigned exist; /* along k: a bit for each copy whose line exists */
    int bytes;      /* across k: how many bytes of every one exist */
};

template <class S> GPU_DEVICE int copy_line(int i)
{
    return (int)gpu_thread_x() / S::VECTORS + i * S::STRIDE;
}

template <class S> GPU_DEVICE int copy_element(void)
{
    return (int)gpu_thread_x() % S::VECTORS * S::VECTOR;
}

/* Is copy i of the second part? */
template <class S> GPU_DEVICE bool is_second(int i)
{
    if (S::PARTS == 1) return false;
    if (!S::ALONG_K) return copy_element<S>() >= S::PART;
    return S::PART % S::STRIDE == 0 ? i * S::STRIDE >= S::PART : copy_line<S>(i) >= S::PART;
}

template <class S> GPU_DEVICE int bytes_of(int elements)
{
    return elements <= 0 ? 0 : elements < S::VECTOR ? 2 * elements : S::VECTOR_BYTES;
}

template <class S>
GPU_DEVICE void copies_begin(const struct operand &from, const struct pitches &pitches, int k,
                             struct copies *out)
{
    int line = copy_line<S>(0), element = copy_element<S>();
    out->place = shared_place<S>(line, element);
    out->exist = 0;
    out->bytes = S::VECTOR_BYTES;
    if (S::ALONG_K) {
        out->at = from.first + line * pitches.ld + k + element;
        GPU_UNROLL
        for (int i = 0; i < S::COPIES; i++)
            if (copy_line<S>(i) - (is_second<S>(i) ? S::PART : 0) < from.inside) out->exist |= 1u << i;
    } else {
        out->at = from.first + (k + line) * pitches.ld + element + (is_second<S>(0) ? pitches.jump : 0);
        out->bytes = bytes_of<S>(from.inside - element + (is_second<S>(0) ? S::PART : 0));
    }
}

/* Sets out for copy i of a tile of which `depth` steps of k exist; WHOLE: all do. What does not exist becomes
 * 0. */
template <class S, bool WHOLE>
GPU_DEVICE void copy_next(struct copies *from, const struct pitches &pitches, int i, int depth,
                          unsigned char *tile)
{
    int line = copy_line<S>(i), element = copy_element<S>(), bytes;
    if (S::ALONG_K)
        bytes = from->exist >> i & 1 ? (WHOLE ? S::VECTOR_BYTES : bytes_of<S>(depth - element)) : 0;
    else
        bytes = WHOLE || line < depth ? from->bytes : 0;
    const in_t *address = from->at + (S::ALONG_K && is_second<S>(i) ? pitches.jump : 0);
    unsigned char *to =
        tile + (S::STRIDE % 8 == 0 ? from->place + i * S::STRIDE * S::PITCH : shared_place<S>(line, element));
    from->at += i < S::COPIES - 1 ? S::STRIDE * pitches.ld
                                  : (S::ALONG_K ? TILE_K : TILE_K * pitches.ld) - i * S::STRIDE * pitches.ld;
    if (!S::EVEN && line >= S::LINES) return;
    if constexpr (S::VECTOR_BYTES == 16)
        gpu_copy_async16(to, address, (unsigned)bytes);
    else if constexpr (S::VECTOR_BYTES == 8)
        gpu_copy_async8(to, address, (unsigned)bytes);
    else
        gpu_copy_async4(to, address, (unsigned)bytes);
}

#endif
