#include "frontends/cli/book_recordings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/book_trials.h"
#include "frontends/cli/books.h"
#include "tuner/base/file_head.h"
#include "tuner/launch/problem_key.h"

struct gathering {
    struct book *book;
    const struct book_recordings_filter *filter;
    struct problem problem; /* where the filter has one */
    char **keys;
    size_t n_keys, key_capacity;
    bool failed;
    struct book_recordings *out;
};

bool book_recordings_is_book(const char *path)
{
    uint8_t head[LMDB_HEAD_BYTES];
    FILE *file = fopen(path, "rb");
    bool is_book = file && fread(head, sizeof head, 1, file) == 1 && head_is_lmdb(head);
    if (file) fclose(file);
    return is_book;
}

/* ---- keys ---- */

static bool add_key(struct gathering *gathering, const char *key)
{
    if (gathering->n_keys == gathering->key_capacity) {
        size_t wanted = gathering->key_capacity ? 2 * gathering->key_capacity : 64;
        char **larger = realloc(gathering->keys, wanted * sizeof *larger);
        if (!larger) return !(gathering->failed = true);
        gathering->keys = larger;
        gathering->key_capacity = wanted;
    }
    gathering->keys[gathering->n_keys] = strdup(key);
    gathering->failed = !gathering->keys[gathering->n_keys];
    gathering->n_keys += !gathering->failed;
    return !gathering->failed;
}

static bool collect_key(void *context, const char *key, const struct record *record)
{
    struct gathering *gathering = context;
    struct problem problem;
    (void)record;
    if (gathering->filter->problem &&
        (!book_key_problem(key, &problem) || problem.op != gathering->problem.op ||
         memcmp(problem.value, gathering->problem.value, sizeof problem.value) != 0))
        return true;
    return add_key(gathering, key);
}

/* A sweep that was stopped leaves trials without a record: their key follows from problem and class. */
static enum status collect_tried(struct gathering *gathering)
{
    const struct book_recordings_filter *filter = gathering->filter;
    for (size_t c = 0; filter->problem && c < filter->n_classes; c++) {
        char key[KEY_BYTES_MAX + 1];
        size_t i = 0;
        TRY(problem_key(&gathering->problem, filter->classes[c], key));
        while (i < gathering->n_keys && strcmp(gathering->keys[i], key) != 0) i++;
        if (i == gathering->n_keys) add_key(gathering, key);
    }
    return STATUS_OK;
}

/* ---- one group of trials ---- */

static bool is_wanted(const struct gathering *gathering, const struct book_trial *trial)
{
    const struct book_recordings_filter *filter = gathering->filter;
    char hex[SHA256_HEX_BYTES];
    text_hex(trial->environment.bytes, sizeof trial->environment.bytes, hex);
    return (!filter->template_name || strcmp(filter->template_name, trial->template_name) == 0) &&
           (!filter->environment || text_starts_with(hex, filter->environment));
}

static enum status add(struct book_recordings *recordings, const struct book_recording *recording)
{
    if (recordings->n == recordings->capacity) {
        size_t wanted = recordings->capacity ? 2 * recordings->capacity : 16;
        struct book_recording *larger = realloc(recordings->items, wanted * sizeof *larger);
        if (!larger) return status_fail(STATUS_NO_MEMORY, "no memory for %zu recordings", wanted);
        recordings->items = larger;
        recordings->capacity = wanted;
    }
    recordings->items[recordings->n++] = *recording;
    return STATUS_OK;
}

static enum status make_recording(const struct gathering *gathering, const char *key,
                                  const struct book_trial *trials, size_t n, struct book_recording *out)
{
    char problem[PROBLEM_TEXT_BYTES], name[1024];
    struct key_parts parts = {0};
    struct recorded_text *list = calloc(n, sizeof *list);
    if (!list) return status_fail(STATUS_NO_MEMORY, "no memory for %zu trials", n);
    for (size_t i = 0; i < n; i++)
        list[i] = (struct recorded_text){trials[i].configuration, trials[i].result};
    book_key_text(key, problem);
    key_parse(key, strlen(key), &parts); /* stays empty for a key of another kind */
    snprintf(name, sizeof name, "%.500s: %.400s, %s", book_path(gathering->book), problem,
             trials->template_name);
    *out = (struct book_recording){.environment = trials->environment};
    memcpy(out->template_name, trials->template_name, sizeof out->template_name);
    enum status status = recording_from_texts(name, trials->template_name, parts.device_class, list, n,
                                              &out->recording, &out->n_left_out);
    free(list);
    return status;
}

/* A group in which nothing ran is no recording. */
static enum status add_group(struct gathering *gathering, const char *key, const struct book_trial *trials,
                             size_t n)
{
    struct book_recording made;
    size_t n_valid = 0;
    for (size_t i = 0; i < n; i++) n_valid += trials[i].result.valid;
    if (!n_valid || !is_wanted(gathering, trials)) return STATUS_OK;
    TRY(make_recording(gathering, key, trials, n, &made));
    for (size_t i = 0; i < made.recording->n; i++) made.n_valid += made.recording->entries[i].valid;
    made.key = strdup(key);
    enum status status = made.key ? add(gathering->out, &made) : status_fail(STATUS_NO_MEMORY, "no memory");
    if (status == STATUS_OK) return STATUS_OK;
    recording_free(made.recording);
    free(made.key);
    return status;
}

static enum status gather_key(struct gathering *gathering, const char *key)
{
    struct book_trials trials = {0};
    enum status status = book_trials_read(gathering->book, key, &trials);
    for (size_t i = 0, end; i < trials.n && status == STATUS_OK; i = end) {
        end = i + 1;
        while (end < trials.n && book_trials_same_group(&trials.items[i], &trials.items[end])) end++;
        status = add_group(gathering, key, &trials.items[i], end - i);
    }
    book_trials_free(&trials);
    return status;
}

enum status book_recordings_read(struct book *book, const struct book_recordings_filter *filter,
                                 struct book_recordings *out)
{
    struct gathering gathering = {.book = book, .filter = filter, .out = out};
    *out = (struct book_recordings){0};
    if (filter->problem) TRY(problem_parse(filter->problem, &gathering.problem));
    enum status status = book_each_record(book, "", collect_key, &gathering);
    if (status == STATUS_OK) status = collect_tried(&gathering);
    if (gathering.failed) status = status_fail(STATUS_NO_MEMORY, "no memory for the keys of records");
    for (size_t i = 0; i < gathering.n_keys && status == STATUS_OK; i++)
        status = gather_key(&gathering, gathering.keys[i]);
    for (size_t i = 0; i < gathering.n_keys; i++) free(gathering.keys[i]);
    free(gathering.keys);
    return status;
}

void book_recordings_free(struct book_recordings *recordings)
{
    for (size_t i = 0; i < recordings->n; i++) {
        recording_free(recordings->items[i].recording);
        free(recordings->items[i].key);
    }
    free(recordings->items);
    *recordings = (struct book_recordings){0};
}
