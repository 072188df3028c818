#include "search/python.h"

#include <stdlib.h>
#include "search/python_tree.h"

enum status python_compile(struct arena *arena, const char *text, const char *where,
                           const struct python_names *names, struct python *out)
{
    TRY(python_parse(arena, text, where, names, out));
    if (!python_is_list(out->root)) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: a list where one value belongs", where);
}

static uint32_t reads_of(const struct python_node *node)
{
    uint32_t reads = node->kind == PYTHON_NAME ? UINT32_C(1) << node->slot : 0;
    for (const struct python_node *operand = node->first; operand; operand = operand->next)
        reads |= reads_of(operand);
    return reads;
}

uint32_t python_reads(const struct python *python)
{
    return reads_of(python->root);
}

static uint32_t nodes_of(const struct python_node *node)
{
    uint32_t n = 1;
    for (const struct python_node *operand = node->first; operand; operand = operand->next)
        n += nodes_of(operand);
    return n;
}

size_t python_conjuncts(const struct python *python, struct python *out, size_t capacity)
{
    size_t n = 0;
    bool is_and = python->root->kind == PYTHON_AND;
    for (const struct python_node *at = is_and ? python->root->first : python->root; at; at = at->next) {
        if (n == capacity) return 0;
        out[n++] = (struct python){at, nodes_of(at)};
        if (!is_and) break;
    }
    return n;
}

/* ---- lists ---- */

struct lister {
    const char *where;
    struct python_frame frame;
    uint64_t steps; /* elements made so far, kept or not */
};

struct values {
    struct python_value *items;
    size_t n;
};

static enum status fail_fault(const struct lister *lister, enum python_fault fault)
{
    return status_fail(STATUS_BAD_DATA, "%s: %s", lister->where, python_fault_name(fault));
}

/* Also bounds the work, for lists in lists. */
static enum status add(struct lister *lister, const struct python_value *value, struct values *out)
{
    if (out->n == PYTHON_LIST_MAX || ++lister->steps > 64 * PYTHON_LIST_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: more than %d values", lister->where, PYTHON_LIST_MAX);
    out->items[out->n++] = *value;
    return STATUS_OK;
}

static enum status collect(struct lister *lister, const struct python_node *node, struct values *out);

static enum status collect_range(struct lister *lister, const struct python_node *node, struct values *out)
{
    struct python_range range;
    enum python_fault fault = python_range_of(node, &lister->frame, &range);
    if (fault) return fail_fault(lister, fault);
    for (uint64_t i = 0; i < range.n; i++) {
        struct python_value value = {.kind = PYTHON_INT};
        value.integer = (int64_t)((uint64_t)range.first + i * (uint64_t)range.step); /* inside the range */
        TRY(add(lister, &value, out));
    }
    return STATUS_OK;
}

/* Its conditions stand behind the list. */
static enum status passes(const struct lister *lister, const struct python_node *condition, bool *out)
{
    *out = true;
    for (; condition && *out; condition = condition->next) {
        struct python_value value;
        enum python_fault fault = python_value_of(condition, &lister->frame, &value);
        if (fault) return fail_fault(lister, fault);
        *out = python_is_true(&value);
    }
    return STATUS_OK;
}

static enum status allocate(const struct lister *lister, struct values *out)
{
    *out = (struct values){calloc(PYTHON_LIST_MAX + 1, sizeof *out->items), 0};
    return out->items ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: out of memory", lister->where);
}

static enum status collect_elements(struct lister *lister, const struct python_node *node,
                                    const struct values *from, struct values *out)
{
    const struct python_node *element = node->first, *conditions = element->next->next;
    for (size_t i = 0; i < from->n; i++) {
        struct python_value value;
        bool pass;
        lister->frame.locals[node->slot] = from->items[i];
        TRY(passes(lister, conditions, &pass));
        if (!pass) continue;
        enum python_fault fault = python_value_of(element, &lister->frame, &value);
        if (fault) return fail_fault(lister, fault);
        TRY(add(lister, &value, out));
    }
    return STATUS_OK;
}

static enum status collect_comprehension(struct lister *lister, const struct python_node *node,
                                         struct values *out)
{
    struct values from;
    TRY(allocate(lister, &from));
    enum status status = collect(lister, node->first->next, &from);
    if (status == STATUS_OK) status = collect_elements(lister, node, &from, out);
    free(from.items);
    return status;
}

static enum status collect(struct lister *lister, const struct python_node *node, struct values *out)
{
    if (node->kind == PYTHON_RANGE) return collect_range(lister, node, out);
    if (node->kind == PYTHON_COMPREHENSION) return collect_comprehension(lister, node, out);
    for (const struct python_node *item = node->first; item; item = item->next) {
        struct python_value value;
        if (node->kind == PYTHON_CONCATENATE) {
            TRY(collect(lister, item, out));
            continue;
        }
        enum python_fault fault = python_value_of(item, &lister->frame, &value);
        if (fault) return fail_fault(lister, fault);
        TRY(add(lister, &value, out));
    }
    return STATUS_OK;
}

enum status python_list(struct arena *arena, const char *text, const char *where,
                        const struct python_value **values, size_t *n)
{
    struct python python;
    struct values out;
    TRY(python_parse(arena, text, where, NULL, &python));
    if (!python_is_list(python.root))
        return status_fail(STATUS_BAD_DATA, "%s: no list: [1, 2], range(...) and list(...) are", where);
    struct lister lister = {.where = where};
    TRY(allocate(&lister, &out));
    enum status status = collect(&lister, python.root, &out);
    *values = status ? NULL : arena_copy(arena, out.items, (out.n + 1) * sizeof *out.items);
    *n = out.n;
    free(out.items);
    if (status == STATUS_OK && !*values) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", where);
    return status;
}
