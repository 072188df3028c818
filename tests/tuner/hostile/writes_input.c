#include "good.h"
KERNEL(*(float *)g->a = 1)
