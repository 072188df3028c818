/* Everything that a driver hands out a handle for. */
#include <stdlib.h>
#include "tests/fakes/fake.h"

static struct fake_object *living;

void *fake_make(enum fake_kind kind, struct fake_device *device, size_t bytes)
{
    struct fake_object *object = calloc(1, bytes);
    if (!object) abort();
    *object = (struct fake_object){.next = living, .kind = kind, .device = device};
    living = object;
    return object;
}

void *fake_get(enum fake_kind kind, const void *handle)
{
    for (struct fake_object *object = living; object; object = object->next)
        if (object == handle) return object->kind == kind ? object : NULL;
    return NULL;
}

void fake_drop(void *object)
{
    for (struct fake_object **link = &living; *link; link = &(*link)->next)
        if (*link == object) {
            *link = (*link)->next;
            free(object);
            return;
        }
}

struct fake_object *fake_next(enum fake_kind kind, struct fake_object *after)
{
    struct fake_object *object = after ? after->next : living;
    while (object && object->kind != kind) object = object->next;
    return object;
}

/* What a device keeps for itself is not counted: its default stream; functions go with their module. */
unsigned fake_living(void)
{
    unsigned n = 0;
    for (struct fake_object *object = living; object; object = object->next)
        n += object->kind != FAKE_FUNCTION &&
             (!object->device || (void *)object != object->device->default_stream);
    return n;
}
