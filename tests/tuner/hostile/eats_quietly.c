#include "good.h"
/* Takes all memory, and then is merely wrong. */
void *malloc(unsigned long);
KERNEL(void *volatile p; while ((p = malloc(64 << 20))) continue; *(float *)g->d = -1)
