/* One configuration of one template on the device here: compiled, verified, measured alone, and its trial
 * kept. No finals: nothing is compared, and no record changes. */
#ifndef TUNEBOOK_SINGLE_H
#define TUNEBOOK_SINGLE_H

#include "db/book.h"
#include "tuner/tuning.h"

struct single {
    const char *backend;
    uint32_t device, threads;
    const struct device_info *info;
    const char *key; /* of the problem's record */
    struct tuning *tuning;
    struct configuration configuration;
    struct book *book; /* BOOK_WRITE: kernel, source, environment and trial go there */
    const volatile int *stop;
};

/* The entry of a kernel that passed. STATUS_NOT_FOUND with the verdict of one that did not. */
enum status single_try(const struct single *single, struct record_entry *out);

#endif
