/* autotune pin: for one problem on one class this kernel and no other. */
#include "db/pin.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/command.h"
#include "frontends/cli/find.h"
#include "frontends/cli/paper_place.h"
#include "frontends/cli/pin_choose.h"
#include "frontends/cli/pin_list.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/talk.h"
#include "tuner/base/clock.h"
#include "tuner/launch/problem_key.h"

/* What a pin is about. */
struct pinning {
    const struct settings *settings;
    struct place place;
    struct problem problem;
    char key[KEY_BYTES_MAX + 1], text[PROBLEM_TEXT_BYTES];
    struct book *book;
};

static enum status pinning_open(struct pinning *pinning, const struct words *words)
{
    TRY(problems_one(words, 0, &pinning->problem));
    TRY(place_open_or_paper(pinning->settings, &pinning->place));
    problem_print(&pinning->problem, pinning->text);
    return problem_key(&pinning->problem, pinning->place.info->class_text, pinning->key);
}

static void pinning_close(struct pinning *pinning)
{
    book_close(pinning->book);
    place_close(&pinning->place);
}

/* ---- remove ---- */

static enum status open_existing(const char *path, struct book **out)
{
    struct text full = {0};
    enum status status = book_user_path(path, &full);
    if (status == STATUS_OK && access(full.data, F_OK) != 0)
        status = status_fail(STATUS_NOT_FOUND, "%s: no such book", full.data);
    if (status == STATUS_OK) status = book_open(full.data, BOOK_WRITE, out);
    text_free(&full);
    return status;
}

static enum status take_away(const struct settings *settings)
{
    struct pinning pinning = {.settings = settings};
    enum status status = pinning_open(&pinning, &settings->arguments);
    if (status == STATUS_OK) status = open_existing(settings->book, &pinning.book);
    if (status == STATUS_OK) status = book_remove_pin(pinning.book, pinning.key);
    if (status == STATUS_OK) status = book_publish(pinning.book);
    if (status == STATUS_OK && settings->json) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddStringToObject(root, "removed", pinning.key);
        status = json_deliver(root);
    } else if (status == STATUS_OK) {
        printf("no longer pinned: %s on %s\n", pinning.text, pinning.place.info->class_text);
    }
    pinning_close(&pinning);
    return status;
}

/* ---- pin ---- */

static void name_user(char *out, size_t size)
{
    const char *name = getenv("USER");
    const struct passwd *user = name && *name ? NULL : getpwuid(geteuid());
    snprintf(out, size, "%s", user ? user->pw_name : name && *name ? name : "somebody");
}

static enum status check_because(const char *because)
{
    if (!because || strlen(because) < PIN_BECAUSE_BYTES) return STATUS_OK;
    return status_fail(STATUS_USAGE, "--because: longer than %d bytes", PIN_BECAUSE_BYTES - 1);
}

/* What programs get now, said where it is not what was pinned. */
static enum status check_answer(struct pinning *pinning, const struct pin *pin)
{
    struct finder finder;
    tb_explanation answer;
    enum status status = finder_open(pinning->settings, &pinning->place, &finder);
    if (status == STATUS_OK) status = finder_ask(&finder, &pinning->problem, &answer);
    if (status == STATUS_OK && strncmp(answer.reason, pin->line, strlen(pin->line)) != 0)
        talk_note("programs still get %s %s from %s%s%s", answer.template_name, answer.configuration,
                  answer.book, *answer.reason ? ": " : "", answer.reason);
    finder_close(&finder);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status report(const struct pinning *pinning, const struct pin_choice *choice,
                          const struct pin *pin, uint64_t best_ns)
{
    char time[NUMBER_BYTES], best[NUMBER_BYTES], when[21];
    uint64_t ns = choice->record.entries[0].timing.median_ns;
    clock_format_utc(pin->pinned_at_s, when);
    if (pinning->settings->json) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddStringToObject(root, "problem", pinning->text);
        cJSON_AddStringToObject(root, "class", pinning->place.info->class_text);
        cJSON_AddStringToObject(root, "book", book_path(pinning->book));
        cJSON_AddStringToObject(root, "record", pinning->key);
        cJSON_AddStringToObject(root, "template", choice->template_name);
        cJSON_AddStringToObject(root, "configuration", choice->configuration);
        json_add_ns(root, "expected_ns", ns);
        json_add_ns(root, "best_ns", best_ns);
        cJSON_AddBoolToObject(root, "tried_now", choice->tried);
        cJSON_AddStringToObject(root, "by", pin->who);
        cJSON_AddStringToObject(root, "at", when);
        json_add_text(root, "because", pin->because);
        return json_deliver(root);
    }
    printf("%s on %s\n  %s: %s %s, %s\n", pinning->text, pinning->place.info->class_text, pin->line,
           choice->template_name, choice->configuration, number_time((double)ns, time));
    if (best_ns && ns > best_ns)
        printf("  the best of its record takes %s\n", number_time((double)best_ns, best));
    printf("  'autotune pin --remove PROBLEM' takes it back\n");
    return STATUS_OK;
}

/* The best measured time that the layers' records have; 0: none. */
static uint64_t best_of(const struct layers *layers, const char *key)
{
    struct record record;
    uint64_t best_ns = 0;
    for (size_t i = 0; i < layers->n; i++) {
        if (book_get_record(layers->items[i], key, &record) != STATUS_OK) continue;
        for (uint32_t e = 0; e < record.n_entries; e++) {
            uint64_t ns = record.entries[e].timing.median_ns;
            bool measured = record.entries[e].evidence == EVIDENCE_MEASURED;
            if (measured && ns && (!best_ns || ns < best_ns)) best_ns = ns;
        }
    }
    return best_ns;
}

static enum status pin_it(struct pinning *pinning, const char *configuration, const struct layers *layers)
{
    const struct settings *settings = pinning->settings;
    struct pin_question question = {.settings = settings,
                                    .place = &pinning->place,
                                    .problem = &pinning->problem,
                                    .key = pinning->key,
                                    .configuration = configuration,
                                    .book = pinning->book,
                                    .layers = layers};
    struct pin_choice choice;
    struct pin pin = {.pinned_at_s = clock_wall_s()};
    TRY(pin_choose(&question, &choice));
    name_user(pin.who, sizeof pin.who);
    snprintf(pin.because, sizeof pin.because, "%s", settings->because ? settings->because : "");
    pin.record = choice.record;
    pin_describe(&pin);
    TRY(book_put_pin(pinning->book, pinning->key, &pin));
    TRY(book_publish(pinning->book));
    TRY(check_answer(pinning, &pin));
    return report(pinning, &choice, &pin, best_of(layers, pinning->key));
}

static enum status set(const struct settings *settings)
{
    struct words words = settings->arguments;
    struct pinning pinning = {.settings = settings};
    struct layers layers = {0};
    if (words.n < 2)
        return status_fail(STATUS_USAGE, "pin: autotune pin PROBLEM CONFIGURATION, such as "
                                         "'gemm f32 nt m=16 n=2048 k=2048' TILE_M=8,TILE_N=32");
    const char *configuration = words.items[--words.n];
    TRY(check_because(settings->because));
    enum status status = pinning_open(&pinning, &words);
    if (status == STATUS_OK) status = book_open_writable(settings->book, &pinning.book);
    if (status == STATUS_OK) status = books_open(settings->book, &layers);
    if (status == STATUS_OK) status = pin_it(&pinning, configuration, &layers);
    books_close(&layers);
    pinning_close(&pinning);
    return status;
}

enum status command_pin(const struct settings *settings)
{
    if (settings->list && settings->remove)
        return status_fail(STATUS_USAGE, "--list and --remove: one of them");
    if ((settings->list || settings->remove) && (settings->because || settings->template_name))
        return status_fail(STATUS_USAGE, "--because and --template go with a CONFIGURATION to pin");
    if (settings->list) return pin_list(settings);
    return settings->remove ? take_away(settings) : set(settings);
}
