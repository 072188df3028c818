#include "good.h"
KERNEL(if (g->batch > 1)((float *)g->d)[g->stride_d - 1] = 1)
