#include "search/replay.h"

#include <stdlib.h>
#include "search/search.h"
#include "tuner/base/clock.h"

enum { BATCH_MAX = 64 };

struct player {
    const struct recording *recording;
    const struct replay_options *options;
    struct search *search;
    struct replay *out;
};

static bool is_over(const struct player *player)
{
    const struct replay *out = player->out;
    const struct replay_options *options = player->options;
    if (options->max_evaluations && out->n >= options->max_evaluations) return true;
    if (out->n == 0 || options->max_time_ns <= 0 || out->n < options->min_evaluations) return false;
    return out->points[out->n - 1].time_ns >= options->max_time_ns;
}

enum status replay_add(struct replay *replay, const struct recorded *recorded)
{
    if (replay->n == replay->capacity) {
        size_t wanted = replay->capacity ? 2 * replay->capacity : 256;
        struct replay_point *larger = realloc(replay->points, wanted * sizeof *larger);
        if (!larger) return status_fail(STATUS_NO_MEMORY, "replay: out of memory");
        replay->points = larger;
        replay->capacity = wanted;
    }
    struct replay_point point = replay->n ? replay->points[replay->n - 1] : (struct replay_point){0};
    point.time_ns += recorded->cost_ns;
    if (recorded->valid && (point.best_ns <= 0 || recorded->objective_ns < point.best_ns))
        point.best_ns = recorded->objective_ns;
    replay->points[replay->n++] = point;
    return STATUS_OK;
}

static enum status answer(struct player *player, const struct configuration *configuration)
{
    const struct recorded *recorded = recording_find(player->recording, configuration);
    struct observation observation = {*configuration, recorded->valid, recorded->objective_ns, 0};
    TRY(replay_add(player->out, recorded));
    uint64_t begin_ns = clock_ns();
    search_tell(player->search, &observation);
    player->out->search_ns += clock_ns() - begin_ns;
    return STATUS_OK;
}

static enum status play(struct player *player)
{
    size_t batch = player->options->batch ? player->options->batch : 1;
    if (batch > BATCH_MAX) batch = BATCH_MAX;
    while (!is_over(player)) {
        struct configuration asked[BATCH_MAX];
        bool finished = false;
        uint64_t begin_ns = clock_ns();
        size_t n = search_ask(player->search, asked, batch, &finished);
        player->out->search_ns += clock_ns() - begin_ns;
        /* Nothing is pending here, so that nothing asked means nothing more. */
        player->out->finished = n == 0;
        if (n == 0) break;
        for (size_t i = 0; i < n && !is_over(player); i++) TRY(answer(player, &asked[i]));
    }
    return STATUS_OK;
}

enum status replay_run(const struct recording *recording, const struct replay_options *options,
                       struct replay *out)
{
    *out = (struct replay){0};
    struct player player = {.recording = recording, .options = options, .out = out};
    struct search_options search = {.strategy = options->strategy, .seed = options->seed};
    TRY(search_create(recording->space, &search, &player.search));
    enum status status = play(&player);
    search_free(player.search);
    if (status != STATUS_OK) replay_free(out);
    return status;
}

void replay_free(struct replay *replay)
{
    free(replay->points);
    *replay = (struct replay){0};
}
