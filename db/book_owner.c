#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book.h"
#include "tuner/base/file.h"

/* Who set a mark: process id (22 bits, Linux's limit), the low 22 bits of its start time in clock ticks, and
 * 20 bits of the boot's random id. */
enum { PID_BITS = 22, START_BITS = 22, BOOT_BITS = 20 };

static uint64_t low_bits(uint64_t value, unsigned bits)
{
    return value & ((UINT64_C(1) << bits) - 1);
}

static uint64_t boot_hash(void)
{
    struct text id = {0};
    uint64_t value = 0;
    const char *pretended = getenv("TUNEBOOK_TEST_BOOT"); /* tests cannot restart the machine */
    if (file_read("/proc/sys/kernel/random/boot_id", 4096, &id) == STATUS_OK) {
        if (pretended) text_append(&id, pretended);
        struct hash hash = sha256_of(id.data, id.size);
        memcpy(&value, hash.bytes, sizeof value);
    }
    text_free(&id);
    return low_bits(value, BOOT_BITS);
}

/* Field 22 of /proc/PID/stat. false: no such process, or a zombie, which does nothing any more. */
static bool process_start(pid_t pid, uint64_t *start)
{
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    struct text stat = {0};
    bool alive = file_read(path, 65536, &stat) == STATUS_OK;
    /* The command's name may hold anything, but the last parenthesis ends it. */
    char *field = alive ? strrchr(stat.data, ')') : NULL;
    alive = field && field[1] == ' ' && field[2] != 'Z' && field[2] != 'X';
    for (int i = 2; alive && i < 22; i++) alive = (field = strchr(field + 1, ' ')) != NULL;
    if (alive) *start = strtoull(field + 1, NULL, 10);
    text_free(&stat);
    return alive;
}

uint64_t book_owner(void)
{
    uint64_t start = 0;
    process_start(getpid(), &start);
    return low_bits((uint64_t)getpid(), PID_BITS) | low_bits(start, START_BITS) << PID_BITS |
           boot_hash() << (PID_BITS + START_BITS);
}

bool book_owner_same_boot(uint64_t a, uint64_t b)
{
    return a >> (PID_BITS + START_BITS) == b >> (PID_BITS + START_BITS);
}

bool book_owner_of_this_boot(uint64_t owner)
{
    return owner >> (PID_BITS + START_BITS) == boot_hash();
}

bool book_owner_alive(uint64_t owner)
{
    if (!book_owner_of_this_boot(owner)) return false;
    pid_t pid = (pid_t)low_bits(owner, PID_BITS);
    uint64_t start = 0;
    if (process_start(pid, &start))
        return low_bits(start, START_BITS) == low_bits(owner >> PID_BITS, START_BITS);
    /* Without /proc only the number can be asked. */
    return access("/proc/self/stat", R_OK) != 0 && (kill(pid, 0) == 0 || errno == EPERM);
}
