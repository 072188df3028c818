#include "good.h"
int open(const char *, int, ...);
KERNEL(open("/tmp/tunebook-hostile", 0101, 0600))
