#include "frontends/cli/json_rows.h"

#include "tuner/base/json.h"

void json_rows_add(struct json_rows *rows, cJSON *row)
{
    struct text text = {0};
    if (row) json_print(row, false, &text);
    if ((!row || text.failed) && rows->status == STATUS_OK)
        rows->status = status_fail(STATUS_NO_MEMORY, "no memory for row %llu of the JSON document",
                                   (unsigned long long)rows->n + 1);
    if (row && !text.failed) fprintf(rows->to, "%s%s", rows->n++ ? ",\n" : "\n", text_string(&text));
    cJSON_Delete(row);
    text_free(&text);
}

enum status json_rows_begin(cJSON *head, const char *name)
{
    struct text text = {0};
    if (head) json_print(head, false, &text);
    cJSON_Delete(head);
    enum status status =
        head && text.size ? text_status(&text) : status_fail(STATUS_NO_MEMORY, "no memory for JSON");
    /* All but the brace that ends it. */
    if (status == STATUS_OK) printf("%.*s,\"%s\":[", (int)text.size - 1, text.data, name);
    text_free(&text);
    return status;
}

void json_rows_end(void)
{
    puts("]}");
}
