/* Any bytes: refused, or they evaluate, print, renumber and share without leaving their memory. */
#include "search/expr.h"
#include "search/expr_share.h"
#include "tests/search/names.h"

enum { N_SLOTS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expr expr, moved;
    if (expr_validate(data, size, N_SLOTS, &expr) != STATUS_OK) return 0;
    int64_t *slots = malloc(N_SLOTS * sizeof *slots), first = 0,
            second = 0; /* exact, so that ASan sees a slot too far */
    if (!slots) return 0;
    for (int i = 0; i < N_SLOTS; i++) slots[i] = INT64_C(1) << (i * 12);
    struct text out = {0};
    unsigned map[N_SLOTS] = {0, 1, 2, 3, 4, 5};
    enum expr_fault fault = expr_eval(&expr, slots, &first);
    if (expr_renumber(&expr, map, N_SLOTS, &out) != STATUS_OK) abort();
    if (expr_validate(out.data, out.size, N_SLOTS, &moved) != STATUS_OK) abort();
    if (expr_eval(&moved, slots, &second) != fault || (!fault && first != second)) abort();
    if (expr_eval_checked(data, size, slots, N_SLOTS, &second) != fault || (!fault && first != second))
        abort();
    struct arena arena = {0};
    struct expr shared, validated;
    if (expr_share(&arena, &expr, &shared) != STATUS_OK) abort();
    if (expr_validate(shared.code, shared.size, N_SLOTS, &validated) != STATUS_OK) abort();
    if (expr_eval(&validated, slots, &second) != fault || (!fault && first != second)) abort();
    arena_free(&arena);
    text_clear(&out);
    expr_print(&expr, names_slot, NULL, &out);
    text_free(&out);
    free(slots);
    return 0;
}
