/* Any text: it is a recording or is refused by one line that begins with its name; what is read has a space
 * that finds every entry, and replays to its end. */
#include <stdlib.h>
#include <string.h>
#include "search/replay.h"

static void check(const struct recording *recording)
{
    struct replay replay;
    struct replay_options options = {.strategy = "random"};
    bool exact;
    if (space_count(recording->space, &exact) != recording->n || !exact) abort();
    for (size_t i = 0; i < recording->n; i++) {
        struct configuration configuration;
        if (!space_at(recording->space, i, &configuration)) abort();
        if (recording_find(recording, &configuration) != &recording->entries[i]) abort();
    }
    if (replay_run(recording, &options, &replay) != STATUS_OK) abort();
    if (replay.n != recording->n || !replay.finished) abort();
    replay_free(&replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recording *recording;
    if (recording_read("fuzz", (const char *)data, size, &recording) == STATUS_OK) {
        check(recording);
        recording_free(recording);
    } else if (strncmp(status_message(), "fuzz:", 5) != 0 || strchr(status_message(), '\n')) {
        abort();
    }
    return 0;
}
