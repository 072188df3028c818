/* A template made from another one by replacing text, and the source lines that reports name. */
#ifndef TUNEBOOK_TESTS_EMULATOR_MUTATED_H
#define TUNEBOOK_TESTS_EMULATOR_MUTATED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/manifest.h"
#include "tuner/base/text.h"

/* How much of `text` is `find`, 0 for none of it. White space within `find` stands for any, so that lines may
 * be broken elsewhere. */
static inline size_t match(const char *text, const char *find)
{
    static const char spaces[] = " \n";
    const char *at = text, *begin = find + strspn(find, spaces), *end = find + strlen(find);
    while (end > begin && strchr(spaces, end[-1])) end--;
    while (*find) {
        size_t here = strspn(at, spaces), wanted = strspn(find, spaces);
        bool within = find > begin && find < end && wanted;
        if (within ? !here : *at != *find) return 0;
        at += within ? here : 1;
        find += within ? wanted : 1;
    }
    return (size_t)(at - text);
}

/* `text` with every `find` replaced; how many there were. */
static inline unsigned replace_all(const char *text, const char *find, const char *replacement,
                                   struct text *out)
{
    unsigned count = 0;
    for (const char *copied = text;; text++) {
        size_t size = *text ? match(text, find) : 0;
        if (!size && *text) continue;
        text_append_bytes(out, copied, (size_t)(text - copied));
        if (!*text) return count;
        text_append(out, replacement);
        copied = text + size;
        text = copied - 1;
        count++;
    }
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
