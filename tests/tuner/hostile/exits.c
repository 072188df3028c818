#include "good.h"
void exit(int);
KERNEL(exit(0))
