/* Attention launched: right results for every flag and way to store things, and arguments refused before
 * anything runs. */
#include "frontends/runtime/arguments.h"
#include "tests/runtime/attention_fixture.h"

static struct fixture fixture;

static const char plain_text[] = "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9";

/* Every flag, alone and with others. */
static const char *const problems[] = {
    "attention f32 d=16 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9",
    plain_text,
    "attention f32 causal lse d=16 q_heads=2 batch=3 q_len=9 kv_len=5",
    "attention f32 causal d=16 dv=24 q_heads=6 kv_heads=2 batch=2 q_len=1 kv_len=70",
    "attention f32 sliding sinks lse d=16 q_heads=4 window=7 batch=2 q_len=20 kv_len=33",
    "attention f32 band softcap d=16 q_heads=4 window=5 batch=2 q_len=20 kv_len=33",
    "attention f32 causal varlen lse d=16 q_heads=4 kv_heads=2 batch=6 q_len=12 kv_len=40",
    "attention f32 causal d=16 q_heads=4 kv_heads=2 page=16 batch=3 q_len=2 kv_len=50",
    "attention f32 causal varlen softcap sinks lse d=16 q_heads=4 kv_heads=2 page=32 batch=6 q_len=12 "
    "kv_len=70",
};
enum { PROBLEMS = sizeof problems / sizeof problems[0] };

static const char splitting_text[] =
    "attention f32 causal d=32 q_heads=7 kv_heads=1 batch=1 q_len=18 kv_len=576";

static int group_setup(void **state)
{
    (void)state;
    fixture_setup(&fixture);
    struct book *book = fixture_book(&fixture, "launch");
    for (int i = 0; i < PROBLEMS; i++)
        attention_put(
            &fixture, book,
            &(struct attention_put){.problem = problems[i], .median_ns = 100, .wants = {"kv_len <= 80"}});
    attention_put(&fixture, book,
                  &(struct attention_put){
                      .problem = "attention f32 causal d=24 q_heads=2 batch=4 q_len=8 kv_len=64",
                      .name = "hungry",
                      .median_ns = 100,
                      /* as splits do: most where rows are few, a jump where it is odd */
                      .workspace_bytes = "batch * q_len < 8 ? 64 * kv_len : q_len % 7 == 3 ? 100000 : 128"});
    attention_put(&fixture, book,
                  &(struct attention_put){
                      .problem = splitting_text,
                      .name = "splitting",
                      .median_ns = 100,
                      .workspace_bytes = "max(1, min(min(16, kv_len / 64), 38 / (ceil_div(q_len * 7, 64) * "
                                         "batch))) * batch * q_len * 112"});
    assert_done(book_close(book));
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    fixture_teardown(&fixture);
    return 0;
}

static tb_plan *plan_of(struct session *s, const char *text)
{
    tb_attention_problem problem = attention_problem(text);
    tb_plan *plan = NULL;
    assert_status(tb_attention_plan(s->context, &problem, 0, &plan), TB_OK);
    return plan;
}

static void test_results(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    for (int i = 0; i < PROBLEMS; i++) {
        tb_plan *plan = plan_of(&s, problems[i]);
        struct tensors x = tensors_make(problems[i]);
        tb_attention_args args = tensors_args(&x);
        args.flags = TB_ATTENTION_CHECK_TABLES;
        assert_status(tb_attention_launch(plan, &args, NULL, NULL), TB_OK);
        tensors_check(&x);
        tensors_free(&x);
    }
    session_close(&s);
}

/* One plan serves every batch and length that its kernel covers, and no other heads or flags. */
static void test_other_sizes(void **state)
{
    (void)state;
    static const char *const others[] = {
        "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=1 q_len=1 kv_len=80",
        "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=7 q_len=11 kv_len=3",
    };
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, plain_text);
    tb_launch launch;
    for (int i = 0; i < 2; i++) {
        struct tensors x = tensors_make(others[i]);
        tb_attention_args args = tensors_args(&x);
        assert_status(tb_attention_launch(plan, &args, NULL, NULL), TB_OK);
        tensors_check(&x);
        tensors_free(&x);
    }
    struct tensors x = tensors_make(plain_text);
    tb_attention_args good = tensors_args(&x), bad;
    bad = good, bad.kv_len = 81;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    assert_says("kv_len <= 80");
    assert_status(tb_launch_run(&launch, NULL), TB_INVALID);
#define DIFFERS(member, value)                                                      \
    bad = good, bad.member = value;                                                 \
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED); \
    assert_says(#member "=")
    DIFFERS(q_heads, 8);
    DIFFERS(kv_heads, 4);
    DIFFERS(head_size, 24);
    DIFFERS(value_size, 24);
    DIFFERS(page, 16);
    DIFFERS(window, 3);
#undef DIFFERS
    good.q_heads = 4, good.kv_heads = 2, good.head_size = good.value_size = 16;
    assert_status(tb_attention_prepare(plan, &good, NULL, &launch), TB_OK);
#define WRONG(member, value)                                                    \
    bad = good, bad.member = value;                                             \
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID); \
    assert_says(#member "=")
    WRONG(batch, 0);
    WRONG(q_len, 0);
    WRONG(q_len, -1);
    WRONG(kv_len, 0);
    WRONG(kv_len, INT64_MAX);
    WRONG(n_pages, -1);
    WRONG(kv_tokens, -1);
#undef WRONG
    bad = good, bad.batch = 1 << 20, bad.q_len = 1 << 20;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("2^31");
    tensors_free(&x);
    session_close(&s);
}

static void test_pointers(void **state)
{
    (void)state;
    enum { PLAIN = 1, VARLEN = 6, PAGED = 7, BOTH = 8 };
    struct session s = fixture_open(&fixture, "launch");
    const struct {
        int problem;
        size_t member;
        const char *says;
    } cases[] = {
#define MEMBER(name) offsetof(tb_attention_args, name)
        {PLAIN, MEMBER(q), "q is NULL"},
        {PLAIN, MEMBER(k), "k is NULL"},
        {PLAIN, MEMBER(v), "v is NULL"},
        {PLAIN, MEMBER(o), "o is NULL"},
        {PLAIN, MEMBER(lse), "lse is given"},
        {PLAIN, MEMBER(q_offsets), "q_offsets is given"},
        {PLAIN, MEMBER(kv_offsets), "kv_offsets is given"},
        {PLAIN, MEMBER(block_table), "block_table is given"},
        {PLAIN, MEMBER(sinks), "sinks is given"},
        {PLAIN, MEMBER(k_scale), "k_scale is given"},
        {PLAIN, MEMBER(v_scale), "v_scale is given"},
        {VARLEN, MEMBER(lse), "lse is NULL"},
        {VARLEN, MEMBER(q_offsets), "q_offsets is NULL"},
        {VARLEN, MEMBER(kv_offsets), "kv_offsets is NULL"},
        {VARLEN, MEMBER(kv_lengths), "kv_lengths is given"},
        {PAGED, MEMBER(block_table), "block_table is NULL"},
        {BOTH, MEMBER(kv_offsets), "kv_offsets is given"},
        {BOTH, MEMBER(kv_lengths), "kv_lengths is NULL"},
        {BOTH, MEMBER(sinks), "sinks is NULL"},
#undef MEMBER
    };
    static _Alignas(16) float elsewhere[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tb_plan *plan = plan_of(&s, problems[cases[i].problem]);
        struct tensors x = tensors_make(problems[cases[i].problem]);
        tb_attention_args args = tensors_args(&x);
        tb_launch launch;
        void **pointer = (void **)((char *)&args + cases[i].member);
        assert_status(tb_attention_prepare(plan, &args, NULL, &launch), TB_OK);
        *pointer = *pointer ? NULL : elsewhere;
        assert_status(tb_attention_prepare(plan, &args, NULL, &launch), TB_INVALID);
        assert_says(cases[i].says);
        assert_status(tb_launch_run(&launch, NULL), TB_INVALID);
        tensors_free(&x);
    }
    session_close(&s);
}

static void test_alignment(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, problems[4]); /* sinks and lse */
    struct tensors x = tensors_make(problems[4]);
    tb_attention_args good = tensors_args(&x), bad;
    tb_launch launch;
    bad = good, bad.q = (const char *)good.q + 8;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    assert_says("no multiple of 16 bytes");
    bad = good, bad.o = (char *)good.o + 4;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    bad = good, bad.sinks = (const float *)(const void *)((const char *)good.sinks + 2);
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    assert_says("no multiple of 4 bytes");
    bad = good, bad.k_stride_token = 4 * 16 + 2;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    assert_says("k_stride_token=66");
    bad = good, bad.v_stride_head = 17;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    bad = good, bad.v_stride_batch = -16;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("v_stride_batch=-16");
    bad = good, bad.k_stride_head = 8;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    bad = good, bad.k_stride_batch = INT64_C(1) << 60;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("2^62");
    bad = good, bad.o_stride_token = 16; /* rows of other heads */
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("share memory");
    bad = good, bad.lse_stride_token = 3;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("lse_stride_token=3");
    tensors_free(&x);
    session_close(&s);
}

/* Q, K and V of one projection, [batch][token][4 + 2 + 2 heads]; O head by head, [batch][head][token]. */
static void test_strides(void **state)
{
    (void)state;
    enum { BATCH = 2, QUERIES = 5, KEYS = 9, HEADS = 4, KV_HEADS = 2, D = 16, ALL = HEADS + 2 * KV_HEADS };
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, plain_text);
    struct tensors x = tensors_make(plain_text);
    tb_attention_args args = tensors_args(&x);
    static _Alignas(64) float fused[BATCH][KEYS][ALL][D], o[BATCH][HEADS][QUERIES][D],
        gathered[BATCH][QUERIES][HEADS][D];
    const float *q = x.own.q, *k = x.own.k, *v = x.own.v;
    for (int b = 0; b < BATCH; b++)
        for (int t = 0; t < KEYS; t++) {
            if (t < QUERIES) memcpy(fused[b][t], q + (b * QUERIES + t) * HEADS * D, HEADS * D * 4);
            memcpy(fused[b][t][HEADS], k + (b * KEYS + t) * KV_HEADS * D, KV_HEADS * D * 4);
            memcpy(fused[b][t][HEADS + KV_HEADS], v + (b * KEYS + t) * KV_HEADS * D, KV_HEADS * D * 4);
        }
    args.q = fused[0][0][0];
    args.k = fused[0][0][HEADS];
    args.v = fused[0][0][HEADS + KV_HEADS];
    args.o = o;
    args.q_stride_token = args.k_stride_token = args.v_stride_token = ALL * D;
    args.q_stride_batch = KEYS * ALL * D; /* K's and V's follow from their tokens */
    args.o_stride_token = D;
    args.o_stride_head = QUERIES * D; /* and its batch stride from both */
    assert_status(tb_attention_launch(plan, &args, NULL, NULL), TB_OK);
    for (int b = 0; b < BATCH; b++)
        for (int h = 0; h < HEADS; h++)
            for (int t = 0; t < QUERIES; t++) memcpy(gathered[b][t][h], o[b][h][t], sizeof o[b][h][t]);
    tensors_compare(&x, 0, ATTENTION_OPERAND_O, gathered);
    tensors_free(&x);
    session_close(&s);
}

static void test_overlaps(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, problems[4]);
    struct tensors x = tensors_make(problems[4]);
    tb_attention_args good = tensors_args(&x), bad;
    tb_launch launch;
    bad = good, bad.o = (void *)(uintptr_t)good.q;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("overlap");
    bad = good, bad.o = (char *)(uintptr_t)good.v + 64;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    bad = good, bad.lse = (float *)good.o + 12;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    bad = good, bad.sinks = (const float *)good.o + 4;
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("o and sinks overlap");
    bad = good, bad.k = good.v; /* both are only read */
    assert_status(tb_attention_prepare(plan, &bad, NULL, &launch), TB_OK);
    tensors_free(&x);
    session_close(&s);
}

static void test_scalars(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, plain_text), *capped = plan_of(&s, problems[5]);
    struct tensors x = tensors_make(plain_text), y = tensors_make(problems[5]);
    tb_attention_args args = tensors_args(&x), other = tensors_args(&y);
    tb_launch launch;
    args.scale = x.own.scale = 0.7f;
    assert_status(tb_attention_launch(plan, &args, NULL, NULL), TB_OK);
    tensors_check(&x);
    args.scale = (float)NAN;
    assert_status(tb_attention_prepare(plan, &args, NULL, &launch), TB_INVALID);
    args.scale = 0;
    args.softcap = 1;
    assert_status(tb_attention_prepare(plan, &args, NULL, &launch), TB_INVALID);
    assert_says("softcap is given");
    args.softcap = 0;
    args.flags = 6;
    assert_status(tb_attention_prepare(plan, &args, NULL, &launch), TB_INVALID);
    other.softcap = 0;
    assert_status(tb_attention_prepare(capped, &other, NULL, &launch), TB_INVALID);
    other.softcap = (float)NAN;
    assert_status(tb_attention_prepare(capped, &other, NULL, &launch), TB_INVALID);
    tensors_free(&x);
    tensors_free(&y);
    session_close(&s);
}

/* Each first entry out of range, by name; nothing is launched. */
static void test_tables(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *varlen = plan_of(&s, problems[6]), *both = plan_of(&s, problems[8]);
    struct tensors x = tensors_make(problems[6]), y = tensors_make(problems[8]);
    tb_attention_args a = tensors_args(&x), b = tensors_args(&y);
    tb_launch launch;
    a.flags = b.flags = TB_ATTENTION_CHECK_TABLES;
    const struct {
        tb_plan *plan;
        tb_attention_args *args;
        const int *table;
        int index, value;
        const char *says;
    } cases[] = {
        {varlen, &a, a.q_offsets, 0, -1, "q_offsets[0]=-1"},
        {varlen, &a, a.q_offsets, 2, 1, "q_offsets[2]=1"},
        {varlen, &a, a.q_offsets, 1, 16, "q_offsets[1]=16"},
        {varlen, &a, a.kv_offsets, 1, 44, "kv_offsets[1]=44"},
        {both, &b, b.kv_lengths, 3, 71, "kv_lengths[3]=71"},
        {both, &b, b.kv_lengths, 1, -1, "kv_lengths[1]=-1"},
        {both, &b, b.block_table, 2, (int)b.n_pages, "block_table[0][2]="},
        {both, &b, b.block_table, 3, -5, "block_table[1][0]=-5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int *at = (int *)(uintptr_t)&cases[i].table[cases[i].index], kept = *at;
        assert_status(tb_attention_prepare(cases[i].plan, cases[i].args, NULL, &launch), TB_OK);
        *at = cases[i].value;
        assert_status(tb_attention_prepare(cases[i].plan, cases[i].args, NULL, &launch), TB_INVALID);
        assert_says(cases[i].says);
        assert_status(tb_launch_run(&launch, NULL), TB_INVALID);
        cases[i].args->flags = 0; /* nobody looks */
        assert_status(tb_attention_prepare(cases[i].plan, cases[i].args, NULL, &launch), TB_OK);
        cases[i].args->flags = TB_ATTENTION_CHECK_TABLES;
        *at = kept;
    }
    a.q_tokens = a.q_offsets[a.batch] - 1;
    assert_status(tb_attention_prepare(varlen, &a, NULL, &launch), TB_INVALID);
    assert_says("lies behind all");
    b.n_pages = 0;
    assert_status(tb_attention_prepare(both, &b, NULL, &launch), TB_INVALID);
    assert_says("n_pages");
    b.n_pages = 100, b.table_stride = 2;
    assert_status(tb_attention_prepare(both, &b, NULL, &launch), TB_INVALID);
    assert_says("table_stride=2");
    tensors_free(&x);
    tensors_free(&y);
    session_close(&s);
}

static void test_workspace(void **state)
{
    (void)state;
    static const char text[] = "attention f32 causal d=24 q_heads=2 batch=4 q_len=8 kv_len=64";
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, text), *none = plan_of(&s, plain_text);
    size_t bytes = 1, alignment = 0;
    assert_status(tb_attention_workspace(none, 100, 100, 100000, &bytes, &alignment), TB_OK);
    assert_int_equal(bytes, 0);
    assert_status(tb_attention_workspace(plan, 4, 2, 300, &bytes, &alignment), TB_OK);
    assert_int_equal(alignment, 64);
    assert_int_equal(bytes, 64 * 300); /* of a batch of one query, not of the largest */
    assert_status(tb_attention_workspace(plan, 16, 30, 64, &bytes, &alignment), TB_OK);
    assert_true(bytes >= 100000);
    assert_status(tb_attention_workspace(plan, 0, 1, 1, &bytes, &alignment), TB_INVALID);
    assert_says("max_batch=0");
    assert_status(tb_attention_workspace(plan, 1, 1, INT64_MAX, &bytes, &alignment), TB_INVALID);
    assert_status(tb_attention_workspace(NULL, 1, 1, 1, &bytes, &alignment), TB_INVALID);
    void *workspace = aligned_alloc(64, (bytes + 63) / 64 * 64);
    struct tensors x = tensors_make(text);
    for (int n = 1; n <= 8; n++) {
        tb_attention_args args = tensors_args(&x);
        args.q_len = n;
        args.q_stride_batch = args.o_stride_batch = 8 * 2 * 24;
        args.workspace_bytes = bytes;
        assert_status(tb_attention_launch(plan, &args, workspace, NULL), TB_OK);
        args.workspace_bytes = 4096;
        tb_status status = tb_attention_launch(plan, &args, workspace, NULL);
        assert_int_equal(status, n == 3 ? TB_INVALID : TB_OK);
        assert_status(tb_attention_launch(plan, &args, NULL, NULL), TB_INVALID);
        assert_says("tb_attention_workspace");
        assert_status(tb_attention_launch(plan, &args, (char *)workspace + 32, NULL), TB_INVALID);
        args.workspace_bytes = bytes;
        assert_status(tb_attention_launch(plan, &args, x.own.o, NULL), TB_INVALID);
    }
    free(workspace);
    tensors_free(&x);
    session_close(&s);
}

/* A kernel that splits keys for as many blocks as there are units needs most somewhere between few rows and
 * many, and not at a power of two. */
static void test_workspace_of_splits(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, splitting_text);
    size_t bytes, alignment;
    int64_t most = 0, at_batch = 0, at_q = 0;
    for (int64_t batch = 1; batch <= 5; batch++)
        for (int64_t q = 1; q <= 60; q++) {
            int64_t splits = 38 / ((q * 7 + 63) / 64 * batch), capped = splits < 16 ? splits : 16;
            int64_t need = (capped > 1 ? capped : 1) * batch * q * 112;
            if (need > most) most = need, at_batch = batch, at_q = q;
        }
    assert_true(at_batch < 5 && at_q < 60 && (at_batch & (at_batch - 1) || at_q & (at_q - 1)));
    assert_status(tb_attention_workspace(plan, 5, 60, 2000, &bytes, &alignment), TB_OK);
    assert_int_equal(bytes, most);
    session_close(&s);
}

/* A tensor map ends where the caller's memory does, not where the op's own lengths would. */
static void test_map_extents(void **state)
{
    (void)state;
    static const struct {
        int problem;
        const char *wants;
        int64_t rows, batch; /* of K, with 77 tokens and 55 pages; rows -1: unknown, as the op left it */
    } cases[] = {{1, "", 9, 2}, {6, "", -1, 1}, {7, "n_pages", 16, 55}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tensors x = tensors_make(problems[cases[i].problem]);
        tb_attention_args given = tensors_args(&x);
        struct kernel_launch launch = {.n_maps = 2,
                                       .maps = {{.present = true, .operand = ATTENTION_OPERAND_K},
                                                {.present = false, .operand = ATTENTION_OPERAND_Q}}};
        struct operand operands[OP_OPERANDS_MAX];
        struct problem problem;
        struct attention_args args;
        given.n_pages = 0;
        assert_done(arguments_attention(&x.problem, &given, NULL, &args, &problem));
        memcpy(operands, x.operand, sizeof operands);
        if (cases[i].wants[0]) {
            assert_int_equal(arguments_attention_extents(&given, &args, &problem, &launch, operands),
                             STATUS_NOT_COVERED);
            assert_says(cases[i].wants);
        }
        given.kv_tokens = 77, given.n_pages = 55;
        assert_done(arguments_attention_extents(&given, &args, &problem, &launch, operands));
        assert_int_equal(operands[ATTENTION_OPERAND_K].rows_unknown, cases[i].rows < 0);
        assert_int_equal(operands[ATTENTION_OPERAND_K].rows,
                         cases[i].rows < 0 ? x.operand[ATTENTION_OPERAND_K].rows : cases[i].rows);
        assert_int_equal(operands[ATTENTION_OPERAND_K].batch, cases[i].batch);
        assert_int_equal(operands[ATTENTION_OPERAND_Q].rows, x.operand[ATTENTION_OPERAND_Q].rows);
        given.k_stride_head = 20; /* heads of a token apart: no map describes them */
        assert_done(arguments_attention(&x.problem, &given, NULL, &args, &problem));
        assert_int_equal(arguments_attention_extents(&given, &args, &problem, &launch, operands),
                         STATUS_NOT_COVERED);
        assert_says("k_stride_head=20");
        tensors_free(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),     cmocka_unit_test(test_other_sizes),
        cmocka_unit_test(test_pointers),    cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_strides),     cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_scalars),     cmocka_unit_test(test_tables),
        cmocka_unit_test(test_workspace),   cmocka_unit_test(test_workspace_of_splits),
        cmocka_unit_test(test_map_extents),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
