/* The words of Hopper one by one: products of operands in every layout, boxes against a tensor walked element
 * by element, clusters and mbarriers; in both orders of the emulator, and on the GPU where there is one. */
#include "tests/emulator/hopper_machine.h"

enum { WORDS = 8192, N = 96, M = 64, MORE = 64 /* added to coordinates on their way */ };

enum { TENSOR_BYTES = 32768 };

struct map_args {
    unsigned char map[DEVICE_TENSOR_MAP_BYTES];
    struct test_args more;
    char rest[32];
};

static uint32_t out[WORDS], in[WORDS], words[WORDS];
_Alignas(128) static uint8_t tensor[TENSOR_BYTES];
static const struct buffer buffers[] = {{"out", out, sizeof out, true},
                                        {"in", in, sizeof in, false},
                                        {"words", words, sizeof words, true},
                                        {"tensor", tensor, sizeof tensor, true}};
static struct machine machines[MACHINES];
static size_t n_machines;

static int open_all(void **state)
{
    (void)state;
    struct text flat = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/tests/emulator/hopper_words.hip", tests_root());
    assert_ok(source_flatten(tests_root(), path, &flat));
    for (int i = 0; i < MACHINES; i++) {
        struct machine *machine = &machines[n_machines];
        struct text code = {0};
        if (!machine_open(machine, i, buffers, 4)) continue;
        machine_compile(machine_is_real(machine) ? "nvrtc" : "emu", text_string(&flat), "", &code);
        assert_ok(machine->api->load(machine->device, code.data, code.size, &machine->module));
        text_free(&code);
        n_machines++;
    }
    text_free(&flat);
    if (!n_machines) exit(0); /* each has said why */
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_machines; i++) machine_close(&machines[i]);
    return 0;
}

#define EACH_MACHINE(machine) \
    for (struct machine *machine = machines; machine < machines + n_machines; machine++)

static struct test_args args_of(const struct machine *machine, uint32_t n)
{
    return (struct test_args){machine_place(machine, out), machine_place(machine, in),
                              machine_place(machine, words), n};
}

static struct device_step step_of(uint32_t grid, uint32_t cluster, uint32_t block, uint32_t shared_bytes)
{
    return (struct device_step){.grid = {grid, 1, 1},
                                .cluster = {cluster, 1, 1},
                                .block = {block, 1, 1},
                                .shared_bytes = shared_bytes};
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

static void check_product(struct machine *machine, const char *entry, enum dtype type, uint32_t swizzle)
{
    uint32_t size = type == DTYPE_F8E4M3 ? 1 : 2;
    const uint8_t *a = (const uint8_t *)in, *b = a + M * 32;
    struct device_step step = step_of(1, 1, 128, 32768);
    struct test_args args = args_of(machine, swizzle);
    fill_operands(type, size);
    if (machine_run(machine, entry, &step, &args, sizeof args) != STATUS_OK)
        fail_msg("%s, %s %u: %s", machine->name, entry, swizzle, status_message());
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
                fail_msg("%s, %s, swizzle %u: (%u,%u) is %g, not %g", machine->name, entry, swizzle, row,
                         column, (double)got, 2 * sum);
        }
}

static void test_products(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        enum dtype type;
    } products[] = {{"product_kk", DTYPE_BF16}, {"product_km", DTYPE_BF16},   {"product_mk", DTYPE_F16},
                    {"product_mm", DTYPE_F16},  {"product_f8", DTYPE_F8E4M3}, {"product_rk", DTYPE_BF16},
                    {"product_rm", DTYPE_F16},  {"product_r8", DTYPE_F8E4M3}};
    static const uint32_t swizzles[] = {0, 32, 64, 128};
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        for (size_t s = 0; s < 4; s++)
            EACH_MACHINE(machine) check_product(machine, products[i].entry, products[i].type, swizzles[s]);
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
    {2, {32, 8, 1}, 128, {70, 20, 1}, {2, 144, 2880}, {30, 4, 0}}, /* narrower than the swizzle */
};

static struct device_tensor_map view_of(const struct box *box)
{
    struct device_tensor_map view = {.memory = tensor,
                                     .type = box->element == 1   ? DTYPE_F8E4M3
                                             : box->element == 2 ? DTYPE_F16
                                                                 : DTYPE_F32,
                                     .swizzle_bytes = box->swizzle};
    for (int i = 0; i < 3; i++) {
        view.box[i] = box->box[i];
        view.extent[i] = box->extent[i];
        view.pitch_bytes[i] = box->pitch[i];
    }
    return view;
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

static void run_box(struct machine *machine, const char *entry, const struct box *box)
{
    struct device_step step = step_of(1, 1, 64, 8192 + 128);
    uint32_t n = (uint32_t)(box->at[0] + MORE) | (uint32_t)(box->at[1] + MORE) << 8 |
                 (uint32_t)(box->at[2] + MORE) << 16;
    _Alignas(64) struct map_args args = {.more = args_of(machine, n)};
    struct device_tensor_map view = view_of(box);
    machine_map(machine, &view, args.map);
    words[0] = box_bytes(box);
    if (machine_run(machine, entry, &step, &args, sizeof args) != STATUS_OK)
        fail_msg("%s, %s %d: %s", machine->name, entry, (int)(box - boxes), status_message());
}

#define EACH_ELEMENT(box)                            \
    for (uint32_t z = 0; z < (box)->box[2]; z++)     \
        for (uint32_t y = 0; y < (box)->box[1]; y++) \
            for (uint32_t x = 0; x < (box)->box[0]; x++)

static void check_box_in(struct machine *machine, const struct box *box)
{
    for (uint32_t b = 0; b < TENSOR_BYTES; b++) tensor[b] = (uint8_t)(b * 7 + b / 251);
    memset(out, 0xee, sizeof out);
    run_box(machine, "box_in", box);
    EACH_ELEMENT(box)
    {
        uint8_t zero[4] = {0};
        long offset = in_tensor(box, x, y, z);
        const uint8_t *right = offset < 0 ? zero : tensor + offset;
        if (memcmp((uint8_t *)out + place(box, x, y, z), right, box->element) != 0)
            fail_msg("%s, box %d: element (%u,%u,%u) is wrong", machine->name, (int)(box - boxes), x, y, z);
    }
}

/* Twice where it adds. */
static void check_box_out(struct machine *machine, const struct box *box, bool add)
{
    static uint8_t right[TENSOR_BYTES];
    for (uint32_t w = 0; w < WORDS; w++) {
        float x = (float)(w * 37 % 101);
        memcpy(&in[w], &x, sizeof x);
    }
    memset(tensor, add ? 0 : 0xaa, sizeof tensor);
    memcpy(right, tensor, sizeof right);
    words[1] = add;
    for (int turn = 0; turn < 1 + add; turn++) run_box(machine, "box_out", box);
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
    if (memcmp(tensor, right, sizeof right) != 0)
        fail_msg("%s, box %d%s: the tensor is wrong", machine->name, (int)(box - boxes),
                 add ? ", added" : "");
}

static void test_boxes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) EACH_MACHINE(machine)
        {
            check_box_in(machine, &boxes[i]);
            check_box_out(machine, &boxes[i], false);
            if (boxes[i].element == 4) check_box_out(machine, &boxes[i], true);
        }
}

/* --- the rest --- */

static void fill_in(void)
{
    for (uint32_t i = 0; i < WORDS; i++) in[i] = i * 2654435761u >> 3;
}

static void run_plain(struct machine *machine, const char *entry, uint32_t grid, uint32_t cluster,
                      uint32_t block, uint32_t n)
{
    struct device_step step = step_of(grid, cluster, block, 1024);
    struct test_args args = args_of(machine, n);
    fill_in();
    memset(out, 0, sizeof out);
    if (machine_run(machine, entry, &step, &args, sizeof args) != STATUS_OK)
        fail_msg("%s, %s: %s", machine->name, entry, status_message());
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
    EACH_MACHINE(machine)
    {
        run_plain(machine, "matrices", 1, 1, 32, 0);
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
    EACH_MACHINE(machine)
    {
        run_plain(machine, "cluster_sums", BLOCKS, SIZE, 64, 0);
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
    EACH_MACHINE(machine)
    {
        run_plain(machine, "mbarrier_phases", 1, 1, 64, 0);
        for (uint32_t t = 0; t < 64; t++) assert_int_equal(out[t], 6 * in[63 - t] + 15);
        run_plain(machine, "mbarrier_ring", 4, 4, 64, 7);
        for (uint32_t rank = 0; rank < 4; rank++)
            for (uint32_t t = 0; t < 64; t++) assert_int_equal(out[64 * rank + t], 7 * (4 * 4 + rank));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products), cmocka_unit_test(test_boxes),     cmocka_unit_test(test_stmatrix),
        cmocka_unit_test(test_clusters), cmocka_unit_test(test_mbarriers),
    };
    return cmocka_run_group_tests_name("hopper words", tests, open_all, close_all);
}
