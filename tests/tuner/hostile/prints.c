#include "good.h"
int puts(const char *);
int printf(const char *, ...);
KERNEL(puts("hello from a candidate"); printf("%d\n", (int)g->m))
