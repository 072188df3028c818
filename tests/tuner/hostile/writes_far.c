#include "good.h"
KERNEL(((float *)g->d)[2 << 20] = 1)
