/* Attention problems: their text and back, keys, completed sizes, what is refused, work and operands. */
#include "tests/base/check.h"

#include <math.h>
#include "templates/attention/attention.h"
#include "templates/attention/attention_args.h"
#include "tuner/launch/problem_key.h"

static struct problem parse(const char *text)
{
    struct problem problem;
    assert_ok(problem_parse(text, &problem));
    return problem;
}

/* ---- text ---- */

/* What is printed: canonical words and sizes, defaults left out; and it reads as the same problem. */
static void test_text(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"attention bf16 d=128 q_heads=32 q_len=512", "attention bf16 d=128 q_heads=32 q_len=512"},
        {"attention q_len=512 causal kv_heads=8 q_heads=32 d=128 bf16",
         "attention bf16 causal d=128 q_heads=32 kv_heads=8 q_len=512"},
        {"attention f16 full dv=128 d=128 q_heads=4 kv_heads=4 page=0 window=0 batch=1 q_len=7 kv_len=7",
         "attention f16 d=128 q_heads=4 q_len=7"},
        {"attention bf16 kv=f8e4m3 o=f32 causal varlen softcap sinks lse d=192 dv=128 q_heads=16 page=64 "
         "batch=8 q_len=1 kv_len=4096",
         "attention bf16 kv=f8e4m3 o=f32 causal varlen softcap sinks lse d=192 dv=128 q_heads=16 page=64 "
         "batch=8 q_len=1 kv_len=4096"},
        {"attention lse=1 varlen=0 mask=band q=f16 kv_type=f8e5m2 o_type=f16 window=5 d=64 q_heads=2 q_len=9",
         "attention f16 kv=f8e5m2 band lse d=64 q_heads=2 window=5 q_len=9"},
        {"attention f32 sliding window=128 d=8 q_heads=1 q_len=1",
         "attention f32 sliding d=8 q_heads=1 window=128 q_len=1"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char text[PROBLEM_TEXT_BYTES];
        struct problem problem = parse(cases[i][0]), again;
        problem_print(&problem, text);
        assert_string_equal(text, cases[i][1]);
        again = parse(text);
        assert_memory_equal(&problem, &again, sizeof problem);
    }
}

static void test_completed(void **state)
{
    (void)state;
    struct problem problem = parse("attention bf16 d=64 q_heads=12 q_len=33");
    const int64_t *value = problem.value;
    assert_int_equal(value[ATTENTION_DV], 64);
    assert_int_equal(value[ATTENTION_KV_HEADS], 12);
    assert_int_equal(value[ATTENTION_KV_LEN], 33);
    assert_int_equal(value[ATTENTION_BATCH], 1);
    assert_int_equal(value[ATTENTION_PAGE], 0);
    assert_int_equal(value[ATTENTION_MASK], ATTENTION_FULL);
    problem = parse("attention bf16 d=64 dv=32 q_heads=12 kv_heads=3 q_len=33 kv_len=5");
    assert_int_equal(problem.value[ATTENTION_DV], 32);
    assert_int_equal(problem.value[ATTENTION_KV_HEADS], 3);
    assert_int_equal(problem.value[ATTENTION_KV_LEN], 5);
}

/* ---- keys ---- */

static void test_key(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"attention bf16 causal d=128 q_heads=32 kv_heads=8 batch=4 q_len=512", "gfx942:304:5300",
         "attention/q=bf16,kv=bf16,o=bf16/causal/d=128,dv=128/plain@gfx942:304:5300/q_heads=0000000032,"
         "kv_heads=0000000008,page=0000000000,window=0000000000,b=0000000004,q_len=0000000512/"
         "kv_len=0000000512"},
        {"attention bf16 kv=f8e4m3 sliding varlen lse d=192 dv=128 q_heads=8 page=16 window=99 q_len=1 "
         "kv_len=131072",
         "sm_90a:132:3352",
         "attention/q=bf16,kv=f8e4m3,o=bf16/sliding/d=192,dv=128/varlen,lse@sm_90a:132:3352/"
         "q_heads=0000000008,kv_heads=0000000008,page=0000000016,window=0000000099,b=0000000001,"
         "q_len=0000000001/kv_len=0000131072"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char key[KEY_BYTES_MAX + 1];
        struct problem problem = parse(cases[i][0]);
        assert_ok(problem_key(&problem, cases[i][1], key));
        assert_string_equal(key, cases[i][2]);
    }
}

/* Whatever is not a size in the key tells keys apart; and nothing is lost in one. */
static void test_keys_differ(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "attention bf16 d=128 q_heads=8 q_len=64",
        "attention f16 d=128 q_heads=8 q_len=64",
        "attention bf16 kv=f8e4m3 d=128 q_heads=8 q_len=64",
        "attention bf16 kv=f8e5m2 d=128 q_heads=8 q_len=64",
        "attention bf16 o=f32 d=128 q_heads=8 q_len=64",
        "attention bf16 causal d=128 q_heads=8 q_len=64",
        "attention bf16 band d=128 q_heads=8 window=9 q_len=64",
        "attention bf16 sliding d=128 q_heads=8 window=9 q_len=64",
        "attention bf16 sliding d=128 q_heads=8 window=8 q_len=64",
        "attention bf16 varlen d=128 q_heads=8 q_len=64",
        "attention bf16 softcap d=128 q_heads=8 q_len=64",
        "attention bf16 sinks d=128 q_heads=8 q_len=64",
        "attention bf16 lse d=128 q_heads=8 q_len=64",
        "attention bf16 sinks lse d=128 q_heads=8 q_len=64",
        "attention bf16 d=64 q_heads=8 q_len=64",
        "attention bf16 d=128 dv=64 q_heads=8 q_len=64",
        "attention bf16 d=64 dv=128 q_heads=8 q_len=64",
        "attention bf16 d=128 q_heads=16 kv_heads=8 q_len=64",
        "attention bf16 d=128 q_heads=8 kv_heads=4 q_len=64",
        "attention bf16 d=128 q_heads=8 page=16 q_len=64",
        "attention bf16 d=128 q_heads=8 page=32 q_len=64",
        "attention bf16 d=128 q_heads=8 batch=2 q_len=64",
        "attention bf16 d=128 q_heads=8 q_len=65",
        "attention bf16 d=128 q_heads=8 q_len=64 kv_len=65",
    };
    char keys[N_OF(texts)][KEY_BYTES_MAX + 1];
    for (size_t i = 0; i < N_OF(texts); i++) {
        struct problem problem = parse(texts[i]);
        assert_ok(problem_key(&problem, "gfx942:304:5300", keys[i]));
        for (size_t j = 0; j < i; j++) assert_string_not_equal(keys[i], keys[j]);
    }
}

/* ---- what is refused ---- */

static void test_errors(void **state)
{
    (void)state;
#define USUAL "attention bf16 d=64 q_heads=8 q_len=64"
    static const char *const cases[][2] = {
        {"attention d=64 q_heads=8 q_len=64", "attention: q_type is missing; write a type such as bf16"},
        {"attention bf16 q_heads=8 q_len=64", "attention: d is missing; write d=VALUE"},
        {"attention bf16 d=64 q_len=64", "attention: q_heads is missing; write q_heads=VALUE"},
        {"attention bf16 d=64 q_heads=8", "attention: q_len is missing; write q_len=VALUE"},
        {"attentoin bf16", "problem: unknown op 'attentoin'; did you mean 'attention'?"},
        {USUAL " casual", "attention: unknown word 'casual'; did you mean 'causal'?"},
        {USUAL " sink", "attention: unknown word 'sink'; did you mean 'sinks'?"},
        {USUAL " soft_cap", "attention: unknown word 'soft_cap'; did you mean 'softcap'?"},
        {USUAL " kv_head=2", "attention: unknown field 'kv_head'; did you mean 'kv_heads'?"},
        {USUAL " kvlen=2", "attention: unknown field 'kvlen'; did you mean 'kv_len'?"},
        {USUAL " window", "attention: 'window' needs a value: write window=VALUE"},
        {USUAL " mask=casual",
         "attention: mask='casual' is unknown; it is one of full, causal, sliding, band"},
        {USUAL " causal full", "attention: 'full' sets what an earlier word has set already"},
        {USUAL " lse=2", "attention: lse=2 is out of range; it lies in 0..1"},
        {USUAL " kv_len=0", "attention: kv_len=0 is out of range; it lies in 1..2147482624"},
        {USUAL " batch=0", "attention: batch=0 is out of range; it lies in 1..2147483647"},
        {"attention bf16 d=64 q_heads=8 q_len=0",
         "attention: q_len=0 is out of range; it lies in 1..2147482624"},
        {"attention bf16 d=64 q_heads=0 q_len=9",
         "attention: q_heads=0 is out of range; it lies in 1..1048576"},
        {"attention bf16 d=520 q_heads=8 q_len=64", "attention: d=520 is out of range; it lies in 1..512"},
        {"attention bf16 d=64 dv=0 q_heads=8 q_len=64", "attention: dv=0 is out of range; it lies in 1..512"},
        {"attention f64 d=64 q_heads=8 q_len=64", "attention: q_type=f64; queries are f32, f16 or bf16"},
        {"attention f8e4m3 d=64 q_heads=8 q_len=64",
         "attention: q_type=f8e4m3; queries are f32, f16 or bf16"},
        {"attention bf16 kv=f16 d=64 q_heads=8 q_len=64",
         "attention: kv_type=f16 with q_type=bf16; keys and values have the queries' type, f8e4m3, "
         "f8e4m3fnuz or f8e5m2"},
        {"attention bf16 o=i8 d=64 q_heads=8 q_len=64", "attention: o_type=i8; outputs are f32, f16 or bf16"},
        {"attention bf16 d=65 q_heads=8 q_len=64",
         "attention: d=65 is no multiple of 8; heads of bf16 are, up to 512"},
        {"attention bf16 d=64 dv=4 q_heads=8 q_len=64",
         "attention: dv=4 is no multiple of 8; heads of bf16 are, up to 512"},
        {"attention bf16 kv=f8e5m2 d=72 q_heads=8 q_len=64",
         "attention: d=72 is no multiple of 16; heads of f8e5m2 are, up to 512"},
        {USUAL " kv_heads=3", "attention: q_heads=8 is no multiple of kv_heads=3"},
        {USUAL " kv_heads=16", "attention: q_heads=8 is no multiple of kv_heads=16"},
        {USUAL " page=8", "attention: page=8; pages have 16, 32, 64, 128 or 256 tokens, 0 is none"},
        {USUAL " page=48", "attention: page=48; pages have 16, 32, 64, 128 or 256 tokens, 0 is none"},
        {USUAL " page=512", "attention: page=512 is out of range; it lies in 0..256"},
        {USUAL " sliding", "attention: mask sliding needs window=KEYS, 1 or more"},
        {USUAL " band window=0", "attention: mask band needs window=KEYS, 1 or more"},
        {USUAL " window=7", "attention: window=7, but the mask is full; write sliding or band"},
        {USUAL " causal window=7", "attention: window=7, but the mask is causal; write sliding or band"},
        {"attention bf16 d=64 q_heads=1024 batch=1024 q_len=2048",
         "attention: batch * q_len * q_heads exceeds 2^31 - 1024 rows"},
        {"attention bf16 d=64 q_heads=1048576 batch=2147483647 q_len=2147482624",
         "attention: batch * q_len * q_heads exceeds 2^31 - 1024 rows"},
        {"attention bf16 d=64 q_heads=1 page=16 batch=16 q_len=1 kv_len=2147482624",
         "attention: batch * kv_len exceeds 2^30 pages"},
        {"attention bf16 d=64 q_heads=1024 batch=1048576 q_len=1 kv_len=2147482624",
         "attention: batch * kv_len * kv_heads exceeds 2^62 bytes"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem problem;
        assert_fails(problem_parse(cases[i][0], &problem), STATUS_USAGE, cases[i][1]);
    }
}

/* ---- work ---- */

/* Pairs of a query and a key by the definition of attention_args.h, a causal square's diagonal as half. */
static double counted_pairs(const struct problem *problem)
{
    const int64_t *value = problem->value;
    double sum = 0;
    for (int64_t b = 0; b < value[ATTENTION_BATCH]; b++) {
        struct attention_length length = attention_length(problem, b);
        for (int64_t t = 0; t < length.q; t++)
            for (int64_t j = 0; j < length.kv; j++) {
                int64_t p = t + length.kv - length.q, window = value[ATTENTION_WINDOW];
                switch (value[ATTENTION_MASK]) {
                case ATTENTION_FULL: sum += 1; break;
                case ATTENTION_CAUSAL: sum += j < p ? 1 : j == p ? 0.5 : 0; break;
                case ATTENTION_SLIDING: sum += p - window < j && j <= p; break;
                default: sum += llabs((long long)(p - j)) < window;
                }
            }
    }
    return sum;
}

static void test_pairs(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "attention bf16 d=64 q_heads=2 batch=3 q_len=17 kv_len=29",
        "attention bf16 causal d=64 q_heads=2 q_len=64",
        "attention bf16 causal d=64 q_heads=2 batch=2 q_len=17 kv_len=29",
        "attention bf16 causal d=64 q_heads=2 q_len=29 kv_len=17",
        "attention bf16 causal d=64 q_heads=2 q_len=1 kv_len=90",
        "attention bf16 sliding d=64 q_heads=2 window=1 q_len=20",
        "attention bf16 sliding d=64 q_heads=2 window=7 q_len=20 kv_len=33",
        "attention bf16 sliding d=64 q_heads=2 window=7 q_len=33 kv_len=20",
        "attention bf16 sliding d=64 q_heads=2 window=100 q_len=20 kv_len=33",
        "attention bf16 band d=64 q_heads=2 window=1 q_len=20",
        "attention bf16 band d=64 q_heads=2 window=7 q_len=20 kv_len=33",
        "attention bf16 band d=64 q_heads=2 window=7 q_len=33 kv_len=20",
        "attention bf16 band d=64 q_heads=2 window=25 q_len=33 kv_len=20",
        "attention bf16 band d=64 q_heads=2 window=4 q_len=33 kv_len=2",
        "attention bf16 band d=64 q_heads=2 window=100 q_len=20 kv_len=33",
        "attention bf16 varlen d=64 q_heads=2 batch=9 q_len=20 kv_len=33",
        "attention bf16 causal varlen d=64 q_heads=2 batch=9 q_len=20 kv_len=33",
        "attention bf16 sliding varlen d=64 q_heads=2 window=6 batch=9 q_len=20 kv_len=33",
        "attention bf16 band varlen d=64 q_heads=2 window=6 batch=9 q_len=20 kv_len=33",
    };
    for (size_t i = 0; i < N_OF(texts); i++) {
        struct problem problem = parse(texts[i]);
        double pairs = attention_pairs(&problem), counted = counted_pairs(&problem);
        if (pairs != counted) fail_msg("%s: %g pairs, counted are %g", texts[i], pairs, counted);
        struct op_work work;
        problem.op->work(&problem, &work);
        assert_true(work.flops == 2 * (64 + 64) * counted * 2);
    }
}

static void assert_bytes(const char *text, double bytes)
{
    struct problem problem = parse(text);
    struct op_work work;
    problem.op->work(&problem, &work);
    if (work.bytes != bytes) fail_msg("%s: %.0f bytes, expected %.0f", text, work.bytes, bytes);
}

/* Queries and outputs of all heads once, visible keys and values of the fewer heads once. */
static void test_bytes(void **state)
{
    (void)state;
    assert_bytes("attention bf16 causal d=128 q_heads=32 kv_heads=8 batch=4 q_len=512",
                 4 * 512 * (32 * (128 + 128) * 2.0 + 8 * (128 + 128) * 2.0));
    assert_bytes("attention bf16 d=128 q_heads=32 kv_heads=8 batch=3 q_len=1 kv_len=4096 page=16",
                 3 * (32 * 256 * 2.0 + 4096 * 8 * 256 * 2.0));
    assert_bytes("attention bf16 kv=f8e4m3 o=f32 lse d=192 dv=128 q_heads=4 q_len=10 kv_len=100",
                 10 * 4 * (192 * 2 + 128 * 4 + 4.0) + 100 * 4 * (192 + 128) * 1.0);
    /* one query sees 64 keys, whatever there are; ten queries 73 */
    assert_bytes("attention f32 sliding d=64 q_heads=4 window=64 q_len=1 kv_len=9999",
                 4 * 128 * 4.0 + 64 * 4 * 128 * 4.0);
    assert_bytes("attention f32 sliding d=64 q_heads=4 window=64 q_len=10 kv_len=9999",
                 10 * 4 * 128 * 4.0 + 73 * 4 * 128 * 4.0);
    assert_bytes("attention f32 sliding d=64 q_heads=4 window=64 q_len=10 kv_len=20",
                 10 * 4 * 128 * 4.0 + 20 * 4 * 128 * 4.0);
}

/* ---- operands ---- */

static void test_operands(void **state)
{
    (void)state;
    static const struct {
        const char *text, *unused;
    } cases[] = {
        {"attention bf16 d=64 q_heads=4 q_len=9",
         "lse q_offsets kv_offsets block_table sinks k_scale v_scale "},
        {"attention bf16 lse sinks d=64 q_heads=4 q_len=9",
         "q_offsets kv_offsets block_table k_scale v_scale "},
        {"attention bf16 varlen d=64 q_heads=4 q_len=9", "lse kv_lengths block_table sinks k_scale v_scale "},
        {"attention bf16 kv=f8e5m2 page=16 d=64 q_heads=4 q_len=9", "lse q_offsets kv_offsets sinks "},
        {"attention bf16 varlen page=16 d=64 q_heads=4 q_len=9", "lse kv_offsets sinks k_scale v_scale "},
    };
    static char memory[OP_OPERANDS_MAX];
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem problem = parse(cases[i].text);
        struct operand operands[OP_OPERANDS_MAX];
        struct attention_args args;
        void *pointers[OP_OPERANDS_MAX];
        char unused[256] = "";
        unsigned n = problem.op->operands(&problem, operands);
        assert_int_equal(n, ATTENTION_OPERANDS);
        for (unsigned o = 0; o < n; o++) pointers[o] = &memory[o];
        problem.op->bind(&problem, pointers, NULL, &args);
        for (unsigned o = 0; o < n; o++) {
            void *bound;
            assert_string_equal(operands[o].name, problem.op->operand_names[o]);
            memcpy(&bound, (const char *)&args + operands[o].pointer_offset, sizeof bound);
            assert_true(bound == NULL || bound == pointers[o]);
            if (bound) continue;
            assert_true(operands[o].rows == 1 && operands[o].columns == 1);
            strcat(strcat(unused, operands[o].name), " ");
        }
        assert_string_equal(unused, cases[i].unused);
    }
}

/* The block says what the operands do. */
static void test_block(void **state)
{
    (void)state;
    struct problem problem =
        parse("attention bf16 sliding softcap d=192 dv=128 q_heads=8 kv_heads=2 page=32 window=50 batch=3 "
              "q_len=5 kv_len=70");
    struct operand o[OP_OPERANDS_MAX];
    struct attention_args args;
    void *pointers[OP_OPERANDS_MAX] = {0};
    problem.op->operands(&problem, o);
    problem.op->bind(&problem, pointers, NULL, &args);
    assert_true(args.batch == 3 && args.q_heads == 8 && args.kv_heads == 2 && args.q_len == 5);
    assert_true(args.kv_len == 70 && args.page == 32 && args.window == 50 && args.table_stride == 3);
    assert_true(args.q_stride_head == 192 && args.q_stride_token == 8 * 192 &&
                args.q_stride_batch == 5 * 8 * 192);
    assert_true(args.k_stride_head == 192 && args.k_stride_token == 2 * 192 &&
                args.k_stride_batch == 32 * 2 * 192);
    assert_true(args.v_stride_head == 128 && args.v_stride_token == 2 * 128 &&
                args.v_stride_batch == 32 * 2 * 128);
    assert_true(args.o_stride_head == 128 && args.o_stride_token == 8 * 128 &&
                args.o_stride_batch == 5 * 8 * 128);
    assert_true(args.scale == (float)(1 / sqrt(192.0)) && args.softcap > 0);
    assert_int_equal(o[ATTENTION_OPERAND_K].rows, 32);
    assert_true(o[ATTENTION_OPERAND_K].batch >= 3 * 3); /* pages of three sequences, and spare ones */
    assert_int_equal(o[ATTENTION_OPERAND_TABLE].rows, 3);
    assert_int_equal(o[ATTENTION_OPERAND_TABLE].columns, 3);
    /* A cache is read cold, keys that this very pass has made are not. */
    assert_int_equal(o[ATTENTION_OPERAND_V].role, OPERAND_WEIGHT);
    problem = parse("attention bf16 causal d=64 q_heads=8 q_len=70");
    problem.op->operands(&problem, o);
    assert_int_equal(o[ATTENTION_OPERAND_K].role, OPERAND_ACTIVATION);
}

/* Lengths stay within their bounds, and among few sequences are the odd ones. */
static void test_lengths(void **state)
{
    (void)state;
    struct problem problem =
        parse("attention bf16 causal varlen d=64 q_heads=8 batch=300 q_len=40 kv_len=90");
    int64_t q_tokens = 0, kv_tokens = 0, longer = 0;
    for (int64_t b = 0; b < 300; b++) {
        struct attention_length length = attention_length(&problem, b);
        assert_true(length.q >= 0 && length.q <= 40 && length.kv >= 0 && length.kv <= 90);
        q_tokens += length.q;
        kv_tokens += length.kv;
        longer += length.q > length.kv;
    }
    assert_int_equal(q_tokens, attention_q_tokens(&problem));
    assert_int_equal(kv_tokens, attention_kv_tokens(&problem));
    assert_int_equal(attention_length(&problem, 0).q, 40);
    assert_int_equal(attention_length(&problem, 0).kv, 90);
    assert_int_equal(attention_length(&problem, 1).q, 1);
    assert_int_equal(attention_length(&problem, 2).q, 0);
    assert_true(longer == 1 && q_tokens > 300 * 15 && q_tokens < 300 * 26);
}

static void test_usual(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool usual;
    } cases[] = {
        {"attention bf16 causal d=128 q_heads=8 q_len=64", true},
        {"attention bf16 causal varlen d=128 q_heads=8 page=16 q_len=64", true},
        {"attention f32 d=64 q_heads=8 q_len=64", true},
        {"attention bf16 causal d=192 dv=128 q_heads=8 q_len=64", true},
        {"attention bf16 lse d=64 q_heads=8 q_len=64", false},
        {"attention bf16 o=f32 d=64 q_heads=8 q_len=64", false},
        {"attention bf16 kv=f8e4m3 d=64 q_heads=8 q_len=64", false},
        {"attention bf16 softcap d=64 q_heads=8 q_len=64", false},
        {"attention bf16 sliding window=9 d=64 q_heads=8 q_len=64", false},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct problem problem = parse(cases[i].text);
        if (problem.op->is_usual(&problem) != cases[i].usual) fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_completed), cmocka_unit_test(test_key),
        cmocka_unit_test(test_keys_differ), cmocka_unit_test(test_errors),    cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_bytes),       cmocka_unit_test(test_operands),  cmocka_unit_test(test_block),
        cmocka_unit_test(test_lengths),     cmocka_unit_test(test_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
