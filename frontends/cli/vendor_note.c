#include "frontends/cli/vendor_note.h"

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
        text_append(out, status_message());
        return false;
    }
    text_append(out, name);
    return true;
}
