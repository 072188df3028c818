#include "good.h"
int raise(int);
KERNEL(raise(9))
