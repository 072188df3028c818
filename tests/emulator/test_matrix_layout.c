/* Who holds what: AMD's printed formulae and tables, and those of the PTX manual. */
#include "tests/emulator/mfma_file.h"

#include <dirent.h>
#include "tuner/base/file.h"
#include "tuner/emulator/matrix.h"

static const char folder[] = "../shared/reference/mfma";

/* One listing, and the shape it must have. */
struct listing {
    const char *name, *text;
    struct matrix_shape shape;
    unsigned registers[MATRIX_OPERANDS];
    bool f64;
};

static const char *const operand_names[] = {"A", "B", "C or D"};
static const char *const row_letters[] = {"i", "k", "i"}, *const column_letters[] = {"k", "j", "j"};

static unsigned rows_of(const struct matrix_shape *s, unsigned operand)
{
    return operand == MATRIX_B ? s->k : s->m;
}

static unsigned columns_of(const struct matrix_shape *s, unsigned operand)
{
    return operand == MATRIX_A ? s->k : s->n;
}

static unsigned element_bits(const struct listing *l, unsigned operand)
{
    return l->registers[operand] * 32 / matrix_shape_elements(&l->shape, (enum matrix_operand)operand);
}

/* The listing says that this element begins at this bit of this lane's registers. */
static void check_holder(const struct listing *l, unsigned operand, unsigned row, unsigned column, long lane,
                         long bit)
{
    unsigned our_lane, our_element;
    matrix_shape_holder(&l->shape, (enum matrix_operand)operand, row, column, &our_lane, &our_element);
    if (our_lane == lane && our_element * element_bits(l, operand) == bit) return;
    fail_msg("%s: %s[%u][%u] is in lane %ld at bit %ld, not in lane %u at element %u", l->name,
             operand_names[operand], row, column, lane, bit, our_lane, our_element);
}

/* The listing says that these registers hold this element. */
static void check_place(const struct listing *l, unsigned operand, unsigned lane, long bit, long row,
                        long column)
{
    unsigned element = (unsigned)bit / element_bits(l, operand);
    struct matrix_place ours = matrix_shape_place(&l->shape, (enum matrix_operand)operand, lane, element);
    if (ours.row == row && ours.column == column) return;
    fail_msg("%s: lane %u holds %s[%ld][%ld] at bit %ld, not [%u][%u]", l->name, lane, operand_names[operand],
             row, column, bit, ours.row, ours.column);
}

static void check_element_formulae(const struct listing *l, unsigned operand)
{
    const char *section = mfma_wanted(l->text, "Matrix element to register mapping with no modifiers:");
    char head[64];
    snprintf(head, sizeof head, "%s[%s][%s].block GPR:", operand_names[operand], row_letters[operand],
             column_letters[operand]);
    const char *registers = mfma_wanted(section, head);
    snprintf(head, sizeof head, "%s[%s][%s].block Lane:", operand_names[operand], row_letters[operand],
             column_letters[operand]);
    const char *lanes = mfma_wanted(section, head);
    for (unsigned row = 0; row < rows_of(&l->shape, operand); row++)
        for (unsigned column = 0; column < columns_of(&l->shape, operand); column++) {
            struct mfma_names names = {.i = operand == MATRIX_B ? -1 : (long)row,
                                       .j = operand == MATRIX_A ? -1 : (long)column,
                                       .k = operand == MATRIX_A   ? (long)column
                                            : operand == MATRIX_B ? (long)row
                                                                  : -1};
            check_holder(l, operand, row, column, mfma_value(lanes, &names),
                         mfma_first_bit(registers, &names));
        }
}

static void check_register_formulae(const struct listing *l, unsigned operand)
{
    const char *section = mfma_wanted(l->text, "Register to matrix element mapping with no modifiers:");
    char head[64];
    snprintf(head, sizeof head, "%s %s:", operand_names[operand], row_letters[operand]);
    const char *rows = mfma_wanted(section, head);
    snprintf(head, sizeof head, "%s %s:", operand_names[operand], column_letters[operand]);
    const char *columns = mfma_wanted(section, head);
    for (unsigned lane = 0; lane < l->shape.wave; lane++)
        for (long bit = 0; bit < l->registers[operand] * 32; bit += element_bits(l, operand)) {
            struct mfma_names names = {.lane = lane, .gpr_num = bit / 32, .gpr_bits = bit % 32};
            long row = mfma_value(rows, &names);
            /* The calculator leaves a term out of this one formula; its tables have it, and are checked. */
            if (l->f64 && operand == MATRIX_D) row += lane / 16;
            check_place(l, operand, lane, bit, row, mfma_value(columns, &names));
        }
}

/* The two tables of operand `letter` (C and D are printed apart): "| A[M][K] | 0 | 1 ..." with registers in
 * its cells, and "| lane | v0 | v1 ..." with elements in them. */
static void check_tables(const struct listing *l, char letter, unsigned operand)
{
    static const char *const sizes[] = {"[M][K]", "[K][N]", "[M][N]"};
    char head[32], cell[64], above[64];
    unsigned seen = 0, all = rows_of(&l->shape, operand) * columns_of(&l->shape, operand);
    long lane, nobody;
    snprintf(head, sizeof head, "| %c%s |", letter, sizes[operand]);
    const char *line = mfma_next_line(mfma_next_line(mfma_wanted(l->text, head)));
    for (; *line == '|'; line = mfma_next_line(line))
        for (unsigned i = 1; mfma_cell(line, i, cell, sizeof cell); i++, seen++) {
            unsigned row = (unsigned)strtoul(line + 1, NULL, 10);
            long bit = mfma_register(cell, &lane);
            check_holder(l, operand, row, i - 1, lane, bit);
        }
    assert_int_equal(seen, all);

    const char *top = mfma_wanted(mfma_wanted(l->text, head), "| lane |") - strlen("| lane | ");
    for (seen = 0, line = mfma_next_line(mfma_next_line(top)); *line == '|'; line = mfma_next_line(line))
        for (unsigned i = 1; mfma_cell(line, i, cell, sizeof cell); i++, seen++) {
            unsigned row, column;
            char of;
            assert_true(mfma_cell(top, i, above, sizeof above));
            assert_int_equal(sscanf(cell, "%c[%u][%u]", &of, &row, &column), 3);
            assert_int_equal(of, letter);
            check_place(l, operand, (unsigned)strtoul(line + 1, NULL, 10), mfma_register(above, &nobody), row,
                        column);
        }
    assert_int_equal(seen, all);
}

/* "V_MFMA_F32_16X16X16BF16_1K" is mfma_f32_16x16x16_bf16. */
static void our_name(const char *instruction, char *out, size_t capacity)
{
    char lower[64] = "";
    for (size_t i = 0; i + 1 < sizeof lower && isgraph((unsigned char)instruction[i]); i++)
        lower[i] = (char)tolower((unsigned char)instruction[i]);
    char result[16], shape[24], in[16];
    unsigned m, n, k;
    int used = 0;
    assert_int_equal(sscanf(lower, "v_mfma_%3[a-z0-9]_%ux%ux%u%n", result, &m, &n, &k, &used), 4);
    snprintf(shape, sizeof shape, "%ux%ux%u", m, n, k);
    const char *rest = lower + used + (lower[used] == '_');
    snprintf(in, sizeof in, "%.*s", (int)strcspn(rest, "_"), rest);
    snprintf(out, capacity, "mfma_%s_%s_%s", result, shape, in);
}

static unsigned number_behind(const char *text, const char *head)
{
    return (unsigned)strtoul(mfma_wanted(text, head), NULL, 10);
}

/* The form of the table, or MATRIX_FORMS for the two that the dialect does not have. */
static enum matrix_form read_head(struct listing *l)
{
    char name[64];
    our_name(mfma_wanted(l->text, "Instruction:"), name, sizeof name);
    const char *target =
        text_starts_with(mfma_wanted(l->text, "Architecture:"), "CDNA2") ? "gfx90a" : "gfx942";
    static const char *const heads[] = {
        "GPRs required for A:", "GPRs required for B:", "GPRs required for D:"};
    for (unsigned x = 0; x < MATRIX_OPERANDS; x++) l->registers[x] = number_behind(l->text, heads[x]);
    assert_int_equal(number_behind(l->text, "GPRs required for C:"), l->registers[MATRIX_D]);
    assert_int_equal(number_behind(l->text, "blocks:"), 1);
    l->f64 = strcmp(name, "mfma_f64_16x16x4_f64") == 0;
    l->shape = (struct matrix_shape){MATRIX_FAMILY_MFMA,
                                     number_behind(l->text, "M:"),
                                     number_behind(l->text, "N:"),
                                     number_behind(l->text, "K:"),
                                     64,
                                     l->f64 ? 1 : 4,
                                     0};
    enum matrix_form form = MATRIX_FORMS;
    if (l->f64 || strcmp(name, "mfma_f32_16x16x4_f32") == 0) return form;
    if (!matrix_find(name, &form)) fail_msg("%s: the dialect has no %s", l->name, name);
    const struct matrix_info *info = matrix_info(form);
    assert_memory_equal(&l->shape, &info->shape, sizeof l->shape);
    assert_memory_equal(l->registers, info->registers, sizeof l->registers);
    if (!matrix_on_target(form, target)) fail_msg("%s: %s is not on %s", l->name, name, target);
    assert_int_equal(info->evidence, MATRIX_TABLED);
    return form;
}

static void amd_listings(void **state)
{
    (void)state;
    bool listed[MATRIX_FORMS + 1] = {false};
    unsigned files = 0;
    DIR *directory = opendir(folder);
    if (!directory) {
        print_message("SKIPPED: no %s here\n", folder);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        struct text path = {0}, text = {0};
        text_format(&path, "%s/%s", folder, entry->d_name);
        assert_ok(file_read(text_string(&path), 1 << 20, &text));
        struct listing listing = {.name = entry->d_name, .text = text_string(&text)};
        listed[read_head(&listing)] = true;
        for (unsigned x = 0; x < MATRIX_OPERANDS; x++) {
            check_element_formulae(&listing, x);
            check_register_formulae(&listing, x);
            check_tables(&listing, "ABC"[x], x);
        }
        check_tables(&listing, 'D', MATRIX_D);
        text_free(&path);
        text_free(&text);
        files++;
    }
    closedir(directory);
    print_message("%u listings\n", files);
    for (unsigned form = 0; form < MATRIX_FORMS; form++) {
        const struct matrix_info *info = matrix_info((enum matrix_form)form);
        if (info->shape.family != MATRIX_FAMILY_MFMA || info->evidence != MATRIX_TABLED || listed[form])
            continue;
        fail_msg("%s is said to be tabled, but is in no listing", info->name);
    }
}

/* PTX ISA, 9.7.14.5.8, as it is written there: groupID = %laneid >> 2, threadID_in_group = %laneid % 4. */
static struct matrix_place ptx_place(unsigned operand, unsigned laneid, unsigned i)
{
    unsigned group = laneid >> 2, in_group = laneid % 4;
    struct matrix_place place;
    if (operand == MATRIX_A) {
        place.row = i < 2 || (i >= 4 && i < 6) ? group : group + 8;
        place.column = i < 4 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8;
    } else if (operand == MATRIX_B) {
        place.row = i < 2 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8;
        place.column = group;
    } else {
        place.row = i < 2 ? group : group + 8;
        place.column = in_group * 2 + (i & 1);
    }
    return place;
}

static void ptx_fragments(void **state)
{
    (void)state;
    static const unsigned elements[] = {8, 4, 4};
    unsigned n_forms = 0;
    for (unsigned form = 0; form < MATRIX_FORMS; form++) {
        const struct matrix_shape *shape = &matrix_info((enum matrix_form)form)->shape;
        if (shape->family != MATRIX_FAMILY_MMA) continue;
        n_forms++;
        for (unsigned x = 0; x < MATRIX_OPERANDS; x++) {
            assert_int_equal(matrix_shape_elements(shape, (enum matrix_operand)x), elements[x]);
            for (unsigned lane = 0; lane < 32; lane++)
                for (unsigned i = 0; i < elements[x]; i++) {
                    struct matrix_place manual = ptx_place(x, lane, i);
                    struct matrix_place ours =
                        matrix_place((enum matrix_form)form, (enum matrix_operand)x, lane, i);
                    assert_int_equal(ours.row, manual.row);
                    assert_int_equal(ours.column, manual.column);
                }
        }
    }
    assert_int_equal(n_forms, 2);
}

/* AMD's calculator for rdna3 (GPUOpen's article of 2023 draws the same) and for rdna4, as it prints them:
 * operand, register, the register's half and lane of an element of 16 bits; of D register and lane. */
static void calculator_place(bool rdna4, unsigned operand, unsigned i, unsigned j, unsigned k, unsigned *lane,
                             unsigned *element)
{
    unsigned line = operand == MATRIX_A ? i : j;
    if (operand == MATRIX_D) {
        *element = rdna4 ? i % 8 : i / 2;
        *lane = rdna4 ? 16 * (i / 8) + j : 16 * (i % 2) + j;
        return;
    }
    unsigned gpr = rdna4 ? 2 * (k / 8) + k / 2 % 2 : k / 2;
    *element = 2 * gpr + k % 2;
    *lane = rdna4 ? 16 * (k / 4 % 2) + line : line;
}

static void wmma_of_the_calculator(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool rdna4;
    } forms[] = {{"wmma11_f32_16x16x16_f16", false},
                 {"wmma11_f32_16x16x16_bf16", false},
                 {"wmma12_f32_16x16x16_f16", true},
                 {"wmma12_f32_16x16x16_bf16", true}};
    for (size_t f = 0; f < N_OF(forms); f++)
        for (unsigned x = 0; x < MATRIX_OPERANDS * 256; x++) {
            enum matrix_form form;
            enum matrix_operand operand = (enum matrix_operand)(x / 256);
            unsigned row = x / 16 % 16, column = x % 16, lane, element, ours, at;
            assert_true(matrix_find(forms[f].name, &form));
            assert_int_equal(matrix_info(form)->evidence, MATRIX_TABLED);
            calculator_place(forms[f].rdna4, operand, row, column, operand == MATRIX_A ? column : row, &lane,
                             &element);
            matrix_holder(form, operand, row, column, &ours, &at);
            assert_int_equal(ours, lane);
            assert_int_equal(at, element);
        }
}

/* Of gfx11's lanes the upper half has what the lower half has, and all of k. */
static void copies(void **state)
{
    (void)state;
    static const char *const names[] = {"wmma11_f32_16x16x16_f16", "wmma11_i32_16x16x16_i8"};
    for (size_t n = 0; n < N_OF(names); n++) {
        enum matrix_form form;
        unsigned words[32][8] = {{0}}, differs = 0;
        const unsigned *all[32];
        assert_true(matrix_find(names[n], &form));
        for (unsigned lane = 0; lane < 32; lane++) {
            all[lane] = words[lane];
            for (unsigned e = 0; e < 16; e++) {
                struct matrix_place a = matrix_place(form, MATRIX_A, lane, e);
                struct matrix_place b = matrix_place(form, MATRIX_B, lane, e);
                assert_int_equal(a.row, lane % 16);
                assert_int_equal(a.column, e);
                assert_int_equal(b.row, e);
                assert_int_equal(b.column, lane % 16);
            }
        }
        assert_false(matrix_copies_differ(form, MATRIX_A, all, &differs));
        words[21][matrix_info(form)->registers[MATRIX_A] - 1] = 1;
        assert_true(matrix_copies_differ(form, MATRIX_A, all, &differs));
        assert_int_equal(differs, 21);
        assert_false(matrix_copies_differ(form, MATRIX_D, all, &differs));
    }
    unsigned lane, words[32] = {0};
    const unsigned *all[32];
    for (unsigned i = 0; i < 32; i++) words[i] = i, all[i] = words + i;
    assert_false(matrix_copies_differ(MATRIX_wmma12_f32_16x16x16_f16, MATRIX_A, all, &lane));
}

/* Of what AMD does not table: with g = lane / 32, the example in "Introduction to Matrix Core Programming on
 * AMD CDNA3 and CDNA4 architecture" gives a lane of 32x32x64 k = 32 * i + 16 * g + j as element 16 * i + j.
 * 16x16x128 is taken to do the same with four groups of lanes, and the 16-byte forms to hold 16 bytes side by
 * side. */
static void deep_forms(void **state)
{
    (void)state;
    static const struct {
        enum matrix_form form;
        unsigned size, run;
    } forms[] = {
        {MATRIX_mfma_f32_32x32x64_ocp8, 32, 16}, {MATRIX_mfma_f32_16x16x128_ocp8, 16, 16},
        {MATRIX_mfma_i32_32x32x32_i8, 32, 16},   {MATRIX_mfma_i32_16x16x64_i8, 16, 16},
        {MATRIX_mfma_f32_32x32x16_bf16, 32, 8},  {MATRIX_mfma_f32_16x16x32_f16, 16, 8},
    };
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++)
        for (unsigned lane = 0; lane < 64; lane++)
            for (unsigned e = 0; e < matrix_shape_elements(&matrix_info(forms[f].form)->shape, MATRIX_A);
                 e++) {
                unsigned run = forms[f].run, size = forms[f].size;
                unsigned k = e / run * (64 / size * run) + run * (lane / size) + e % run;
                struct matrix_place a = matrix_place(forms[f].form, MATRIX_A, lane, e);
                struct matrix_place b = matrix_place(forms[f].form, MATRIX_B, lane, e);
                assert_true(a.row == lane % size && a.column == k && b.row == k && b.column == lane % size);
            }
}

/* Every element has one holder, and both directions agree; also for the forms that nobody tabled. */
static void directions_agree(void **state)
{
    (void)state;
    for (unsigned form = 0; form < MATRIX_FORMS; form++) {
        const struct matrix_shape *shape = &matrix_info((enum matrix_form)form)->shape;
        for (unsigned x = 0; x < MATRIX_OPERANDS; x++) {
            unsigned elements = matrix_shape_elements(shape, (enum matrix_operand)x);
            unsigned copies = x == MATRIX_D ? 1 : matrix_shape_copies(shape);
            assert_int_equal(elements * shape->wave, rows_of(shape, x) * columns_of(shape, x) * copies);
            for (unsigned at = 0; at < elements * shape->wave / copies; at++) {
                unsigned lane, element;
                struct matrix_place place = matrix_place((enum matrix_form)form, (enum matrix_operand)x,
                                                         at / elements, at % elements);
                assert_true(place.row < rows_of(shape, x) && place.column < columns_of(shape, x));
                matrix_holder((enum matrix_form)form, (enum matrix_operand)x, place.row, place.column, &lane,
                              &element);
                assert_int_equal(lane * elements + element, at);
            }
        }
    }
}

static bool on(const char *name, const char *target)
{
    enum matrix_form form = MATRIX_FORMS;
    assert_true(matrix_find(name, &form));
    return matrix_on_target(form, target);
}

static void forms_of_targets(void **state)
{
    (void)state;
    enum matrix_form form;
    assert_false(matrix_find("mfma_f32_32x32x8", &form));
    assert_true(on("mfma_i32_32x32x8_i8", "gfx90a"));
    assert_false(on("mfma_i32_32x32x8_i8", "gfx942"));
    assert_false(on("mfma_i32_32x32x8_i8", "gfx90"));
    assert_false(on("mfma_i32_32x32x8_i8", ""));
    assert_true(on("mfma_f32_32x32x8_f16", "gfx942"));
    assert_true(on("mfma_f32_32x32x8_f16", "gfx950"));
    assert_false(on("mfma_f32_32x32x8_f16", "gfx90a gfx942"));
    assert_false(on("mfma_f32_32x32x8_f16", "gfx1201"));
    assert_false(on("mfma_f32_32x32x8_f16", "sm_90a"));
    assert_true(on("wmma11_f32_16x16x16_f16", "gfx1100"));
    assert_false(on("wmma11_f32_16x16x16_f16", "gfx1201"));
    assert_false(on("wmma12_f32_16x16x16_f16", "gfx1250"));
    assert_true(on("mma_m16n8k16_f32_f16", "sm_80"));
    assert_true(on("mma_m16n8k16_f32_bf16", "sm_120a"));
    assert_false(on("mma_m16n8k16_f32_f16", "sm_70"));
    assert_false(on("mma_m16n8k16_f32_f16", "gfx942"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amd_listings),     cmocka_unit_test(ptx_fragments),
        cmocka_unit_test(deep_forms),       cmocka_unit_test(wmma_of_the_calculator),
        cmocka_unit_test(copies),           cmocka_unit_test(directions_agree),
        cmocka_unit_test(forms_of_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
