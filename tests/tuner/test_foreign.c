/* Other tools' files: a worked example of each format, the turn from column-major to row-major, what is
 * refused, and the lint of rows. Every file here is made up; AITER's own tables are read where they stand
 * beside the project. */
#include "tests/base/check.h"
#include <math.h>
#include <unistd.h>
#include "tuner/base/file.h"
#include "tuner/foreign_csv.h"
#include "tuner/foreign_parts.h"

enum { ROWS = 400 };
struct rows {
    struct foreign_row items[ROWS];
    size_t n;
};
static struct rows rows;

static bool keep(void *context, const struct foreign_row *row)
{
    (void)context;
    assert_true(rows.n < ROWS);
    rows.items[rows.n++] = *row;
    return true;
}

static enum status read_as(const char *format, const char *text, const char *type, const char *problem_text)
{
    struct problem problem;
    struct foreign_source source = {"file", text, strlen(text), type, NULL};
    if (problem_text) {
        assert_ok(problem_parse(problem_text, &problem));
        source.problem = &problem;
    }
    rows.n = 0;
    assert_non_null(foreign_find(format));
    return foreign_find(format)->read(&source, keep, NULL);
}

static void check_row(size_t i, size_t line, const char *problem_text, double ns)
{
    char text[PROBLEM_TEXT_BYTES] = "";
    assert_true(i < rows.n);
    const struct foreign_row *row = &rows.items[i];
    if (row->problem.op) problem_print(&row->problem, text);
    assert_string_equal(row->problem.op ? text : row->why, problem_text);
    assert_int_equal(row->line, line);
    assert_true(fabs(row->ns - ns) < 1e-6 * (ns + 1));
}

static bool collect(void *context, const struct lint_finding *finding)
{
    struct text *out = context;
    text_format(out, "%s%s", out->size ? " " : "", lint_rule_name(finding->rule));
    return true;
}

static void check_findings(size_t i, const char *expected)
{
    struct physics physics;
    struct text found = {0};
    const struct foreign_row *row = &rows.items[i];
    bool known = physics_of_target(row->target, row->units, &physics);
    assert_true(foreign_lint(row, known ? &physics : NULL, collect, &found));
    assert_string_equal(text_string(&found), expected);
    text_free(&found);
}

/* --- AITER --- */

#define AITER_HEAD                                                                                      \
    "gfx,cu_num,M,N,K,bias,dtype,outdtype,scaleAB,bpreshuffle,libtype,solidx,splitK,us,kernelName,err_" \
    "ratio,tflops,bw\n"
#define AITER_ROW(m, n, k, us, tflops, bw)                                                     \
    "gfx942,304," m "," n "," k ",False,torch.bfloat16,torch.bfloat16,False,False,asm,1,0," us \
    ",\"name<1, 2>\",0.0," tflops "," bw "\n"

static void aiter(void **state)
{
    (void)state;
    /* 2 * 64 * 4096 * 4096 = 2.147 GFLOP, 34.6 MB; in 20 us 107.4 TFLOP/s and 1730 GB/s. */
    assert_ok(read_as("aiter",
                      AITER_HEAD AITER_ROW("64", "4096", "4096", "20.0", "107.37", "1730.15")
                          AITER_ROW("64", "4096", "4096", "20.0", "214.75", "1730.15")
                              AITER_ROW("1", "64", "64", "1.0", "0", "0")
                                  AITER_ROW("8192", "8192", "8192", "600", "1832.5", "671.1")
                                      AITER_ROW("8192", "8192", "8192", "800", "1374.4", "503.3")
                                          AITER_ROW("8192", "8192", "8192", "1.0", "0.0", "0.0")
                                              AITER_ROW("64", "4096", "4096", "20", "107.37", "9.9")
                                                  AITER_ROW("0", "4096", "4096", "20", "1", "1"),
                      NULL, NULL));
    assert_int_equal(rows.n, 8);
    check_row(0, 2, "gemm bf16 nt m=64 n=4096 k=4096", 20000);
    assert_string_equal(rows.items[0].by, "asm name<1, 2>");
    assert_string_equal(rows.items[0].target, "gfx942");
    assert_int_equal(rows.items[0].units, 304);
    check_findings(0, "");
    check_findings(1, "rate");
    check_findings(2, "traffic near-launch"); /* 0.008 TFLOP/s round to 0 */
    check_findings(3, "peak");
    check_findings(4, "near-peak");
    check_findings(5, "rate traffic peak bandwidth near-launch"); /* 1.0 us, and no rate */
    check_findings(6, "traffic");
    check_row(7, 9, "M=0 N=4096 K=4096 are no sizes", 20000);
    check_findings(7, "row");
}

/* Columns in another order and fewer of them, types from elsewhere, a second header, rows that are too short.
 */
static void aiter_columns(void **state)
{
    (void)state;
    assert_ok(read_as("aiter",
                      "N,M,K,cu_num,us,kernelName\r\n4096,16,1024,80,7.5,a8w8_blockscale_1x128\r\n"
                      "4096,16,1024,80,7.5,other\n\n4096,16\n" AITER_HEAD
                      "gfx950,256,3,5,7,True,fp8,bf16,0,0,ck,1,0,9.5,k,0,0.1,0.1\n"
                      "gfx950,256,3,5,7,True,torch.float4_e2m1fn_x2,bf16,0,0,ck,1,0,9.5,k,0,0.1,0.1\n"
                      "gfx950,256,3,5,7,True,i8,torch.uint4,0,0,ck,1,0,9.5,k,0,0.1,0.1\n",
                      NULL, NULL));
    check_row(0, 2, "gemm f8e4m3 d=bf16 nt m=16 n=4096 k=1024", 7500);
    check_row(1, 3, "no column says the type of its inputs; --dtype=TYPE does", 7500);
    check_row(2, 5, "2 fields, and the header has 6", 0);
    /* k = 7 bytes and n = 5 of two bytes leave no alignment but an element's. */
    check_row(3, 7, "gemm f8e4m3 d=bf16 nt bias al=0011 m=3 n=5 k=7", 9500);
    check_row(4, 8, "inputs of a type we do not have: torch.float4_e2m1fn_x2", 9500);
    check_row(5, 9, "an output of a type we do not have: torch.uint4", 9500);
    assert_int_equal(rows.n, 6);
    assert_ok(read_as("aiter", "M,N,K\n16,4096,1024\n", "int8", NULL));
    check_row(0, 2, "gemm i8 d=bf16 nt m=16 n=4096 k=1024", 0);
    assert_ok(read_as("aiter", "gfx,M,N,K,B\ngfx942,16,4096,1024,8\n", "fp8", NULL));
    check_row(0, 2, "gemm f8e4m3fnuz d=bf16 nt m=16 n=4096 k=1024 batch=8", 0);
}

static void no_tables(void **state)
{
    (void)state;
    assert_fails(read_as("aiter", "", NULL, NULL), STATUS_BAD_DATA, "file: an empty table");
    assert_fails(read_as("aiter", "a,b\n1,2\n", NULL, NULL), STATUS_BAD_DATA,
                 "file:1: no header with columns M, N and K");
    assert_fails(read_as("aiter", "M,N,K,us,us\n", NULL, NULL), STATUS_BAD_DATA,
                 "file:1: column us stands there twice");
    assert_fails(read_as("aiter", "M,N,K\n1,\"2,3\n", NULL, NULL), STATUS_BAD_DATA,
                 "file:2: a quote that does not end");
    assert_fails(read_as("aiter", "M,N,K\n1,2\"3\n", NULL, NULL), STATUS_BAD_DATA,
                 "file:2: a quote inside a field that is not quoted");
    assert_fails(read_as("aiter", "M,N,K\n1,\"2\"3\n", NULL, NULL), STATUS_BAD_DATA,
                 "file:2: text behind a closing quote");
    assert_fails(read_as("aiter", "M,N,K\n1,2\r3\n", NULL, NULL), STATUS_BAD_DATA,
                 "file:2: a carriage return inside a row");
    assert_fails(read_as("tunableop", "", NULL, NULL), STATUS_BAD_DATA, "file: an empty file");
    assert_fails(read_as("tunableop", "a,b\n", NULL, NULL), STATUS_BAD_DATA,
                 "file:1: neither a Validator nor an operator of TunableOp");
    assert_fails(read_as("hipblaslt-log", "nothing\n", NULL, NULL), STATUS_BAD_DATA,
                 "file: no hipblaslt-bench command; HIPBLASLT_LOG_MASK=32 logs them");
    assert_fails(read_as("t4", "{}", NULL, NULL), STATUS_BAD_DATA,
                 "file: neither a Kernel Tuner cache (no member 'cache') nor T4 results (no 'results')");
}

/* Quotes that are doubled, line breaks inside of them, empty fields, no line break at the end, a byte order
 * mark. */
static void values(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf\"a \"\"b\"\"\",,\"c\nd\"\r\n\n\"\",x";
    struct csv csv;
    bool more;
    assert_ok(csv_begin("file", text, strlen(text), &csv));
    assert_ok(csv_next(&csv, &more));
    assert_true(more && csv.n == 3 && csv.line == 1);
    assert_string_equal(csv.fields[0], "a \"b\"");
    assert_string_equal(csv.fields[1], "");
    assert_string_equal(csv.fields[2], "c\nd");
    assert_ok(csv_next(&csv, &more));
    assert_true(more && csv.n == 2 && csv.line == 4);
    assert_string_equal(csv.fields[1], "x");
    assert_ok(csv_next(&csv, &more));
    assert_false(more);
    csv_end(&csv);
    assert_fails(csv_begin("file", "a\0b", 3, &csv), STATUS_BAD_DATA, "file: a NUL byte: no text");
    csv_end(&csv);
}

/* --- column-major --- */

static double at(const double *matrix, char letter, int64_t ld, int64_t row, int64_t column,
                 bool column_major)
{
    if (letter == 't') {
        int64_t swapped = row;
        row = column, column = swapped;
    }
    return column_major ? matrix[column * ld + row] : matrix[row * ld + column];
}

/* The same buffers, once as BLAS computes on them and once as ours says: the same bytes come out. */
static void columns_and_rows(void **state)
{
    (void)state;
    for (int layout = 0; layout < 4; layout++) {
        struct foreign_product blas = {.a_letter = layout & 1 ? 't' : 'n',
                                       .b_letter = layout & 2 ? 't' : 'n',
                                       .m = 4,
                                       .n = 3,
                                       .k = 5,
                                       .batch = 1,
                                       .ldd = 6};
        double a[64], b[64], theirs[32] = {0}, mine[32] = {0};
        blas.lda = (blas.a_letter == 'n' ? blas.m : blas.k) + 1;
        blas.ldb = (blas.b_letter == 'n' ? blas.k : blas.n) + 2;
        for (int i = 0; i < 64; i++) a[i] = i % 7 - 3, b[i] = i % 5 - 2;
        for (int64_t i = 0; i < blas.m; i++)
            for (int64_t j = 0; j < blas.n; j++)
                for (int64_t p = 0; p < blas.k; p++)
                    theirs[j * blas.ldd + i] += at(a, blas.a_letter, blas.lda, i, p, true) *
                                                at(b, blas.b_letter, blas.ldb, p, j, true);
        struct foreign_product ours = foreign_product_of_blas(&blas);
        for (int64_t i = 0; i < ours.m; i++)
            for (int64_t j = 0; j < ours.n; j++)
                for (int64_t p = 0; p < ours.k; p++) /* our A is their B */
                    mine[i * ours.ldd + j] += at(b, ours.a_letter, ours.lda, i, p, false) *
                                              at(a, ours.b_letter, ours.ldb, p, j, false);
        assert_memory_equal(theirs, mine, sizeof mine);
    }
}

/* --- TunableOp --- */

static void tunableop(void **state)
{
    (void)state;
    assert_ok(
        read_as("tunableop",
                "Validator,PT_VERSION,2.9.0\nValidator,GCN_ARCH_NAME,gfx942:sramecc+:xnack-\n"
                "GemmTunableOp_BFloat16_TN,tn_4096_16_4096_ld_4096_4096_4096,Gemm_Hipblaslt_123,0.0123\n"
                "GemmTunableOp_float_NT,nt_25088_4096_64,Gemm_Rocblas_1219,1.262\n"
                "GemmStridedBatchedTunableOp_Half_NN,nn_128_64_32_B_8_ld_128_32_128,Default,0.01\n"
                "GemmAndBiasTunableOp_Half_TN,tn_130_64_33_ld_33_33_130,Gemm_Hipblaslt_7,0.02\n"
                "ScaledGemmTunableOp_Float8_e4m3fnuz_Float8_e4m3fnuz_BFloat16_TN,"
                "tn_64_12288_2048_ld_2048_2048_64_rw_1_bias_None\n"
                "ScaledGemmTunableOp_Float8_e4m3fn_Float8_e5m2_BFloat16_TN,"
                "tn_64_12288_2048_ld_2048_2048_64_rw_0_bias_BFloat16,Gemm_Hipblaslt_9,0.00001\n"
                "GemmTunableOp_c10::complex<float>_NN,nn_4_4_4_ld_4_4_4,Default,0.1\n"
                "GemmTunableOp_Half_NN,nn_4_4_4_ld_4_4,Default,0.1\n"
                "GemmTunableOp_Half_NN\n",
                NULL, NULL));
    check_row(0, 3, "gemm bf16 nt m=16 n=4096 k=4096", 12300);
    assert_string_equal(rows.items[0].by, "Gemm_Hipblaslt_123");
    assert_string_equal(rows.items[0].target, "gfx942");
    check_findings(0, "");
    check_row(1, 4, "gemm f32 tn m=4096 n=25088 k=64", 1262000);
    check_row(2, 5, "gemm f16 nn m=64 n=128 k=32 batch=8", 10000);
    check_row(3, 6, "gemm f16 nt bias al=1122 m=64 n=130 k=33", 20000);
    check_row(4, 7, "gemm f8e4m3fnuz d=bf16 nt m=12288 n=64 k=2048", 0);
    check_row(5, 8, "gemm f8e5m2 b=f8e4m3 d=bf16 nt bias m=12288 n=64 k=2048", 10);
    check_findings(5, "near-bandwidth launch"); /* no f8e5m2 among that part's peaks */
    check_row(6, 9, "an operator, or types, that we do not have: GemmTunableOp_c10::complex<float>_NN",
              100000);
    check_row(7, 10, "parameters that are no product's: nn_4_4_4_ld_4_4", 100000);
    check_row(8, 11, "no operator and parameters", 0);
    assert_int_equal(rows.n, 9);
}

/* --- hipBLASLt --- */

static void hipblaslt(void **state)
{
    (void)state;
    assert_ok(read_as(
        "hipblaslt-log",
        "[HIPBLASLT] something else\n"
        "hipblaslt-bench --api_method c -m 4096 -n 16 -k 4096 --lda 4096 --ldb 4096 --ldc 4096 --ldd 4096 "
        "--stride_a 0 --alpha 1.000000 --beta 0.000000 --transA T --transB N --batch_count 1 --scaleA 0 "
        "--a_type bf16_r --b_type bf16_r --c_type bf16_r --d_type bf16_r --scale_type f32_r --bias_type "
        "f32_r "
        "--compute_type f32_r --algo_method index --solution_index 218160 --activation_type none\n"
        "[3] hipblaslt-bench -m 8 -n 24 -k 40 --transA N --transB T --precision f16_r --bias_vector "
        "--activation_type swish --compute_type c_f32_r --alpha -1.0\r\n"
        "hipblaslt-bench -m 8 -n 24 -k 40 --a_type f8_fnuz_r --b_type bf8_r --d_type f16_r --batch_count 4\n"
        "hipblaslt-bench -m 8 -n 24\n"
        "hipblaslt-bench -m 8 -n 24 -k 1 --a_type f6_r\n"
        "hipblaslt-bench -m 8 -n 24 -k 1 --transA C\n"
        "hipblaslt-bench -m 8 -n 24 -k 1 --grouped_gemm\n"
        "hipblaslt-bench -m 8 -n 24 -k 1 --grouped_gemm 0 --gradient\n"
        "hipblaslt-bench -m 8 -n 24 -k x",
        NULL, NULL));
    check_row(0, 2, "gemm bf16 nt m=16 n=4096 k=4096", 0);
    assert_string_equal(rows.items[0].by, "hipblaslt 218160");
    check_row(1, 3, "gemm f16 tn bias+silu m=24 n=8 k=40", 0);
    check_row(2, 4, "gemm f8e5m2 b=f8e4m3fnuz d=f16 nn al=3344 m=24 n=8 k=40 batch=4", 0);
    check_row(3, 5, "a command without -m, -n and -k", 0);
    check_row(4, 6, "a type we do not have", 0);
    check_row(5, 7, "a transposition that is neither N nor T", 0);
    check_row(6, 8, "grouped products are no problem of ours", 0);
    check_row(7, 9, "gradients or auxiliary outputs are no problem of ours", 0);
    check_row(8, 10, "a size that is none", 0);
    assert_int_equal(rows.n, 9);
}

/* --- recordings of spaces --- */

static const char cache[] =
    "{\"device_name\": \"gfx942:304:5300\", \"kernel_name\": \"mine\", \"problem_size\": 100,\n"
    "\"tune_params_keys\": [\"x\"], \"tune_params\": {\"x\": [1, 2, 4]}, \"cache\": {\n"
    "\"1\": {\"x\": 1, \"time\": 0.03},\n\"2\": {\"x\": 2, \"time\": 0.02},\n"
    "\"4\": {\"x\": 4, \"time\": \"RuntimeFailedConfig\"}}}";

static void recordings(void **state)
{
    (void)state;
    assert_ok(read_as("kerneltuner", cache, NULL, "gemm bf16 nt m=64 n=4096 k=4096"));
    assert_int_equal(rows.n, 2);
    check_row(0, 0, "gemm bf16 nt m=64 n=4096 k=4096", 30000);
    check_row(1, 0, "gemm bf16 nt m=64 n=4096 k=4096", 20000);
    assert_string_equal(rows.items[1].by, "x=2");
    assert_int_equal(rows.items[1].units, 304);
    check_findings(1, "");
    assert_ok(read_as("kerneltuner", cache, NULL, "gemm bf16 nt m=8192 n=8192 k=8192"));
    check_findings(1, "peak near-bandwidth");
    assert_ok(read_as("t4", cache, NULL, NULL));
    check_row(0, 0, "mine took 20 us; --problem=PROBLEM says what it computes", 20000);
    check_findings(0, "row");
}

static void formats(void **state)
{
    (void)state;
    size_t n;
    const struct foreign_format *table = foreign_formats(&n);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++) assert_ptr_equal(foreign_find(table[i].name), &table[i]);
    assert_null(foreign_find("csv"));
}

/* --- tables that others have published --- */

static void check_published(const char *path, size_t expected)
{
    struct text bytes = {0};
    size_t n_errors = 0;
    assert_ok(file_read(path, 1 << 20, &bytes));
    assert_ok(read_as("aiter", text_string(&bytes), NULL, NULL));
    assert_int_equal(rows.n, expected);
    for (size_t i = 0; i < rows.n; i++) {
        struct physics physics;
        struct text found = {0};
        assert_non_null(rows.items[i].problem.op);
        assert_true(physics_of_target(rows.items[i].target, rows.items[i].units, &physics));
        assert_true(foreign_lint(&rows.items[i], &physics, collect, &found));
        if (found.size) printf("%s:%zu: %s\n", path, rows.items[i].line, found.data);
        n_errors += found.size > 0;
        text_free(&found);
    }
    /* Read and computed by hand, too: these two hold no row that could not be. */
    assert_int_equal(n_errors, 0);
    /* The same rows in a hundredth of the time are impossible, every one. */
    for (size_t i = 0; i < rows.n; i++) {
        struct text found = {0};
        rows.items[i].ns /= 100;
        foreign_lint(&rows.items[i], NULL, collect, &found);
        assert_non_null(strstr(text_string(&found), "rate"));
        text_free(&found);
    }
    text_free(&bytes);
}

static void published(void **state)
{
    (void)state;
    static const char folder[] = "../shared/reference/measured";
    if (access(folder, R_OK) != 0) skip();
    check_published("../shared/reference/measured/aiter_gfx942_304_fp8_blockscale_ds_v3.csv", 295);
    check_published("../shared/reference/measured/aiter_gfx950_bf16_llama70B.csv", 158);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aiter),     cmocka_unit_test(aiter_columns),    cmocka_unit_test(no_tables),
        cmocka_unit_test(values),    cmocka_unit_test(columns_and_rows), cmocka_unit_test(tunableop),
        cmocka_unit_test(hipblaslt), cmocka_unit_test(recordings),       cmocka_unit_test(formats),
        cmocka_unit_test(published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
