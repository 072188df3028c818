/* Any text: it is a list of runs or is refused by one line that begins with its name; each run on a small
 * recording replays or is refused in the same way. */
#include <stdlib.h>
#include <string.h>
#include "search/runs.h"

static const char recorded[] =
    "{\"tune_params_keys\": [\"x\", \"y\"], \"cache\": {"
    "\"1,a\": {\"x\": 1, \"y\": \"a\", \"time\": 2}, \"2,a\": {\"x\": 2, \"y\": \"a\", \"time\": 1},"
    "\"1,b\": {\"x\": 1, \"y\": \"b\", \"time\": \"ErrorConfig\"}}}";

static void check_refusal(void)
{
    if (strncmp(status_message(), "fuzz", 4) != 0 || strchr(status_message(), '\n')) abort();
}

static void check(const struct runs *runs, const struct recording *recording)
{
    for (size_t i = 0; i < runs_count(runs, recording); i++) {
        struct replay replay;
        if (runs_replay(runs, i, recording, &replay) != STATUS_OK) {
            check_refusal();
            continue;
        }
        if (replay.n > recording->n) abort();
        replay_free(&replay);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recording *recording;
    struct runs runs;
    if (!recording && recording_read("a/r.json", recorded, sizeof recorded - 1, &recording) != STATUS_OK)
        abort();
    if (runs_read("fuzz", (const char *)data, size, &runs) == STATUS_OK) {
        check(&runs, recording);
        runs_free(&runs);
    } else {
        check_refusal();
    }
    return 0;
}
