#include "tuner/emulator/fiber.h"

#include <string.h>
#include <sys/mman.h>

enum {
    PAGE = 4096,
    /* A guard page, and with it a distance between stacks that is no multiple of a cache's size: the tops of
     * all stacks, which are what is in use, would else share a few cache sets. */
    STRIDE = FIBER_STACK_BYTES + PAGE,
    COLOURS = 16,
    COLOUR_BYTES = 256
};

#if defined(__SANITIZE_ADDRESS__)
void __asan_unpoison_memory_region(void const volatile *, size_t);
#define FORGET_FRAMES(low, bytes) __asan_unpoison_memory_region(low, bytes)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
void __asan_unpoison_memory_region(void const volatile *, size_t);
#define FORGET_FRAMES(low, bytes) __asan_unpoison_memory_region(low, bytes)
#endif
#endif
#ifndef FORGET_FRAMES
#define FORGET_FRAMES(low, bytes) ((void)(low), (void)(bytes))
#endif

#if defined(__x86_64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl emulator_switch\n"
        ".hidden emulator_switch\n"
        ".type emulator_switch,@function\n"
        "emulator_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size emulator_switch,.-emulator_switch\n");

/* Six registers, then where `ret` goes; at its first instruction a function expects the stack 8 off 16. */
void *fiber_prepare(char *top, void (*entry)(void))
{
    void **sp = (void **)top - 2;
    memcpy(sp, &entry, sizeof entry);
    sp[1] = NULL;
    return memset(sp - 6, 0, 6 * sizeof *sp);
}
#elif defined(__aarch64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl emulator_switch\n"
        ".hidden emulator_switch\n"
        ".type emulator_switch,%function\n"
        "emulator_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size emulator_switch,.-emulator_switch\n");

void *fiber_prepare(char *top, void (*entry)(void))
{
    char *sp = top - 160;
    memset(sp, 0, 160);
    memcpy(sp + 88, &entry, sizeof entry); /* x30 */
    return sp;
}
#else
#error the emulator needs x86-64 or aarch64
#endif

enum status fiber_stacks_reserve(struct fiber_stacks *stacks, size_t count)
{
    if (count <= stacks->count) return STATUS_OK;
    fiber_stacks_free(stacks);
    size_t bytes = count * STRIDE + PAGE;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return status_fail_errno(STATUS_NO_MEMORY, "no memory for the stacks of %zu emulated threads", count);
    /* Pages, not huge pages: most of a stack is never touched. */
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    *stacks = (struct fiber_stacks){memory, count, bytes};
    /* Guards are a help; a process may have only so many mappings. */
    for (size_t i = 0; i <= count && count <= 4096; i++)
        mprotect(stacks->memory + i * STRIDE, PAGE, PROT_NONE);
    return STATUS_OK;
}

void fiber_stacks_free(struct fiber_stacks *stacks)
{
    if (!stacks->memory) return;
    FORGET_FRAMES(stacks->memory, stacks->bytes);
    munmap(stacks->memory, stacks->bytes);
    *stacks = (struct fiber_stacks){0};
}

char *fiber_stack(const struct fiber_stacks *stacks, size_t i, char **top)
{
    char *low = stacks->memory + i * STRIDE + PAGE;
    FORGET_FRAMES(low,
                  FIBER_STACK_BYTES); /* whoever had this place before may have left in the middle of one */
    *top = low + FIBER_STACK_BYTES - i % COLOURS * COLOUR_BYTES;
    return low;
}
