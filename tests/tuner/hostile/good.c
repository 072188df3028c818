#include "good.h"
KERNEL((void)0)
