/* What wgmma computes. Sums are rounded one after the other, k ascending, as nobody promises. */
#include "tuner/emulator/wgmma_multiply.h"

#include <pthread.h>
#include <string.h>
#include "templates/device/emu_abi.h"
#include "tuner/base/dtype.h"

enum { WIDTH = 8 };
typedef float row_part __attribute__((vector_size(4 * WIDTH), may_alias));

static float of_f8[256], of_f16[65536];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
    for (uint32_t code = 0; code < 256; code++) {
        uint8_t byte = (uint8_t)code;
        of_f8[code] = (float)dtype_load(DTYPE_F8E4M3, &byte);
    }
    for (uint32_t code = 0; code < 65536; code++) {
        uint16_t half = (uint16_t)code;
        of_f16[code] = (float)dtype_load(DTYPE_F16, &half);
    }
}

static float bf16(uint16_t code)
{
    uint32_t bits = (uint32_t)code << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t unpack(unsigned type, const unsigned char *chunk, float *out)
{
    if (type == EMU_WGMMA_F8E4M3) {
        for (int i = 0; i < 16; i++) out[i] = of_f8[chunk[i]];
        return 16;
    }
    for (int i = 0; i < 8; i++) {
        uint16_t code;
        memcpy(&code, chunk + 2 * i, sizeof code);
        out[i] = type == EMU_WGMMA_F16 ? of_f16[code] : bf16(code);
    }
    return 8;
}

uint32_t wgmma_k(unsigned type)
{
    return type == EMU_WGMMA_F8E4M3 ? 32 : 16;
}

void wgmma_lines(unsigned type, const struct wgmma_view *view, uint32_t mn, uint32_t *lines, uint32_t *chunks)
{
    *lines = view->mn_major ? wgmma_k(type) : mn;
    *chunks = view->mn_major ? mn / 8 : WGMMA_K_BYTES / 16;
}

/* The operand with k rows of mn elements: B as it is, A transposed. */
static void load(unsigned type, const struct wgmma_view *view, const unsigned char *shared, uint32_t mn,
                 float *out)
{
    uint32_t lines, chunks;
    wgmma_lines(type, view, mn, &lines, &chunks);
    for (uint32_t line = 0; line < lines; line++)
        for (uint32_t chunk = 0; chunk < chunks; chunk++) {
            float x[16];
            uint32_t n = unpack(type, shared + wgmma_address(view, line, chunk), x);
            for (uint32_t i = 0; i < n; i++)
                out[view->mn_major ? line * mn + chunk * n + i : (chunk * n + i) * mn + line] = x[i];
        }
}

/* A with k rows of 64. Unpacked as it would lie in shared memory: 32 bytes to a row. */
static void load_registers(unsigned type, unsigned (*registers)[WGMMA_A_REGISTERS], float *out)
{
    unsigned char rows[WGMMA_M][WGMMA_K_BYTES];
    for (uint32_t thread = 0; thread < WGMMA_THREADS; thread++)
        for (uint32_t i = 0; i < WGMMA_A_REGISTERS; i++) {
            uint32_t row, byte;
            wgmma_a_place(thread, i, &row, &byte);
            memcpy(&rows[row][byte], &registers[thread][i], sizeof registers[thread][i]);
        }
    for (uint32_t row = 0; row < WGMMA_M; row++)
        for (uint32_t chunk = 0; chunk < WGMMA_K_BYTES / 16; chunk++) {
            float x[16];
            uint32_t n = unpack(type, rows[row] + 16 * chunk, x);
            for (uint32_t i = 0; i < n; i++) out[(chunk * n + i) * WGMMA_M + row] = x[i];
        }
}

void wgmma_multiply(unsigned type, uint32_t n, unsigned (*registers)[WGMMA_A_REGISTERS],
                    const struct wgmma_view *a, const struct wgmma_view *b, const unsigned char *shared,
                    bool add, float *sums)
{
    _Alignas(64) float left[32 * WGMMA_M], right[32 * WGMMA_N_MAX];
    uint32_t k = wgmma_k(type);
    pthread_once(&once, make_tables);
    if (registers)
        load_registers(type, registers, left);
    else
        load(type, a, shared, WGMMA_M, left);
    load(type, b, shared, n, right);
    if (!add) memset(sums, 0, WGMMA_M * n * sizeof *sums);
    for (uint32_t row = 0; row < WGMMA_M; row += 2)
        for (uint32_t column = 0; column < n; column += WIDTH) {
            row_part s0, s1, x;
            memcpy(&s0, sums + row * n + column, sizeof s0);
            memcpy(&s1, sums + (row + 1) * n + column, sizeof s1);
            for (uint32_t p = 0; p < k; p++) {
                memcpy(&x, right + p * n + column, sizeof x);
                s0 += left[p * WGMMA_M + row] * x;
                s1 += left[p * WGMMA_M + row + 1] * x;
            }
            memcpy(sums + row * n + column, &s0, sizeof s0);
            memcpy(sums + (row + 1) * n + column, &s1, sizeof s1);
        }
}
