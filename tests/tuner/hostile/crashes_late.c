#include "good.h"
/* Right for a while. */
static int calls;
KERNEL(if (calls++ > 500) * (volatile int *)8 = 1)
