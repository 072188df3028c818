/* Where wgmma finds its operands, against the PTX manual: its canonical layouts evaluated as the manual
 * writes them, its worked examples, its descriptor format; and the swizzle of boxes. */
#include "tests/base/check.h"

#include "tuner/emulator/tensor_box.h"
#include "tuner/emulator/wgmma_layout.h"

/* A CuTe layout of two coordinates, each in up to three steps: (shape):(stride), strides in elements. */
struct layout {
    struct {
        uint32_t shape[3], stride[3];
    } mode[2];
};

static uint32_t cute(const struct layout *layout, uint32_t first, uint32_t second)
{
    uint32_t at = 0, index[2] = {first, second};
    for (int m = 0; m < 2; m++)
        for (int i = 0; i < 3; i++) {
            uint32_t shape = layout->mode[m].shape[i];
            if (!shape) break;
            at += index[m] % shape * layout->mode[m].stride[i];
            index[m] /= shape;
        }
    return at;
}

/* Swizzle<B, 4, 3>: B bits from bit 4 on become themselves crossed with those three higher. */
static uint32_t swizzled(uint32_t address, uint32_t b)
{
    uint32_t mask = ((1u << b) - 1) << 7;
    return address ^ (address & mask) >> 3;
}

static uint64_t descriptor_of(uint32_t start, uint32_t leading, uint32_t stride, uint64_t mode)
{
    return (start & 0x3ffff) >> 4 | (uint64_t)((leading & 0x3ffff) >> 4) << 16 |
           (uint64_t)((stride & 0x3ffff) >> 4) << 32 | mode << 62;
}

/* The address of element (mn, k) of `size` bytes. */
static uint32_t address_of(const struct wgmma_view *view, uint32_t size, uint32_t mn, uint32_t k)
{
    uint32_t each = 16 / size, line = view->mn_major ? k : mn, along = view->mn_major ? mn : k;
    return wgmma_address(view, line, along / each) + along % each * size;
}

static void compare(const struct layout *layout, uint32_t size, uint32_t b, uint64_t descriptor,
                    bool mn_major, uint32_t mn, uint32_t k)
{
    struct wgmma_view view;
    assert_null(wgmma_view_of(descriptor, mn_major, &view));
    for (uint32_t i = 0; i < mn; i++)
        for (uint32_t j = 0; j < k; j++) {
            uint32_t right = swizzled(view.start + size * cute(layout, i, j), b);
            if (address_of(&view, size, i, j) != right)
                fail_msg("descriptor 0x%llx: (%u,%u) is at %u, not %u", (unsigned long long)descriptor, i, j,
                         address_of(&view, size, i, j), right);
        }
}

/* Modes of the descriptor and bits of the swizzle, by width in chunks of 16 bytes. */
static const struct {
    uint32_t width, b;
    uint64_t mode;
} swizzles[] = {{1, 0, 0}, {2, 1, 3}, {4, 2, 2}, {8, 3, 1}};

static void test_canonical_layouts(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_OF(swizzles); s++)
        for (uint32_t size = 1; size <= 2; size++) {
            uint32_t t = 16 / size, w = swizzles[s].width, lbo = 4096, sbo = 1024, k = 32 / size;
            uint64_t descriptor = descriptor_of(8192, lbo, sbo, swizzles[s].mode);
            /* K-major: ((8,m),(T,2k)):((wT,SBO),(1,T)), and LBO instead of T where nothing is swizzled. */
            struct layout k_major = {
                {{{8, 32}, {w * t, sbo / size}}, {{t, 2}, {1, w == 1 ? lbo / size : t}}}};
            compare(&k_major, size, swizzles[s].b, descriptor, false, 256, k);
            if (size == 1) continue;
            /* MN-major: ((T,w,m),(8,k)):((1,T,LBO),(wT,SBO)); the two change places where nothing is
             * swizzled. */
            uint32_t m_stride = w == 1 ? sbo : lbo, k_stride = w == 1 ? lbo : sbo;
            struct layout mn_major = {
                {{{t, w, 256 / (t * w)}, {1, t, m_stride / size}}, {{8, 2}, {w * t, k_stride / size}}}};
            compare(&mn_major, size, swizzles[s].b, descriptor, true, 256, k);
        }
}

/* "Canonical Layouts", Examples: the exact layouts of figures "K major, no-swizzling and tf32 type" and on.
 */
static void test_examples_of_the_manual(void **state)
{
    (void)state;
    static const struct {
        struct layout layout;
        uint32_t size, b, lbo, sbo;
        uint64_t mode;
        bool mn_major;
    } examples[] = {
        {{{{{8, 2}, {4, 32}}, {{4, 4}, {1, 64}}}}, 4, 0, 64 * 4, 32 * 4, 0, false},
        {{{{{8, 2}, {8, 64}}, {{4, 2}, {1, 4}}}}, 4, 1, 16, 64 * 4, 3, false},
        {{{{{8, 1, 2}, {1, 8, 64}}, {{8, 2}, {8, 128}}}}, 2, 0, 128 * 2, 64 * 2, 0, true},
        {{{{{8, 2, 2}, {1, 8, 128}}, {{8, 2}, {16, 256}}}}, 2, 1, 128 * 2, 256 * 2, 3, true},
        {{{{{8, 4, 2}, {1, 8, 256}}, {{8, 2}, {32, 512}}}}, 2, 2, 256 * 2, 512 * 2, 2, true},
    };
    for (size_t i = 0; i < N_OF(examples); i++) {
        const struct layout *layout = &examples[i].layout;
        uint32_t mn = 1, k = 1;
        for (int j = 0; j < 3; j++) {
            if (layout->mode[0].shape[j]) mn *= layout->mode[0].shape[j];
            if (layout->mode[1].shape[j]) k *= layout->mode[1].shape[j];
        }
        compare(layout, examples[i].size, examples[i].b,
                descriptor_of(0, examples[i].lbo, examples[i].sbo, examples[i].mode), examples[i].mn_major,
                mn, k);
    }
}

/* A K-major tile's next k begins 32 bytes on, within the pattern. */
static void test_next_k(void **state)
{
    (void)state;
    struct wgmma_view first, next;
    for (uint32_t k = 1; k < 4; k++) {
        assert_null(wgmma_view_of(descriptor_of(2048, 16, 1024, 1), false, &first));
        assert_null(wgmma_view_of(descriptor_of(2048 + 32 * k, 16, 1024, 1), false, &next));
        for (uint32_t line = 0; line < 64; line++)
            for (uint32_t chunk = 0; chunk < 2; chunk++)
                assert_int_equal(wgmma_address(&next, line, chunk),
                                 wgmma_address(&first, line, 2 * k + chunk));
    }
}

static void test_descriptors(void **state)
{
    (void)state;
    struct wgmma_view view;
    assert_null(wgmma_view_of(descriptor_of(3 * 1024, 16, 1024, 1), true, &view));
    assert_int_equal(view.start, 3072);
    assert_int_equal(view.leading, 16);
    assert_int_equal(view.stride, 1024);
    assert_int_equal(view.swizzle_bytes, 128);
    assert_true(view.mn_major);
    for (uint64_t bit = 0; bit < 64; bit++) {
        bool field = bit < 14 || (bit >= 16 && bit < 30) || (bit >= 32 && bit < 46) || bit >= 62;
        bool in_pattern = bit >= 3 && bit < 6; /* of a start in units of 16 bytes: 128, 256 or 512 */
        const char *error = wgmma_view_of(1ull << 62 | 1ull << bit, false, &view);
        if (bit == 63 || (field && !in_pattern))
            assert_null(error);
        else
            assert_non_null(error);
    }
}

static void test_places_of_sums(void **state)
{
    (void)state;
    static uint8_t seen[WGMMA_M][WGMMA_N_MAX];
    for (uint32_t thread = 0; thread < WGMMA_THREADS; thread++)
        for (uint32_t i = 0; i < WGMMA_N_MAX / 2; i++) {
            uint32_t row, column;
            wgmma_place(thread, i, &row, &column);
            /* Figure "WGMMA .m64nNk16 register fragment layout for accumulator matrix D". */
            assert_int_equal(row, 16 * (thread / 32) + thread % 32 / 4 + (i % 4 < 2 ? 0 : 8));
            assert_int_equal(column, 8 * (i / 4) + 2 * (thread % 4) + i % 2);
            assert_false(seen[row][column]++);
        }
}

static void test_swizzles(void **state)
{
    (void)state;
    for (uint32_t address = 0; address < 4096; address++)
        for (size_t s = 0; s < N_OF(swizzles); s++) {
            uint32_t bytes = swizzles[s].b ? 16 * swizzles[s].width : 0;
            assert_int_equal(swizzle_address(address, bytes), swizzled(address, swizzles[s].b));
        }
}

static struct emu_tensor_map good_map(void)
{
    return (struct emu_tensor_map){.magic = EMU_TENSOR_MAP,
                                   .element_bytes = 2,
                                   .box = {64, 128, 1},
                                   .swizzle_bytes = 128,
                                   .address = 4096,
                                   .extent = {100, 200, 3},
                                   .pitch_bytes = {2, 208, 41600}};
}

static void test_maps(void **state)
{
    (void)state;
    struct emu_tensor_map map = good_map();
    assert_null(tensor_map_error(&map));
#define WRONG(change, text)                  \
    map = good_map();                        \
    map.change;                              \
    assert_non_null(tensor_map_error(&map)); \
    assert_string_equal(tensor_map_error(&map), text)
    WRONG(element_bytes = 8, "elements are of 1, 2 or 4 bytes");
    WRONG(box[1] = 257, "a box has 1 to 256 elements in each direction");
    WRONG(extent[2] = 0, "the tensor is empty");
    WRONG(pitch_bytes[1] = 200, "pitches are multiples of 16 bytes");
    WRONG(pitch_bytes[0] = 4, "the first dimension is contiguous");
    WRONG(address = 4104, "the tensor begins at a multiple of 16 bytes");
    WRONG(box[0] = 60, "the rows of a box are multiples of 16 bytes");
    WRONG(swizzle_bytes = 16, "swizzles are of 32, 64 or 128 bytes");
    WRONG(swizzle_bytes = 64, "the rows of a box are no wider than its swizzle");
#undef WRONG
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_layouts),
        cmocka_unit_test(test_examples_of_the_manual),
        cmocka_unit_test(test_next_k),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_places_of_sums),
        cmocka_unit_test(test_swizzles),
        cmocka_unit_test(test_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
