/* Problem texts, keys, operands, arguments and slots. */
#include "tests/base/check.h"

#include "search/expr.h"
#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"
#include "tests/scale.h"
#include "tuner/base/rng.h"

static void test_canonical_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical, *key;
    } cases[] = {
        {"gemm bf16 nt m=16 n=4096 k=4096", "gemm bf16 nt m=16 n=4096 k=4096",
         "gemm/a=bf16,b=bf16,d=bf16,acc=f32/nt/none/al=4444"},
        {"  gemm\tk=3 n=2 m=1 f32 ", "gemm f32 nn m=1 n=2 k=3",
         "gemm/a=f32,b=f32,d=f32,acc=f32/nn/none/al=4444"},
        {"gemm f32 none m=1 n=2 k=3 batch=1", "gemm f32 nn m=1 n=2 k=3", NULL},
        {"gemm d=bf16 f8e4m3 m=1 n=2 k=3", "gemm f8e4m3 d=bf16 nn m=1 n=2 k=3",
         "gemm/a=f8e4m3,b=f8e4m3,d=bf16,acc=f32/nn/none/al=4444"},
        {"gemm a_type=bf16 b_type=bf16 d_type=f32 acc_type=f32 layout=tt act=gelu bias=1 m=1 n=2 k=3",
         "gemm bf16 d=f32 tt bias+gelu m=1 n=2 k=3", "gemm/a=bf16,b=bf16,d=f32,acc=f32/tt/bias+gelu/al=4444"},
        {"gemm f32 bias m=1 n=2 k=3 al=2345", "gemm f32 nn bias al=2345 m=1 n=2 k=3",
         "gemm/a=f32,b=f32,d=f32,acc=f32/nn/bias/al=2345"},
        {"gemm f32 m=1 n=2 k=3 align_b=8 batch=7", "gemm f32 nn al=4844 m=1 n=2 k=3 batch=7", NULL},
        {"gemm f64 m=1 n=2 k=3", "gemm f64 nn m=1 n=2 k=3", "gemm/a=f64,b=f64,d=f64,acc=f64/nn/none/al=4444"},
        {"gemm i8 d=i32 m=1 n=2 k=3", "gemm i8 d=i32 nn m=1 n=2 k=3",
         "gemm/a=i8,b=i8,d=i32,acc=i32/nn/none/al=4444"},
        {"gemm f16 acc=f16 swiglu m=1 n=2 k=3", "gemm f16 acc=f16 nn swiglu m=1 n=2 k=3", NULL},
        {"gemm f32 m=2147483647 n=1 k=1", "gemm f32 nn m=2147483647 n=1 k=1", NULL},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem problem;
        char text[PROBLEM_TEXT_BYTES];
        struct text key = {0};
        assert_ok(problem_parse(cases[i].text, &problem));
        problem_print(&problem, text);
        assert_string_equal(text, cases[i].canonical);
        problem.op->key_head(&problem, &key);
        if (cases[i].key) assert_string_equal(text_string(&key), cases[i].key);
        text_free(&key);
    }
}

/* What a book of defaults holds. */
static void test_usual(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        bool usual;
    } cases[] = {
        {"f32 nn", true},
        {"bf16 nt bias+gelu", true},
        {"f32 nt swiglu", true},
        {"f32 tn", true},
        {"bf16 tt", true},
        {"f32 tt relu", false},
        {"bf16 tn bias", false},
        {"bf16 d=f32 nt bias", true},
        {"bf16 d=f32 nn silu", false},
        {"f32 d=bf16 nn", false},
        {"bf16 d=f32 tn", false},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem problem;
        char text[PROBLEM_TEXT_BYTES];
        snprintf(text, sizeof text, "gemm %s m=2 n=4 k=6", cases[i].words);
        assert_ok(problem_parse(text, &problem));
        assert_int_equal(problem.op->is_usual(&problem), cases[i].usual);
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "problem: empty; write for example 'gemm bf16 nt m=16 n=4096 k=4096'"},
        {"gem f32 m=1 n=1 k=1", "problem: unknown op 'gem'; did you mean 'gemm'?"},
        {"convolution m=1",
         "problem: unknown op 'convolution'; a problem starts with its op, such as 'gemm'"},
        {"gemm m=1 n=1 k=1", "gemm: a_type is missing; write a type such as bf16"},
        {"gemm f32 n=1 k=1", "gemm: m is missing; write m=VALUE"},
        {"gemm f32 m n=1 k=1", "gemm: 'm' needs a value: write m=VALUE"},
        {"gemm f32 m=0 n=1 k=1", "gemm: m=0 is out of range; it lies in 1..2147483647"},
        {"gemm f32 m=-4 n=1 k=1", "gemm: m=-4 is out of range; it lies in 1..2147483647"},
        {"gemm f32 m=2147483648 n=1 k=1", "gemm: m=2147483648 is out of range; it lies in 1..2147483647"},
        {"gemm f32 m=123456789012345678901 n=1 k=1",
         "gemm: m=123456789012345678901 is too large; it lies in 1..2147483647"},
        {"gemm f32 m=1k n=1 k=1", "gemm: m='1k' is not a whole number; it lies in 1..2147483647"},
        {"gemm f32 m= n=1 k=1", "gemm: m='' is not a whole number; it lies in 1..2147483647"},
        {"gemm f32 m=1 m=1 n=1 k=1", "gemm: 'm=1' sets what an earlier word has set already"},
        {"gemm f32 bf16 m=1 n=1 k=1", "gemm: 'bf16' sets what an earlier word has set already"},
        {"gemm f32 bias gelu m=1 n=1 k=1", "gemm: 'gelu' sets what an earlier word has set already"},
        {"gemm f23 m=1 n=1 k=1", "gemm: unknown word 'f23'; did you mean 'f32'?"},
        {"gemm f32 bias+gelo m=1 n=1 k=1", "gemm: unknown word 'bias+gelo'; the fields are: a_type b_type "
                                           "d_type acc_type layout act bias align_a "
                                           "align_b align_c align_d m n k batch"},
        {"gemm f32 btch=2 m=1 n=1 k=1", "gemm: unknown field 'btch'; did you mean 'batch'?"},
        {"gemm f32 a=q m=1 n=1 k=1", "gemm: a_type='q' is unknown; it is one of f64, f32, f16, bf16, f8e4m3, "
                                     "f8e4m3fnuz, f8e5m2, i32, i8"},
        {"gemm f32 layout=xx m=1 n=1 k=1", "gemm: layout='xx' is unknown; it is one of nn, nt, tn, tt"},
        {"gemm f32 bias=2 m=1 n=1 k=1", "gemm: bias=2 is out of range; it lies in 0..1"},
        {"gemm f32 al=449 m=1 n=1 k=1", "gemm: align_c=9 is out of range; it lies in 0..8"},
        {"gemm f32 al=44 m=1 n=1 k=1", "gemm: align_c=-2 is out of range; it lies in 0..8"},
        {"gemm f32 al=1444 m=1 n=1 k=1",
         "gemm: align_a=1 is less than an element of f32 (4 bytes, so at least 2)"},
        {"gemm f32 swiglu m=1 n=3 k=1",
         "gemm: n=3 is odd; swiglu pairs two halves of the columns, so n must be even"},
        {"gemm i8 acc=f32 m=1 n=1 k=1", "gemm: a=i8 b=i8 acc=f32 mixes integers and floats; use one kind"},
        {"gemm f32 m=2147483647 n=1 k=2147483647",
         "gemm: operand a (2147483647 x 2147483647, batch 1) exceeds 2^62 bytes"},
        {"gemm f32 m=65536 n=65536 k=1 batch=2147483647",
         "gemm: operand c (65536 x 65536, batch 2147483647) exceeds 2^62 bytes"},
        {"gemm xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         "problem: the word 'xxxxxxxxxxxxxxxxxxxx...' is too long (at most 63 characters)"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem problem = {.op = NULL};
        enum status status = problem_parse(cases[i].text, &problem);
        if (status != STATUS_USAGE || strcmp(status_message(), cases[i].message) != 0)
            fail_msg("'%s'\nis:     %s\nwanted: %s", cases[i].text,
                     status == STATUS_OK ? "ok" : status_message(), cases[i].message);
        assert_null(problem.op); /* untouched */
    }
}

static struct problem random_problem(struct rng *rng)
{
    static const char *const values[][4] = {{"nn", "nt", "tn", "tt"}};
    static const char *const epilogues[] = {"none", "bias",  "relu",       "bias+gelu",
                                            "silu", "reglu", "bias+geglu", "swiglu"};
    for (;;) {
        char text[PROBLEM_TEXT_BYTES];
        struct problem problem;
        snprintf(text, sizeof text, "gemm a=%s b=%s d=%s %s %s al=%d%d%d%d m=%llu n=%llu k=%llu batch=%llu",
                 dtype_name((enum dtype)rng_below(rng, DTYPE_COUNT)),
                 dtype_name((enum dtype)rng_below(rng, DTYPE_COUNT)),
                 dtype_name((enum dtype)rng_below(rng, DTYPE_COUNT)), values[0][rng_below(rng, 4)],
                 epilogues[rng_below(rng, N_OF(epilogues))], (int)rng_below(rng, 9), (int)rng_below(rng, 9),
                 (int)rng_below(rng, 9), (int)rng_below(rng, 9),
                 1 + rng_next(rng) % (1ull << rng_below(rng, 31)),
                 1 + rng_next(rng) % (1ull << rng_below(rng, 31)),
                 1 + rng_next(rng) % (1ull << rng_below(rng, 31)),
                 1 + rng_next(rng) % (1ull << rng_below(rng, 4)));
        if (problem_parse(text, &problem) == STATUS_OK) return problem;
    }
}

/* What is printed reads back as the same problem, whatever the order of its words. */
static void test_round_trip(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t i = 0; i < test_scaled(2000); i++) {
        struct problem problem = random_problem(&rng), again, shuffled;
        char text[PROBLEM_TEXT_BYTES], *words[32], mixed[PROBLEM_TEXT_BYTES] = "gemm";
        size_t n = 0;
        problem_print(&problem, text);
        assert_ok(problem_parse(text, &again));
        assert_memory_equal(&problem, &again, sizeof problem);
        for (char *word = strtok(text + 5, " "); word; word = strtok(NULL, " ")) words[n++] = word;
        for (; n > 0; n--) {
            size_t pick = rng_below(&rng, n);
            strcat(strcat(mixed, " "), words[pick]);
            words[pick] = words[n - 1];
        }
        assert_ok(problem_parse(mixed, &shuffled));
        assert_memory_equal(&problem, &shuffled, sizeof problem);
    }
}

/* Operands are as aligned as the problem says, overlap nowhere, and the argument block repeats them. */
static void test_operands(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2);
    for (size_t i = 0; i < test_scaled(2000); i++) {
        struct problem p = random_problem(&rng);
        struct operand o[OP_OPERANDS_MAX];
        unsigned n = p.op->operands(&p, o);
        assert_int_equal(n, p.value[GEMM_BIAS] ? 5 : 4);
        for (unsigned j = 0; j < 4; j++) {
            assert_int_equal(o[j].pitch * dtype_bytes(o[j].type) % (1 << p.value[GEMM_ALIGN_A + j]), 0);
            assert_true(o[j].pitch >= o[j].columns);
            assert_true(o[j].batch_stride >= o[j].rows * o[j].pitch);
        }
        void *pointers[OP_OPERANDS_MAX] = {(void *)64, (void *)128, (void *)192, (void *)256, (void *)320};
        struct gemm_args args;
        assert_int_equal(p.op->args_bytes, sizeof args);
        p.op->bind(&p, pointers, (void *)4096, &args);
        for (unsigned j = 0; j < n; j++) {
            void *bound;
            memcpy(&bound, (char *)&args + o[j].pointer_offset, sizeof bound);
            assert_ptr_equal(bound, pointers[j]);
        }
        assert_int_equal(args.lda, o[GEMM_OPERAND_A].pitch);
        assert_int_equal(args.ldb, o[GEMM_OPERAND_B].pitch);
        assert_int_equal(args.stride_d, o[GEMM_OPERAND_D].batch_stride);
        assert_true(args.alpha == 1 && args.beta == 0 && args.workspace == (void *)4096);
        assert_int_equal(args.m, problem_size(&p, "m"));
        if (!p.value[GEMM_BIAS]) assert_null(args.bias);
        assert_int_equal(o[GEMM_OPERAND_D].columns * (gemm_is_glu(&p) ? 2 : 1), p.value[GEMM_N]);
    }
}

static void test_layouts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t a_rows, b_rows;
    } cases[] = {{"gemm f32 nn m=2 n=3 k=5", 2, 5},
                 {"gemm f32 nt m=2 n=3 k=5", 2, 3},
                 {"gemm f32 tn m=2 n=3 k=5", 5, 5},
                 {"gemm f32 tt m=2 n=3 k=5", 5, 3}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem p;
        struct operand o[OP_OPERANDS_MAX];
        assert_ok(problem_parse(cases[i].text, &p));
        p.op->operands(&p, o);
        assert_int_equal(o[GEMM_OPERAND_A].rows, cases[i].a_rows);
        assert_int_equal(o[GEMM_OPERAND_A].columns, 7 - cases[i].a_rows);
        assert_int_equal(o[GEMM_OPERAND_B].rows, cases[i].b_rows);
        assert_int_equal(o[GEMM_OPERAND_B].columns, 8 - cases[i].b_rows);
    }
}

static void test_work(void **state)
{
    (void)state;
    struct problem p;
    struct op_work work;
    assert_ok(problem_parse("gemm bf16 nt m=16 n=4096 k=1024 batch=3", &p));
    p.op->work(&p, &work);
    assert_true(work.flops == 2.0 * 16 * 4096 * 1024 * 3);
    assert_true(work.bytes == 3 * 2.0 * (16 * 1024 + 4096 * 1024 + 16 * 4096));
    assert_ok(problem_parse("gemm f32 bias+swiglu m=16 n=4096 k=1024", &p));
    p.op->work(&p, &work);
    assert_true(work.bytes == 4.0 * (16 * 1024 + 4096 * 1024 + 16 * 2048 + 4096));
}

static void test_slots(void **state)
{
    (void)state;
    struct problem p;
    struct device_facts facts = {{0}};
    int64_t slots[SLOT_COUNT];
    for (int i = 0; i < SLOT_COUNT; i++) slots[i] = -7;
    facts.value[DEVICE_FACT_units] = 8;
    assert_ok(problem_parse("gemm bf16 tn bias+silu m=16 n=64 k=1024", &p));
    problem_slots(&p, &facts, slots);
    assert_int_equal(slots[SLOT_PROBLEM + GEMM_A_TYPE], expr_word("bf16"));
    assert_int_equal(slots[SLOT_PROBLEM + GEMM_ACC_TYPE], expr_word("f32"));
    assert_int_equal(slots[SLOT_PROBLEM + GEMM_LAYOUT], expr_word("tn"));
    assert_int_equal(slots[SLOT_PROBLEM + GEMM_ACT], expr_word("silu"));
    assert_int_equal(slots[SLOT_PROBLEM + GEMM_BIAS], 1);
    assert_int_equal(slots[SLOT_PROBLEM + GEMM_ALIGN_D], 4);
    assert_int_equal(slots[SLOT_PROBLEM + GEMM_K], 1024);
    assert_int_equal(slots[SLOT_DEVICE + DEVICE_FACT_units], 8);
    assert_int_equal(slots[SLOT_PARAMETERS - 1], 0);
    assert_int_equal(slots[SLOT_PARAMETERS], -7);
}

static void test_set(void **state)
{
    (void)state;
    struct problem p;
    char text[PROBLEM_TEXT_BYTES];
    assert_ok(problem_parse("gemm f32 nt m=16 n=64 k=1024", &p));
    assert_ok(problem_set(&p, "m", "32"));
    assert_ok(problem_set(&p, "d", "bf16"));
    assert_ok(problem_set(&p, "al", "2222"));
    assert_fails(problem_set(&p, "mm", "3"), STATUS_USAGE, "gemm: unknown field 'mm'; did you mean 'm'?");
    problem_print(&p, text);
    assert_string_equal(text, "gemm f32 d=bf16 nt al=2222 m=32 n=64 k=1024");
    const char *names[4];
    assert_int_equal(op_names(names, 4), 2);
    assert_string_equal(names[0], "gemm");
    assert_string_equal(names[1], "attention");
    assert_null(op_find("convolution"));
}

/* Heads of keys are words of a text once '/' and ',' are blanks; with the key's sizes it is the problem. */
static void test_keys_read_as_problems(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "gemm bf16 nt bias+gelu al=4422 m=16 n=4096 k=4096 batch=3",
        "attention f32 d=64 q_heads=2 q_len=50",
        ("attention bf16 kv=f8e4m3 sliding varlen softcap sinks lse d=192 dv=128 q_heads=8 page=64 window=9 "
         "q_len=7"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct problem problem, again;
        struct text text = {0};
        assert_ok(problem_parse(texts[i], &problem));
        problem.op->key_head(&problem, &text);
        for (size_t c = 0; c < text.size; c++)
            if (text.data[c] == '/' || text.data[c] == ',') text.data[c] = ' ';
        for (const char *const *name = problem.op->key_sizes; *name; name++)
            text_format(&text, " %s=%lld", *name, (long long)problem_size(&problem, *name));
        assert_ok(problem_parse(text_string(&text), &again));
        assert_memory_equal(again.value, problem.value, sizeof problem.value);
        text_free(&text);
    }
}

static void test_sizes_complete_each_other(void **state)
{
    (void)state;
    struct problem p;
    assert_ok(problem_parse("attention f32 d=64 q_heads=6 q_len=50", &p));
    assert_int_equal(problem_size(&p, "dv"), 64);
    assert_int_equal(problem_size(&p, "kv_heads"), 6);
    assert_int_equal(problem_size(&p, "kv_len"), 50);
    assert_ok(problem_parse("attention f32 dv=32 d=64 kv_len=70 q_heads=6 kv_heads=3 q_len=50", &p));
    assert_int_equal(problem_size(&p, "dv"), 32);
    assert_int_equal(problem_size(&p, "kv_heads"), 3);
    assert_int_equal(problem_size(&p, "kv_len"), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_texts),
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_keys_read_as_problems),
        cmocka_unit_test(test_sizes_complete_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
