#include <sys/mman.h>
#include <unistd.h>
#include "db/book_internal.h"

/* A page that the kernel hands to children of this process emptied, whichever way they are forked: asking it
 * costs a load, where getpid is a system call. Called under the lock of the open files. */
static const volatile uint32_t *living_page(void)
{
    static volatile uint32_t *page;
    if (page && *page) return page;
    void *fresh =
        mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return NULL;
    if (madvise(fresh, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK)) {
        munmap(fresh, (size_t)sysconf(_SC_PAGESIZE));
        return NULL;
    }
    page = fresh;
    *page = 1;
    return page;
}

void environment_claim(struct environment *environment)
{
    environment->pid = getpid();
    environment->living = living_page();
}

bool environment_is_ours(const struct environment *environment)
{
    return environment->living ? *environment->living != 0 : environment->pid == getpid();
}
