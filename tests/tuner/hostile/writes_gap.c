#include "good.h"
KERNEL(if (g->ldd > g->n && g->m > 1)((float *)g->d)[g->n] = 1)
