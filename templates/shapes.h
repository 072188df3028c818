/* Many problems from one text: sizes may be lists and ranges.
 *
 *     gemm f32 nt m=1,2,8 n=4096 k=4096        each of the sizes
 *     gemm f32 nt m=1..512*2 n=4096 k=4096     1, 2, 4 ... 512
 *     gemm f32 nt m=64..512+64 n=4096 k=4096   64, 128 ... 512
 *     gemm f32 nt m=1..4 n=4096 k=4096         1, 2, 3, 4
 *
 * Lists may hold ranges; several sizes give every combination, the last size running fastest. Sizes of a list
 * come in ascending order, each once. */
#ifndef TUNEBOOK_TEMPLATES_SHAPES_H
#define TUNEBOOK_TEMPLATES_SHAPES_H

#include "templates/op.h"

enum { SHAPES_MAX = 100000 };

struct shape {
    struct problem problem;
    double calls; /* how often the caller runs it, from "calls=123"; 1 where nothing is said */
};

/* The list is the caller's (free). Bad text, or more than SHAPES_MAX problems: STATUS_USAGE. */
enum status shapes_expand(const char *spec, struct problem **out, size_t *n);

/* One such text per line, `#` begins a comment, "calls=123" may stand anywhere in it. Errors are
 * STATUS_BAD_DATA and begin with FILE:LINE; a file that cannot be read keeps file_read's status. */
enum status shapes_read_file(const char *path, struct shape **out, size_t *n);

#endif
