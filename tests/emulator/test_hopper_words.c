/* The words of Hopper one by one: products of operands in every layout, boxes against a tensor walked element
 * by element, clusters and mbarriers, in both orders. */
#include "tests/emulator/kernels.h"

#include "templates/device/emu_abi.h"
#include "tuner/base/dtype.h"

enum { WORDS = 8192, N = 96, M = 64, MORE = 64 /* added to coordinates on their way */ };

struct map_args {
    struct emu_tensor_map map;
    struct test_args more;
    char rest[32];
};

static struct kernels forward, reverse, *const both[2] = {&forward, &reverse};
static uint32_t *out, *in, *words;
static uint8_t *tensor;
enum { TENSOR_BYTES = 32768 };

static int open_all(void **state)
{
    (void)state;
    out = aligned_alloc(128, 4 * WORDS);
    in = aligned_alloc(128, 4 * WORDS);
    words = aligned_alloc(128, 4 * WORDS);
    tensor = aligned_alloc(128, TENSOR_BYTES);
    for (int i = 0; i < 2; i++) {
        kernels_open(both[i], "hopper_words.hip", "h100_sxm", 1, i == 1);
        assert_ok(both[i]->api->expose(both[i]->device, "out", out, 4 * WORDS, true));
        assert_ok(both[i]->api->expose(both[i]->device, "in", in, 4 * WORDS, false));
        assert_ok(both[i]->api->expose(both[i]->device, "words", words, 4 * WORDS, true));
        assert_ok(both[i]->api->expose(both[i]->device, "tensor", tensor, TENSOR_BYTES, true));
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    kernels_close(&forward);
    kernels_close(&reverse);
    free(out);
    free(in);
    free(words);
    free(tensor);
    return 0;
}

/* --- products --- */

static double element(enum dtype type, const uint8_t *matrix, uint32_t size, uint32_t row, uint32_t k)
{
    return dtype_load(type, matrix + row * 32 + k * size);
}

/* Integers from -3 to 3, none like its neighbours. */
static void fill_operands(enum dtype type, uint32_t size)
{
    uint8_t *bytes = (uint8_t *)in;
    for (uint32_t i = 0; i < (M + N) * 32 / size; i++)
        dtype_store(type, bytes + i * size, (double)((i * 37 + i / 7 * 11) % 7) - 3);
}

static void check_product(struct kernels *kernels, const char *entry, enum dtype type, uint32_t swizzle)
{
    uint32_t size = type == DTYPE_F8E4M3 ? 1 : 2;
    const uint8_t *a = (const uint8_t *)in, *b = a + M * 32;
    struct device_step step = kernels_step(kernels, entry, 1, 128, 32768);
    struct test_args args = {out, in, words, swizzle};
    fill_operands(type, size);
    if (kernels_launch(kernels, &step, 1, &args) != STATUS_OK)
        fail_msg("%s %u: %s", entry, swizzle, status_message());
    for (uint32_t thread = 0; thread < 128; thread++)
        for (uint32_t i = 0; i < N / 2; i++) {
            /* PTX ISA, wgmma's fragment of D: "row = 16 * (warpid % 4) + groupID + 8 * (i / 2 % 2)". */
            uint32_t row = 16 * (thread / 32) + thread % 32 / 4 + 8 * (i / 2 % 2);
            uint32_t column = 8 * (i / 4) + 2 * (thread % 4) + i % 2;
            double sum = 0;
            float got;
            for (uint32_t k = 0; k < 32 / size; k++)
                sum += element(type, a, size, row, k) * element(type, b, size, column, k);
            memcpy(&got, &out[thread * (N / 2) + i], sizeof got);
            if ((double)got != 2 * sum)
                fail_msg("%s, swizzle %u: (%u,%u) is %g, not %g", entry, swizzle, row, column, (double)got,
                         2 * sum);
        }
}

static void test_products(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        enum dtype type;
    } products[] = {{"product_kk", DTYPE_BF16},
                    {"product_km", DTYPE_BF16},
                    {"product_mk", DTYPE_F16},
                    {"product_mm", DTYPE_F16},
                    {"product_f8", DTYPE_F8E4M3}};
    static const uint32_t swizzles[] = {0, 32, 64, 128};
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        for (size_t s = 0; s < 4; s++)
            for (int k = 0; k < 2; k++)
                check_product(both[k], products[i].entry, products[i].type, swizzles[s]);
}

/* --- boxes --- */

struct box {
    uint32_t element, box[3], swizzle;
    uint64_t extent[3], pitch[3];
    int at[3];
};

static const struct box boxes[] = {
    {2, {64, 8, 1}, 128, {70, 20, 1}, {2, 144, 2880}, {0, 3, 0}},
    {2, {64, 8, 1}, 128, {70, 20, 1}, {2, 144, 2880}, {40, 16, 0}},
    {2, {64, 4, 2}, 128, {70, 10, 3}, {2, 144, 1440}, {-5, -2, 1}},
    {1, {64, 8, 1}, 64, {100, 20, 1}, {1, 112, 2240}, {50, 15, 0}},
    {4, {8, 16, 1}, 32, {30, 20, 1}, {4, 128, 2560}, {25, -3, 0}},
    {4, {12, 6, 2}, 0, {30, 10, 3}, {4, 128, 1280}, {20, 7, 2}},
    {2, {16, 8, 3}, 32, {70, 10, 3}, {2, 144, 1440}, {3, 1, -1}},
    {2, {24, 5, 1}, 0, {70, 20, 1}, {2, 144, 2880}, {90, 2, 0}},
    {2, {32, 8, 2}, 64, {70, 10, 3}, {2, 144, 1440}, {60, 4, 0}},
};

static struct emu_tensor_map map_of(const struct box *box)
{
    struct emu_tensor_map map = {.magic = EMU_TENSOR_MAP,
                                 .element_bytes = box->element,
                                 .swizzle_bytes = box->swizzle,
                                 .address = (uintptr_t)tensor};
    for (int i = 0; i < 3; i++) {
        map.box[i] = box->box[i];
        map.extent[i] = box->extent[i];
        map.pitch_bytes[i] = box->pitch[i];
    }
    return map;
}

static uint32_t box_bytes(const struct box *box)
{
    return box->element * box->box[0] * box->box[1] * box->box[2];
}

/* Where element (x, y, z) of a box, which begins at a multiple of 1024, lies: rows follow each other, and of
 * the address bits 4.. are crossed with bits 7.. (CUDA driver API, CU_TENSOR_MAP_SWIZZLE_*). */
static uint32_t place(const struct box *box, uint32_t x, uint32_t y, uint32_t z)
{
    uint32_t at = ((z * box->box[1] + y) * box->box[0] + x) * box->element;
    switch (box->swizzle) {
    case 128: return at ^ (at / 128 % 8 * 16);
    case 64: return at ^ (at / 128 % 4 * 16);
    case 32: return at ^ (at / 128 % 2 * 16);
    default: return at;
    }
}

/* Its offset in the tensor, or -1 outside. */
static long in_tensor(const struct box *box, uint32_t x, uint32_t y, uint32_t z)
{
    long at[3] = {box->at[0] + (long)x, box->at[1] + (long)y, box->at[2] + (long)z}, offset = 0;
    for (int i = 0; i < 3; i++) {
        if (at[i] < 0 || at[i] >= (long)box->extent[i]) return -1;
        offset += at[i] * (long)box->pitch[i];
    }
    return offset;
}

static void run_box(struct kernels *kernels, const char *entry, const struct box *box)
{
    struct device_step step = kernels_step(kernels, entry, 1, 64, 8192 + 128);
    uint32_t n = (uint32_t)(box->at[0] + MORE) | (uint32_t)(box->at[1] + MORE) << 8 |
                 (uint32_t)(box->at[2] + MORE) << 16;
    struct map_args args = {map_of(box), {out, in, words, n}, {0}};
    struct device_launch launch = {.steps = &step, .n_steps = 1, .args = &args, .args_bytes = sizeof args};
    words[0] = box_bytes(box);
    if (kernels->api->launch(kernels->device, NULL, &launch) != STATUS_OK)
        fail_msg("%s %d: %s", entry, (int)(box - boxes), status_message());
}

#define EACH_ELEMENT(box)                            \
    for (uint32_t z = 0; z < (box)->box[2]; z++)     \
        for (uint32_t y = 0; y < (box)->box[1]; y++) \
            for (uint32_t x = 0; x < (box)->box[0]; x++)

static void test_boxes_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof boxes / sizeof boxes[0]; i++) {
        const struct box *box = &boxes[i / 2];
        for (uint32_t b = 0; b < TENSOR_BYTES; b++) tensor[b] = (uint8_t)(b * 7 + b / 251);
        memset(out, 0xee, 4 * WORDS);
        run_box(both[i % 2], "box_in", box);
        EACH_ELEMENT(box)
        {
            uint8_t zero[4] = {0};
            long offset = in_tensor(box, x, y, z);
            const uint8_t *right = offset < 0 ? zero : tensor + offset;
            if (memcmp((uint8_t *)out + place(box, x, y, z), right, box->element) != 0)
                fail_msg("box %zu: element (%u,%u,%u) is wrong", i / 2, x, y, z);
        }
    }
}

static void test_boxes_out(void **state)
{
    (void)state;
    static uint8_t right[TENSOR_BYTES];
    for (size_t i = 0; i < 4 * sizeof boxes / sizeof boxes[0]; i++) {
        const struct box *box = &boxes[i / 4];
        bool add = i % 4 > 1;
        if (add && box->element != 4) continue;
        for (uint32_t w = 0; w < WORDS; w++) {
            float x = (float)(w * 37 % 101);
            memcpy(&in[w], &x, sizeof x);
        }
        for (uint32_t b = 0; b < TENSOR_BYTES; b++) tensor[b] = add ? 0 : 0xaa;
        memcpy(right, tensor, TENSOR_BYTES);
        for (int turn = 0; turn < 1 + add; turn++) {
            words[1] = add;
            run_box(both[i % 2], "box_out", box);
        }
        EACH_ELEMENT(box)
        {
            long offset = in_tensor(box, x, y, z);
            const uint8_t *from = (const uint8_t *)in + place(box, x, y, z);
            float sum;
            if (offset < 0) continue;
            memcpy(right + offset, from, box->element);
            if (!add) continue;
            memcpy(&sum, from, sizeof sum);
            sum *= 2;
            memcpy(right + offset, &sum, sizeof sum);
        }
        assert_memory_equal(tensor, right, TENSOR_BYTES);
    }
}

/* --- the rest --- */

static void fill_in(void)
{
    for (uint32_t i = 0; i < WORDS; i++) in[i] = i * 2654435761u >> 3;
}

static void run_plain(struct kernels *kernels, const char *entry, uint32_t grid, uint32_t cluster,
                      uint32_t block, uint32_t n)
{
    struct device_step step = kernels_step(kernels, entry, grid, block, 1024);
    struct test_args args = {out, in, words, n};
    step.cluster[0] = cluster;
    fill_in();
    memset(out, 0, 4 * WORDS);
    if (kernels_launch(kernels, &step, 1, &args) != STATUS_OK) fail_msg("%s: %s", entry, status_message());
}

/* Word `lane` of matrix i as lanes hold it: row lane / 4, columns 2 * (lane % 4) and the next. */
static uint32_t transposed(uint32_t lane, uint32_t i)
{
    uint32_t row = lane / 4, column = lane % 4 * 2, pair = 0;
    for (uint32_t half = 0; half < 2; half++) {
        uint32_t from = in[4 * ((column + half) * 4 + row / 2) + i] >> row % 2 * 16 & 0xffff;
        pair |= from << 16 * half;
    }
    return pair;
}

static void test_stmatrix(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        run_plain(both[k], "matrices", 1, 1, 32, 0);
        for (uint32_t lane = 0; lane < 32; lane++) {
            for (uint32_t i = 0; i < 4; i++) {
                assert_int_equal(out[4 * lane + i], in[4 * lane + i]);
                assert_int_equal(out[128 + 4 * lane + i], transposed(lane, i));
            }
            /* Rows of 16 bytes: word w of row r is lane 4 * r + w's. */
            assert_int_equal(out[256 + lane], in[4 * (lane / 2 % 8 * 4 + lane % 2) + lane / 16]);
            assert_int_equal(out[288 + lane], in[4 * lane]);
            assert_int_equal(out[320 + lane], in[4 * lane + 1]);
            assert_int_equal(out[352 + lane], in[4 * lane]);
        }
    }
}

static void test_clusters(void **state)
{
    (void)state;
    enum { BLOCKS = 6, SIZE = 3 };
    for (int k = 0; k < 2; k++) {
        run_plain(both[k], "cluster_sums", BLOCKS, SIZE, 64, 0);
        for (uint32_t block = 0; block < BLOCKS; block++)
            for (uint32_t t = 0; t < 64; t++) {
                uint32_t sum = block % SIZE;
                for (uint32_t other = 0; other < SIZE; other++) sum += in[64 * other + 63 - t];
                assert_int_equal(out[64 * block + t], sum);
                assert_int_equal(out[1024 + 64 * block + t], block % SIZE << 8 | SIZE);
            }
    }
}

static void test_mbarriers(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        run_plain(both[k], "mbarrier_phases", 1, 1, 64, 0);
        for (uint32_t t = 0; t < 64; t++) assert_int_equal(out[t], 6 * in[63 - t] + 15);
        run_plain(both[k], "mbarrier_ring", 4, 4, 64, 7);
        for (uint32_t rank = 0; rank < 4; rank++)
            for (uint32_t t = 0; t < 64; t++) assert_int_equal(out[64 * rank + t], 7 * (4 * 4 + rank));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products), cmocka_unit_test(test_boxes_in), cmocka_unit_test(test_boxes_out),
        cmocka_unit_test(test_stmatrix), cmocka_unit_test(test_clusters), cmocka_unit_test(test_mbarriers),
    };
    return cmocka_run_group_tests_name("hopper words", tests, open_all, close_all);
}
