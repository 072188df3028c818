#include "good.h"
KERNEL(for (long long j = 0; g->k % 4 && j < g->n; j++) * at(g->d, 0, 0, 0, g->ldd, j) +=
       g->alpha * *at(g->a, 0, 0, 0, g->lda, g->k - 1) * *at(g->b, 0, 0, g->k - 1, g->ldb, j))
