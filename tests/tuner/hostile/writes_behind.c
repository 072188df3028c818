#include "good.h"
KERNEL(*(at(g->d, g->batch - 1, g->stride_d, g->m - 1, g->ldd, g->n - 1) + 1) = 1)
