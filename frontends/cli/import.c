/* autotune import: what others have tuned. */
#include "frontends/cli/command.h"
#include "frontends/cli/import_foreign.h"

enum status command_import(const struct settings *settings)
{
    if (settings->format) return import_foreign(settings);
    return status_fail(STATUS_USAGE,
                       "import: --format is missing: aiter, tunableop, hipblaslt-log, t4 or kerneltuner");
}
