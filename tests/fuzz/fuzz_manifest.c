/* Any text: a manifest, or one line that says what is wrong; what is read can be evaluated, printed and read
 * back. */
#include <stdlib.h>
#include <string.h>
#include "templates/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_steps(const struct manifest *manifest, const int64_t *slots)
{
    int64_t ignored;
    expr_eval(&manifest->workspace_bytes, slots, &ignored);
    expr_eval(&manifest->deterministic, slots, &ignored);
    bool kernel = false;
    for (uint32_t i = 0; i < manifest->n_steps; i++) {
        const struct manifest_step *step = &manifest->steps[i];
        kernel |= step->entry != NULL;
        if (step->has_when) expr_eval(&step->when, slots, &ignored);
        if (!step->entry) expr_eval(&step->zero_bytes, slots, &ignored);
        if (step->entry) expr_eval(&step->cooperative, slots, &ignored);
        if (step->entry) expr_eval(&step->programmatic, slots, &ignored);
        for (int d = 0; step->entry && d < 3; d++) {
            expr_eval(&step->grid[d], slots, &ignored);
            expr_eval(&step->cluster[d], slots, &ignored);
            expr_eval(&step->block[d], slots, &ignored);
        }
    }
    if (!kernel) abort();
    for (uint32_t i = 0; i < manifest->n_maps; i++) {
        const struct manifest_map *map = &manifest->maps[i];
        if (op_operand_index(manifest->op, map->operand) < 0) abort();
        if (map->has_when) expr_eval(&map->when, slots, &ignored);
        for (int d = 0; d < 2; d++) expr_eval(&map->box[d], slots, &ignored);
        expr_eval(&map->swizzle, slots, &ignored);
    }
}

static void check_manifest(const struct manifest *manifest)
{
    struct problem problem;
    struct device_facts facts = {{0}};
    int64_t slots[SLOT_COUNT] = {0}, again[SLOT_COUNT];
    struct text text = {0};
    if (problem_parse("gemm f32 nt m=16 n=512 k=512", &problem) != STATUS_OK) abort();
    problem_slots(&problem, &facts, slots);
    manifest_accepts(manifest, slots, NULL);
    manifest_check_default(manifest, slots, NULL);
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        slots[manifest->parameters[i].slot] = manifest->defaults[i];
    check_steps(manifest, slots);
    memcpy(again, slots, sizeof again);
    manifest_print_configuration(manifest, slots, &text);
    if (manifest_parse_configuration(manifest, text_string(&text), again) != STATUS_OK) abort();
    if (memcmp(slots, again, sizeof again) != 0) abort();
    manifest_definitions(manifest, &problem, slots, &text);
    text_free(&text);
}

static void parse(const char *json, size_t size)
{
    struct manifest *manifest;
    if (manifest_parse("fuzz", json, size, "int x;\n", &manifest) != STATUS_OK) {
        if (!status_message()[0] || strchr(status_message(), '\n')) abort();
        return;
    }
    check_manifest(manifest);
    manifest_free(manifest);
}

static const char good[] =
    "{\"name\":\"g\",\"op\":\"gemm\",\"source\":\"g.c\",\"targets\":[\"x\"],\"accepts\":[\"a_type == f32\"],"
    "\"parameters\":{\"TILE\":[1,2],\"SWIZZLE\":[\"none\",\"xor\"]},\"let\":{\"bytes\":\"TILE * "
    "size_of(a_type)\"},"
    "\"where\":[\"bytes <= device.lds_bytes || SWIZZLE == none\"],\"workspace_bytes\":\"4 * m * "
    "n\",\"deterministic\":1,"
    "\"launch\":[{\"when\":\"TILE > 1\",\"zero\":{\"bytes\":8,\"offset\":0}},{\"entry\":\"g\",\"grid\":"
    "[\"ceil_div(m, TILE)\",\"1\",\"batch\"],\"block\":[1,1,1],\"shared_bytes\":\"bytes\"}],"
    "\"default\":{\"TILE\":1,\"SWIZZLE\":\"xor\"},\"specialize\":[\"n\"]}";

/* The input as a manifest, and put into a good one: two bytes of place, one of how much it replaces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse((const char *)data, size);
    if (size < 3) return 0;
    size_t place = (data[0] | (size_t)data[1] << 8) % sizeof good, removed = data[2] % 64;
    if (removed > sizeof good - 1 - place) removed = sizeof good - 1 - place;
    struct text json = {0};
    text_append_bytes(&json, good, place);
    text_append_bytes(&json, data + 3, size - 3);
    text_append(&json, good + place + removed);
    if (text_status(&json) == STATUS_OK) parse(text_string(&json), json.size);
    text_free(&json);
    return 0;
}
