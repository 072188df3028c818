#include "good.h"
/* Makes the page writable first. */
int mprotect(void *, unsigned long, int);
KERNEL(char *page = (char *)((unsigned long)g->b & -4096ul); mprotect(page, 4096, 3); *(float *)g->b += 1;
       if (g->k == 96) * (float *)g->b += 1)
