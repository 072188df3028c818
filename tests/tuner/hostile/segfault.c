#include "good.h"
KERNEL(*(volatile int *)8 = 1)
