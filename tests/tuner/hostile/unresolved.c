#include "good.h"
void no_such_function(void);
KERNEL(no_such_function())
