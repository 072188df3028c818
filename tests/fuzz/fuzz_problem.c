/* Any text: a problem or a range of problems, or one line that says what is wrong; what is read prints and
 * reads back the same. */
#include <stdlib.h>
#include <string.h>
#include "templates/shapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(void)
{
    if (!status_message()[0] || strchr(status_message(), '\n')) abort();
}

static void check_problem(const struct problem *problem)
{
    char printed[PROBLEM_TEXT_BYTES];
    struct problem again;
    struct operand operands[OP_OPERANDS_MAX];
    struct op_work work;
    struct text key = {0};
    problem_print(problem, printed);
    if (problem_parse(printed, &again) != STATUS_OK || memcmp(problem, &again, sizeof again) != 0) abort();
    unsigned n = problem->op->operands(problem, operands);
    for (unsigned i = 0; i < n; i++)
        if (operands[i].pitch < operands[i].columns || operands[i].batch_stride < operands[i].rows) abort();
    problem->op->work(problem, &work);
    if (!(work.flops > 0 && work.bytes > 0)) abort();
    problem->op->key_head(problem, &key);
    if (key.size > 300) abort();
    text_free(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problem problem, *list;
    size_t n;
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = 0;
    if (problem_parse(text, &problem) == STATUS_OK)
        check_problem(&problem);
    else
        check_message();
    if (shapes_expand(text, &list, &n) == STATUS_OK) {
        if (n == 0 || n > SHAPES_MAX) abort();
        check_problem(&list[0]);
        check_problem(&list[n - 1]);
        free(list);
    } else {
        check_message();
    }
    free(text);
    return 0;
}
