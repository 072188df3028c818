/* What every test of tuner/base includes first: cmocka wants these headers in front of it. */
#ifndef TUNEBOOK_TESTS_BASE_CHECK_H
#define TUNEBOOK_TESTS_BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tuner/base/status.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))

/* The call ended with `code` and exactly this message. */
#define assert_fails(call, code, text)                             \
    do {                                                           \
        assert_string_equal(status_name(call), status_name(code)); \
        assert_string_equal(status_message(), text);               \
    } while (0)

/* The call succeeded; its message otherwise. */
#define assert_ok(call)                                            \
    do {                                                           \
        if ((call) != STATUS_OK) fail_msg("%s", status_message()); \
    } while (0)

#endif
