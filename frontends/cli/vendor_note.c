#include "frontends/cli/vendor_note.h"

#include <string.h>
#include "tuner/vendor/vendor.h"

bool vendor_note(const char *backend, uint32_t threads, struct text *out)
{
    char name[64] = "";
    const struct vendor_api *vendor = vendor_find(backend);
    if (!vendor) {
        text_format(out, "no vendor library is known for backend %s", backend);
        return false;
    }
    if (vendor->open(threads, name, sizeof name) != STATUS_OK) {
        bool cpu = strcmp(backend, "cpu") == 0;
        text_format(out, "%s (%s)", cpu ? "OpenBLAS not installed" : "vendor library not found",
                    status_message());
        return false;
    }
    text_append(out, name);
    return true;
}
