/* From a template's configuration to the descriptor that a book keeps: everything the runtime needs, nothing
 * of the template. */
#ifndef TUNEBOOK_DESCRIPTOR_H
#define TUNEBOOK_DESCRIPTOR_H

#include "db/schema.h"
#include "templates/manifest.h"

struct descriptor_request {
    const struct manifest *manifest;
    const struct problem *problem;
    const int64_t *slots; /* problem, device and parameter values */
    const char *target;
    const char *compiler_identity;
};

/* The kernel's identity: SHA-256 over template, definitions (configuration, types, layout, fusion,
 * specialized sizes), target, compiler and flags. The same request gives the same hash on every machine. */
enum status descriptor_kernel_hash(const struct descriptor_request *request, struct hash *kernel);

/* Builds the descriptor; everything in it lives in `arena` or in the request. code, code_bytes and resources
 * are the caller's to fill in after the compile. */
enum status descriptor_build(struct arena *arena, const struct descriptor_request *request,
                             struct descriptor *out);

/* Every piece of bytecode of a descriptor that came over a file is valid (expr_validate). STATUS_BAD_DATA
 * says which is not. */
enum status descriptor_check(const struct descriptor *descriptor);

#endif
