#include "frontends/cli/lint_report.h"

#include "tuner/base/text.h"

static const char *level_name(enum lint_level level)
{
    return level == LINT_ERROR ? "error" : "note";
}

void lint_report_begin(struct lint_report *report, bool json)
{
    *report = (struct lint_report){0};
    if (json) report->findings = cJSON_CreateArray();
}

static void add_json(struct lint_report *report, const char *where, const struct lint_finding *finding)
{
    char hex[SHA256_HEX_BYTES];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "rule", lint_rule_name(finding->rule));
    cJSON_AddStringToObject(object, "level", level_name(finding->level));
    cJSON_AddStringToObject(object, "where", where);
    json_add_text(object, "key", finding->key);
    if (finding->entry != LINT_RECORD) cJSON_AddNumberToObject(object, "entry", finding->entry);
    if (finding->kernel) {
        text_hex(finding->kernel->bytes, sizeof finding->kernel->bytes, hex);
        cJSON_AddStringToObject(object, "kernel", hex);
    }
    cJSON_AddStringToObject(object, "line", finding->line);
    cJSON_AddItemToArray(report->findings, object);
}

bool lint_report_lists(const struct lint_report *report, enum lint_rule rule)
{
    return report->found[rule] < (report->findings ? LINT_LISTED_JSON : LINT_LISTED_TEXT);
}

void lint_report_add(struct lint_report *report, const char *where, const struct lint_finding *finding)
{
    bool listed = lint_report_lists(report, finding->rule);
    report->found[finding->rule]++;
    if (!listed) return;
    if (report->findings) {
        add_json(report, where, finding);
        return;
    }
    printf("%s: ", where);
    if (finding->entry != LINT_RECORD) printf("entry %d: ", finding->entry);
    printf("%s: %s: %s\n", level_name(finding->level), lint_rule_name(finding->rule), finding->line);
}

uint64_t lint_report_count(const struct lint_report *report, enum lint_level level)
{
    uint64_t n = 0;
    for (int rule = 0; rule < LINT_RULES; rule++)
        if (lint_rule_level((enum lint_rule)rule) == level) n += report->found[rule];
    return n;
}

void lint_report_json(struct lint_report *report, cJSON *root)
{
    cJSON_AddNumberToObject(root, "errors", (double)lint_report_count(report, LINT_ERROR));
    cJSON_AddNumberToObject(root, "notes", (double)lint_report_count(report, LINT_NOTE));
    cJSON_AddItemToObject(root, "findings", report->findings);
    report->findings = NULL;
    cJSON *list = cJSON_AddArrayToObject(root, "rules");
    for (int rule = 0; rule < LINT_RULES; rule++) {
        if (!report->found[rule]) continue;
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "rule", lint_rule_name((enum lint_rule)rule));
        cJSON_AddStringToObject(object, "level", level_name(lint_rule_level((enum lint_rule)rule)));
        cJSON_AddNumberToObject(object, "found", (double)report->found[rule]);
        cJSON_AddStringToObject(object, "why", lint_rule_why((enum lint_rule)rule));
        cJSON_AddItemToArray(list, object);
    }
}

void lint_report_table(const struct lint_report *report)
{
    static const char *const headings[] = {"found", "level", "rule", "what it means"};
    struct table table = {.headings = headings, .align = "rlll", .n_columns = 4};
    bool any = false;
    for (int rule = 0; rule < LINT_RULES; rule++) {
        if (!report->found[rule]) continue;
        any = true;
        table_add(&table, "%llu", (unsigned long long)report->found[rule]);
        table_add(&table, "%s", level_name(lint_rule_level((enum lint_rule)rule)));
        table_add(&table, "%s", lint_rule_name((enum lint_rule)rule));
        table_add(&table, "%s", lint_rule_why((enum lint_rule)rule));
    }
    if (any) table_print(&table);
}

enum status lint_report_end(struct lint_report *report, const char *name, const char *what, uint64_t n)
{
    unsigned long long errors = lint_report_count(report, LINT_ERROR),
                       notes = lint_report_count(report, LINT_NOTE);
    if (report->findings) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddStringToObject(root, "book", name);
        cJSON_AddNumberToObject(root, what, (double)n);
        lint_report_json(report, root);
        TRY(json_deliver(root));
    } else {
        lint_report_table(report);
        printf("%llu %s, %llu errors, %llu notes\n", (unsigned long long)n, what, errors, notes);
    }
    if (!errors) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND, "%s: %llu findings that must not be believed", name, errors);
}

void lint_report_free(struct lint_report *report)
{
    cJSON_Delete(report->findings);
    report->findings = NULL;
}
