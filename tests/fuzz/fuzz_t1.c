/* Any text: it is a T1 definition or is refused by one line that begins with its name; of what is read, every
 * configuration of the space satisfies every clause, and finds itself. The text behind the first line break
 * stands for values and a condition, so that expressions are met without the JSON around them. */
#include <stdlib.h>
#include <string.h>
#include "search/t1.h"
#include "tuner/base/text.h"

enum { LOOKED_AT = 64 };
static const double raw_max = 20000;

static void check_refusal(void)
{
    if (strncmp(status_message(), "fuzz", 4) != 0 || strchr(status_message(), '\n')) abort();
}

static void check_space(const struct t1 *t1, const struct space *space)
{
    bool exact;
    uint64_t n = space_count(space, &exact);
    if (!exact || n > (uint64_t)space_raw_count(space)) abort();
    for (uint64_t i = 0; i < n && i < LOOKED_AT; i++) {
        struct configuration configuration;
        uint64_t found;
        if (!space_at(space, i, &configuration) || !space_admits(space, &configuration, NULL)) abort();
        if (!space_find(space, &configuration, &found) || found != i) abort();
        for (uint32_t p = 0; p < t1->spec.n_parameters; p++)
            if (!t1->texts[p][configuration.index[p]]) abort();
    }
}

static void fuzz(const char *bytes, size_t size)
{
    struct t1 *t1;
    struct space *space;
    double raw = 1;
    if (t1_read("fuzz", bytes, size, &t1) != STATUS_OK) {
        check_refusal();
        return;
    }
    for (uint32_t p = 0; p < t1->spec.n_parameters; p++) raw *= t1->spec.parameters[p].n_values;
    if (raw <= raw_max) {
        if (t1_space(t1, &space) == STATUS_OK) {
            check_space(t1, space);
            space_free(space);
        } else {
            check_refusal();
        }
    }
    t1_free(t1);
}

static void append_quoted(struct text *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text_format(out, bytes[i] < ' ' || bytes[i] > '~' || strchr("\\\"", bytes[i]) ? "\\u%04x" : "%c",
                    bytes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size);
    struct text text = {0};
    if (!size || *data == '{' || !line) {
        fuzz((const char *)data, size);
        return 0;
    }
    text_append(&text,
                "{\"ConfigurationSpace\": {\"TuningParameters\": [{\"Name\": \"a\", \"Type\": \"float\", "
                "\"Values\": \"");
    append_quoted(&text, data, (size_t)(line - data));
    text_append(&text, "\"}, {\"Name\": \"b\", \"Type\": \"int\", \"Values\": \"[1, -2, 64]\"}], "
                       "\"Conditions\": [{\"Expression\": \"");
    append_quoted(&text, line + 1, size - (size_t)(line - data) - 1);
    text_append(&text, "\"}]}}");
    fuzz(text_string(&text), text.size);
    text_free(&text);
    return 0;
}
