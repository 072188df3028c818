/* A GPU emulated on the host's CPUs: what tuner/device/emu.c puts behind device.h.
 *
 * Kernels are shared objects made for templates/device/emu_abi.h. Every access they make is checked; the
 * first that is wrong ends the launch with one line about it. docs/emulator.md says how. */
#ifndef TUNEBOOK_EMULATOR_EMULATOR_H
#define TUNEBOOK_EMULATOR_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/device/device.h"

struct emulator;
struct emulator_module;

struct emulator_options {
    const char *target; /* "gfx942" */
    uint32_t wave_size, lds_bytes, max_block_threads;
    uint32_t threads;                  /* host threads that run blocks, >= 1 */
    device_parallel_for *parallel_for; /* runs at most that many */
    void *pool;
    bool reverse;                     /* teams, blocks and threads run last first */
    const struct device_watch *watch; /* device.h; borrowed, may be NULL */
};

enum status emulator_create(const struct emulator_options *options, struct emulator **out);
void emulator_destroy(struct emulator *emulator);

/* Memory that kernels may use: exactly these bytes. */
enum status emulator_expose(struct emulator *emulator, const char *name, void *memory, size_t bytes,
                            bool writable);
void emulator_conceal(struct emulator *emulator, const void *memory);

enum status emulator_load(struct emulator *emulator, const void *code, size_t bytes,
                          struct emulator_module **out);
void emulator_unload(struct emulator *emulator, struct emulator_module *module);
enum status emulator_function(struct emulator_module *module, const char *entry, void **out);

/* Runs the steps in order, to the first that fails. *fault says whether the kernel is to blame. */
enum status emulator_launch(struct emulator *emulator, const struct device_launch *launch,
                            enum device_fault *fault);

/* Writes a struct emu_tensor_map (templates/device/emu_abi.h). */
enum status emulator_tensor_map(const struct device_tensor_map *map, void *out);

#endif
