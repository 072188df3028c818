#include "tuner/emulator/object.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include "templates/device/emu_abi.h"
#include "tuner/base/text.h"
#include "tuner/device/cpu_load.h"
#include "tuner/emulator/source_lines.h"

/* What an object calls that lets some threads of a block know what others did, but not all: then a cell must
 * remember every reader for itself. Beginnings of names. */
static const char *const partial[] = {"emu_wave_barrier", "emu_named_",        "emu_cluster_",
                                      "emu_fence",        "emu_atomic_orders", "__tsan_atomic_thread_fence"};

static const char *const async[] = {"emu_mbarrier_", "emu_tensor_", "emu_wgmma"};

static bool begins_as_one(const char *name, const char *const *beginnings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return true;
    return false;
}

static const void *within(const void *code, size_t bytes, uint64_t offset, uint64_t size)
{
    return offset <= bytes && size <= bytes - offset ? (const char *)code + offset : NULL;
}

struct symbols {
    const ElfW(Sym) * list;
    uint64_t n;
    const char *names;
    uint64_t names_bytes;
};

/* What the object defines and what it calls. The section headers are read from bytes that the loader took,
 * but which it did not look at all of: false where they do not say. */
static bool find_symbols(const void *code, size_t bytes, const ElfW(Ehdr) * header, struct symbols *out)
{
    const ElfW(Shdr) *sections =
        within(code, bytes, header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr)));
    if (!sections || header->e_shentsize != sizeof *sections || header->e_shoff % _Alignof(ElfW(Shdr)))
        return false;
    for (uint32_t s = 0; s < header->e_shnum; s++) {
        const ElfW(Shdr) *table = &sections[s];
        if (table->sh_type != SHT_DYNSYM) continue;
        const ElfW(Shdr) *names = table->sh_link < header->e_shnum ? &sections[table->sh_link] : NULL;
        *out = (struct symbols){.list = within(code, bytes, table->sh_offset, table->sh_size),
                                .n = table->sh_size / sizeof *out->list,
                                .names = names ? within(code, bytes, names->sh_offset, names->sh_size) : NULL,
                                .names_bytes = names ? names->sh_size : 0};
        if (!out->list || !out->names || !out->names_bytes || out->names[out->names_bytes - 1] ||
            table->sh_offset % _Alignof(ElfW(Sym)))
            return false;
        for (uint64_t i = 0; i < out->n; i++)
            if (out->list[i].st_name >= out->names_bytes) return false;
        return true;
    }
    return false;
}

static bool calls(const struct symbols *symbols, const char *const *beginnings, size_t n)
{
    for (uint64_t i = 0; i < symbols->n; i++)
        if (begins_as_one(symbols->names + symbols->list[i].st_name, beginnings, n)) return true;
    return false;
}

/* A function that the kernel calls, and that no GPU has: the loader would take the host's. NULL: none. */
static const char *find_foreign(const struct symbols *symbols)
{
    for (uint64_t i = 0; i < symbols->n; i++) {
        const char *name = symbols->names + symbols->list[i].st_name;
        if (*name && symbols->list[i].st_shndx == SHN_UNDEF && !text_starts_with(name, "emu_") &&
            !text_starts_with(name, "__tsan_") && !text_starts_with(name, "__wrap___ubsan_"))
            return name;
    }
    return NULL;
}

static void find_segments(const void *code, size_t bytes, const ElfW(Ehdr) * header, struct object *object)
{
    const ElfW(Phdr) *parts =
        within(code, bytes, header->e_phoff, (uint64_t)header->e_phnum * sizeof(ElfW(Phdr)));
    if (!parts || header->e_phoff % _Alignof(ElfW(Phdr))) return;
    for (uint32_t i = 0; i < header->e_phnum && object->n_segments < OBJECT_SEGMENTS; i++) {
        if (parts[i].p_type != PT_LOAD) continue;
        uintptr_t begin = object->base + parts[i].p_vaddr;
        object->segments[object->n_segments++] =
            (struct segment){begin, begin + parts[i].p_memsz, (parts[i].p_flags & PF_W) != 0};
    }
}

static enum status load_aligned(const void *code, size_t bytes, struct object *out)
{
    struct object object = {0};
    struct symbols symbols = {0};
    struct link_map *map;
    ElfW(Ehdr) header;
    TRY(cpu_load(code, bytes, &object.handle));
    if (dlinfo(object.handle, RTLD_DI_LINKMAP, &map) != 0) {
        cpu_unload(object.handle);
        return status_fail(STATUS_BAD_DATA, "cannot tell where the code object was loaded: %s", dlerror());
    }
    memcpy(&header, code, sizeof header); /* the loader accepted it */
    bool known = find_symbols(code, bytes, &header, &symbols);
    const char *foreign = known ? find_foreign(&symbols) : NULL;
    if (foreign) {
        cpu_unload(object.handle);
        return status_fail(STATUS_BAD_DATA, "the kernel calls '%s', which is no function of a GPU", foreign);
    }
    object.base = map->l_addr;
    object.async = !known || calls(&symbols, async, sizeof async / sizeof async[0]);
    object.partial_order = object.async || calls(&symbols, partial, sizeof partial / sizeof partial[0]);
    find_segments(code, bytes, &header, &object);
    /* Without lines a report says where in the object instead. */
    if (source_lines_read(code, bytes, &object.lines) != STATUS_OK) object.lines = NULL;
    *out = object;
    return STATUS_OK;
}

/* The headers are read where they lie, and what came with a message lies anywhere. */
enum status object_load(const void *code, size_t bytes, struct object *out)
{
    void *copy = malloc(bytes ? bytes : 1);
    if (!copy) return status_fail(STATUS_NO_MEMORY, "no memory for a code object of %zu bytes", bytes);
    memcpy(copy, code, bytes);
    enum status status = load_aligned(copy, bytes, out);
    free(copy);
    return status;
}

void object_unload(struct object *object)
{
    if (object->lines) source_lines_free(object->lines);
    cpu_unload(object->handle);
    *object = (struct object){0};
}

bool object_holds(const struct object *object, uintptr_t address, size_t bytes)
{
    for (uint32_t i = 0; i < object->n_segments; i++) {
        const struct segment *segment = &object->segments[i];
        if (address >= segment->begin && address < segment->end && bytes <= segment->end - address)
            return true;
    }
    return false;
}

uint32_t object_entry_threads(const struct object *object, uintptr_t entry)
{
    const struct emu_entry *const *table = dlsym(object->handle, "emu_entries");
    if (!table || !object_holds(object, (uintptr_t)table, 2 * sizeof *table)) return 0;
    uintptr_t begin = (uintptr_t)table[0], end = (uintptr_t)table[1];
    if (begin >= end || begin % _Alignof(struct emu_entry) || !object_holds(object, begin, end - begin))
        return 0;
    for (const struct emu_entry *e = table[0]; (uintptr_t)(e + 1) <= end; e++)
        if (entry >= (uintptr_t)e->begin && entry < (uintptr_t)e->end) return e->threads;
    return 0;
}

/* A return address is behind its call. */
bool object_source(const struct object *object, const void *pc, const char **file, uint32_t *line)
{
    return object->lines && source_lines_find(object->lines, (uintptr_t)pc - 1 - object->base, file, line);
}
