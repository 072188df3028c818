/* What the self-test of matrix instructions hands to its kernel (matrix_probe.hip): for every block, wave of
 * lanes by registers, the lane's registers side by side. Includes nothing; host and kernel read it alike. */
#ifndef TUNEBOOK_DEVICE_MATRIX_PROBE_ARGS_H
#define TUNEBOOK_DEVICE_MATRIX_PROBE_ARGS_H

struct matrix_probe_args {
    const unsigned *a, *b, *c;
    unsigned *d;
};

#endif
