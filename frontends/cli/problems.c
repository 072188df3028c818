#include "frontends/cli/problems.h"

#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "templates/models.h"
#include "templates/shapes.h"
#include "tuner/base/text.h"

enum { NAMES_MAX = 64 };

static enum status add_problem(struct problem_list *list, const struct problem *problem, double calls)
{
    for (size_t i = 0; i < list->n; i++) {
        struct sweep_problem *item = &list->items[i];
        if (item->problem.op != problem->op) continue;
        if (memcmp(item->problem.value, problem->value, sizeof problem->value) != 0) continue;
        item->calls += calls;
        return STATUS_OK;
    }
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 32;
        struct sweep_problem *items = realloc(list->items, capacity * sizeof *items);
        if (!items) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", capacity);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = (struct sweep_problem){.problem = *problem, .calls = calls};
    return STATUS_OK;
}

static enum status add_expanded(struct problem_list *list, struct problem *problems, size_t n)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) status = add_problem(list, &problems[i], 1);
    free(problems);
    return status;
}

static enum status add_text(struct problem_list *list, const char *text)
{
    struct problem *problems;
    size_t n;
    TRY(shapes_expand(text, &problems, &n));
    return add_expanded(list, problems, n);
}

static bool starts_with_op(const char *word)
{
    const char *names[NAMES_MAX];
    size_t n = op_names(names, NAMES_MAX), length = strcspn(word, " \t");
    for (size_t i = 0; i < n && i < NAMES_MAX; i++)
        if (strlen(names[i]) == length && memcmp(names[i], word, length) == 0) return true;
    return false;
}

/* Joins words[*next..] up to the next one that starts a problem. */
static void join_words(const struct words *words, size_t *next, struct text *out)
{
    text_clear(out);
    do {
        if (out->size) text_append(out, " ");
        text_append(out, words->items[(*next)++]);
    } while (*next < words->n && !starts_with_op(words->items[*next]));
}

/* `autotune --json show` reads as a problem named show. */
static enum status check_command(const char *word)
{
    if (!command_find(word)) return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: the command stands first: autotune %s [OPTION...]", word, word);
}

static enum status gather_arguments(const struct words *words, struct problem_list *out)
{
    struct text text = {0};
    enum status status = STATUS_OK;
    for (size_t next = 0; next < words->n && status == STATUS_OK;) {
        status = check_command(words->items[next]);
        if (status != STATUS_OK) break;
        join_words(words, &next, &text);
        status = text_status(&text);
        if (status == STATUS_OK) status = add_text(out, text.data);
    }
    text_free(&text);
    return status;
}

enum status problems_one(const struct words *words, size_t first, struct problem *out)
{
    if (first >= words->n)
        return status_fail(STATUS_USAGE, "PROBLEM is missing, such as 'gemm bf16 nt m=16 n=4096 k=4096'");
    size_t next = first;
    struct text text = {0};
    join_words(words, &next, &text);
    enum status status = text_status(&text);
    if (status == STATUS_OK) status = problem_parse(text.data, out);
    text_free(&text);
    if (status == STATUS_OK && next < words->n)
        return status_fail(STATUS_USAGE, "'%s': a second problem; this command takes one",
                           words->items[next]);
    return status;
}

/* "m=1,8,n=4096" reads "m=1,8 n=4096": a comma before NAME= separates. */
static void append_sizes(const char *shape, struct text *out)
{
    for (const char *p = shape; *p; p++) {
        size_t name = strcspn(p + 1, ",=");
        bool separates = *p == ',' && p[1 + name] == '=';
        text_append_bytes(out, separates ? " " : p, 1);
    }
}

static const char *at(const struct words *words, size_t i)
{
    return i < words->n ? words->items[i] : "";
}

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}

static enum status add_shape(const struct settings *settings, const char *shape, size_t combination,
                             struct text *text, struct problem_list *out)
{
    size_t dtype = combination % at_least_one(settings->dtypes.n);
    combination /= at_least_one(settings->dtypes.n);
    size_t layout = combination % at_least_one(settings->layouts.n);
    size_t epilogue = combination / at_least_one(settings->layouts.n);
    text_clear(text);
    text_format(text, "%s %s %s %s ", settings->op ? settings->op : "gemm", at(&settings->dtypes, dtype),
                at(&settings->layouts, layout), at(&settings->epilogues, epilogue));
    append_sizes(shape, text);
    TRY(text_status(text));
    return add_text(out, text->data);
}

static enum status gather_shapes(const struct settings *settings, struct problem_list *out)
{
    size_t n = at_least_one(settings->dtypes.n) * at_least_one(settings->layouts.n) *
               at_least_one(settings->epilogues.n);
    if (settings->shapes.n && !settings->dtypes.n)
        return status_fail(STATUS_USAGE, "--shape=%s: needs a type too, such as --dtype=bf16",
                           settings->shapes.items[0]);
    struct text text = {0};
    enum status status = STATUS_OK;
    for (size_t s = 0; s < settings->shapes.n && status == STATUS_OK; s++) {
        const char *shape = settings->shapes.items[s];
        for (size_t i = 0; i < n && status == STATUS_OK; i++)
            status = add_shape(settings, shape, i, &text, out);
        status_prefix(status, "--shape=%s", shape);
    }
    text_free(&text);
    return status;
}

static enum status gather_models(const struct settings *settings, struct problem_list *out)
{
    for (size_t i = 0; i < settings->models.n; i++) {
        struct model_request request = {.name = settings->models.items[i],
                                        .phase = settings->phase,
                                        .dtype = settings->dtypes.n ? settings->dtypes.items[0] : NULL,
                                        .op = settings->op};
        struct model_problem *problems;
        size_t n;
        TRY(model_problems(&request, &problems, &n));
        enum status status = STATUS_OK;
        for (size_t p = 0; p < n && status == STATUS_OK; p++)
            status = add_problem(out, &problems[p].problem, problems[p].calls);
        free(problems);
        TRY(status);
    }
    return STATUS_OK;
}

/* Options that would be silently without effect are refused. */
static enum status check_company(const struct settings *settings)
{
    bool shape = settings->shapes.n, model = settings->models.n;
    const struct {
        const char *name;
        bool given, useful;
        const char *company;
    } rules[] = {{"op", settings->op, shape || model, "--shape or --model"},
                 {"dtype", settings->dtypes.n, shape || model, "--shape or --model"},
                 {"layout", settings->layouts.n, shape, "--shape"},
                 {"epilogue", settings->epilogues.n, shape, "--shape"},
                 {"phase", settings->phase, model, "--model"}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].given && !rules[i].useful)
            return status_fail(STATUS_USAGE, "--%s: goes with %s, which is missing", rules[i].name,
                               rules[i].company);
    if (model && settings->dtypes.n > 1)
        return status_fail(STATUS_USAGE, "--dtype: given %zu times; a model takes one type",
                           settings->dtypes.n);
    return STATUS_OK;
}

static enum status check_op(const char *name)
{
    if (!name || op_find(name)) return STATUS_OK;
    const char *names[NAMES_MAX];
    size_t n = op_names(names, NAMES_MAX);
    const char *closest = text_closest(name, names, n);
    return status_fail(STATUS_USAGE, "--op=%s: unknown op; %s '%s'%s", name,
                       closest ? "did you mean" : "one is", closest ? closest : names[0], closest ? "?" : "");
}

static enum status gather_file(const char *path, struct problem_list *out)
{
    struct shape *shapes;
    size_t n;
    enum status status = shapes_read_file(path, &shapes, &n);
    if (status == STATUS_NOT_FOUND) status = STATUS_IO; /* a named file that is missing is no finding */
    TRY(status);
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        status = add_problem(out, &shapes[i].problem, shapes[i].calls);
    free(shapes);
    return status;
}

enum status problems_gather(const struct settings *settings, struct problem_list *out)
{
    *out = (struct problem_list){0};
    TRY(check_op(settings->op));
    TRY(check_company(settings));
    TRY(gather_arguments(&settings->arguments, out));
    TRY(gather_shapes(settings, out));
    for (size_t i = 0; i < settings->shape_files.n; i++)
        TRY(gather_file(settings->shape_files.items[i], out));
    return gather_models(settings, out);
}

void problems_free(struct problem_list *list)
{
    free(list->items);
    *list = (struct problem_list){0};
}
