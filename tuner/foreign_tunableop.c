/* TunableOp's results: "Validator,NAME,VALUE" lines, then OPERATOR,PARAMETERS[,SOLUTION[,MILLISECONDS]] of
 * BLAS calls,
 *
 *     GemmTunableOp_BFloat16_TN,tn_4096_16_4096_ld_4096_4096_4096,Gemm_Hipblaslt_123,0.0123
 *
 * and files of untuned shapes, which end behind the parameters. Older ones have no leading dimensions. */
#include <stdio.h>
#include <string.h>
#include "tuner/foreign_csv.h"
#include "tuner/foreign_parts.h"

static const struct {
    const char *name;
    bool bias, scaled;
} operators[] = {{"Gemm", false, false},
                 {"GemmStridedBatched", false, false},
                 {"GemmAndBias", true, false},
                 {"ScaledGemm", false, true}};

/* "GemmTunableOp_BFloat16_TN", "ScaledGemmTunableOp_Float8_e4m3fn_Float8_e4m3fn_BFloat16_TN" */
static bool take_operator(const char *text, struct foreign_product *blas)
{
    static const char middle[] = "TunableOp_";
    const char *at = strstr(text, middle);
    size_t i = 0, n = sizeof operators / sizeof *operators, used;
    while (at && i < n &&
           (strlen(operators[i].name) != (size_t)(at - text) ||
            memcmp(operators[i].name, text, (size_t)(at - text)) != 0))
        i++;
    if (!at || i == n) return false;
    at += strlen(middle);
    if (!foreign_type_prefix(at, &blas->a, &used)) return false;
    blas->b = blas->d = blas->a;
    at += used;
    if (operators[i].scaled) {
        if (*at++ != '_' || !foreign_type_prefix(at, &blas->b, &used)) return false;
        at += used;
        if (*at++ != '_' || !foreign_type_prefix(at, &blas->d, &used)) return false;
        at += used;
    }
    blas->bias = operators[i].bias;
    blas->acc = blas->a == DTYPE_F64 ? DTYPE_F64 : blas->a == DTYPE_I8 ? DTYPE_I32 : DTYPE_F32;
    return *at == '_' && strlen(at) == 3;
}

/* "_4096" at the front of the text, which goes on behind it. */
static bool take_size(const char **text, int64_t *value)
{
    char digits[24];
    if (**text != '_') return false;
    size_t length = strspn(*text + 1, "0123456789");
    if (!length || length >= sizeof digits) return false;
    memcpy(digits, *text + 1, length);
    digits[length] = '\0';
    *text += 1 + length;
    return foreign_size(digits, value);
}

static bool take_word(const char **text, const char *word)
{
    if (!text_starts_with(*text, word)) return false;
    *text += strlen(word);
    return true;
}

/* tn_M_N_K[_B_BATCH][_ld_A_B_C][_rw_0][_bias_TYPE] */
static bool take_parameters(const char *text, struct foreign_product *blas)
{
    blas->batch = 1;
    if (strspn(text, "nt") < 2) return false;
    blas->a_letter = text[0];
    blas->b_letter = text[1];
    text += 2;
    if (!take_size(&text, &blas->m) || !take_size(&text, &blas->n) || !take_size(&text, &blas->k))
        return false;
    if (take_word(&text, "_B") && !take_size(&text, &blas->batch)) return false;
    if (take_word(&text, "_ld") &&
        (!take_size(&text, &blas->lda) || !take_size(&text, &blas->ldb) || !take_size(&text, &blas->ldd)))
        return false;
    if (take_word(&text, "_rw_") && !take_word(&text, "0") && !take_word(&text, "1")) return false;
    if (take_word(&text, "_bias_")) {
        blas->bias |= strcmp(text, "None") != 0;
        return *text != '\0';
    }
    return *text == '\0';
}

static void take_row(const struct csv *csv, struct foreign_row *row)
{
    struct foreign_product blas = {0};
    double ms;
    if (csv->n < 2 || !strstr(csv->fields[0], "TunableOp_")) {
        foreign_refuse(row, "no operator and parameters");
        return;
    }
    if (csv->n > 2) snprintf(row->by, sizeof row->by, "%s", csv->fields[2]);
    if (csv->n > 3 && foreign_number(csv->fields[3], &ms)) row->ns = ms * 1e6;
    if (!take_operator(csv->fields[0], &blas)) {
        foreign_refuse(row, "an operator, or types, that we do not have: %.100s", csv->fields[0]);
        return;
    }
    if (!take_parameters(csv->fields[1], &blas)) {
        foreign_refuse(row, "parameters that are no product's: %.100s", csv->fields[1]);
        return;
    }
    struct foreign_product ours = foreign_product_of_blas(&blas);
    foreign_product_problem(&ours, row);
}

enum status foreign_read_tunableop(const struct foreign_source *source, foreign_visit *visit, void *context)
{
    struct csv csv;
    char target[32] = "";
    bool more = true, go_on = true;
    size_t n = 0;
    enum status status = csv_begin(source->name, source->bytes, source->size, &csv);
    while (status == STATUS_OK && go_on) {
        status = csv_next(&csv, &more);
        if (status != STATUS_OK || !more) break;
        bool validates = strcmp(csv.fields[0], "Validator") == 0;
        if (!n++ && !validates && !strstr(csv.fields[0], "TunableOp_"))
            status = status_fail(STATUS_BAD_DATA, "%s:%zu: neither a Validator nor an operator of TunableOp",
                                 source->name, csv.line);
        if (status != STATUS_OK) break;
        if (validates) {
            if (csv.n == 3 && strcmp(csv.fields[1], "GCN_ARCH_NAME") == 0)
                snprintf(target, sizeof target, "%.*s", (int)strcspn(csv.fields[2], ":") % 32, csv.fields[2]);
            continue;
        }
        struct foreign_row row = foreign_row_of(csv.line);
        memcpy(row.target, target, sizeof target);
        take_row(&csv, &row);
        go_on = visit(context, &row);
    }
    if (status == STATUS_OK && !n) status = status_fail(STATUS_BAD_DATA, "%s: an empty file", source->name);
    csv_end(&csv);
    return status;
}
