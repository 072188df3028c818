/* What clang's thread sanitizer calls for each access (LLVM's ThreadSanitizer.cpp, versions 14 to 22),
 * answered by the emulator. */
#ifndef TUNEBOOK_EMULATOR_CALLBACKS_H
#define TUNEBOOK_EMULATOR_CALLBACKS_H

#include <stddef.h>
#include <stdint.h>

enum atomic_operation {
    ATOMIC_LOAD,
    ATOMIC_STORE,
    ATOMIC_EXCHANGE,
    ATOMIC_ADD,
    ATOMIC_SUB,
    ATOMIC_AND,
    ATOMIC_OR,
    ATOMIC_XOR,
    ATOMIC_NAND,
    ATOMIC_CAS
};

/* Checks and does it; the old value. */
uint64_t atomic_perform(enum atomic_operation operation, const volatile void *address, uint32_t bytes,
                        uint64_t operand, uint64_t expected, int order, const void *pc);

#define TSAN_SIZES(X)          X(1) X(2) X(4) X(8) X(16)
#define TSAN_ATOMIC_SIZES(X)   X(8, uint8_t) X(16, uint16_t) X(32, uint32_t) X(64, uint64_t)
#define TSAN_ATOMIC_CHANGES(X) X(add, ADD) X(sub, SUB) X(and, AND) X(or, OR) X(xor, XOR) X(nand, NAND)

/* What the bounds sanitizer says of an index that leaves a local array (compiler-rt, ubsan_handlers.h). */
struct bounds_type {
    uint16_t kind, info;
    char name[]; /* "'unsigned int[4]'" */
};
struct bounds_place {
    const char *file;
    uint32_t line, column;
    const struct bounds_type *array, *index;
};

#pragma GCC visibility push(default)
/* Wrapped, so that it stands beside a sanitizer of this program's own. */
void __wrap___ubsan_handle_out_of_bounds(const struct bounds_place *, uintptr_t);
void __tsan_init(void);
void __tsan_func_entry(void *);
void __tsan_func_exit(void *);
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
void __tsan_vptr_update(void *, void *);
void __tsan_vptr_read(void *);
void __tsan_read_range(void *, unsigned long);
void __tsan_write_range(void *, unsigned long);
void *__tsan_memcpy(void *, const void *, size_t);
void *__tsan_memmove(void *, const void *, size_t);
void *__tsan_memset(void *, int, size_t);
void __tsan_atomic_thread_fence(int);
void __tsan_atomic_signal_fence(int);
#define DECLARE(size)                                   \
    void __tsan_read##size(void *);                     \
    void __tsan_write##size(void *);                    \
    void __tsan_unaligned_read##size(void *);           \
    void __tsan_unaligned_write##size(void *);          \
    void __tsan_volatile_read##size(void *);            \
    void __tsan_volatile_write##size(void *);           \
    void __tsan_unaligned_volatile_read##size(void *);  \
    void __tsan_unaligned_volatile_write##size(void *); \
    void __tsan_read_write##size(void *);               \
    void __tsan_unaligned_read_write##size(void *);
TSAN_SIZES(DECLARE)
#undef DECLARE

/* gcc knows these names with types of its own for `order` and the operands: the same ones. */
#define DECLARE_CHANGE(bits, type, word) type __tsan_atomic##bits##_fetch_##word(volatile void *, type, int);
#define DECLARE_ATOMICS(bits, type)                                                         \
    type __tsan_atomic##bits##_load(const volatile void *, int);                            \
    void __tsan_atomic##bits##_store(volatile void *, type, int);                           \
    type __tsan_atomic##bits##_exchange(volatile void *, type, int);                        \
    type __tsan_atomic##bits##_compare_exchange_val(volatile void *, type, type, int, int); \
    DECLARE_CHANGE(bits, type, add)                                                         \
    DECLARE_CHANGE(bits, type, sub)                                                         \
    DECLARE_CHANGE(bits, type, and)                                                         \
    DECLARE_CHANGE(bits, type, or)                                                          \
    DECLARE_CHANGE(bits, type, xor)                                                         \
    DECLARE_CHANGE(bits, type, nand)
TSAN_ATOMIC_SIZES(DECLARE_ATOMICS)
#undef DECLARE_ATOMICS
#undef DECLARE_CHANGE
#pragma GCC visibility pop

#endif
