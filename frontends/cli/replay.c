/* autotune replay: strategies on recorded spaces, scored as the field scores them. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/definition.h"
#include "frontends/cli/replay.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/strategies.h"
#include "search/strategy.h"
#include "tuner/base/file.h"

enum { STRATEGIES_MAX = 64, REPEATS_DEFAULT = 100, FILE_BYTES_MAX = 1 << 30 };

/* "a,b" into the table; `copy` holds the words. */
static enum status split_strategies(char *copy, struct replay_table *table)
{
    for (char *save = NULL, *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        TRY(check_strategy(word));
        for (size_t i = 0; i < table->n_strategies; i++)
            if (strcmp(table->strategies[i], word) == 0)
                return status_fail(STATUS_USAGE, "--strategy: '%s' is named twice", word);
        if (table->n_strategies == STRATEGIES_MAX)
            return status_fail(STATUS_USAGE, "--strategy: more than %d", STRATEGIES_MAX);
        table->strategies[table->n_strategies++] = word;
    }
    return table->n_strategies ? STATUS_OK : status_fail(STATUS_USAGE, "--strategy: names none");
}

static enum status choose_strategies(char *copy, struct replay_table *table)
{
    if (copy) return split_strategies(copy, table);
    table->n_strategies = strategy_names(table->strategies, STRATEGIES_MAX);
    return STATUS_OK;
}

static enum status read_recordings(const struct settings *settings, struct replay_table *table)
{
    for (size_t i = 0; i < settings->arguments.n; i++) {
        struct text content = {0};
        const char *path = settings->arguments.items[i];
        enum status status = file_read_unpacked(path, FILE_BYTES_MAX, &content);
        if (status == STATUS_OK)
            status = recording_read(path, content.data, content.size, &table->recordings[i]);
        text_free(&content);
        TRY(status);
        table->n_recordings++; /* counted first: both are freed in any case */
        if (table->definition) TRY(definition_apply(table->definition, &table->recordings[i]));
        TRY(landscape_of(table->recordings[i], &table->landscapes[i]));
    }
    return STATUS_OK;
}

static enum status allocate_cells(struct replay_table *table)
{
    size_t n = table->n_strategies * table->n_recordings;
    table->cells = calloc(n + 1, sizeof *table->cells);
    for (size_t i = 0; table->cells && i < n; i++) {
        double *memory = calloc(2 * table->setting.steps, sizeof *memory);
        table->cells[i].over_time = memory;
        table->cells[i].nearness = memory + table->setting.steps;
        if (!memory) return status_fail(STATUS_NO_MEMORY, "no memory for scores");
    }
    return table->cells ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for scores");
}

static void table_free(struct replay_table *table)
{
    for (size_t i = 0; table->cells && i < table->n_strategies * table->n_recordings; i++)
        free(table->cells[i].over_time);
    for (size_t i = 0; i < table->n_recordings; i++) {
        recording_free(table->recordings[i]);
        landscape_free(&table->landscapes[i]);
    }
    t1_free(table->definition); /* the recordings borrow from it */
    free(table->cells);
    free(table->recordings);
    free(table->landscapes);
    free(table->strategies);
}

static enum status work(const struct settings *settings, char *strategies, struct replay_table *table)
{
    size_t n = settings->arguments.n;
    table->recordings = calloc(n, sizeof *table->recordings);
    table->landscapes = calloc(n, sizeof *table->landscapes);
    table->strategies = calloc(STRATEGIES_MAX, sizeof *table->strategies);
    if (!table->recordings || !table->landscapes || !table->strategies)
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu recordings", n);
    TRY(choose_strategies(strategies, table));
    if (settings->space) TRY(definition_read(settings->space, &table->definition));
    TRY(read_recordings(settings, table));
    TRY(allocate_cells(table));
    stop_watch();
    TRY(replay_table_fill(table, stop_flag()));
    if (settings->json) return replay_report_json(table);
    replay_report_text(table);
    return STATUS_OK;
}

enum status command_replay(const struct settings *settings)
{
    if (!settings->arguments.n)
        return status_fail(STATUS_USAGE,
                           "replay: names no FILE; a Kernel Tuner cache or T4 results, plain or "
                           "compressed by zstd");
    char *strategies = settings->strategy ? strdup(settings->strategy) : NULL;
    struct replay_table table = {.setting = score_setting_published,
                                 .repeats = settings->repeats ? (size_t)settings->repeats : REPEATS_DEFAULT,
                                 .seed = (uint64_t)settings->seed};
    enum status status = work(settings, strategies, &table);
    table_free(&table);
    free(strategies);
    return status;
}
