#include "good.h"
int pthread_create(void *thread, const void *attributes, void *(*run)(void *), void *argument);
static void *run(void *argument)
{
    return argument;
}
KERNEL(void *thread; pthread_create(&thread, 0, run, 0))
