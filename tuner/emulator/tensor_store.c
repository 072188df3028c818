/* Tensor stores. Shared memory is taken when its thread waits until it was read, and global memory written
 * when it waits for that, or ends. */
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/async.h"
#include "tuner/emulator/callbacks.h"
#include "tuner/emulator/exports.h"

enum { SHARED_ALIGNMENT = 128 };

void emu_fence_async_shared(void)
{
    struct fiber *f = emulator_self;
    struct async_thread *thread = async_thread(f);
    thread->fences[thread->n_fences++ % PROXY_FENCES] = f->epoch;
    order_advance(f);
}

static void free_store(struct tensor_store *store)
{
    async_read_free(&store->read);
    free(store->bytes);
    free(store);
}

void tensor_stores_free(struct async_thread *thread)
{
    for (struct tensor_store *next, *store = thread->stores; store; store = next) {
        next = store->next;
        free_store(store);
    }
    thread->stores = NULL;
}

static struct async_read pieces_of(uint32_t offset, uint32_t bytes)
{
    struct async_read read = {.n = bytes / PIECE};
    read.pieces = malloc(read.n * sizeof *read.pieces);
    if (!read.pieces) abort();
    for (uint32_t i = 0; i < read.n; i++) read.pieces[i] = (uint16_t)(offset / PIECE + i);
    return read;
}

static void check_place(struct fiber *f, uintptr_t offset, uint32_t bytes, const void *pc)
{
    if (offset > f->shared->bytes || bytes > f->shared->bytes - offset)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc,
              "a tensor store of %u bytes at shared %lld, and the block's shared memory has %u", bytes,
              (long long)offset, f->shared->bytes);
    if (offset % SHARED_ALIGNMENT)
        fault(f, DEVICE_FAULT_MISALIGNED, pc, "a tensor store at shared %llu, which is no multiple of %d",
              (unsigned long long)offset, SHARED_ALIGNMENT);
}

void emu_tensor_store(const void *map, const void *shared, int x, int y, int z, int add)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct async_thread *thread = async_thread(f);
    const struct emu_tensor_map *tensor = tensor_map_check(f, map, pc);
    uint32_t bytes = tensor_box_bytes(tensor);
    uintptr_t offset = (uintptr_t)shared - (uintptr_t)f->shared->base;
    check_place(f, offset, bytes, pc);
    if (add && tensor->element_bytes != sizeof(float))
        fault(f, DEVICE_FAULT_OTHER, pc, "adds elements of %u bytes; only float is added here",
              tensor->element_bytes);
    struct tensor_store *store = calloc(1, sizeof *store);
    if (!store) abort();
    *store = (struct tensor_store){.pc = pc,
                                   .group = thread->store_groups,
                                   .offset = (uint32_t)offset,
                                   .add = add != 0,
                                   .map = *tensor,
                                   .box = {{x, y, z}},
                                   .read = pieces_of((uint32_t)offset, bytes)};
    struct tensor_store **last = &thread->stores;
    while (*last) last = &(*last)->next;
    *last = store;
    async_read_begin(&f, 1, &store->read, "a tensor store", pc);
    order_advance(f);
}

void emu_tensor_store_commit(void)
{
    async_thread(emulator_self)->store_groups++;
}

/* Shared memory may be used again. */
static void read_shared(struct fiber *f, struct tensor_store *store)
{
    uint32_t bytes = tensor_box_bytes(&store->map);
    if (store->was_read) return;
    async_read_check(f, &store->read, "a tensor store", store->pc);
    store->bytes = malloc(bytes);
    if (!store->bytes) abort();
    for (uint32_t at = 0; at < bytes; at += PIECE)
        memcpy(store->bytes + at,
               f->shared->base + swizzle_address(store->offset + at, store->map.swizzle_bytes), PIECE);
    shared_access(f, f->shared, store->offset, bytes, ACCESS_READ, store->pc);
    store->was_read = true;
}

static void add_float(uint64_t address, const unsigned char *from, const void *pc)
{
    const volatile void *place = (const volatile void *)(uintptr_t)address;
    float term, sum;
    uint32_t old = (uint32_t)atomic_perform(ATOMIC_LOAD, place, sizeof sum, 0, 0, 0, pc);
    memcpy(&term, from, sizeof term);
    for (;;) {
        uint32_t bits;
        memcpy(&sum, &old, sizeof sum);
        sum += term;
        memcpy(&bits, &sum, sizeof bits);
        uint32_t found = (uint32_t)atomic_perform(ATOMIC_CAS, place, sizeof sum, bits, old, 0, pc);
        if (found == old) return;
        old = found;
    }
}

static void write_global(struct fiber *f, const struct tensor_store *store)
{
    uint32_t row_bytes = store->map.box[0] * store->map.element_bytes;
    for (uint32_t row = 0; row < tensor_box_rows(&store->map); row++) {
        uint64_t address;
        uint32_t first, bytes;
        if (!tensor_box_row(&store->map, &store->box, row, &address, &first, &bytes)) continue;
        const unsigned char *from = store->bytes + row * row_bytes + first;
        if (store->add) {
            for (uint32_t at = 0; at < bytes; at += sizeof(float))
                add_float(address + at, from + at, store->pc);
            continue;
        }
        struct range *range = access_range(f, (uintptr_t)address, bytes, ACCESS_WRITE, store->pc);
        global_access(f, range, (uintptr_t)address, bytes, ACCESS_WRITE, store->pc);
        memcpy((void *)(uintptr_t)address, from, bytes);
    }
}

void emu_tensor_store_wait(unsigned pending, int read)
{
    struct fiber *f = emulator_self;
    struct async_thread *thread = async_thread(f);
    uint32_t done = thread->store_groups > pending ? thread->store_groups - pending : 0;
    for (struct tensor_store *store = thread->stores; store && store->group < done;) {
        read_shared(f, store);
        struct tensor_store *next = store->next;
        if (!read) {
            write_global(f, store);
            thread->stores = next;
            free_store(store);
        }
        store = next;
    }
}

void tensor_stores_end(struct fiber *f)
{
    if (!f->async) return;
    for (struct tensor_store *store = f->async->stores; store; store = f->async->stores) {
        if (!store->was_read)
            fault(f, DEVICE_FAULT_RACE, store->pc,
                  "ends while a tensor store may still read shared memory at %u; nobody waited for it",
                  store->offset);
        write_global(f, store);
        f->async->stores = store->next;
        free_store(store);
    }
}
