/* The checks that stand between a caller's numbers and a kernel. Private to the runtime. */
#ifndef TUNEBOOK_RUNTIME_ARGUMENTS_H
#define TUNEBOOK_RUNTIME_ARGUMENTS_H

#include "frontends/runtime/runtime.h"
#include "templates/attention/attention_args.h"
#include "templates/gemm/gemm_args.h"

/* Each makes the kernels' argument block of the caller's and checks it against the problem that was planned:
 * leading dimensions and strides of 0 become the tight ones, an unread C becomes NULL. STATUS_USAGE for what
 * is wrong in itself, STATUS_NOT_COVERED for what another plan would cover. No allocation on success. */
enum status arguments_gemm(const struct problem *planned, const tb_gemm_args *given, void *workspace,
                           struct gemm_args *args);
/* `problem` is the planned one with the sizes of this call. */
enum status arguments_attention(const struct problem *planned, const tb_attention_args *given,
                                void *workspace, struct attention_args *args, struct problem *problem);

/* Rows and items of operands for tensor maps: what the caller said of them, but for rows that stay unknown,
 * as with varlen. STATUS_NOT_COVERED where a map needs what was not said. */
enum status arguments_attention_extents(const tb_attention_args *given, const struct attention_args *args,
                                        const struct problem *problem, const struct kernel_launch *launch,
                                        struct operand operands[OP_OPERANDS_MAX]);

/* What is written against all else: outputs against inputs, `workspace_bytes` of the workspace against both.
 */
enum status arguments_attention_overlaps(const tb_attention_args *given, const struct attention_args *args,
                                         const struct problem *problem, uint64_t workspace_bytes);

/* Offsets, lengths and block table, read back from the device: STATUS_USAGE names the first entry that is out
 * of range. */
enum status arguments_attention_tables(const tb_context *context, const tb_attention_args *given,
                                       const struct attention_args *args, const struct problem *problem);

#endif
