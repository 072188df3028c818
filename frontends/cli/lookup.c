/* autotune lookup: the kernel that a program would get for a problem. */
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/find.h"
#include "frontends/cli/paper_place.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/talk.h"

static enum status print_json(const tb_explanation *answer, const struct pin *pin, const char *reason)
{
    cJSON *root = cJSON_CreateObject();
    json_add_text(root, "match", answer ? match_text(answer->match) : NULL);
    json_add_text(root, "evidence", answer ? evidence_text(answer->evidence) : NULL);
    json_add_text(root, "template", answer ? answer->template_name : NULL);
    json_add_text(root, "configuration", answer ? answer->configuration : NULL);
    json_add_ns(root, "expected_ns", answer ? answer->expected_ns : 0);
    json_add_ns(root, "baseline_ns", answer ? answer->baseline_ns : 0);
    json_add_text(root, "book", answer ? answer->book : NULL);
    json_add_text(root, "record", answer ? answer->record : NULL);
    json_add_text(root, "reason", answer ? answer->reason : reason);
    cJSON_AddItemToObject(root, "pin", pin_json(pin));
    return json_deliver(root);
}

static void print_text(const tb_explanation *answer)
{
    char time[NUMBER_BYTES];
    printf("match          %s\n", match_text(answer->match));
    printf("evidence       %s\n", evidence_text(answer->evidence));
    printf("template       %s\n", answer->template_name);
    printf("configuration  %s\n", answer->configuration);
    printf("expected       %s\n", number_time((double)answer->expected_ns, time));
    printf("baseline       %s\n", number_time((double)answer->baseline_ns, time));
    printf("book           %s\n", answer->book);
    printf("record         %s\n", answer->record);
    if (answer->reason && *answer->reason) printf("reason         %s\n", answer->reason);
}

/* A miss is a finding with its reason, in both forms. */
static enum status answer_miss(const struct settings *settings)
{
    char reason[1024];
    snprintf(reason, sizeof reason, "%s", status_message());
    if (settings->json) TRY(print_json(NULL, NULL, reason));
    return status_fail(STATUS_NOT_FOUND, "%s", reason);
}

static enum status look_up(const struct settings *settings, const struct place *place,
                           const struct problem *problem)
{
    struct finder finder;
    struct pin pin;
    tb_explanation answer;
    enum status status = finder_open(settings, place, &finder);
    if (status == STATUS_OK) status = finder_ask(&finder, problem, &answer);
    if (status == STATUS_NOT_FOUND)
        status = answer_miss(settings);
    else if (status == STATUS_OK && settings->json)
        status = print_json(&answer, finder_pin(&finder, &answer, &pin) ? &pin : NULL, NULL);
    else if (status == STATUS_OK)
        print_text(&answer);
    finder_close(&finder);
    return status;
}

enum status command_lookup(const struct settings *settings)
{
    struct problem problem;
    struct place place;
    TRY(problems_one(&settings->arguments, 0, &problem));
    TRY(place_open_or_paper(settings, &place));
    enum status status = look_up(settings, &place, &problem);
    place_close(&place);
    return status;
}
