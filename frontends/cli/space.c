/* autotune space: what a T1 file defines. */
#include <stdio.h>
#include "frontends/cli/command.h"
#include "frontends/cli/definition.h"
#include "frontends/cli/talk.h"
#include "tuner/base/clock.h"

/* What is said of a space. */
struct view {
    const struct t1 *t1;
    struct space *space;
    double seconds; /* to build and count it */
};

static cJSON *parameter_json(const struct view *view, uint32_t p)
{
    const struct space_parameter *parameter = &view->t1->spec.parameters[p];
    cJSON *object = cJSON_CreateObject(), *values = cJSON_AddArrayToObject(object, "values");
    cJSON_AddStringToObject(object, "name", parameter->name);
    cJSON_AddStringToObject(object, "type", view->t1->types[p]);
    for (uint32_t i = 0; i < parameter->n_values; i++)
        cJSON_AddItemToArray(values, cJSON_CreateString(view->t1->texts[p][i]));
    return object;
}

static enum status print_json(const struct view *view)
{
    bool exact;
    uint64_t valid = space_count(view->space, &exact);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "file", view->t1->name);
    cJSON_AddStringToObject(root, "kernel", view->t1->kernel);
    cJSON *parameters = cJSON_AddArrayToObject(root, "parameters");
    for (uint32_t p = 0; p < view->t1->spec.n_parameters; p++)
        cJSON_AddItemToArray(parameters, parameter_json(view, p));
    cJSON *conditions = cJSON_AddArrayToObject(root, "conditions");
    for (size_t i = 0; i < view->t1->n_conditions; i++)
        cJSON_AddItemToArray(conditions, cJSON_CreateString(view->t1->conditions[i]));
    cJSON_AddNumberToObject(root, "raw", space_raw_count(view->space));
    cJSON_AddNumberToObject(root, "valid", (double)valid);
    cJSON_AddBoolToObject(root, "exact", exact);
    cJSON_AddNumberToObject(root, "build_s", view->seconds);
    return json_deliver(root);
}

/* As many as fit a line; how many there are stands in front. */
static void list_values(const struct view *view, uint32_t p, struct text *out)
{
    enum { WIDTH = 64 };
    uint32_t n = view->t1->spec.parameters[p].n_values;
    for (uint32_t i = 0; i < n; i++) {
        if (i && out->size > WIDTH) {
            text_append(out, " ...");
            return;
        }
        text_format(out, "%s%s", i ? " " : "", view->t1->texts[p][i]);
    }
}

static void print_text(const struct view *view)
{
    static const char *const headings[] = {"parameter", "type", "values", ""};
    struct table table = {.headings = headings, .align = "llrl", .n_columns = 4};
    for (uint32_t p = 0; p < view->t1->spec.n_parameters; p++) {
        struct text values = {0};
        list_values(view, p, &values);
        table_add(&table, "%s", view->t1->spec.parameters[p].name);
        table_add(&table, "%s", view->t1->types[p]);
        table_add(&table, "%u", view->t1->spec.parameters[p].n_values);
        table_add(&table, "%s", text_string(&values));
        text_free(&values);
    }
    table_print(&table);
    if (view->t1->n_conditions) printf("\nconditions\n");
    for (size_t i = 0; i < view->t1->n_conditions; i++) printf("  %s\n", view->t1->conditions[i]);
    bool exact;
    char time[NUMBER_BYTES];
    uint64_t valid = space_count(view->space, &exact);
    printf("\n%.0f combinations, %s%llu of them valid (counted in %s)\n", space_raw_count(view->space),
           exact ? "" : "about ", (unsigned long long)valid, number_time(view->seconds * 1e9, time));
}

enum status command_space(const struct settings *settings)
{
    struct view view = {0};
    struct t1 *t1 = NULL;
    if (settings->arguments.n != 1)
        return status_fail(STATUS_USAGE, "space: takes one FILE, a definition in the T1 format");
    enum status status = definition_read(settings->arguments.items[0], &t1);
    uint64_t begin_ns = clock_ns();
    if (status == STATUS_OK) status = t1_space(t1, &view.space);
    if (status == STATUS_OK) {
        view.t1 = t1;
        view.seconds = (double)(clock_ns() - begin_ns) / 1e9;
        if (settings->json)
            status = print_json(&view);
        else
            print_text(&view);
    }
    space_free(view.space);
    t1_free(t1);
    return status;
}
