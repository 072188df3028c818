/* The clangs of this machine. */
#ifndef TUNEBOOK_COMPILE_CLANG_SEARCH_H
#define TUNEBOOK_COMPILE_CLANG_SEARCH_H

#include "tuner/compile/compiler.h"

/* $TUNEBOOK_CLANG alone where it is set, else clang-30 down to clang-14 and then clang on PATH, then ROCm's
 * own. Each call gives the next: STATUS_UNAVAILABLE when there is none, or no more. */
struct clang_search {
    unsigned next;
    bool found;
};
enum status clang_next(struct clang_search *search, struct text *path);

/* "Debian clang version 22.1.8 (1~deb12u1)"; STATUS_UNAVAILABLE if the program is no clang. */
enum status clang_version(const char *path, struct text *version);

#endif
