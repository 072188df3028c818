#include "good.h"
/* Only on the problem itself. */
KERNEL(if (g->k == 96) for (volatile int i = 0;; i++))
