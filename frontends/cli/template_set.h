/* The templates of a command: the built-in ones, or those of --templates=DIR. */
#ifndef TUNEBOOK_CLI_TEMPLATE_SET_H
#define TUNEBOOK_CLI_TEMPLATE_SET_H

#include "templates/manifest.h"

struct template_set {
    struct manifest **items;
    size_t n;
};

enum status template_set_load(const char *folder, struct template_set *out);
void template_set_free(struct template_set *set);

/* By name; STATUS_USAGE with the closest name, or all names. */
enum status template_set_find(const struct template_set *set, const char *name, const struct manifest **out);

#endif
