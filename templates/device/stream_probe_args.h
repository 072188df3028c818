/* What tuner/peaks.c hands to stream_probe.hip: `n` elements of 16 bytes. Includes nothing. */
#ifndef TUNEBOOK_DEVICE_STREAM_PROBE_ARGS_H
#define TUNEBOOK_DEVICE_STREAM_PROBE_ARGS_H

struct stream_probe_args {
    const unsigned char *from;
    unsigned char *to;
    unsigned long long n;
};

#endif
