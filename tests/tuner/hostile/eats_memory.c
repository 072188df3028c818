#include "good.h"
void *malloc(unsigned long);
KERNEL(for (;;) {
    volatile char *p = malloc(16 << 20);
    for (int i = 0; i < 16 << 20; i += 4096) p[i] = 1;
})
