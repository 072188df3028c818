#include "good.h"
KERNEL(for (volatile int i = 0;; i++))
