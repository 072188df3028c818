#include "good.h"
/* Takes for granted more than the problem promises. */
KERNEL(if ((unsigned long)g->a % 64) * (float *)g->d = -1)
