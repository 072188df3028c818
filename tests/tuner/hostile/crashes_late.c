#include "good.h"
/* Right for a while, but not for the 120 launches that finals make at least. */
static int calls;
KERNEL(if (calls++ > 100) * (volatile int *)8 = 1)
