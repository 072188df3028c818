#include "frontends/cli/diff_rows.h"

#include <stdlib.h>
#include <string.h>
#include "frontends/cli/books.h"
#include "frontends/cli/talk.h"

const char *const diff_sides[2] = {"before", "after"};

const char *kernel_name(struct kernel_names *names, const struct hash *kernel)
{
    struct kernel_name *item = &names->items[(kernel->bytes[0] | kernel->bytes[1] << 8) % KERNEL_NAMES];
    if (item->text && memcmp(item->kernel.bytes, kernel->bytes, sizeof kernel->bytes) == 0) return item->text;
    struct text text = {0};
    book_kernel_text(names->book, kernel, &text);
    free(item->text);
    item->text = text_take(&text);
    item->kernel = *kernel;
    return item->text ? item->text : "";
}

void kernel_names_free(struct kernel_names *names)
{
    for (size_t i = 0; i < KERNEL_NAMES; i++) free(names->items[i].text);
}

void diff_print_headings(void)
{
    printf("%-7s  %8s  %8s  %8s  %s\n", "change", "ratio", diff_sides[0], diff_sides[1], "problem");
}

void diff_print_row(struct kernel_names names[2], const struct diff_row *row)
{
    struct key_parts parts = {0};
    char problem[PROBLEM_TEXT_BYTES], ratio[NUMBER_BYTES] = "-", times[2][NUMBER_BYTES];
    book_key_text(row->key, problem);
    key_parse(row->key, strlen(row->key), &parts);
    if (row->is_timed) snprintf(ratio, sizeof ratio, "%.3fx%s", row->ratio, row->is_outside_noise ? "" : "~");
    for (int i = 0; i < 2; i++)
        number_time(row->best[i] ? (double)row->best[i]->timing.median_ns : 0, times[i]);
    printf("%-7s  %8s  %8s  %8s  %s on %s", diff_kind_name(row->kind), ratio, times[0], times[1], problem,
           parts.device_class);
    if (row->winner_changed)
        printf("; winner: %s -> %s", kernel_name(&names[0], &row->best[0]->kernel),
               kernel_name(&names[1], &row->best[1]->kernel));
    putchar('\n');
}

static cJSON *side_json(struct kernel_names *names, const struct record_entry *entry)
{
    char hex[SHA256_HEX_BYTES];
    if (!entry) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "winner", kernel_name(names, &entry->kernel));
    text_hex(entry->kernel.bytes, sizeof entry->kernel.bytes, hex);
    cJSON_AddStringToObject(object, "kernel", hex);
    text_hex(entry->environment.bytes, sizeof entry->environment.bytes, hex);
    cJSON_AddStringToObject(object, "environment", hex);
    cJSON_AddStringToObject(object, "evidence", evidence_name((enum evidence)entry->evidence));
    cJSON_AddNumberToObject(object, "median_ns", (double)entry->timing.median_ns);
    cJSON_AddNumberToObject(object, "low_ns", (double)entry->timing.low_ns);
    cJSON_AddNumberToObject(object, "high_ns", (double)entry->timing.high_ns);
    return object;
}

cJSON *diff_row_json(struct kernel_names names[2], const struct diff_row *row)
{
    struct key_parts parts = {0};
    char problem[PROBLEM_TEXT_BYTES];
    book_key_text(row->key, problem);
    key_parse(row->key, strlen(row->key), &parts);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "change", diff_kind_name(row->kind));
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "class", parts.device_class);
    if (row->is_timed)
        cJSON_AddNumberToObject(object, "ratio", row->ratio);
    else
        cJSON_AddNullToObject(object, "ratio");
    cJSON_AddBoolToObject(object, "outside_noise", row->is_outside_noise);
    cJSON_AddBoolToObject(object, "winner_changed", row->winner_changed);
    for (int i = 0; i < 2; i++)
        cJSON_AddItemToObject(object, diff_sides[i], side_json(&names[i], row->best[i]));
    return object;
}
