#include "db/compact_internal.h"

/* Kernels that stay whatever the regret, told one by one by run->kernels.chosen[number] = 1. Asked once for each
 * record, whose entries are the candidates of run->view. This is the place for whoever overrides the choice of a record,
 * such as a pin: its kernel must stay, and so must its entry, which goes only with its kernel. */
enum status compact_required(struct compact *run)
{
    (void)run;
    return STATUS_OK;
}
