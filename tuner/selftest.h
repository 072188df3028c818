/* The self-test of matrix instructions: a device is asked whether its registers lie as we believe, element by
 * element. What vendors do not table (MATRIX_ASSUMED) is trusted on a device only after it agreed. */
#ifndef TUNEBOOK_SELFTEST_H
#define TUNEBOOK_SELFTEST_H

#include "tuner/base/text.h"
#include "tuner/compile/compiler.h"
#include "tuner/device/device.h"
#include "tuner/emulator/matrix.h"

struct selftest_device {
    const struct device_api *api;
    struct device *device;
    const char *target;
    const struct compiler_api *compiler; /* makes code for the target that the device loads */
    const char *identity;                /* the compiler's */
    const volatile int *stop;            /* ends a compile under way; NULL: nothing does */
};

enum selftest_verdict { SELFTEST_AGREES, SELFTEST_DIFFERS, SELFTEST_NOT_RUN };
const char *selftest_verdict_name(enum selftest_verdict verdict); /* "agrees", "differs", "not run" */

struct selftest_result {
    enum matrix_form form;
    enum selftest_verdict verdict;
    char why[384]; /* the first place that differs, or what kept it from running */
};

/* Compiles the probe for one form, runs all cases in one launch and compares bit for bit. Whatever goes wrong
 * on the way is a verdict; STATUS_INTERRUPTED and STATUS_NO_MEMORY are not. */
enum status selftest_run(const struct selftest_device *on, enum matrix_form form,
                         struct selftest_result *out);

/* --- what is remembered: "$XDG_DATA_HOME/tunebook/selftest/TARGET-HASH", a line per form --- */

/* What the answer depends on besides the form: target and versions of the driver, as hex for the calls below.
 */
enum { SELFTEST_ENVIRONMENT_BYTES = 33 };
enum status selftest_environment(const struct device_api *api, struct device *device, const char *target,
                                 char out[SELFTEST_ENVIRONMENT_BYTES]);

enum status selftest_keep(const char *target, const char *environment, const struct selftest_result *result);

/* Whether kernels with this instruction may be believed there: STATUS_OK if it is tabled or has agreed,
 * STATUS_NOT_FOUND if it was never asked, STATUS_NOT_COVERED if it differed, be it tabled or not. */
enum status selftest_trusted(const char *target, const char *environment, enum matrix_form form);

/* The same, but runs and remembers the self-test where it was never asked. */
enum status selftest_ensure(const struct selftest_device *on, enum matrix_form form);

/* The same for all of the target's instructions with inputs of this type that no vendor tables: what kernels
 * for such inputs may use. */
enum status selftest_ensure_type(const struct selftest_device *on, enum dtype in);

#endif
