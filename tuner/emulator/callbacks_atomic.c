/* The thread sanitizer's atomics: __tsan_atomic32_fetch_add and so on. */
#include "tuner/emulator/callbacks.h"

#define HERE __builtin_return_address(0)

#define CHANGE(bits, type, word, operation)                                                        \
    type __tsan_atomic##bits##_fetch_##word(volatile void *address, type x, int order)             \
    {                                                                                              \
        return (type)atomic_perform(ATOMIC_##operation, address, sizeof(type), x, 0, order, HERE); \
    }
#define ATOMICS(bits, type)                                                                        \
    type __tsan_atomic##bits##_load(const volatile void *address, int order)                       \
    {                                                                                              \
        return (type)atomic_perform(ATOMIC_LOAD, address, sizeof(type), 0, 0, order, HERE);        \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile void *address, type x, int order)                    \
    {                                                                                              \
        atomic_perform(ATOMIC_STORE, address, sizeof(type), x, 0, order, HERE);                    \
    }                                                                                              \
    type __tsan_atomic##bits##_exchange(volatile void *address, type x, int order)                 \
    {                                                                                              \
        return (type)atomic_perform(ATOMIC_EXCHANGE, address, sizeof(type), x, 0, order, HERE);    \
    }                                                                                              \
    type __tsan_atomic##bits##_compare_exchange_val(volatile void *address, type expected, type x, \
                                                    int order, int failure)                        \
    {                                                                                              \
        (void)failure; /* never stronger than `order` */                                           \
        return (type)atomic_perform(ATOMIC_CAS, address, sizeof(type), x, expected, order, HERE);  \
    }                                                                                              \
    CHANGE(bits, type, add, ADD)                                                                   \
    CHANGE(bits, type, sub, SUB)                                                                   \
    CHANGE(bits, type, and, AND)                                                                   \
    CHANGE(bits, type, or, OR)                                                                     \
    CHANGE(bits, type, xor, XOR)                                                                   \
    CHANGE(bits, type, nand, NAND)
TSAN_ATOMIC_SIZES(ATOMICS)

/* A fence for the compiler alone. */
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}
