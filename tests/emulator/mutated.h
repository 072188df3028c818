/* A template made from another one by replacing text, and the source lines that reports name. */
#ifndef TUNEBOOK_TESTS_EMULATOR_MUTATED_H
#define TUNEBOOK_TESTS_EMULATOR_MUTATED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/manifest.h"
#include "tuner/base/text.h"

/* `text` with every `find` replaced; how many there were. */
static inline unsigned replace_all(const char *text, const char *find, const char *replacement,
                                   struct text *out)
{
    unsigned count = 0;
    for (const char *at; (at = strstr(text, find)) != NULL; text = at + strlen(find), count++) {
        text_append_bytes(out, text, (size_t)(at - text));
        text_append(out, replacement);
    }
    text_append(out, text);
    return count;
}

/* The template with `find`, which stands in its source or its manifest, replaced in all of `count` places. */
static inline enum status manifest_mutate(const struct manifest *base, const char *find, unsigned count,
                                          const char *replacement, struct manifest **out)
{
    struct text source = {0}, json = {0};
    unsigned found = replace_all(base->source, find, replacement, &source);
    found += replace_all(base->json, find, replacement, &json);
    enum status status = STATUS_OK;
    if (found != count)
        status = status_fail(STATUS_BAD_DATA, "\"%s\" stands in %s %u times, not %u times", find, base->name,
                             found, count);
    if (status == STATUS_OK)
        status = manifest_parse(base->origin, text_string(&json), json.size, text_string(&source), out);
    text_free(&source);
    text_free(&json);
    return status;
}

/* Is the line where `#line` marks say that FILE begins with line N? Then *line and the file follow it. */
static inline bool follow_mark(const char *at, char file[64], unsigned *line)
{
    char path[256];
    if (sscanf(at, "#line %u \"%255[^\"]\"", line, path) != 2) return false;
    const char *slash = strrchr(path, '/');
    snprintf(file, 64, "%.63s", slash ? slash + 1 : path);
    return true;
}

/* Does line `line` of `file`, a part of a flattened source, hold `words`? */
static inline bool source_line_holds(const char *source, const char *file, unsigned line, const char *words)
{
    char now[64] = "";
    unsigned number = 1;
    while (*source) {
        size_t size = strcspn(source, "\n");
        if (!follow_mark(source, now, &number)) {
            if (number == line && strcmp(now, file) == 0) {
                const char *at = strstr(source, words);
                return at && at < source + size;
            }
            number++;
        }
        source += size + (source[size] == '\n');
    }
    return false;
}

#endif
