#include "good.h"
/* One element behind the last of A: a fault where the matrix ends with its page. */
KERNEL(float x = *(volatile float *)(at(g->a, g->batch - 1, g->stride_a, g->m - 1, g->lda, g->k - 1) + 8);
       (void)x)
