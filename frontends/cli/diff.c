/* autotune diff: what another book answers, problem by problem. Two walks over both books as they stood at
 * the beginning: one that sums up and finds whatever is damaged, one that prints. */
#include <stdlib.h>
#include <string.h>
#include "db/pin.h"
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/diff_groups.h"
#include "frontends/cli/diff_rows.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/talk.h"

/* What --model names, one by one. */
struct model {
    const char *name;
    struct problem_list problems;
};

struct comparison {
    const struct settings *settings;
    struct book *books[2];
    struct kernel_names names[2];
    struct model *models; /* settings->models.n; only their problems take part, where there are any */
    struct diff_groups by_op, by_model;
    double slower_by; /* --fail-if-slower as a part of one; < 0: not asked */
    uint64_t n_rows, n_too_slow;
    double worst_ratio;
    char worst[PROBLEM_TEXT_BYTES + 80];
    bool no_memory;
    struct json_rows rows;
};

/* How often a model calls the problem; 0: it does not. */
static double calls_of(const struct model *model, const struct problem *problem)
{
    for (size_t i = 0; i < model->problems.n; i++) {
        const struct problem *its = &model->problems.items[i].problem;
        if (its->op == problem->op && memcmp(its->value, problem->value, sizeof its->value) == 0)
            return model->problems.items[i].calls;
    }
    return 0;
}

static bool is_wanted(const struct comparison *comparison, const char *key)
{
    struct problem problem;
    size_t n_models = comparison->settings->models.n;
    if (!n_models) return true;
    if (!book_key_problem(key, &problem)) return false;
    for (size_t i = 0; i < n_models; i++)
        if (calls_of(&comparison->models[i], &problem) > 0) return true;
    return false;
}

static bool is_listed(const struct comparison *comparison, const struct diff_row *row)
{
    return (comparison->settings->all || row->kind != DIFF_SAME) && is_wanted(comparison, row->key);
}

static void add_to_models(struct comparison *comparison, const struct diff_row *row, const char *device_class)
{
    struct problem problem;
    size_t n_models = comparison->settings->models.n;
    if (!n_models || !book_key_problem(row->key, &problem)) return;
    for (size_t i = 0; i < n_models; i++) {
        double calls = calls_of(&comparison->models[i], &problem);
        if (!(calls > 0)) continue;
        struct diff_group *group =
            diff_groups_find(&comparison->by_model, comparison->models[i].name, device_class);
        comparison->no_memory |= !group;
        if (group) diff_group_add(group, row, calls);
    }
}

static void judge(struct comparison *comparison, const struct diff_row *row, const char *device_class)
{
    if (row->kind != DIFF_SLOWER || comparison->slower_by < 0 || row->ratio <= 1 + comparison->slower_by)
        return;
    comparison->n_too_slow++;
    if (row->ratio <= comparison->worst_ratio) return;
    char problem[PROBLEM_TEXT_BYTES];
    comparison->worst_ratio = row->ratio;
    book_key_text(row->key, problem);
    snprintf(comparison->worst, sizeof comparison->worst, "%s on %s", problem, device_class);
}

static bool sum_up(void *context, const struct diff_row *row)
{
    struct comparison *comparison = context;
    struct key_parts parts;
    char op[64];
    if (!is_wanted(comparison, row->key)) return true;
    key_parse(row->key, strlen(row->key), &parts); /* was parsed before: cannot fail */
    snprintf(op, sizeof op, "%.*s", (int)strcspn(parts.head, "/"), parts.head);
    struct diff_group *group = diff_groups_find(&comparison->by_op, op, parts.device_class);
    comparison->no_memory |= !group;
    if (group) diff_group_add(group, row, 1);
    add_to_models(comparison, row, parts.device_class);
    judge(comparison, row, parts.device_class);
    comparison->n_rows += is_listed(comparison, row);
    return !comparison->no_memory;
}

static bool print_row(void *context, const struct diff_row *row)
{
    struct comparison *comparison = context;
    if (is_listed(comparison, row)) diff_print_row(comparison->names, row);
    return true;
}

static bool add_row(void *context, const struct diff_row *row)
{
    struct comparison *comparison = context;
    if (is_listed(comparison, row)) json_rows_add(&comparison->rows, diff_row_json(comparison->names, row));
    return true;
}

static enum status print_text(struct comparison *comparison, struct diff *diff)
{
    if (comparison->n_rows) {
        diff_print_headings();
        TRY(diff_each(diff, print_row, comparison));
        putchar('\n');
    }
    if (comparison->by_op.n) diff_groups_print(&comparison->by_op, "op", false);
    if (comparison->by_model.n) {
        putchar('\n');
        diff_groups_print(&comparison->by_model, "model", true);
    }
    return STATUS_OK;
}

static enum status print_json(struct comparison *comparison, struct diff *diff)
{
    cJSON *head = cJSON_CreateObject();
    for (int i = 0; i < 2; i++) cJSON_AddStringToObject(head, diff_sides[i], book_path(comparison->books[i]));
    cJSON_AddItemToObject(head, "by_op", diff_groups_json(&comparison->by_op, "op", false));
    if (comparison->settings->models.n)
        cJSON_AddItemToObject(head, "by_model", diff_groups_json(&comparison->by_model, "model", true));
    if (comparison->slower_by >= 0) cJSON_AddNumberToObject(head, "too_slow", (double)comparison->n_too_slow);
    comparison->rows.to = stdout;
    TRY(json_rows_begin(head, "problems"));
    TRY(diff_each(diff, add_row, comparison));
    json_rows_end();
    return comparison->rows.status;
}

static enum status compare(struct comparison *comparison)
{
    struct diff *diff;
    TRY(diff_open(comparison->books[0], comparison->books[1], &diff));
    enum status status = diff_each(diff, sum_up, comparison);
    if (status == STATUS_OK && comparison->no_memory)
        status = status_fail(STATUS_NO_MEMORY, "no memory for a summary");
    if (status == STATUS_OK)
        status = comparison->settings->json ? print_json(comparison, diff) : print_text(comparison, diff);
    diff_close(diff);
    TRY(status);
    if (!comparison->n_too_slow) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND, "%llu problems got slower by more than %g %%; the worst: %s, %.3fx",
                       (unsigned long long)comparison->n_too_slow, 100 * comparison->slower_by,
                       comparison->worst, comparison->worst_ratio);
}

static bool count_pin(void *context, const char *key, const struct pin *pin)
{
    (void)key, (void)pin;
    ++*(uint64_t *)context;
    return true;
}

/* Records are compared; programs may get something else. */
static enum status note_pins(const struct comparison *comparison)
{
    for (int i = 0; i < 2; i++) {
        uint64_t n = 0;
        TRY(book_each_pin(comparison->books[i], count_pin, &n));
        if (n)
            talk_note("%s: %llu problems are pinned: programs get what they are pinned to, not the best that "
                      "is compared here; 'autotune pin --list --book=%s'",
                      book_path(comparison->books[i]), (unsigned long long)n,
                      book_path(comparison->books[i]));
    }
    return STATUS_OK;
}

static enum status parse_percent(const char *text, double *out)
{
    char number[32];
    double percent;
    *out = -1;
    if (!text) return STATUS_OK;
    size_t length = strlen(text);
    if (length && text[length - 1] == '%') length--;
    snprintf(number, sizeof number, "%.*s", length < sizeof number ? (int)length : 0, text);
    if (!text_parse_double(number, &percent) || !(percent >= 0 && percent <= 1000))
        return status_fail(STATUS_USAGE, "--fail-if-slower=%s: no percentage from 0 to 1000, such as 3%%",
                           text);
    *out = percent / 100;
    return STATUS_OK;
}

static enum status gather_models(struct comparison *comparison)
{
    const struct words *names = &comparison->settings->models;
    if (!names->n && comparison->settings->phase)
        return status_fail(STATUS_USAGE, "--phase: goes with --model, which is missing");
    if (!names->n && comparison->settings->dtypes.n)
        return status_fail(STATUS_USAGE, "--dtype: goes with --model, which is missing");
    comparison->models = calloc(names->n + 1, sizeof *comparison->models);
    if (!comparison->models) return status_fail(STATUS_NO_MEMORY, "no memory for %zu models", names->n);
    for (size_t i = 0; i < names->n; i++) {
        struct settings one = *comparison->settings;
        one.models = (struct words){.items = &names->items[i], .n = 1};
        one.arguments = (struct words){0};
        comparison->models[i].name = names->items[i];
        TRY(problems_gather(&one, &comparison->models[i].problems));
    }
    return STATUS_OK;
}

enum status command_diff(const struct settings *settings)
{
    struct comparison comparison = {.settings = settings};
    if (settings->arguments.n != 2)
        return status_fail(STATUS_USAGE, "diff: %zu books; two are compared, the earlier one first",
                           settings->arguments.n);
    TRY(parse_percent(settings->fail_if_slower, &comparison.slower_by));
    enum status status = gather_models(&comparison);
    for (int i = 0; i < 2 && status == STATUS_OK; i++)
        status = book_open_one(settings->arguments.items[i], &comparison.books[i]);
    for (int i = 0; i < 2; i++) comparison.names[i].book = comparison.books[i];
    if (status == STATUS_OK) status = note_pins(&comparison);
    if (status == STATUS_OK) status = compare(&comparison);
    for (int i = 0; i < 2; i++) {
        kernel_names_free(&comparison.names[i]);
        book_close(comparison.books[i]);
    }
    for (size_t i = 0; i < settings->models.n && comparison.models; i++)
        problems_free(&comparison.models[i].problems);
    free(comparison.models);
    diff_groups_free(&comparison.by_op);
    diff_groups_free(&comparison.by_model);
    return status;
}
