#include "frontends/cli/find.h"

#include <stdlib.h>
#include <string.h>
#include "frontends/cli/paper_place.h"
#include "frontends/cli/talk.h"
#include "templates/attention/attention.h"
#include "templates/gemm/gemm.h"
#include "tuner/base/clock.h"

static enum status status_of(tb_status status)
{
    static const enum status codes[] = {[TB_OK] = STATUS_OK,
                                        [TB_NO_KERNEL] = STATUS_NOT_FOUND,
                                        [TB_NOT_COVERED] = STATUS_NOT_COVERED,
                                        [TB_INVALID] = STATUS_USAGE,
                                        [TB_UNAVAILABLE] = STATUS_UNAVAILABLE,
                                        [TB_CORRUPT] = STATUS_BAD_DATA,
                                        [TB_IO] = STATUS_IO,
                                        [TB_BUSY] = STATUS_BUSY,
                                        [TB_NO_MEMORY] = STATUS_NO_MEMORY};
    if (status == TB_OK) return STATUS_OK;
    return status_fail(codes[status], "%s", tb_last_error());
}

enum status finder_open(const struct settings *settings, const struct place *place, struct finder *out)
{
    tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
    options.threads = (uint32_t)settings->threads;
    *out = (struct finder){.place = place};
    unsetenv("TUNEBOOK_MISSES"); /* questions asked here are nobody's misses */
    TRY(books_open(settings->book, &out->layers));
    TRY(status_of(tb_open(settings->book, &out->book)));
    place_offer(place, true);
    tb_status made = tb_context_create(out->book, place->api->name, place->index, &options, &out->context);
    place_offer(place, false);
    return status_of(made);
}

void finder_close(struct finder *finder)
{
    if (finder->context) tb_context_destroy(finder->context);
    tb_close(finder->book);
    books_close(&finder->layers);
    *finder = (struct finder){0};
}

/* ---- the public API's struct of a problem, and its calls ---- */

static tb_gemm_problem gemm_of(const struct problem *problem)
{
    const int64_t *value = problem->value;
    tb_gemm_problem gemm = TB_GEMM_PROBLEM_INIT;
    gemm.m = value[GEMM_M];
    gemm.n = value[GEMM_N];
    gemm.k = value[GEMM_K];
    gemm.batch = value[GEMM_BATCH];
    gemm.a_type = (tb_type)value[GEMM_A_TYPE];
    gemm.b_type = (tb_type)value[GEMM_B_TYPE];
    gemm.d_type = (tb_type)value[GEMM_D_TYPE];
    gemm.layout = (tb_layout)value[GEMM_LAYOUT];
    gemm.activation = (tb_activation)value[GEMM_ACT];
    gemm.has_bias = (int)value[GEMM_BIAS];
    gemm.align_a = (int)value[GEMM_ALIGN_A];
    gemm.align_b = (int)value[GEMM_ALIGN_B];
    gemm.align_c = (int)value[GEMM_ALIGN_C];
    gemm.align_d = (int)value[GEMM_ALIGN_D];
    return gemm;
}

static tb_status gemm_ask(tb_context *context, const struct problem *problem, tb_plan **plan)
{
    tb_gemm_problem gemm = gemm_of(problem);
    return tb_gemm_plan(context, &gemm, TB_PLAN_NO_LOAD, plan);
}

static tb_status gemm_ask_all(tb_context *context, const struct problem *problem, tb_explanation *answers,
                              size_t *n)
{
    tb_gemm_problem gemm = gemm_of(problem);
    return tb_gemm_candidates(context, &gemm, answers, n);
}

static tb_attention_problem attention_of(const struct problem *problem)
{
    const int64_t *value = problem->value;
    tb_attention_problem attention = TB_ATTENTION_PROBLEM_INIT;
    attention.batch = value[ATTENTION_BATCH];
    attention.q_len = value[ATTENTION_Q_LEN];
    attention.kv_len = value[ATTENTION_KV_LEN];
    attention.q_heads = value[ATTENTION_Q_HEADS];
    attention.kv_heads = value[ATTENTION_KV_HEADS];
    attention.head_size = value[ATTENTION_D];
    attention.value_size = value[ATTENTION_DV];
    attention.page = value[ATTENTION_PAGE];
    attention.window = value[ATTENTION_WINDOW];
    attention.q_type = (tb_type)value[ATTENTION_Q_TYPE];
    attention.kv_type = (tb_type)value[ATTENTION_KV_TYPE];
    attention.o_type = (tb_type)value[ATTENTION_O_TYPE];
    attention.mask = (tb_mask)value[ATTENTION_MASK];
    attention.varlen = (int)value[ATTENTION_VARLEN];
    attention.softcap = (int)value[ATTENTION_SOFTCAP];
    attention.sinks = (int)value[ATTENTION_SINKS];
    attention.lse = (int)value[ATTENTION_LSE];
    return attention;
}

static tb_status attention_ask(tb_context *context, const struct problem *problem, tb_plan **plan)
{
    tb_attention_problem attention = attention_of(problem);
    return tb_attention_plan(context, &attention, TB_PLAN_NO_LOAD, plan);
}

static tb_status attention_ask_all(tb_context *context, const struct problem *problem,
                                   tb_explanation *answers, size_t *n)
{
    tb_attention_problem attention = attention_of(problem);
    return tb_attention_candidates(context, &attention, answers, n);
}

struct calls {
    const struct op *op;
    tb_status (*ask)(tb_context *context, const struct problem *problem, tb_plan **plan);
    tb_status (*ask_all)(tb_context *context, const struct problem *problem, tb_explanation *answers,
                         size_t *n);
};

static enum status calls_of(const struct op *op, const struct calls **out)
{
    static const struct calls all[] = {{&gemm_op, gemm_ask, gemm_ask_all},
                                       {&attention_op, attention_ask, attention_ask_all}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].op != op) continue;
        *out = &all[i];
        return STATUS_OK;
    }
    return status_fail(STATUS_UNAVAILABLE, "%s: the runtime library has no call for this op", op->name);
}

enum status finder_ask(struct finder *finder, const struct problem *problem, tb_explanation *answer)
{
    const struct calls *calls = NULL;
    tb_plan *plan;
    tb_explanation explanation = TB_EXPLANATION_INIT;
    TRY(calls_of(problem->op, &calls));
    TRY(status_of(calls->ask(finder->context, problem, &plan)));
    TRY(status_of(tb_plan_explain(plan, &explanation)));
    *answer = explanation;
    return STATUS_OK;
}

enum status finder_ask_all(struct finder *finder, const struct problem *problem, tb_explanation *answers,
                           size_t *n)
{
    const struct calls *calls = NULL;
    TRY(calls_of(problem->op, &calls));
    for (size_t i = 0; i < *n; i++) answers[i] = (tb_explanation)TB_EXPLANATION_INIT;
    return status_of(calls->ask_all(finder->context, problem, answers, n));
}

/* ---- entries ---- */

enum status finder_entry_of(struct book *book, const char *key, const char *template_name,
                            const char *configuration, struct found_entry *out)
{
    *out = (struct found_entry){.book = book};
    TRY(book_get_record(book, key, &out->record));
    for (; out->index < out->record.n_entries; out->index++) {
        const struct hash *kernel = &out->record.entries[out->index].kernel;
        if (book_get_descriptor(book, kernel, &out->descriptor_bytes, &out->descriptor) != STATUS_OK)
            continue;
        if (strcmp(out->descriptor.template_name, template_name) == 0 &&
            strcmp(out->descriptor.configuration, configuration) == 0)
            return STATUS_OK;
        found_entry_free(out);
    }
    return status_fail(STATUS_NOT_FOUND, "%s: record %s has no entry of %s %s", book_path(book), key,
                       template_name, configuration);
}

static struct book *layer_named(const struct finder *finder, const char *path)
{
    for (size_t i = 0; i < finder->layers.n; i++)
        if (strcmp(book_path(finder->layers.items[i]), path) == 0) return finder->layers.items[i];
    return NULL;
}

bool finder_pin(const struct finder *finder, const tb_explanation *answer, struct pin *out)
{
    struct book *book = layer_named(finder, answer->book);
    return book && answer->match == TB_EXACT && strncmp(answer->reason, "pinned ", 7) == 0 &&
           book_get_pin(book, answer->record, out) == STATUS_OK &&
           strncmp(answer->reason, out->line, strlen(out->line)) == 0;
}

enum status finder_entry(struct finder *finder, const tb_explanation *answer, struct found_entry *out)
{
    struct book *book = layer_named(finder, answer->book);
    struct pin pin;
    *out = (struct found_entry){.book = book};
    if (!book) return status_fail(STATUS_NOT_FOUND, "%s: the book that answered is gone", answer->book);
    if (!finder_pin(finder, answer, &pin))
        return finder_entry_of(book, answer->record, answer->template_name, answer->configuration, out);
    out->record = pin.record;
    return book_get_descriptor(book, &pin.record.entries[0].kernel, &out->descriptor_bytes, &out->descriptor);
}

void found_entry_free(struct found_entry *entry)
{
    value_free(&entry->descriptor_bytes);
    entry->descriptor_bytes = (struct value){0};
}

cJSON *pin_json(const struct pin *pin)
{
    char when[21];
    if (!pin) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    clock_format_utc(pin->pinned_at_s, when);
    cJSON_AddStringToObject(object, "by", pin->who);
    cJSON_AddStringToObject(object, "at", when);
    json_add_text(object, "because", pin->because);
    return object;
}

const char *match_text(tb_match match)
{
    static const char *const names[] = {"exact", "near_shape", "sibling_class", "default"};
    return names[match];
}

const char *evidence_text(tb_evidence evidence)
{
    static const char *const names[] = {"measured", "predicted", "default"};
    return names[evidence];
}
