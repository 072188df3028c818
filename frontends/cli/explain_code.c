#include <string.h>
#include "frontends/cli/explain.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/base/gpu_target.h"
#include "tuner/conflict_run.h"

static const char *const kind_names[INSTRUCTION_KINDS] = {
    [INSTRUCTION_MATRIX] = "matrix", [INSTRUCTION_VECTOR] = "vector",
    [INSTRUCTION_SCALAR] = "scalar", [INSTRUCTION_SCALAR_MEMORY] = "scalar_memory",
    [INSTRUCTION_LDS] = "lds",       [INSTRUCTION_MEMORY] = "memory",
    [INSTRUCTION_BRANCH] = "branch", [INSTRUCTION_INTERNAL] = "internal"};

static const char *const unit_members[CYCLE_UNITS] = {[CYCLES_MATRIX] = "matrix_cycles",
                                                      [CYCLES_LDS] = "lds_cycles",
                                                      [CYCLES_MEMORY] = "memory_cycles",
                                                      [CYCLES_ISSUE] = "issue_cycles"};

static cJSON *resources_json(const struct code_report *report)
{
    const struct code_resources *resources = &report->resources;
    cJSON *object = cJSON_CreateObject();
    const struct {
        const char *name;
        uint32_t value;
    } members[] = {{"registers", resources->registers},
                   {"accumulators", resources->accumulators},
                   {"scalar_registers", resources->scalar_registers},
                   {"shared_bytes", report->shared_bytes},
                   {"private_bytes", resources->private_bytes},
                   {"spill_bytes", resources->spill_bytes},
                   {"scalar_spills", resources->scalar_spills},
                   {"block_threads", report->step.block_threads},
                   {"max_block_threads", resources->max_block_threads},
                   {"wave_size", resources->wave_size}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cJSON_AddNumberToObject(object, members[i].name, members[i].value);
    return object;
}

static cJSON *occupancy_json(const struct code_report *report)
{
    const struct occupancy *occupancy = &report->occupancy;
    cJSON *object = cJSON_CreateObject();
    json_add_text(object, "text", report->occupancy_text);
    if (!report->has_occupancy) return object;
    static const char *const limits[] = {[OCCUPANCY_WAVES] = "waves",
                                         [OCCUPANCY_REGISTERS] = "registers",
                                         [OCCUPANCY_SHARED] = "shared",
                                         [OCCUPANCY_BLOCKS] = "blocks"};
    cJSON_AddNumberToObject(object, "blocks", occupancy->blocks);
    cJSON_AddNumberToObject(object, "units", occupancy->units);
    cJSON_AddNumberToObject(object, "waves_per_block", occupancy->waves_per_block);
    cJSON_AddNumberToObject(object, "waves_per_simd", occupancy->waves_per_simd);
    cJSON_AddStringToObject(object, "limit", limits[occupancy->limit]);
    return object;
}

static cJSON *sum_json(const struct code_report *report)
{
    const struct cycle_sum *sum = &report->sum;
    cJSON *object = cJSON_CreateObject();
    if (!report->has_sum) {
        json_add_text(object, "missing", report->no_sum);
        return object;
    }
    for (int unit = 0; unit < CYCLE_UNITS; unit++)
        cJSON_AddNumberToObject(object, unit_members[unit], sum->cycles[unit]);
    cJSON_AddNumberToObject(object, "lds_read_cycles", sum->lds_read);
    cJSON_AddNumberToObject(object, "lds_write_cycles", sum->lds_write);
    cJSON_AddItemToObject(object, "lds_conflict_cycles",
                          report->has_conflicts ? cJSON_CreateNumber(sum->lds_conflicts)
                                                : cJSON_CreateNull());
    json_add_text(object, "conflicts_missing", report->no_conflicts);
    cJSON_AddStringToObject(object, "binds", cycle_unit_name(sum->binds));
    cJSON_AddNumberToObject(object, "share", sum->share);
    cJSON *counts = cJSON_AddObjectToObject(object, "instructions");
    for (int kind = 0; kind < INSTRUCTION_KINDS; kind++)
        cJSON_AddNumberToObject(counts, kind_names[kind], report->loop.counts[kind]);
    cJSON_AddNumberToObject(object, "branches_inside", report->loop.branches);
    return object;
}

cJSON *explain_code(const struct code_report *report)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "entry", report->step.entry);
    cJSON_AddItemToObject(object, "resources", resources_json(report));
    cJSON_AddItemToObject(object, "occupancy", occupancy_json(report));
    cJSON_AddItemToObject(object, "main_loop", sum_json(report));
    return object;
}

enum status explain_report(const struct explained_kernel *kernel, struct code_report *out)
{
    const struct conflict_request request = {kernel->manifest, kernel->problem,
                                             kernel->descriptor->configuration, kernel->gpu, kernel->info};
    struct conflicts conflicts;
    char why[CODE_REPORT_LINE_BYTES] = "";
    bool counted = kernel->manifest && conflict_run(&request, &conflicts) == STATUS_OK;
    if (!kernel->manifest)
        snprintf(why, sizeof why, "the template that it was made from is not the one of that name here");
    else if (!counted)
        snprintf(why, sizeof why, "%s", status_message());
    TRY(code_report_make(kernel->descriptor, kernel->code, kernel->code_bytes, kernel->problem,
                         &kernel->info->facts, counted ? &conflicts : NULL, out));
    snprintf(out->no_conflicts, sizeof out->no_conflicts, "%s", why);
    return STATUS_OK;
}

/* The very template, manifest and source, that a kernel of a book was made from; NULL where it is another. */
static const struct manifest *find_origin(const struct template_set *set, const struct descriptor *descriptor)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->items[i]->name, descriptor->template_name) == 0 &&
            memcmp(&set->items[i]->hash, &descriptor->source, sizeof descriptor->source) == 0)
            return set->items[i];
    return NULL;
}

cJSON *explain_entry_code(const struct finder *finder, const struct problem *problem,
                          const struct found_entry *entry)
{
    struct value code = {0};
    struct code_report report;
    struct template_set set = {NULL, 0};
    cJSON *object = NULL;
    if (!gpu_target_find(entry->descriptor.target)) return cJSON_CreateNull();
    if (template_set_load(NULL, &set) == STATUS_OK &&
        book_get_code(entry->book, &entry->descriptor.code, &code) == STATUS_OK) {
        struct explained_kernel kernel = {.descriptor = &entry->descriptor,
                                          .code = code.bytes,
                                          .code_bytes = code.size,
                                          .problem = problem,
                                          .info = finder->place->info,
                                          .manifest = find_origin(&set, &entry->descriptor),
                                          .gpu = entry->descriptor.target};
        if (explain_report(&kernel, &report) == STATUS_OK) object = explain_code(&report);
        value_free(&code);
    }
    template_set_free(&set);
    return object ? object : cJSON_CreateNull();
}

/* ---- for people ---- */

static double number_of(const cJSON *object, const char *member)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, member);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *string_of(const cJSON *object, const char *member)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, member));
}

static void print_resources(const cJSON *code)
{
    const cJSON *resources = cJSON_GetObjectItemCaseSensitive(code, "resources");
    printf("%-15s%.0f registers", "code", number_of(resources, "registers"));
    if (number_of(resources, "accumulators"))
        printf(" (%.0f of them accumulators)", number_of(resources, "accumulators"));
    if (number_of(resources, "scalar_registers"))
        printf(", %.0f scalar", number_of(resources, "scalar_registers"));
    printf(", %.0f bytes shared, %.0f bytes spilled", number_of(resources, "shared_bytes"),
           number_of(resources, "spill_bytes"));
    if (number_of(resources, "scalar_spills"))
        printf(", %.0f scalar registers spilled", number_of(resources, "scalar_spills"));
    if (number_of(resources, "private_bytes"))
        printf(", %.0f bytes of scratch", number_of(resources, "private_bytes"));
    printf(" (%s, blocks of %.0f)\n", string_of(code, "entry"), number_of(resources, "block_threads"));
    printf("%-15s%s\n", "occupancy", string_of(cJSON_GetObjectItemCaseSensitive(code, "occupancy"), "text"));
}

static void print_sum(const cJSON *loop)
{
    static const char *const headings[] = {"unit", "cycles", "of the longest", ""};
    struct table table = {headings, "lrrl", 4, NULL, 0, 0};
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(loop, "instructions");
    const char *binds = string_of(loop, "binds");
    double longest = 0;
    for (int unit = 0; unit < CYCLE_UNITS; unit++)
        if (number_of(loop, unit_members[unit]) > longest) longest = number_of(loop, unit_members[unit]);
    printf("%-15smatrix units busy for at most %.0f %% of it; bound by %s\n", "main loop",
           100 * number_of(loop, "share"), binds);
    for (int unit = 0; unit < CYCLE_UNITS; unit++) {
        double cycles = number_of(loop, unit_members[unit]);
        table_add(&table, "  %s", cycle_unit_name((enum cycle_unit)unit));
        table_add(&table, "%.0f", cycles);
        table_add(&table, "%.0f %%", longest > 0 ? 100 * cycles / longest : 0);
        if (unit == CYCLES_LDS && cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(loop, "lds_conflict_cycles")))
            table_add(&table, "read %.0f, write %.0f; conflicts not counted",
                      number_of(loop, "lds_read_cycles"), number_of(loop, "lds_write_cycles"));
        else if (unit == CYCLES_LDS)
            table_add(&table, "read %.0f, write %.0f; %.0f of it conflicts",
                      number_of(loop, "lds_read_cycles"), number_of(loop, "lds_write_cycles"),
                      number_of(loop, "lds_conflict_cycles"));
        else if (unit == CYCLES_MATRIX)
            table_add(&table, "%.0f instructions a wave", number_of(counts, "matrix"));
        else if (unit == CYCLES_MEMORY)
            table_add(&table, "%.0f instructions a wave", number_of(counts, "memory"));
        else
            table_add(&table, "vector %.0f, scalar %.0f, LDS %.0f a wave", number_of(counts, "vector"),
                      number_of(counts, "scalar"), number_of(counts, "lds"));
    }
    table_print(&table);
    if (string_of(loop, "conflicts_missing"))
        printf("  conflicts are not counted: %s\n", string_of(loop, "conflicts_missing"));
}

void explain_print_code(const cJSON *code)
{
    if (!code || cJSON_IsNull(code)) return;
    const cJSON *loop = cJSON_GetObjectItemCaseSensitive(code, "main_loop");
    print_resources(code);
    if (string_of(loop, "missing"))
        printf("%-15sno sum of cycles: %s\n", "main loop", string_of(loop, "missing"));
    else
        print_sum(loop);
}
