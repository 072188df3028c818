/* hipBLASLt's log with HIPBLASLT_LOG_MASK=32: a hipblaslt-bench command for each call, among other lines. A
 * shape for each, no times; a shape that stands there often is called often. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/foreign_parts.h"

struct command {
    struct foreign_product blas;
    bool has_m, has_n, has_k;
    const char *unknown; /* a type or letter we do not have */
    const char *refused; /* what makes it more than a product */
    char solution[24];
    char act[16];
};

enum option_kind {
    M,
    N,
    K,
    BATCH,
    LDA,
    LDB,
    LDD,
    TRANS_A,
    TRANS_B,
    TYPE_A,
    TYPE_B,
    TYPE_D,
    TYPES,
    COMPUTE,
    ACT,
    SOLUTION,
    GROUPED,
    BIAS,
    REFUSED
};
static const struct {
    const char *name;
    enum option_kind kind;
} options[] = {{"-m", M},
               {"--sizem", M},
               {"-n", N},
               {"--sizen", N},
               {"-k", K},
               {"--sizek", K},
               {"--batch_count", BATCH},
               {"--lda", LDA},
               {"--ldb", LDB},
               {"--ldd", LDD},
               {"--transA", TRANS_A},
               {"--transB", TRANS_B},
               {"--a_type", TYPE_A},
               {"--b_type", TYPE_B},
               {"--d_type", TYPE_D},
               {"--precision", TYPES},
               {"-r", TYPES},
               {"--compute_type", COMPUTE},
               {"--activation_type", ACT},
               {"--solution_index", SOLUTION},
               {"--grouped_gemm", GROUPED},
               {"--bias_vector", BIAS},
               {"--gradient", REFUSED},
               {"--use_e", REFUSED}};
enum { OPTIONS = sizeof options / sizeof *options };

static void take_letter(struct command *command, const char *value, char *letter)
{
    if ((*value == 'N' || *value == 'T') && !value[1])
        *letter = *value == 'N' ? 'n' : 't';
    else
        command->unknown = "a transposition that is neither N nor T";
}

static void take_type(struct command *command, const char *value, enum dtype *type)
{
    if (!foreign_type(value, "", type)) command->unknown = "a type we do not have";
}

static void take_types(struct command *command, const char *value)
{
    struct foreign_product *blas = &command->blas;
    take_type(command, value, &blas->a);
    blas->b = blas->d = blas->a;
}

/* "f32_r", "c_f32_r", "f32_f16_r", "xf32_r": what sums are kept in. */
static void take_compute(struct command *command, const char *value)
{
    struct foreign_product *blas = &command->blas;
    if (text_starts_with(value, "c_")) value += 2;
    if (text_starts_with(value, "f32") || text_starts_with(value, "xf32"))
        blas->acc = DTYPE_F32;
    else if (!foreign_type(value, "", &blas->acc))
        command->unknown = "sums in a type we do not have";
}

static void take_act(struct command *command, const char *value)
{
    static const char *const words[][2] = {
        {"none", "none"}, {"relu", "relu"}, {"gelu", "gelu"}, {"swish", "silu"}, {"silu", "silu"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(value, words[i][0]) == 0) {
            snprintf(command->act, sizeof command->act, "%s", words[i][1]);
            return;
        }
    command->unknown = "an activation we do not have";
}

static void take_number(struct command *command, const char *value, int64_t *number)
{
    if (!foreign_size(value, number)) command->unknown = "a size that is none";
}

static void take_option(struct command *command, enum option_kind kind, const char *value)
{
    struct foreign_product *blas = &command->blas;
    switch (kind) {
    case M:
        command->has_m = true;
        take_number(command, value, &blas->m);
        break;
    case N:
        command->has_n = true;
        take_number(command, value, &blas->n);
        break;
    case K:
        command->has_k = true;
        take_number(command, value, &blas->k);
        break;
    case BATCH: take_number(command, value, &blas->batch); break;
    case LDA: take_number(command, value, &blas->lda); break;
    case LDB: take_number(command, value, &blas->ldb); break;
    case LDD: take_number(command, value, &blas->ldd); break;
    case TRANS_A: take_letter(command, value, &blas->a_letter); break;
    case TRANS_B: take_letter(command, value, &blas->b_letter); break;
    case TYPE_A: take_type(command, value, &blas->a); break;
    case TYPE_B: take_type(command, value, &blas->b); break;
    case TYPE_D: take_type(command, value, &blas->d); break;
    case TYPES: take_types(command, value); break;
    case COMPUTE: take_compute(command, value); break;
    case ACT: take_act(command, value); break;
    case SOLUTION: snprintf(command->solution, sizeof command->solution, "%.23s", value); break;
    case GROUPED:
        if (strcmp(value, "0") != 0 && strcmp(value, "false") != 0) command->refused = "grouped products";
        break;
    case BIAS: blas->bias = strcmp(value, "0") != 0 && strcmp(value, "false") != 0; break;
    case REFUSED:
        if (strcmp(value, "0") != 0 && strcmp(value, "false") != 0)
            command->refused = "gradients or auxiliary outputs";
        break;
    }
}

/* Words at blanks; `line` is ours to cut. A word behind an option is its value unless it is an option itself.
 */
static void take_words(struct command *command, char *line)
{
    char *rest = NULL, *word = strtok_r(line, " \t", &rest);
    while (word) {
        char *next = strtok_r(NULL, " \t", &rest);
        size_t i = 0;
        while (i < OPTIONS && strcmp(options[i].name, word) != 0) i++;
        if (i < OPTIONS) {
            bool has_value = next && *next != '-';
            take_option(command, options[i].kind, has_value ? next : "");
        }
        word = next;
    }
}

static void take_row(char *line, struct foreign_row *row)
{
    struct command command = {
        .blas = {DTYPE_F32, DTYPE_F32, DTYPE_F32, DTYPE_F32, .a_letter = 'n', .b_letter = 'n', .batch = 1}};
    take_words(&command, line);
    command.blas.act = *command.act ? command.act : NULL;
    if (*command.solution) snprintf(row->by, sizeof row->by, "hipblaslt %s", command.solution);
    if (!command.has_m || !command.has_n || !command.has_k)
        foreign_refuse(row, "a command without -m, -n and -k");
    else if (command.unknown)
        foreign_refuse(row, "%s", command.unknown);
    else if (command.refused)
        foreign_refuse(row, "%s are no problem of ours", command.refused);
    else {
        struct foreign_product ours = foreign_product_of_blas(&command.blas);
        foreign_product_problem(&ours, row);
    }
}

enum status foreign_read_hipblaslt(const struct foreign_source *source, foreign_visit *visit, void *context)
{
    static const char name[] = "hipblaslt-bench";
    size_t line = 0, n = 0;
    bool go_on = true;
    for (const char *at = source->bytes, *end = at + source->size; at < end && go_on;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        const char *command = memmem(at, length, name, strlen(name));
        line++;
        if (command) {
            struct foreign_row row = foreign_row_of(line);
            char *copy = strndup(command + strlen(name), length - (size_t)(command - at) - strlen(name));
            if (!copy) return status_fail(STATUS_NO_MEMORY, "%s: no memory for a line", source->name);
            copy[strcspn(copy, "\r")] = '\0';
            take_row(copy, &row);
            free(copy);
            n++;
            go_on = visit(context, &row);
        }
        at += length + 1;
    }
    if (!n)
        return status_fail(STATUS_BAD_DATA, "%s: no hipblaslt-bench command; HIPBLASLT_LOG_MASK=32 logs them",
                           source->name);
    return STATUS_OK;
}
