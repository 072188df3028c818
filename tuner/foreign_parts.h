/* What readers of other tools' files share: private to tuner/foreign*.c and its tests. */
#ifndef TUNEBOOK_FOREIGN_PARTS_H
#define TUNEBOOK_FOREIGN_PARTS_H

#include <stdarg.h>
#include "tuner/foreign.h"

enum status foreign_read_aiter(const struct foreign_source *source, foreign_visit *visit, void *context);
enum status foreign_read_tunableop(const struct foreign_source *source, foreign_visit *visit, void *context);
enum status foreign_read_hipblaslt(const struct foreign_source *source, foreign_visit *visit, void *context);
enum status foreign_read_recording(const struct foreign_source *source, foreign_visit *visit, void *context);

/* An empty row of that line, which says nothing. */
struct foreign_row foreign_row_of(size_t line);
/* Takes the row's problem away and says why. */
void foreign_refuse(struct foreign_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "torch.bfloat16", "BFloat16", "bf16_r", "Float8_e4m3fnuz", "float"; "fp8" is what the target's matrix units
 * take. */
bool foreign_type(const char *name, const char *target, enum dtype *type);
/* The type whose name begins the text, up to an underscore or the end; *used are its bytes. */
bool foreign_type_prefix(const char *text, enum dtype *type, size_t *used);
/* 1 and more, in decimal digits alone. */
bool foreign_size(const char *text, int64_t *value);
/* A number that is finite and not negative. */
bool foreign_number(const char *text, double *value);

/* A product as row-major libraries call it: D = A.B, letters as ours; ld: elements between rows, 0: dense. */
struct foreign_product {
    enum dtype a, b, d, acc;
    char a_letter, b_letter;
    int64_t m, n, k, batch;
    int64_t lda, ldb, ldd;
    bool bias;
    const char *act; /* "none", "relu" ...; NULL: none */
};
/* As one of ours; alignment is what the pitches leave of 16 bytes. */
void foreign_product_problem(const struct foreign_product *product, struct foreign_row *row);

/* BLAS is column-major: D = op(A).op(B), op(A) m x k, op(B) k x n. Read row by row the same bytes are D',
 * which is n x m, and D' = op(B)'.op(A)': ours has their n as m, their B as A and their A as B. A matrix
 * stored column by column is its transpose stored row by row, and op(B)' undoes just that; so each letter is
 * kept and changes its place: their TN is our nt, a linear layer. */
struct foreign_product foreign_product_of_blas(const struct foreign_product *blas);

#endif
