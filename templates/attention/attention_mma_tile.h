/* Tiles of Q, K and V in shared memory, for attention_mma: lines are tokens, columns a head's elements.
 *
 * ldmatrix reads eight lines at the same place of each, 16 bytes a line; asynchronous copies write 16 bytes
 * side by side. So that neither meets itself in a bank, a line's pieces of 16 bytes change places, by
 * exclusive or with the line's number, within 128 bytes, or within the part of a line that divides it: eight
 * lines' pieces then fill the 32 banks, wherever they are and whatever the head's size is. */
#ifndef TUNEBOOK_ATTENTION_MMA_TILE_H
#define TUNEBOOK_ATTENTION_MMA_TILE_H

template <int N_LINES, int N_COLUMNS> struct tile {
    static constexpr int LINES = N_LINES, COLUMNS = N_COLUMNS;
    static constexpr int PITCH = COLUMNS * 2, BYTES = LINES * PITCH;
    static constexpr int PIECES = COLUMNS / 8;
    /* How many pieces change places, and how many lines' pieces fill the banks together. */
    static constexpr int SWAPPED = PIECES % 8 == 0 ? 8 : PIECES % 4 == 0 ? 4 : 2;
    static constexpr int PERIOD = 8 / SWAPPED;
    static_assert(COLUMNS % 16 == 0, "a matrix instruction takes 16 elements of a head");
};

template <class T> GPU_DEVICE int tile_place(int line, int column)
{
    int piece = column / 8 ^ (line / T::PERIOD & (T::SWAPPED - 1));
    return line * T::PITCH + piece * 16;
}

/* The place `line` lines and `column` columns on from `place`, which is one of columns 0 or 8. `line` is a
 * multiple of eight, `column` of 16: no carry goes into the bits that name a piece. */
template <class T> GPU_DEVICE int place_from(int place, int line, int column)
{
    constexpr int TURN = T::SWAPPED * 16;
    return (place ^ (2 * column & (TURN - 1))) + 2 * column / TURN * TURN + line * T::PITCH;
}

/* The same place, by way of a shuffle from the own lane. Compilers compute what a loop does not change in
 * front of it and keep it: of a place that is made afresh in the loop that is one register, of the addresses
 * that follow from it by constants it would be one each. All lanes of the wave. */
GPU_DEVICE int afresh(int place)
{
    return gpu_shuffle(place, gpu_lane());
}

/* Where a lane's row of ldmatrix begins: eight lanes have the rows of one of four 8 x 8 matrices. */

/* Q as A: 16 rows from `line` on; the upper eight, the lower, and the same of the next eight columns. */
template <class T> GPU_DEVICE int place_a(int line)
{
    int lane = (int)gpu_lane() & 31;
    return tile_place<T>(line + lane % 16, lane / 16 * 8);
}

/* K as B, k runs along a line: eight keys, the next eight columns of them, and both of the next eight keys.
 */
template <class T> GPU_DEVICE int place_b(int line)
{
    int lane = (int)gpu_lane() & 31;
    return tile_place<T>(line + lane / 16 * 8 + lane % 8, lane / 8 % 2 * 8);
}

/* V as B, k runs across lines, to be transposed: eight keys, the next eight, and both of the next eight
 * columns.
 */
template <class T> GPU_DEVICE int place_b_across(int line)
{
    int lane = (int)gpu_lane() & 31;
    return tile_place<T>(line + lane % 16, lane / 16 * 8);
}

#endif
