/* autotune import: a file from elsewhere, into a book. */
#include "frontends/cli/bundles.h"
#include "frontends/cli/command.h"

enum status command_import(const struct settings *settings)
{
    if (settings->arguments.n != 1)
        return status_fail(STATUS_USAGE, settings->arguments.n ? "import: takes one FILE"
                                                               : "import: names no FILE, a bundle that "
                                                                 "'autotune export' wrote");
    return bundle_import_command(settings, settings->arguments.items[0]);
}
