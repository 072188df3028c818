#include "good.h"
KERNEL(((float *)g->workspace)[16] = 1)
