/* Why there is no comparison with a vendor library: one line. */
#ifndef TUNEBOOK_CLI_VENDOR_NOTE_H
#define TUNEBOOK_CLI_VENDOR_NOTE_H

#include "tuner/base/text.h"

/* Appends "OpenBLAS not installed (...)", or the library's name where it is here. Opens the library, so it
 * belongs at a command's end. True if the library is here. */
bool vendor_note(const char *backend, uint32_t threads, struct text *out);

#endif
