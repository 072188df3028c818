/* Any bytes as a code object: what it says of its kernels is read within its bytes. The first byte says how
 * much of it is already right: nothing, or an ELF file with one note of metadata, for AMD, of which the data
 * is the MessagePack. */
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/compile/amdgpu_notes.h"
#include "tuner/compile/cubin_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOTE_AMDGPU_METADATA = 32 };

struct object {
    Elf64_Ehdr head;
    Elf64_Phdr segment;
    Elf64_Nhdr note;
    char name[8];
};

static void inspect(const uint8_t *bytes, size_t size)
{
    struct code_resources all, one;
    const char *target = NULL;
    bool known = amdgpu_inspect(bytes, size, &all) == STATUS_OK;
    /* one kernel has no more than the largest of all */
    if (amdgpu_kernel_resources(bytes, size, "k", &one) == STATUS_OK &&
        (!known || one.registers > all.registers || one.spill_bytes > all.spill_bytes))
        abort();
    if (amdgpu_code_target(bytes, size, &target) == STATUS_OK && (!target || !*target)) abort();
    cubin_inspect(bytes, size, &all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    struct object object = {
        .head = {.e_phoff = offsetof(struct object, segment),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 1,
                 .e_machine = EM_AMDGPU,
                 .e_flags = data[1]},
        .note = {.n_namesz = 7, .n_descsz = (uint32_t)(size - 2), .n_type = NOTE_AMDGPU_METADATA},
        .name = "AMDGPU"};
    memcpy(object.head.e_ident, ELFMAG, SELFMAG);
    object.segment = (Elf64_Phdr){.p_type = PT_NOTE,
                                  .p_offset = offsetof(struct object, note),
                                  .p_filesz = sizeof object - offsetof(struct object, note) + size - 2};
    size_t front = data[0] & 1 ? sizeof object : 0;
    uint8_t *bytes = malloc(front + size - 2 + 1);
    if (!bytes) abort();
    memcpy(bytes, &object, front);
    memcpy(bytes + front, data + 2, size - 2);
    uint8_t *exact = realloc(bytes, front + size - 2 ? front + size - 2 : 1);
    if (!exact) abort();
    inspect(exact, front + size - 2);
    free(exact);
    return 0;
}
