#include "good.h"
/* Hides its faults. */
int sigprocmask(int, const void *, void *);
KERNEL(unsigned long all[16]; for (int i = 0; i < 16; i++) all[i] = ~0ul; sigprocmask(0, all, 0);
       *(volatile int *)8 = 1)
