/* What `autotune replay` says: a table, a chart and, for programs, a document. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/replay.h"
#include "frontends/cli/talk.h"

enum { CHART_COLUMNS = 64, CHART_ROWS = 16 };

static const struct replay_cell *cell_of(const struct replay_table *table, size_t strategy, size_t recording)
{
    return &table->cells[strategy * table->n_recordings + recording];
}

/* ---- for programs ---- */

static cJSON *fractions(const struct replay_cell *cell)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < REPLAY_COUNTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%llu", (unsigned long long)replay_counts[i]);
        cJSON_AddNumberToObject(object, name, cell->fraction[i]);
    }
    return object;
}

static cJSON *space_of(const struct replay_table *table, size_t strategy, size_t recording)
{
    const struct replay_cell *cell = cell_of(table, strategy, recording);
    const struct landscape *landscape = &table->landscapes[recording];
    double p = table->setting.p_end;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", table->recordings[recording]->name);
    cJSON_AddNumberToObject(object, "score", cell->score);
    cJSON_AddItemToObject(object, "fraction_of_optimum", fractions(cell));
    cJSON_AddNumberToObject(object, "budget_evaluations", (double)landscape_budget_evaluations(landscape, p));
    cJSON_AddNumberToObject(object, "budget_s", landscape_budget_ns(landscape, p) / 1e9);
    cJSON_AddNumberToObject(object, "evaluations", cell->evaluations);
    cJSON_AddNumberToObject(object, "search_ns", cell->search_ns);
    return object;
}

enum status replay_report_json(const struct replay_table *table)
{
    cJSON *root = cJSON_CreateObject(), *strategies = cJSON_AddArrayToObject(root, "strategies");
    for (size_t s = 0; s < table->n_strategies; s++) {
        double deviation, score = replay_table_score(table, s, &deviation);
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", table->strategies[s]);
        cJSON_AddNumberToObject(object, "score", score);
        cJSON_AddNumberToObject(object, "deviation", deviation);
        cJSON *spaces = cJSON_AddArrayToObject(object, "spaces");
        for (size_t r = 0; r < table->n_recordings; r++) cJSON_AddItemToArray(spaces, space_of(table, s, r));
        cJSON_AddItemToArray(strategies, object);
    }
    cJSON_AddNumberToObject(root, "repeats", (double)table->repeats);
    return json_deliver(root);
}

/* ---- for people ---- */

/* The file's name without folders and endings: what fits a column. */
static const char *short_name(const char *path, char out[40])
{
    const char *slash = strrchr(path, '/');
    snprintf(out, 40, "%.39s", slash ? slash + 1 : path);
    char *ending = strstr(out, ".json");
    if (ending && ending != out) *ending = '\0';
    return out;
}

static void print_scores(const struct replay_table *table)
{
    static const char *const headings[] = {"strategy", "recording", "score",  "at 25",   "at 50",
                                           "at 100",   "at 200",    "at 400", "own time"};
    struct table out = {.headings = headings, .align = "llrrrrrrr", .n_columns = 9};
    for (size_t s = 0; s < table->n_strategies; s++) {
        double deviation, score = replay_table_score(table, s, &deviation);
        for (size_t r = 0; r < table->n_recordings; r++) {
            const struct replay_cell *cell = cell_of(table, s, r);
            char name[40], time[NUMBER_BYTES];
            table_add(&out, "%s", r ? "" : table->strategies[s]);
            table_add(&out, "%s", short_name(table->recordings[r]->name, name));
            table_add(&out, "%.3f", cell->score);
            for (size_t i = 0; i < REPLAY_COUNTS; i++) table_add(&out, "%.3f", cell->fraction[i]);
            table_add(&out, "%s", number_time(cell->search_ns, time));
        }
        if (table->n_recordings < 2) continue;
        table_add(&out, "%s", "");
        table_add(&out, "all (over time +-%.2f)", deviation);
        table_add(&out, "%.3f", score);
        for (size_t i = 0; i < REPLAY_COUNTS + 1; i++) table_add(&out, "%s", "");
    }
    table_print(&out);
}

/* The row of a nearness between `low` and 1, counted from the top. */
static int row_of(double nearness, double low)
{
    double from_top = (1 - nearness) / (1 - low) * (CHART_ROWS - 1);
    int row = (int)lround(from_top);
    return row < 0 ? 0 : row >= CHART_ROWS ? CHART_ROWS - 1 : row;
}

static double lowest(const struct replay_table *table)
{
    double low = 1;
    for (size_t s = 0; s < table->n_strategies; s++)
        for (unsigned i = 0; i < table->setting.steps; i++)
            low = fmin(low, replay_table_nearness(table, s, i));
    low = floor(low * 20) / 20;
    return low > 0.95 ? 0.95 : low;
}

/* A letter per strategy; where several meet, the first stands. */
static void print_chart(const struct replay_table *table)
{
    char chart[CHART_ROWS][CHART_COLUMNS + 1];
    double low = lowest(table);
    for (int row = 0; row < CHART_ROWS; row++) {
        memset(chart[row], ' ', CHART_COLUMNS);
        chart[row][CHART_COLUMNS] = '\0';
    }
    for (size_t s = table->n_strategies; s-- > 0;)
        for (unsigned column = 0; column < CHART_COLUMNS; column++) {
            unsigned step = column * (table->setting.steps - 1) / (CHART_COLUMNS - 1);
            chart[row_of(replay_table_nearness(table, s, step), low)][column] = (char)('A' + s % 26);
        }
    printf("\noptimum / best so far, mean over the recordings\n");
    for (int row = 0; row < CHART_ROWS; row++)
        printf("%5.2f |%s\n", 1 - (1 - low) * row / (CHART_ROWS - 1), chart[row]);
    printf("      +");
    for (int column = 0; column < CHART_COLUMNS; column++) putchar('-');
    printf("\n       time, to the budget in which random search comes within 5 %% of the way from the "
           "median\n      ");
    for (size_t s = 0; s < table->n_strategies; s++)
        printf(" %c %s", (char)('A' + s % 26), table->strategies[s]);
    printf("\n");
}

void replay_report_text(const struct replay_table *table)
{
    print_scores(table);
    print_chart(table);
}
