/* What order.c needs of pasts besides order.h. */
#ifndef TUNEBOOK_EMULATOR_PASTS_H
#define TUNEBOOK_EMULATOR_PASTS_H

#include "tuner/emulator/order.h"

struct past *past_create(uint32_t team, uint32_t n);
struct past *past_share(struct past *past);
void past_put_away(struct past *past);
/* Every limit becomes at least that of `by`; `past` is not shared yet. */
void past_raise(struct past *past, const struct past *by);
/* The union; takes both over. */
struct past *past_merge(struct past *a, struct past *b);

struct pasts *pasts_create(uint32_t capacity);
/* NULL: nothing is known of that team. */
struct past *pasts_of_team(const struct pasts *pasts, uint32_t team);

#endif
