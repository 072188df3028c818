/* Expands lists and ranges of sizes into problems. */
#include "templates/shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/file.h"

enum { TOKENS_MAX = 64, TOKEN_BYTES = 4096, FILE_BYTES_MAX = 16 << 20, LINE_BYTES = 8192 };

/* The sizes that one word stands for: "m=1,2,8". */
struct sizes {
    int64_t *value; /* owned */
    size_t n;
};

/* A word of the text; one without sizes of its own stands as it is. */
struct word {
    const char *text;
    size_t size;        /* of the word */
    size_t name_size;   /* of "m=" */
    struct sizes sizes; /* n == 0: no list */
};

static enum status add_size(struct sizes *sizes, int64_t value)
{
    if (sizes->n >= SHAPES_MAX) return status_fail(STATUS_USAGE, "a list has more than %d sizes", SHAPES_MAX);
    if ((sizes->n & (sizes->n - 1)) == 0) { /* room doubles at powers of two */
        int64_t *grown = realloc(sizes->value, (sizes->n ? 2 * sizes->n : 1) * sizeof *grown);
        if (!grown) return status_fail(STATUS_NO_MEMORY, "no memory for a list of sizes");
        sizes->value = grown;
    }
    sizes->value[sizes->n++] = value;
    return STATUS_OK;
}

/* "1..512*2": from 1 while at most 512, each time twice as much */
static enum status add_range(struct sizes *sizes, const char *item, int64_t low, int64_t high, bool geometric,
                             int64_t step)
{
    if (low > high || step < 1 || (geometric && (step < 2 || low < 1)))
        return status_fail(STATUS_USAGE,
                           "the range '%s' is empty or endless; write LOW..HIGH, LOW..HIGH+STEP or "
                           "LOW..HIGH*FACTOR",
                           item);
    for (int64_t value = low; value <= high;) {
        TRY(add_size(sizes, value));
        bool overflow = geometric ? __builtin_mul_overflow(value, step, &value)
                                  : __builtin_add_overflow(value, step, &value);
        if (overflow) break;
    }
    return STATUS_OK;
}

static enum status add_item(struct sizes *sizes, char *item)
{
    int64_t low, high, step = 1;
    char *dots = strstr(item, "..");
    if (!dots) {
        if (text_parse_int64(item, &low)) return add_size(sizes, low);
        return status_fail(STATUS_USAGE, "'%s' is no whole number in a list of sizes", item);
    }
    char whole[64];
    snprintf(whole, sizeof whole, "%s", item);
    *dots = '\0';
    char *end = dots + 2, *mark = strpbrk(end, "*+"), operation = mark ? *mark : '+';
    if (mark) *mark = '\0';
    if (!text_parse_int64(item, &low) || !text_parse_int64(end, &high) ||
        (mark && !text_parse_int64(mark + 1, &step)))
        return status_fail(STATUS_USAGE,
                           "'%s' is no range; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR", whole);
    return add_range(sizes, whole, low, high, operation == '*', step);
}

static int compare_sizes(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_sizes(struct sizes *sizes)
{
    qsort(sizes->value, sizes->n, sizeof *sizes->value, compare_sizes);
    size_t kept = 0;
    for (size_t i = 0; i < sizes->n; i++)
        if (i == 0 || sizes->value[i] != sizes->value[kept - 1]) sizes->value[kept++] = sizes->value[i];
    sizes->n = kept;
}

/* Reads the list behind '=' of a word that has one. */
static enum status read_sizes(struct word *word)
{
    char copy[TOKEN_BYTES];
    if (word->size >= sizeof copy)
        return status_fail(STATUS_USAGE, "the word '%.20s...' is too long", word->text);
    memcpy(copy, word->text, word->size);
    copy[word->size] = '\0';
    char *equals = strchr(copy, '=');
    if (!equals || (!strchr(equals, ',') && !strstr(equals, ".."))) return STATUS_OK;
    word->name_size = (size_t)(equals + 1 - copy);
    char *item = equals + 1;
    for (bool more = true; more;) {
        size_t size = strcspn(item, ",");
        more = item[size] == ',';
        item[size] = '\0';
        TRY(add_item(&word->sizes, item));
        item += size + 1;
    }
    sort_sizes(&word->sizes);
    return STATUS_OK;
}

static enum status split_words(const char *spec, struct word *words, size_t *n)
{
    const char *blanks = " \t\r\n";
    for (spec += strspn(spec, blanks); *spec; spec += strspn(spec, blanks)) {
        if (*n == TOKENS_MAX) return status_fail(STATUS_USAGE, "a problem of more than %d words", TOKENS_MAX);
        struct word *word = &words[(*n)++];
        word->text = spec;
        word->size = strcspn(spec, blanks);
        TRY(read_sizes(word));
        spec += word->size;
    }
    return STATUS_OK;
}

/* Writes the text of combination `index` and parses it. */
static enum status parse_combination(const struct word *words, size_t n_words, size_t index,
                                     struct text *text, struct problem *out)
{
    size_t choice[TOKENS_MAX];
    for (size_t i = n_words; i-- > 0;) {
        size_t n = words[i].sizes.n ? words[i].sizes.n : 1;
        choice[i] = index % n;
        index /= n;
    }
    text_clear(text);
    for (size_t i = 0; i < n_words; i++) {
        const struct word *word = &words[i];
        text_append_bytes(text, word->text, word->sizes.n ? word->name_size : word->size);
        if (word->sizes.n) text_format(text, "%lld", (long long)word->sizes.value[choice[i]]);
        text_append(text, " ");
    }
    TRY(text_status(text));
    return problem_parse(text_string(text), out);
}

static enum status expand(const struct word *words, size_t n_words, struct problem **out, size_t *n)
{
    size_t total = 1;
    for (size_t i = 0; i < n_words; i++) {
        total *= words[i].sizes.n ? words[i].sizes.n : 1; /* both at most SHAPES_MAX: no overflow */
        if (total > SHAPES_MAX)
            return status_fail(STATUS_USAGE, "the ranges make more than %d problems; narrow them",
                               SHAPES_MAX);
    }
    struct problem *list = calloc(total, sizeof *list);
    if (!list) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", total);
    struct text text = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < total && status == STATUS_OK; i++)
        status = parse_combination(words, n_words, i, &text, &list[i]);
    text_free(&text);
    if (status != STATUS_OK) {
        free(list);
        return status;
    }
    *out = list;
    *n = total;
    return STATUS_OK;
}

enum status shapes_expand(const char *spec, struct problem **out, size_t *n)
{
    struct word words[TOKENS_MAX] = {{0}};
    size_t n_words = 0;
    enum status status = split_words(spec, words, &n_words);
    if (status == STATUS_OK) status = expand(words, n_words, out, n);
    for (size_t i = 0; i < n_words; i++) free(words[i].sizes.value);
    return status;
}

/* ---- files ---- */

struct shape_list {
    struct shape *list;
    size_t n;
};

static enum status add_line(struct shape_list *shapes, const char *line, double calls)
{
    struct problem *problems;
    size_t n;
    TRY(shapes_expand(line, &problems, &n));
    struct shape *grown = NULL;
    if (n > SHAPES_MAX - shapes->n) {
        free(problems);
        return status_fail(STATUS_USAGE, "the file makes more than %d problems", SHAPES_MAX);
    }
    grown = realloc(shapes->list, (shapes->n + n) * sizeof *grown);
    if (!grown) {
        free(problems);
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", shapes->n + n);
    }
    shapes->list = grown;
    for (size_t i = 0; i < n; i++) shapes->list[shapes->n++] = (struct shape){problems[i], calls};
    free(problems);
    return STATUS_OK;
}

/* Takes "calls=123" out of the line. */
static enum status take_calls(char *line, double *calls)
{
    *calls = 1;
    char *at = line;
    for (at = strstr(line, "calls="); at && at != line && !strchr(" \t", at[-1]);)
        at = strstr(at + 1, "calls=");
    if (!at) return STATUS_OK;
    char number[64];
    size_t size = strcspn(at, " \t\r");
    snprintf(number, sizeof number, "%.*s", (int)(size < 63 ? size : 63) - 6, at + 6);
    if (!text_parse_double(number, calls) || !(*calls > 0 && *calls < 1e18))
        return status_fail(STATUS_USAGE, "calls=%s is no number above 0", number);
    memset(at, ' ', size);
    return STATUS_OK;
}

static enum status read_line(struct shape_list *shapes, const char *text, size_t size)
{
    char line[LINE_BYTES];
    double calls;
    if (size >= sizeof line)
        return status_fail(STATUS_USAGE, "the line is longer than %d bytes", LINE_BYTES - 1);
    if (memchr(text, '\0', size)) return status_fail(STATUS_USAGE, "the line holds a NUL byte");
    memcpy(line, text, size);
    line[size] = '\0';
    line[strcspn(line, "#")] = '\0';
    if (line[strspn(line, " \t\r")] == '\0') return STATUS_OK;
    TRY(take_calls(line, &calls));
    return add_line(shapes, line, calls);
}

enum status shapes_read_file(const char *path, struct shape **out, size_t *n)
{
    struct text text = {0};
    struct shape_list shapes = {0};
    enum status status = file_read(path, FILE_BYTES_MAX, &text);
    const char *p = text_string(&text), *end = p + text.size;
    for (unsigned line = 1; status == STATUS_OK && p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t size = (size_t)((newline ? newline : end) - p);
        status = read_line(&shapes, p, size);
        if (status != STATUS_OK)
            status = status_prefix(status == STATUS_USAGE ? STATUS_BAD_DATA : status, "%s:%u", path, line);
        p += newline ? size + 1 : size;
    }
    if (status == STATUS_OK && shapes.n == 0)
        status = status_fail(STATUS_BAD_DATA, "%s: holds no problem", path);
    text_free(&text);
    if (status != STATUS_OK) {
        free(shapes.list);
        return status;
    }
    *out = shapes.list;
    *n = shapes.n;
    return STATUS_OK;
}
