#include "tuner/emulator/callbacks.h"

#include <string.h>
#include "tuner/emulator/access.h"
#include "tuner/emulator/machine.h"

#define HERE __builtin_return_address(0)

#define ACCESSES(size)                                          \
    void __tsan_read##size(void *address)                       \
    {                                                           \
        access_check(address, size, ACCESS_READ, true, HERE);   \
    }                                                           \
    void __tsan_write##size(void *address)                      \
    {                                                           \
        access_check(address, size, ACCESS_WRITE, true, HERE);  \
    }                                                           \
    void __tsan_unaligned_read##size(void *address)             \
    {                                                           \
        access_check(address, size, ACCESS_READ, false, HERE);  \
    }                                                           \
    void __tsan_unaligned_write##size(void *address)            \
    {                                                           \
        access_check(address, size, ACCESS_WRITE, false, HERE); \
    }                                                           \
    void __tsan_volatile_read##size(void *address)              \
    {                                                           \
        access_check(address, size, ACCESS_READ, true, HERE);   \
    }                                                           \
    void __tsan_volatile_write##size(void *address)             \
    {                                                           \
        access_check(address, size, ACCESS_WRITE, true, HERE);  \
    }                                                           \
    void __tsan_unaligned_volatile_read##size(void *address)    \
    {                                                           \
        access_check(address, size, ACCESS_READ, false, HERE);  \
    }                                                           \
    void __tsan_unaligned_volatile_write##size(void *address)   \
    {                                                           \
        access_check(address, size, ACCESS_WRITE, false, HERE); \
    }                                                           \
    void __tsan_read_write##size(void *address)                 \
    {                                                           \
        access_check(address, size, ACCESS_READ, true, HERE);   \
        access_check(address, size, ACCESS_WRITE, true, HERE);  \
    }                                                           \
    void __tsan_unaligned_read_write##size(void *address)       \
    {                                                           \
        access_check(address, size, ACCESS_READ, false, HERE);  \
        access_check(address, size, ACCESS_WRITE, false, HERE); \
    }
TSAN_SIZES(ACCESSES)
#undef ACCESSES

static void check_range(const void *pointer, size_t bytes, enum access access, const void *pc)
{
    struct fiber *f = emulator_self;
    uintptr_t address = (uintptr_t)pointer;
    if (bytes && !(on_stack(f, address) && on_stack(f, address + bytes - 1)))
        access_other(f, address, bytes, access, false, pc);
}

void __tsan_read_range(void *address, unsigned long bytes)
{
    check_range(address, bytes, ACCESS_READ, HERE);
}

void __tsan_write_range(void *address, unsigned long bytes)
{
    check_range(address, bytes, ACCESS_WRITE, HERE);
}

void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
    check_range(from, bytes, ACCESS_READ, HERE);
    check_range(to, bytes, ACCESS_WRITE, HERE);
    return memmove(to, from, bytes);
}

void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
    check_range(from, bytes, ACCESS_READ, HERE);
    check_range(to, bytes, ACCESS_WRITE, HERE);
    return memmove(to, from, bytes);
}

void *__tsan_memset(void *to, int value, size_t bytes)
{
    check_range(to, bytes, ACCESS_WRITE, HERE);
    return memset(to, value, bytes);
}

/* Tables of virtual functions are the object's own data; kernels have no use for the rest. */
void __tsan_vptr_update(void *address, void *value)
{
    (void)value;
    check_range(address, sizeof(void *), ACCESS_WRITE, HERE);
}

void __tsan_vptr_read(void *address)
{
    check_range(address, sizeof(void *), ACCESS_READ, HERE);
}

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void *caller)
{
    (void)caller;
}

void __tsan_ignore_thread_begin(void)
{
}

void __tsan_ignore_thread_end(void)
{
}

void __wrap___ubsan_handle_out_of_bounds(const struct bounds_place *place, uintptr_t index)
{
    fault(emulator_self, DEVICE_FAULT_OUT_OF_BOUNDS, HERE, "uses element %lld of a local %s",
          (long long)index, place->array->name);
}
