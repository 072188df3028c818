/* What checksum.hip gets: shared with the host, which fills it. */
#ifndef TUNEBOOK_CHECKSUM_ARGS_H
#define TUNEBOOK_CHECKSUM_ARGS_H

/* A part of memory that one block sums: n times 16 bytes. */
struct checksum_chunk {
    const void *memory;
    unsigned long long n;
};

struct checksum_args {
    const struct checksum_chunk *chunks;
    unsigned *sums; /* two of each chunk, zero before */
};

#endif
