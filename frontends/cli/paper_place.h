/* A GPU of a class that is not here, on paper: enough to ask what a program there would be answered. Nothing
 * can be launched or measured on it. */
#ifndef TUNEBOOK_CLI_PAPER_PLACE_H
#define TUNEBOOK_CLI_PAPER_PLACE_H

#include "frontends/cli/place.h"

/* As place_open, and where no device here is of --class, that class on paper, with a note. */
enum status place_open_or_paper(const struct settings *settings, struct place *out);
/* Between the two calls the library finds the paper by its name, and nobody the emulator. */
void place_offer(const struct place *place, bool offered);
bool place_is_paper(const struct place *place);

#endif
