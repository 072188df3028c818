/* Text from elsewhere is not always text. */
#ifndef TUNEBOOK_BASE_UTF8_H
#define TUNEBOOK_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the character at `p`, of which `size` (at least 1) are there; 0 for none (RFC 3629: overlong,
 * surrogates, above U+10FFFF, cut off). */
size_t utf8_length(const unsigned char *p, size_t size);

#endif
