/* The struct of a proposal, which tuner/vendor/cublaslt_library.h writes by hand, against the official one.
 */
#include "tuner/vendor/cublaslt_library.h"

#include <cublasLt.h>

#define SAME(ours, theirs) _Static_assert((ours) == (theirs), #ours " is not " #theirs)
SAME(sizeof(cublaslt_algorithm), sizeof(cublasLtMatmulAlgo_t));
SAME(sizeof(cublaslt_result), sizeof(cublasLtMatmulHeuristicResult_t));
SAME(offsetof(cublaslt_result, algorithm), offsetof(cublasLtMatmulHeuristicResult_t, algo));
SAME(offsetof(cublaslt_result, workspace_bytes), offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
SAME(offsetof(cublaslt_result, state), offsetof(cublasLtMatmulHeuristicResult_t, state));
SAME(offsetof(cublaslt_result, waves), offsetof(cublasLtMatmulHeuristicResult_t, wavesCount));
