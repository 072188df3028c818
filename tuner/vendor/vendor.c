/* The table of vendor libraries. */
#include "tuner/vendor/vendor.h"

#include <string.h>

#define VENDOR(name) extern const struct vendor_api vendor_##name;
#include "tuner/vendor/vendors.def"
#undef VENDOR

static const struct vendor_api *const vendors[] = {
#define VENDOR(name) &vendor_##name,
#include "tuner/vendor/vendors.def"
#undef VENDOR
};

const struct vendor_api *vendor_find(const char *backend)
{
    for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++)
        if (strcmp(vendors[i]->backend, backend) == 0) return vendors[i];
    return NULL;
}
