#include "good.h"
static int deeper(volatile int *p)
{
    volatile int here[64];
    here[0] = *p + 1;
    return deeper(here) + here[0];
}
KERNEL(volatile int begin = 0; deeper(&begin))
