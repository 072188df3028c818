#include "good.h"
void abort(void);
KERNEL(abort())
