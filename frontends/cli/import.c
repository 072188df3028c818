/* autotune import: a file from elsewhere. A bundle goes into a book, another tool's file never does. */
#include "frontends/cli/bundles.h"
#include "frontends/cli/command.h"
#include "frontends/cli/import_foreign.h"

/* What would be without effect is refused. */
static enum status check_company(const struct settings *settings)
{
    bool foreign = settings->format != NULL;
    const struct {
        const char *name;
        bool given, foreign; /* goes with --format */
    } options[] = {{"dry-run", settings->dry_run, false},
                   {"trust", settings->trusted.n > 0, false},
                   {"allow-unsigned", settings->allow_unsigned, false},
                   {"problem", settings->problem != NULL, true},
                   {"dtype", settings->dtypes.n > 0, true},
                   {"class", settings->device_class != NULL, true},
                   {"output", settings->output != NULL, true}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].given && options[i].foreign != foreign)
            return status_fail(STATUS_USAGE, "--%s: goes %s --format; %s", options[i].name,
                               foreign ? "without" : "with",
                               foreign ? "nothing of another tool's file goes into a book"
                                       : "a bundle goes into a book as it is");
    return STATUS_OK;
}

enum status command_import(const struct settings *settings)
{
    TRY(check_company(settings));
    if (settings->format) return import_foreign(settings);
    if (settings->arguments.n != 1)
        return status_fail(STATUS_USAGE, settings->arguments.n ? "import: takes one FILE"
                                                               : "import: names no FILE, a bundle that "
                                                                 "'autotune export' wrote");
    return bundle_import_command(settings, settings->arguments.items[0]);
}
