/* Vendor libraries as baselines: opened at run time where they stand, never required. */
#ifndef TUNEBOOK_VENDOR_VENDOR_H
#define TUNEBOOK_VENDOR_VENDOR_H

#include "templates/op.h"
#include "tuner/device/device.h"

enum { VENDOR_NAME_BYTES = 32, VENDOR_CHOICES_MAX = 8 };

/* One problem that a library is ready to do. Each library has its own struct that begins with this one. */
struct vendor_plan {
    char name[VENDOR_NAME_BYTES]; /* "cublaslt 13.1.0"; " product" behind it where only that is done */
    unsigned ways;                /* >= 1; 0 is what a program gets that does not search among them */
    bool product_alone; /* without the problem's bias and activation: the library has no such thing */
};

struct vendor_api {
    const char *backend; /* the device backend it computes on */
    /* Opens the library; `name` gets "openblas 0.3.21 SkylakeX". STATUS_UNAVAILABLE with the package to
     * install. */
    enum status (*open)(uint32_t threads, char *name, size_t capacity);
    /* Whether it has anything for problems like this one; the library need not be open. */
    bool (*does)(const struct problem *problem);
    /* Gets ready for the problem on an open device of the backend, after open(). Operands are stored as the
     * argument block says and aligned as its pointers are. `choices`: how many of the library's own proposals
     * become ways, where it makes such. STATUS_NOT_COVERED if it cannot do it after all. */
    enum status (*plan)(struct device *device, const struct problem *problem, const void *args,
                        unsigned choices, struct vendor_plan **out);
    void (*release)(struct vendor_plan *plan); /* nothing of it may be running; NULL is fine */
    /* Runs one of the ways on an argument block that differs in pointers alone; on a device with streams
     * enqueues it, as device_api.launch does. */
    enum status (*run)(struct vendor_plan *plan, unsigned way, const void *args, void *stream);
};

const struct vendor_api *vendor_find(const char *backend); /* NULL if there is none */

#endif
