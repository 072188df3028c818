/* A libcublasLt that works on the fake libcuda's memory: products are computed on the host when their turn
 * in the stream comes. Held to NVIDIA's own cublasLt.h.
 *
 * $TUNEBOOK_FAKE_CUBLASLT, words separated by ';':
 *     fail=cublasLtMatmul     this function does nothing but fail
 *     proposals=5             of the heuristic; the third is the fastest
 *     delay_us=200            what the others take longer, a step from it
 *     plain                   it has no epilogues */
#ifndef TUNEBOOK_TESTS_FAKES_LIBCUBLASLT_FACE_H
#define TUNEBOOK_TESTS_FAKES_LIBCUBLASLT_FACE_H

#include <stdbool.h>
#pragma GCC visibility push(default)
#include <cublasLt.h>
#pragma GCC visibility pop

enum { BEST_PROPOSAL = 2, PROPOSALS = 5 };

struct fake_cublaslt {
    char fail[64];
    int proposals, delay_us;
    bool plain;
};
const struct fake_cublaslt *fake_cublaslt(void);

/* Descriptors as they lie in the official opaque ones. */
struct fake_layout {
    uint64_t rows, columns;
    int64_t ld, stride;
    int32_t batch, type;
};
struct fake_operation {
    int32_t transpose_a, transpose_b, compute, scale, bias_type;
    uint32_t epilogue;
    const void *bias;
    int64_t bias_stride;
};
struct fake_preference {
    uint64_t workspace_bytes;
    uint32_t alignment[4];
};
_Static_assert(sizeof(struct fake_layout) <= sizeof(cublasLtMatrixLayoutOpaque_t), "fits");
_Static_assert(sizeof(struct fake_operation) <= sizeof(cublasLtMatmulDescOpaque_t), "fits");
_Static_assert(sizeof(struct fake_preference) <= sizeof(cublasLtMatmulPreferenceOpaque_t), "fits");

/* A product on its way through a stream. */
struct fake_product {
    struct fake_operation operation;
    struct fake_layout a, b, c, d;
    const void *a_data, *b_data, *c_data;
    void *d_data;
    float alpha, beta;
    int proposal;
};
/* What cublasLtMatmul() answers for such operands. */
cublasStatus_t fake_product_check(const struct fake_product *product);
void fake_product_run(void *product);

#endif
