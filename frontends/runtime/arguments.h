/* The check that stands between a caller's numbers and a kernel. Private to the runtime. */
#ifndef TUNEBOOK_RUNTIME_ARGUMENTS_H
#define TUNEBOOK_RUNTIME_ARGUMENTS_H

#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"

/* Checks the argument block against the problem that was planned, and makes it definite: leading dimensions
 * of 0 become the tight ones, an unread C becomes NULL. STATUS_USAGE for what is wrong in itself,
 * STATUS_NOT_COVERED for what another plan would cover. No allocation on success. */
enum status arguments_check(const struct problem *planned, struct gemm_args *args);

#endif
