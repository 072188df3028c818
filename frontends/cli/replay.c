/* autotune replay: strategies on recorded spaces, scored as the field scores them. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/book_recordings.h"
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/definition.h"
#include "frontends/cli/replay.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/strategies.h"
#include "frontends/cli/talk.h"
#include "search/strategy.h"
#include "tuner/base/file.h"

enum { STRATEGIES_MAX = 64, REPEATS_DEFAULT = 100, FILE_BYTES_MAX = 1 << 30, BOOK_VALID_MIN = 20 };

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

/* Takes the recording over, whatever comes of it. */
static enum status add_recording(struct replay_table *table, struct recording *recording)
{
    size_t n = table->n_recordings;
    struct recording **recordings = realloc(table->recordings, (n + 1) * sizeof *recordings);
    if (recordings) table->recordings = recordings;
    struct landscape *landscapes = realloc(table->landscapes, (n + 1) * sizeof *landscapes);
    if (landscapes) table->landscapes = landscapes;
    if (!recordings || !landscapes) {
        recording_free(recording);
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu recordings", n + 1);
    }
    recordings[n] = recording;
    landscapes[n] = (struct landscape){0};
    table->n_recordings++;
    if (table->definition) TRY(definition_apply(table->definition, &table->recordings[n]));
    return landscape_of(table->recordings[n], &table->landscapes[n]);
}

/* Few trials make no landscape to search in. */
static enum status add_book_recordings(struct replay_table *table, const char *path,
                                       struct book_recordings *recordings)
{
    size_t n_short = 0;
    for (size_t i = 0; i < recordings->n; i++) {
        struct book_recording *item = &recordings->items[i];
        n_short += item->n_valid < BOOK_VALID_MIN;
        if (item->n_valid < BOOK_VALID_MIN) continue;
        struct recording *recording = item->recording;
        item->recording = NULL;
        TRY(add_recording(table, recording));
    }
    if (n_short == recordings->n)
        return status_fail(STATUS_NOT_FOUND, "%s: no problem has %d trials of one template that ran", path,
                           BOOK_VALID_MIN);
    if (n_short)
        talk_note("%s: left out %zu recordings with fewer than %d trials that ran", path, n_short,
                  BOOK_VALID_MIN);
    return STATUS_OK;
}

static enum status read_book(struct replay_table *table, const char *path)
{
    struct layers layers;
    struct book_recordings recordings;
    TRY(books_open(path, &layers));
    enum status status =
        book_recordings_read(layers.items[0], &(struct book_recordings_filter){0}, &recordings);
    if (status == STATUS_OK) status = add_book_recordings(table, path, &recordings);
    book_recordings_free(&recordings);
    books_close(&layers);
    return status;
}

static enum status read_file(struct replay_table *table, const char *path)
{
    struct text content = {0};
    struct recording *recording = NULL;
    enum status status = file_read_unpacked(path, FILE_BYTES_MAX, &content);
    if (status == STATUS_OK) status = recording_read(path, content.data, content.size, &recording);
    text_free(&content);
    return status == STATUS_OK ? add_recording(table, recording) : status;
}

static enum status read_recordings(const struct settings *settings, struct replay_table *table)
{
    for (size_t i = 0; i < settings->arguments.n; i++) {
        const char *path = settings->arguments.items[i];
        TRY(book_recordings_is_book(path) ? read_book(table, path) : read_file(table, path));
    }
    return STATUS_OK;
}

/* Other tuners' strategies stand behind ours. */
static enum status read_runs(const struct settings *settings, struct replay_table *table)
{
    for (size_t i = 0; i < settings->runs.n; i++) {
        struct text content = {0};
        const char *path = settings->runs.items[i];
        if (table->n_strategies == STRATEGIES_MAX)
            return status_fail(STATUS_USAGE, "--runs: more than %d strategies with ours", STRATEGIES_MAX);
        enum status status = file_read_unpacked(path, FILE_BYTES_MAX, &content);
        if (status == STATUS_OK) status = runs_read(path, content.data, content.size, &table->runs[i]);
        text_free(&content);
        TRY(status);
        table->n_runs++;
        table->strategies[table->n_strategies++] = table->runs[i].strategy;
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
    for (size_t i = 0; i < table->n_runs; i++) runs_free(&table->runs[i]);
    t1_free(table->definition); /* the recordings borrow from it */
    free(table->cells);
    free(table->runs);
    free(table->recordings);
    free(table->landscapes);
    free(table->strategies);
}

static enum status work(const struct settings *settings, char *strategies, struct replay_table *table)
{
    table->strategies = calloc(STRATEGIES_MAX, sizeof *table->strategies);
    table->runs = calloc(settings->runs.n + 1, sizeof *table->runs);
    if (!table->strategies || !table->runs) return status_fail(STATUS_NO_MEMORY, "no memory for strategies");
    TRY(choose_strategies(strategies, table));
    TRY(read_runs(settings, table));
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
                           "compressed by zstd, or a book");
    if (settings->space && settings->runs.n)
        return status_fail(STATUS_USAGE,
                           "--runs with --space: another tuner's runs are of the recorded configurations; "
                           "leave one of the two out");
    char *strategies = settings->strategy ? strdup(settings->strategy) : NULL;
    struct replay_table table = {.setting = score_setting_published,
                                 .repeats = settings->repeats ? (size_t)settings->repeats : REPEATS_DEFAULT,
                                 .seed = (uint64_t)settings->seed};
    enum status status = work(settings, strategies, &table);
    table_free(&table);
    free(strategies);
    return status;
}
