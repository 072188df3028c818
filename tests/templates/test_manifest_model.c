/* A manifest's "model": what it must say, and how its mistakes are named. */
#include "tests/templates/manifest_sample.h"

static const char least_model[] =
    "{\"tile_m\": \"TILE\", \"tile_n\": 64, \"tile_k\": 16, \"split_k\": \"SPLIT\"}";

static void test_model(void **state)
{
    (void)state;
    struct manifest *m, *without;
    int64_t slots[SLOT_COUNT];
    assert_ok(parse("model", least_model, &m));
    assert_true(m->has_model);
    make_slots("gemm bf16 nt m=100 n=64 k=128", slots);
    for (unsigned i = 0; i < 3; i++) slots[m->parameters[i].slot] = m->defaults[i];
    assert_int_equal(evaluate(&m->model[MANIFEST_MODEL_tile_m], slots), 64);
    assert_int_equal(evaluate(&m->model[MANIFEST_MODEL_tile_n], slots), 64);
    assert_int_equal(evaluate(&m->model[MANIFEST_MODEL_split_k], slots), 2);
    assert_int_equal(evaluate(&m->model[MANIFEST_MODEL_threads], slots), 256); /* not said */
    assert_ok(parse(NULL, NULL, &without));
    assert_false(without->has_model);
    /* How well a kernel is described is no part of what it is. */
    assert_memory_equal(&m->identity, &without->identity, sizeof m->identity);
    assert_memory_not_equal(&m->hash, &without->hash, sizeof m->hash);
    manifest_free(m);
    manifest_free(without);
}

static const struct {
    const char *model, *message;
} bad[] = {
    {"[]", "demo: member \"model\" must be an object, found an array"},
    {"{\"tile_m\": 1, \"tile_n\": 1}", "demo: model needs \"tile_k\""},
    {"{\"tile_m\": 1, \"tile_n\": 1, \"tile_k\": 1, \"stage\": 2}",
     "demo in \"model\": unknown member \"stage\"; did you mean \"stages\"?"},
    {"{\"tile_m\": \"TILES\", \"tile_n\": 1, \"tile_k\": 1}",
     "demo: model.tile_m, column 1: unknown name 'TILES'; did you mean 'TILE'?"},
    {"{\"tile_m\": 1, \"tile_n\": 1, \"tile_k\": \"16 *\"}",
     "demo: model.tile_k, column 5: expected a value, but the text ends here"},
    {"{\"tile_m\": 1, \"tile_n\": 1, \"tile_k\": true}",
     "demo: model.tile_k: must be an expression in quotes or a whole number"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(bad); i++) {
        struct manifest *m;
        assert_fails(parse("model", bad[i].model, &m), STATUS_BAD_DATA, bad[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model), cmocka_unit_test(test_mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
