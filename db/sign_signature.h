/* A signature as bytes. Private to db/sign_make.c and sign_check.c. */
#ifndef TUNEBOOK_DB_SIGN_SIGNATURE_H
#define TUNEBOOK_DB_SIGN_SIGNATURE_H

#include "db/sign_internal.h"

/* The second line. */
struct signature_bytes {
    unsigned char algorithm[2], id[SIGN_ID_BYTES], signature[64];
};
/* What the fourth line signs: the signature and the trusted comment, without a terminator. */
struct signature_signed {
    unsigned char signature[64];
    char comment[SIGN_TRUSTED_BYTES];
};

#endif
