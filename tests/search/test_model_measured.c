/* The model against times that others measured on AMD GPUs: it halves the median error of a plain roofline,
 * on the rows that constants were fitted on and on those held out. */
#include "tests/base/check.h"

#include <math.h>
#include "tests/search/measured.h"

static struct measured_table table;

struct errors {
    double all[MEASURED_ROWS_MAX], halves[2][MEASURED_ROWS_MAX], plain[MEASURED_ROWS_MAX];
    size_t n, n_half[2], left_out;
};

static void collect(const struct measured_source *source, struct errors *errors)
{
    const struct device_class *part = class_find(source->nickname);
    struct model_device device;
    assert_true(model_device_of(part, NULL, &device));
    for (size_t i = 0; i < table.n; i++) {
        const struct measured_row *row = &table.rows[i];
        struct model_kernel shape;
        struct model_estimate estimate;
        enum measured_verdict verdict = measured_judge(row, part);
        if (verdict != MEASURED_COUNTS) {
            print_message("%s: line %u left out: %s\n", source->nickname, row->line,
                          verdict == MEASURED_OTHER_PART ? "another part" : "faster than the part can be");
            errors->left_out++;
            continue;
        }
        double error = fabs(measured_predict(&device, row, source->scale_k, &shape, &estimate) / row->ns - 1);
        int half = measured_half(row);
        errors->plain[errors->n] = fabs(measured_roofline_ns(row, part) / row->ns - 1);
        errors->all[errors->n++] = error;
        errors->halves[half][errors->n_half[half]++] = error;
    }
}

static void check_source(const struct measured_source *source, size_t n_rows, size_t n_left_out)
{
    static struct errors errors;
    errors = (struct errors){.n = 0};
    if (!measured_read(source->path, source->in, DTYPE_BF16, &table)) {
        print_message("SKIPPED: no %s\n", source->path);
        return;
    }
    collect(source, &errors);
    double all = measured_median(errors.all, errors.n), plain = measured_median(errors.plain, errors.n);
    double fitted = measured_median(errors.halves[0], errors.n_half[0]);
    double held_out = measured_median(errors.halves[1], errors.n_half[1]);
    print_message("%s: %zu rows, median error %.1f %%, fitted half %.1f %%, held-out half %.1f %%, plain "
                  "roofline %.1f %%\n",
                  source->nickname, errors.n, 100 * all, 100 * fitted, 100 * held_out, 100 * plain);
    assert_int_equal(errors.n, n_rows);
    assert_int_equal(errors.left_out, n_left_out);
    assert_true(errors.n_half[0] > n_rows / 4 && errors.n_half[1] > n_rows / 4);
    assert_true(all <= source->most_error && 2 * all <= plain);
    assert_true(held_out <= source->most_error);
}

static void test_gfx950_bf16(void **state)
{
    (void)state;
    check_source(&measured_sources[0], 156, 2);
}

static void test_gfx942_fp8(void **state)
{
    (void)state;
    check_source(&measured_sources[1], 295, 0);
}

/* A row that no such part can have reached is found out. */
static void test_impossible_rows(void **state)
{
    (void)state;
    const struct device_class *part = class_find("mi355x");
    struct measured_row row = {.units = 256,
                               .work = {.m = 8192,
                                        .n = 8192,
                                        .k = 8192,
                                        .batch = 1,
                                        .a_type = DTYPE_BF16,
                                        .b_type = DTYPE_BF16,
                                        .d_type = DTYPE_BF16}};
    row.ns = 2.0 * 8192 * 8192 * 8192 / (2516.6 * 1e3);
    assert_int_equal(measured_judge(&row, part), MEASURED_COUNTS);
    row.ns *= 0.99;
    assert_int_equal(measured_judge(&row, part), MEASURED_IMPOSSIBLE);
    row.work.m = 1;
    row.ns = 8192.0 * 8192 * 2 / 8000;
    assert_int_equal(measured_judge(&row, part), MEASURED_IMPOSSIBLE); /* A and D would have to be free */
    row.ns *= 1.01;
    assert_int_equal(measured_judge(&row, part), MEASURED_COUNTS);
    row.units = 80;
    assert_int_equal(measured_judge(&row, part), MEASURED_OTHER_PART);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gfx950_bf16),
        cmocka_unit_test(test_gfx942_fp8),
        cmocka_unit_test(test_impossible_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
