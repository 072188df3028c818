/* A descriptor says what its template says: on random problems both cover the same, encoded and decoded
 * again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "tests/scale.h"
#include "tuner/base/rng.h"
#include "tuner/descriptor.h"
#include "tuner/launch/kernel.h"

static const char manifest_json[] =
    "{\"name\": \"sample\", \"op\": \"gemm\", \"source\": \"sample.c\", \"targets\": [\"x86-64-v3\"],\n"
    " \"accepts\": [\"k % 4 == 0\", \"a_type == b_type\"],\n"
    " \"parameters\": {\"TILE\": [16, 32, 64], \"SWIZZLE\": [\"none\", \"xor\"], \"SPLIT\": [1, 2, 4]},\n"
    " \"let\": {\"lds\": \"TILE * 4 * size_of(a_type)\"},\n"
    " \"where\": [\"lds <= device.lds_bytes\", \"SPLIT == 1 || ceil_div(k, TILE) >= SPLIT\"],\n"
    " \"workspace_bytes\": \"SPLIT > 1 ? 4 * SPLIT * m * n * batch : 0\", \"deterministic\": \"SPLIT == "
    "1\",\n"
    " \"launch\": [{\"entry\": \"sample\", \"grid\": [\"ceil_div(m, TILE)\", \"SPLIT\", \"batch\"], "
    "\"block\": [\"1\", \"1\", \"1\"],\n"
    "   \"shared_bytes\": \"lds\"},\n"
    "  {\"when\": \"SPLIT > 1\", \"zero\": {\"offset\": \"0\", \"bytes\": \"4 * m * n\"}}],\n"
    " \"default\": {\"TILE\": 16, \"SWIZZLE\": \"none\", \"SPLIT\": 1}}\n";

static struct manifest *sample(const char *source)
{
    struct manifest *manifest;
    if (manifest_parse("test", manifest_json, strlen(manifest_json), source, &manifest) != STATUS_OK)
        fail_msg("%s", status_message());
    return manifest;
}

static void random_problem(struct rng *rng, struct problem *out)
{
    static const char *const texts[] = {"gemm f32 nt m=1 n=1 k=1", "gemm bf16 nt bias+gelu m=1 n=1 k=1",
                                        "gemm f32 nn m=1 n=1 k=1", "gemm a=f32 b=bf16 d=f32 nt m=1 n=1 k=1"};
    assert_int_equal(problem_parse(texts[rng_below(rng, 4)], out), STATUS_OK);
    static const char *const sizes[] = {"m", "n", "k", "batch"};
    for (size_t i = 0; i < 4; i++)
        out->value[op_field_index(out->op, sizes[i])] = 1 + (int64_t)rng_below(rng, 200);
}

static void random_configuration(struct rng *rng, const struct manifest *manifest, int64_t *slots)
{
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        slots[manifest->parameters[i].slot] =
            manifest->parameters[i].values[rng_below(rng, manifest->parameters[i].n_values)];
}

/* The template's own word: everything that is no size equal (alignment is not in the source), then accepts
 * and where. */
static bool template_covers(const struct manifest *manifest, const struct problem *made_for,
                            const struct problem *asked, const struct device_facts *facts,
                            const int64_t *configuration)
{
    int64_t slots[SLOT_COUNT];
    memcpy(slots, configuration, sizeof slots);
    problem_slots(asked, facts, slots);
    for (unsigned f = 0; f < asked->op->n_fields; f++) {
        enum field_kind kind = asked->op->fields[f].kind;
        if (kind != FIELD_SIZE && kind != FIELD_ALIGN && asked->value[f] != made_for->value[f]) return false;
    }
    if (!manifest_accepts(manifest, slots, NULL)) return false;
    for (uint32_t i = 0; i < manifest->n_where; i++) {
        int64_t holds;
        if (expr_eval(&manifest->where[i].expr, slots, &holds) != EXPR_FINE || !holds) return false;
    }
    return true;
}

/* What the descriptor's expression gives on this problem. */
static int64_t blob_value(const struct descriptor *descriptor, const struct blob *blob,
                          const struct problem *problem, const struct device_facts *facts)
{
    int64_t slots[SLOT_COUNT], values[DESCRIPTOR_NAMES_MAX], value = 0;
    problem_slots(problem, facts, slots);
    for (uint32_t i = 0; i < descriptor->n_names; i++) {
        assert_false(descriptor->is_parameter[i]); /* folded away */
        int field = op_field_index(problem->op, descriptor->names[i]);
        if (field < 0) assert_string_equal(descriptor->names[i], "device.lds_bytes");
        values[i] = slots[field < 0 ? SLOT_DEVICE + DEVICE_FACT_lds_bytes : SLOT_PROBLEM + field];
    }
    assert_int_equal(expr_eval_checked(blob->bytes, blob->size, values, descriptor->n_names, &value),
                     EXPR_FINE);
    return value;
}

/* On a problem that is covered, every number of a launch is the template's. */
static void check_launch(const struct manifest *manifest, const struct descriptor *descriptor,
                         const struct problem *asked, const struct device_facts *facts,
                         const int64_t *configuration)
{
    int64_t slots[SLOT_COUNT];
    memcpy(slots, configuration, sizeof slots);
    problem_slots(asked, facts, slots);
    const struct manifest_step *step = &manifest->steps[0], *zero = &manifest->steps[1];
    const struct descriptor_step *built = &descriptor->steps[0], *built_zero = &descriptor->steps[1];
    const struct expr *exprs[] = {
        &manifest->workspace_bytes, &step->grid[0],     &step->grid[1],   &step->grid[2],
        &step->shared_bytes,        &zero->zero_offset, &zero->zero_bytes};
    const struct blob *blobs[] = {
        &descriptor->workspace_bytes, &built->grid[0],          &built->grid[1],        &built->grid[2],
        &built->shared_bytes,         &built_zero->zero_offset, &built_zero->zero_bytes};
    for (size_t i = 0; i < sizeof exprs / sizeof *exprs; i++) {
        int64_t expected = 0;
        assert_int_equal(expr_eval(exprs[i], slots, &expected), EXPR_FINE);
        assert_int_equal(blob_value(descriptor, blobs[i], asked, facts), expected);
    }
    int64_t runs = 0;
    assert_int_equal(expr_eval(&zero->when, slots, &runs), EXPR_FINE);
    assert_int_equal(!built_zero->when.size || blob_value(descriptor, &built_zero->when, asked, facts),
                     runs != 0);
}

static void covers_what_the_template_covers(void **state)
{
    (void)state;
    struct manifest *manifest = sample("void sample(void) {}");
    struct rng rng;
    size_t covered = 0, count = test_scaled(2000);
    rng_seed(&rng, 3);
    for (size_t i = 0; i < count; i++) {
        struct problem made_for, asked;
        struct device_facts facts = {{0}};
        int64_t slots[SLOT_COUNT] = {0};
        facts.value[DEVICE_FACT_lds_bytes] = (int64_t)rng_below(&rng, 2048);
        random_problem(&rng, &made_for);
        random_problem(&rng, &asked);
        random_configuration(&rng, manifest, slots);
        problem_slots(&made_for, &facts, slots);
        struct descriptor_request request = {manifest, &made_for, slots, "x86-64-v3", "cc 1"};
        struct arena arena = {0};
        struct descriptor *built = calloc(1, sizeof *built), *read = calloc(1, sizeof *read);
        struct text bytes = {0};
        assert_int_equal(descriptor_build(&arena, &request, built), STATUS_OK);
        descriptor_encode(built, &bytes);
        assert_int_equal(text_status(&bytes), STATUS_OK);
        if (descriptor_decode(bytes.data, bytes.size, read) != STATUS_OK) fail_msg("%s", status_message());
        const char *clause = NULL;
        bool expected = template_covers(manifest, &made_for, &asked, &facts, slots);
        assert_int_equal(kernel_covers(read, &asked, &facts, &clause), expected);
        assert_true(expected || clause);
        if (expected) check_launch(manifest, read, &asked, &facts, slots);
        covered += expected;
        free(built);
        free(read);
        text_free(&bytes);
        arena_free(&arena);
    }
    assert_true(covered > count / 50 && covered < count); /* both answers were seen */
    manifest_free(manifest);
}

/* Of accepts and where, what the configuration and the compiled-in fields decide leaves a lookup nothing to
 * do. */
static void what_is_decided_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *problem, *configuration, *texts[3]; /* of the clauses that stay */
    } cases[] = {
        {"gemm f32 nt m=16 n=8 k=8",
         "TILE=16,SWIZZLE=none,SPLIT=1",
         {"k % 4 == 0", "lds <= device.lds_bytes"}},
        {"gemm f32 nt m=16 n=8 k=8",
         "TILE=16,SWIZZLE=none,SPLIT=2",
         {"k % 4 == 0", "lds <= device.lds_bytes", "SPLIT == 1 || ceil_div(k, TILE) >= SPLIT"}},
        {"gemm a=f32 b=bf16 d=f32 nt m=16 n=8 k=8", /* never holds, and says so */
         "TILE=16,SWIZZLE=none,SPLIT=1",
         {"k % 4 == 0", "a_type == b_type", "lds <= device.lds_bytes"}},
    };
    struct manifest *manifest = sample("void sample(void) {}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct descriptor *descriptor = calloc(1, sizeof *descriptor);
        struct problem problem;
        int64_t slots[SLOT_COUNT] = {0};
        assert_int_equal(problem_parse(cases[i].problem, &problem), STATUS_OK);
        assert_int_equal(manifest_parse_configuration(manifest, cases[i].configuration, slots), STATUS_OK);
        struct descriptor_request request = {manifest, &problem, slots, "x86-64-v3", "cc 1"};
        assert_int_equal(descriptor_build(&arena, &request, descriptor), STATUS_OK);
        uint32_t n = 0;
        while (n < 3 && cases[i].texts[n]) n++;
        uint32_t compiled_in = 0;
        for (unsigned f = 0; f < problem.op->n_fields; f++)
            compiled_in +=
                problem.op->fields[f].kind != FIELD_SIZE && problem.op->fields[f].kind != FIELD_ALIGN;
        assert_int_equal(descriptor->n_clauses, compiled_in + n);
        for (uint32_t j = 0; j < n; j++)
            assert_string_equal(descriptor->clause_texts[descriptor->n_clauses - n + j], cases[i].texts[j]);
        for (uint32_t j = 0; j < descriptor->n_names; j++) assert_false(descriptor->is_parameter[j]);
        free(descriptor);
        arena_free(&arena);
    }
    manifest_free(manifest);
}

static struct hash kernel_of(const struct manifest *manifest, const char *problem_text,
                             const char *configuration, const char *target, const char *compiler)
{
    struct problem problem;
    struct hash kernel;
    int64_t slots[SLOT_COUNT] = {0};
    assert_int_equal(problem_parse(problem_text, &problem), STATUS_OK);
    problem_slots(&problem, &(struct device_facts){{0}}, slots);
    assert_int_equal(manifest_parse_configuration(manifest, configuration, slots), STATUS_OK);
    struct descriptor_request request = {manifest, &problem, slots, target, compiler};
    assert_int_equal(descriptor_kernel_hash(&request, &kernel), STATUS_OK);
    return kernel;
}

static void identity_is_content(void **state)
{
    (void)state;
    struct manifest *manifest = sample("void sample(void) {}"), *other = sample("void sample(void) { }");
    const char *problem = "gemm f32 nt m=1 n=8 k=8", *configuration = "TILE=16,SWIZZLE=none,SPLIT=1";
    struct hash kernel = kernel_of(manifest, problem, configuration, "x86-64-v3", "cc 1");
    struct hash larger = kernel_of(manifest, "gemm f32 nt m=64 n=99 k=8", configuration, "x86-64-v3", "cc 1");
    assert_memory_equal(&kernel, &larger, sizeof kernel); /* sizes are arguments */
    struct hash changed[] = {
        kernel_of(other, problem, configuration, "x86-64-v3", "cc 1"),
        kernel_of(manifest, "gemm f32 nn m=1 n=8 k=8", configuration, "x86-64-v3", "cc 1"),
        kernel_of(manifest, "gemm f32 nt relu m=1 n=8 k=8", configuration, "x86-64-v3", "cc 1"),
        kernel_of(manifest, problem, "TILE=16,SWIZZLE=xor,SPLIT=1", "x86-64-v3", "cc 1"),
        kernel_of(manifest, problem, configuration, "x86-64-v4", "cc 1"),
        kernel_of(manifest, problem, configuration, "x86-64-v3", "cc 2"),
    };
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
        assert_memory_not_equal(&kernel, &changed[i], sizeof kernel);
    manifest_free(manifest);
    manifest_free(other);
}

static void alignment_binds_where_the_source_reads_it(void **state)
{
    (void)state;
    struct device_facts facts = {.value[DEVICE_FACT_lds_bytes] = 65536};
    for (int reads = 0; reads < 2; reads++) {
        struct manifest *manifest = sample(reads ? "int a = ALIGN_A;" : "int a;");
        struct problem aligned, loose;
        struct arena arena = {0};
        struct descriptor *descriptor = calloc(1, sizeof *descriptor);
        int64_t slots[SLOT_COUNT] = {0};
        assert_int_equal(problem_parse("gemm f32 nt al=4444 m=16 n=8 k=8", &aligned), STATUS_OK);
        assert_int_equal(problem_parse("gemm f32 nt al=2222 m=16 n=8 k=8", &loose), STATUS_OK);
        problem_slots(&aligned, &facts, slots);
        assert_int_equal(manifest_parse_configuration(manifest, "TILE=16,SWIZZLE=none,SPLIT=1", slots),
                         STATUS_OK);
        struct descriptor_request request = {manifest, &aligned, slots, "x86-64-v3", "cc 1"};
        assert_int_equal(descriptor_build(&arena, &request, descriptor), STATUS_OK);
        assert_true(kernel_covers(descriptor, &aligned, &facts, NULL));
        assert_int_equal(kernel_covers(descriptor, &loose, &facts, NULL), !reads);
        free(descriptor);
        arena_free(&arena);
        manifest_free(manifest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_what_the_template_covers),
        cmocka_unit_test(what_is_decided_is_left_out),
        cmocka_unit_test(identity_is_content),
        cmocka_unit_test(alignment_binds_where_the_source_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
