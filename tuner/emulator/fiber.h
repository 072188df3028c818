/* Fibers: a stack each and a switch of a few instructions, for the threads of a block.
 *
 * Only what a callee must keep is saved. The modes of floating point are not: kernels do not change them, and
 * all fibers of a worker share its. */
#ifndef TUNEBOOK_EMULATOR_FIBER_H
#define TUNEBOOK_EMULATOR_FIBER_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

enum { FIBER_STACK_BYTES = 128 << 10 };

/* Stacks that are used again and again; pages come into being when they are touched. */
struct fiber_stacks {
    char *memory;
    size_t count, bytes;
};

/* Makes the pool hold at least `count` stacks; they may move, so none may be in use. */
enum status fiber_stacks_reserve(struct fiber_stacks *stacks, size_t count);
void fiber_stacks_free(struct fiber_stacks *stacks);

/* The stack's lowest byte; *top is past its last, 64-byte aligned. */
char *fiber_stack(const struct fiber_stacks *stacks, size_t i, char **top);

/* A saved place that, switched to, calls entry() on the stack below `top`. entry() must not return. */
void *fiber_prepare(char *top, void (*entry)(void));

/* Saves the running place in *from and goes on at `to`. */
void emulator_switch(void **from, void *to);

#endif
