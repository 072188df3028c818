#include "good.h"
int socket(int, int, int);
KERNEL(socket(2, 1, 0))
