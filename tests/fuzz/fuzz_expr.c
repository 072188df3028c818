/* Any text: it compiles or fails with one line; what compiles validates, evaluates, and prints to text that
 * compiles to code of the same value. */
#include "search/expr.h"
#include "tests/search/names.h"

static void fuzz(const char *text, struct arena *arena)
{
    int64_t slots[NAMES_SLOTS] = {0, 1, 2, 3, 64, -1, INT64_MAX, INT64_MIN, 4096}, first = 0, second = 0;
    struct expr expr, validated, again;
    struct text printed = {0};
    if (expr_compile(arena, text, "fuzz", &names_scope, &expr) != STATUS_OK) {
        if (!strstr(status_message(), "fuzz") || strchr(status_message(), '\n')) abort();
        return;
    }
    if (expr_validate(expr.code, expr.size, NAMES_SLOTS, &validated) != STATUS_OK) abort();
    enum expr_fault fault = expr_eval(&validated, slots, &first);
    expr_print(&validated, names_slot, NULL, &printed);
    /* What is printed may be nested deeper than what was read, but never wrong. */
    if (expr_compile(arena, text_string(&printed), "printed", &names_scope, &again) == STATUS_OK) {
        if (expr_eval(&again, slots, &second) != fault || first != second) abort();
    } else if (!strstr(status_message(), "nested deeper") && !strstr(status_message(), "bytes of code")) {
        abort();
    }
    text_free(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    fuzz(text, &arena);
    free(text);
    arena_free(&arena);
    return 0;
}
