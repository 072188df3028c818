/* Vendor libraries as baselines: opened at run time where they stand, never required. */
#ifndef TUNEBOOK_VENDOR_VENDOR_H
#define TUNEBOOK_VENDOR_VENDOR_H

#include "templates/op.h"

struct vendor_api {
    const char *backend; /* the device backend it computes on */
    /* Opens the library; `name` gets "openblas 0.3.21". STATUS_UNAVAILABLE with the package to install. */
    enum status (*open)(uint32_t threads, char *name, size_t capacity);
    /* Number of ways it can do this problem (sgemm, sgemv ...); 0: it cannot. */
    unsigned (*ways)(const struct problem *problem);
    /* Runs one of them on an argument block. */
    void (*run)(const struct problem *problem, unsigned way, const void *args);
};

const struct vendor_api *vendor_find(const char *backend); /* NULL if there is none */

#endif
