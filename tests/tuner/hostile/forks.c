#include "good.h"
int fork(void);
KERNEL(for (;;) fork())
