/* What the runtime's tests of attention stand on, besides fixture.h: kernels/attention_naive.c compiled here
 * and now, its descriptors, and the operands of a problem with the op's own reference. */
#ifndef TUNEBOOK_TESTS_RUNTIME_ATTENTION_FIXTURE_H
#define TUNEBOOK_TESTS_RUNTIME_ATTENTION_FIXTURE_H

#include "tests/runtime/fixture.h"

#include <math.h>
#include "templates/attention/attention.h"
#include "templates/attention/attention_args.h"
#include "templates/proof.h"

/* --- a book's entries --- */

struct attention_put {
    const char *problem;  /* whose record it goes to, and whose mask and head sizes are compiled in */
    const char *name;     /* the template's: "naive" */
    const char *wants[4]; /* clauses besides those of the naive kernel */
    const char *workspace_bytes;
    const char *device_class; /* this machine's; the target alone makes a default */
    enum evidence evidence;
    uint64_t median_ns, baseline_ns;
    bool nondeterministic, unverified;
};

static inline bool attention_find(const void *context, const char *name, struct expr_name *out)
{
    (void)context;
    int field = op_field_index(&attention_op, name);
    *out = field >= 0 ? (struct expr_name){.kind = EXPR_SLOT, .slot = (unsigned)field}
                      : (struct expr_name){.kind = EXPR_CONSTANT, .value = expr_word(name)};
    return true;
}

static inline struct blob attention_expr(struct fixture *fixture, const char *text)
{
    struct expr_scope scope = {.find = attention_find};
    struct expr expr;
    assert_done(expr_compile(&fixture->arena, text, "fixture", &scope, &expr));
    return (struct blob){expr.code, expr.size};
}

static inline struct text attention_compile(struct fixture *fixture, const struct problem *problem)
{
    const char *root = getenv("TUNEBOOK_ROOT"), *cc = getenv("CC");
    const char *object = fixture_path(fixture, "attention.so");
    struct text code = {0};
    const int64_t *value = problem->value;
    const char *command =
        arena_format(&fixture->arena,
                     "%s -std=c17 -O2 -shared -fPIC -nostdlib -I%s -DSIZE_D=%d -DSIZE_DV=%d -DMASK=%d "
                     "%s/tests/runtime/kernels/attention_naive.c -o %s",
                     cc ? cc : "cc", root ? root : ".", (int)value[ATTENTION_D], (int)value[ATTENTION_DV],
                     (int)value[ATTENTION_MASK], root ? root : ".", object);
    assert_int_equal(system(command), 0);
    assert_done(file_read(object, 1 << 20, &code));
    return code;
}

static inline void attention_clause(struct fixture *fixture, struct descriptor *descriptor, const char *text)
{
    descriptor->clauses[descriptor->n_clauses] = attention_expr(fixture, text);
    descriptor->clause_texts[descriptor->n_clauses++] = text;
}

static inline void attention_put(struct fixture *fixture, struct book *book, const struct attention_put *put)
{
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    assert_done(problem_parse(put->problem, &problem));
    struct text code = attention_compile(fixture, &problem);
    const int64_t *value = problem.value;
    struct descriptor descriptor = {
        .code = sha256_of(code.data, code.size),
        .op = "attention",
        .template_name = put->name ? put->name : "naive",
        .configuration = put->problem,
        .definitions = "Q_TYPE=DTYPE_F32\n",
        .target = fixture->target,
        .compiler = "cc",
        .args_abi = attention_op.args_abi,
        .n_names = ATTENTION_FIELDS,
        .workspace_bytes = attention_expr(fixture, put->workspace_bytes ? put->workspace_bytes : "0"),
        .deterministic = !put->nondeterministic,
        .n_steps = 1,
        .code_bytes = (uint32_t)code.size,
    };
    for (unsigned i = 0; i < ATTENTION_FIELDS; i++) descriptor.names[i] = attention_op.fields[i].name;
    const char *clauses[] = {"q_type == f32",
                             "kv_type == f32",
                             "o_type == f32",
                             arena_format(&fixture->arena, "mask == %s",
                                          attention_op.fields[ATTENTION_MASK].choices[value[ATTENTION_MASK]]),
                             arena_format(&fixture->arena, "d == %d", (int)value[ATTENTION_D]),
                             arena_format(&fixture->arena, "dv == %d", (int)value[ATTENTION_DV])};
    for (size_t i = 0; i < 6; i++) attention_clause(fixture, &descriptor, clauses[i]);
    for (size_t i = 0; i < 4 && put->wants[i]; i++) attention_clause(fixture, &descriptor, put->wants[i]);
    struct descriptor_step *step = &descriptor.steps[0];
    const char *grid[3] = {"q_heads", "q_len", "batch"};
    step->entry = "naive";
    for (int i = 0; i < 3; i++) {
        step->grid[i] = attention_expr(fixture, grid[i]);
        step->cluster[i] = step->block[i] = attention_expr(fixture, "1");
    }
    step->shared_bytes = attention_expr(fixture, "0");
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, put->problem);
    sha256_add_field(&sha, put->name ? put->name : "naive");
    struct record_entry entry = {
        .kernel = sha256_end(&sha),
        .evidence = (uint8_t)put->evidence,
        .verified = !put->unverified,
        .timing = {put->median_ns, put->median_ns, put->median_ns, put->median_ns, put->median_ns,
                   put->median_ns, put->median_ns ? 10 : 0, put->median_ns ? 20 : 0, 0},
    };
    assert_done(problem_key(&problem, put->device_class ? put->device_class : fixture->class_text, key));
    assert_done(book_put_kernel(book, &entry.kernel, &descriptor, code.data, code.size));
    assert_done(book_put_entry(book, key, &entry, put->baseline_ns, put->baseline_ns ? "vendor 1" : "", 0));
    text_free(&code);
}

/* --- problems, operands, results --- */

static inline tb_attention_problem attention_problem(const char *text)
{
    struct problem problem;
    assert_done(problem_parse(text, &problem));
    const int64_t *value = problem.value;
    return (tb_attention_problem){.struct_size = sizeof(tb_attention_problem),
                                  .batch = value[ATTENTION_BATCH],
                                  .q_len = value[ATTENTION_Q_LEN],
                                  .kv_len = value[ATTENTION_KV_LEN],
                                  .q_heads = value[ATTENTION_Q_HEADS],
                                  .kv_heads = value[ATTENTION_KV_HEADS],
                                  .head_size = value[ATTENTION_D],
                                  .value_size = value[ATTENTION_DV],
                                  .page = value[ATTENTION_PAGE],
                                  .window = value[ATTENTION_WINDOW],
                                  .q_type = (tb_type)value[ATTENTION_Q_TYPE],
                                  .kv_type = (tb_type)value[ATTENTION_KV_TYPE],
                                  .o_type = (tb_type)value[ATTENTION_O_TYPE],
                                  .mask = (tb_mask)value[ATTENTION_MASK],
                                  .varlen = (int)value[ATTENTION_VARLEN],
                                  .softcap = (int)value[ATTENTION_SOFTCAP],
                                  .sinks = (int)value[ATTENTION_SINKS],
                                  .lse = (int)value[ATTENTION_LSE]};
}

/* The operands of a problem, tight, filled by the op's proof; `own` is the op's argument block of them. */
struct tensors {
    struct problem problem;
    struct operand operand[OP_OPERANDS_MAX];
    void *storage[OP_OPERANDS_MAX];
    struct attention_args own;
};

static inline struct tensors tensors_make(const char *text)
{
    struct tensors x;
    memset(&x, 0, sizeof x);
    const struct op_proof *proof = op_proof_find("attention");
    assert_done(problem_parse(text, &x.problem));
    unsigned n = attention_op.operands(&x.problem, x.operand);
    for (unsigned i = 0; i < n; i++) {
        const struct operand *operand = &x.operand[i];
        size_t bytes =
            (size_t)(operand->batch * operand->rows * operand->columns) * dtype_bytes(operand->type);
        x.storage[i] = aligned_alloc(64, (bytes + 127) / 64 * 64);
        assert_non_null(x.storage[i]);
        memset(x.storage[i], 0x7f, (bytes + 127) / 64 * 64);
        if (operand->role != OPERAND_OUTPUT)
            proof->fill(&x.problem, operand, i, PROOF_NORMAL, 7, x.storage[i]);
    }
    attention_op.bind(&x.problem, x.storage, NULL, &x.own);
    return x;
}

static inline void tensors_free(struct tensors *x)
{
    for (unsigned i = 0; i < OP_OPERANDS_MAX; i++) free(x->storage[i]);
}

/* As an engine writes them: pointers and lengths, strides left tight. */
static inline tb_attention_args tensors_args(const struct tensors *x)
{
    tb_attention_args args = TB_ATTENTION_ARGS_INIT;
    const struct attention_args *own = &x->own;
    args.q = own->q;
    args.k = own->k;
    args.v = own->v;
    args.o = own->o;
    args.lse = own->lse;
    args.q_offsets = own->q_offsets;
    args.kv_offsets = own->kv_offsets;
    args.kv_lengths = own->kv_lengths;
    args.block_table = own->block_table;
    args.sinks = own->sinks;
    args.batch = own->batch;
    args.q_len = own->q_len;
    args.kv_len = own->kv_len;
    args.softcap = own->softcap;
    if (x->problem.value[ATTENTION_PAGE]) args.n_pages = attention_pages(&x->problem);
    return args;
}

/* What nobody is to write, NaN in the reference, is what outputs are filled with; it then counts as right. */
static inline void assert_untouched(const float *stored, double *value, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        if (!isnan(value[i])) continue;
        memcpy(&bits, &stored[i], sizeof bits);
        assert_int_equal(bits, 0x7f7f7f7f);
        value[i] = (double)stored[i];
    }
}

static inline void tensors_compare(const struct tensors *x, unsigned output, unsigned index,
                                   const void *stored)
{
    const struct op_proof *proof = op_proof_find("attention");
    const struct operand *operand = &x->operand[index];
    int64_t count = operand->rows * operand->columns;
    double *value = calloc((size_t)count, sizeof *value), *allowed = calloc((size_t)count, sizeof *allowed);
    assert_non_null(value);
    assert_non_null(allowed);
    for (int64_t item = 0; item < operand->batch; item++) {
        struct proof_region region = {
            .batch = item, .rows = operand->rows, .columns = operand->columns, .output = output};
        double worst = 0;
        proof->reference(&x->problem, &x->own, PROOF_NORMAL, &region, value, allowed);
        for (int64_t i = 0; i < count; i++)
            if (isinf(value[i])) allowed[i] = 0;
        assert_untouched((const float *)stored + item * count, value, count);
        int64_t off = proof_compare(operand->type, (const float *)stored + item * count, operand->columns,
                                    operand->rows, operand->columns, value, allowed, &worst);
        if (off >= 0)
            fail_msg("%s: item %d, element %d: %g, expected %g", operand->name, (int)item, (int)off,
                     (double)((const float *)stored)[item * count + off], value[off]);
    }
    free(value);
    free(allowed);
}

static inline void tensors_check(const struct tensors *x)
{
    tensors_compare(x, 0, ATTENTION_OPERAND_O, x->own.o);
    if (x->own.lse) tensors_compare(x, 1, ATTENTION_OPERAND_LSE, x->own.lse);
}

static inline void tensors_forget(const struct tensors *x)
{
    const struct operand *o = &x->operand[ATTENTION_OPERAND_O];
    memset(x->own.o, 0x7f, (size_t)(o->batch * o->rows * o->columns) * sizeof(float));
}

#endif
