#include "frontends/cli/paper_place.h"

#include <string.h>
#include "frontends/cli/emulated.h"
#include "frontends/cli/talk.h"

/* What the emulator knows of the GPU, under a name of its own: it is no CPU, whose code a book must be
 * private for, and the library opens it by that name. */
static struct device_api paper;
static const struct device_api *emulator;
static const char *class_name;

static enum status paper_open(uint32_t index, const struct device_options *options, struct device **out)
{
    struct device_options named = *options;
    named.target = class_name;
    named.threads = 1;
    return emulator->open(index, &named, out);
}

/* The class's own line about what is missing stays where it is no GPU that anybody knows. */
static enum status open_paper(const struct settings *settings, struct place *out)
{
    static const struct device_options none;
    emulator = device_find("emu");
    if (!emulator) return STATUS_UNAVAILABLE;
    class_name = settings->device_class;
    paper = *emulator;
    paper.name = "paper";
    paper.open = paper_open;
    struct place place = {.api = &paper};
    TRY(paper.open(0, &none, &place.device));
    place.info = paper.info(place.device);
    *out = place;
    return STATUS_OK;
}

void place_offer(const struct place *place, bool offered)
{
    if (place_is_paper(place)) device_offer_emulator(offered ? &paper : emulator);
}

bool place_is_paper(const struct place *place)
{
    return place->api == &paper;
}

enum status place_open_or_paper(const struct settings *settings, struct place *out)
{
    char line[1024];
    enum status status = place_open(settings, out);
    if (status != STATUS_UNAVAILABLE || !settings->device_class || settings->device || settings->arch)
        return status;
    snprintf(line, sizeof line, "%s", status_message());
    if (open_paper(settings, out) != STATUS_OK) return status_fail(status, "%s", line);
    talk_note("%s is not here: this is what a program there would get from these books",
              out->info->class_text);
    return STATUS_OK;
}
