#include <stdio.h>
#include <string.h>
#include "db/lookup_search.h"

/* A line of at most 159 characters; what does not fit is cut. */
struct line {
    char *at;
    size_t left;
};

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line->at, line->left, format, arguments);
    va_end(arguments);
    size_t used = length < 0 ? 0 : (size_t)length < line->left ? (size_t)length : line->left - 1;
    line->at += used;
    line->left -= used;
}

static void say_sizes(struct line *line, const struct lookup_request *request)
{
    for (uint32_t i = 0; i < request->n_sizes; i++)
        say(line, "%s%s=%lld", i ? "," : "", request->size_names[i], (long long)request->sizes[i]);
}

/* "m=32 (x2)" for each size that differs from what was asked. */
static void say_differences(struct line *line, const struct lookup_request *request,
                            const struct key_parts *parts)
{
    const char *between = "";
    for (uint32_t i = 0; i < parts->n_sizes && i < request->n_sizes; i++) {
        if (parts->sizes[i] == request->sizes[i]) continue;
        say(line, "%s%s=%lld (x%.3g)", between, parts->names[i], (long long)parts->sizes[i],
            request->sizes[i] ? (double)parts->sizes[i] / (double)request->sizes[i] : 0.0);
        between = ", ";
    }
    if (!*between) say(line, "the same sizes");
    if (strcmp(parts->head, request->heads[0])) say(line, " as %s", parts->head);
}

static void say_none(struct line *line, const struct search *search)
{
    if (search->n_refused)
        say(line, ": %llu entries, none usable here", (unsigned long long)search->n_refused);
    else
        say(line, search->request->worst == MATCH_EXACT ? " on %s" : " on %s or near it, and no default",
            search->request->device_class);
    if (search->n_damaged) say(line, "; %llu damaged values", (unsigned long long)search->n_damaged);
    if (search->n_failed) say(line, "; %llu books could not be read", (unsigned long long)search->n_failed);
}

void search_reason(const struct search *search, const struct lookup_answer *answer, char out[160])
{
    const struct lookup_request *request = search->request;
    struct line line = {.at = out, .left = 160};
    struct key_parts parts;
    *out = 0;
    if (answer->match == MATCH_EXACT) return;
    say(&line, search->exact_seen ? "no usable entry for " : "no record for ");
    say_sizes(&line, request);
    if (answer->match == MATCH_NONE) {
        say_none(&line, search);
    } else if (answer->match == MATCH_DEFAULT) {
        say(&line, " or near it; the template's default");
    } else if (key_parse(answer->key, strlen(answer->key), &parts) == STATUS_OK) {
        say(&line, "; nearest ");
        say_differences(&line, request, &parts);
        if (answer->match == MATCH_SIBLING_CLASS) say(&line, " on %s", parts.device_class);
    }
}
