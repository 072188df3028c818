#include "tuner/base/json.h"
#include "tuner/base/json_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

struct member {
    const char *name;
    size_t index; /* in the order of the text */
};

static int member_order(const void *a, const void *b)
{
    const struct member *p = a, *q = b;
    int order = strcmp(p->name, q->name);
    return order ? order : (p->index > q->index) - (p->index < q->index);
}

/* Finds the later of two members of the same name. *index runs in the order of the text; the scratch behind
 * an object's own members serves its children: together they are never more than the text has. */
static void find_duplicate(const cJSON *value, size_t *index, struct member *scratch, size_t *found)
{
    bool object = cJSON_IsObject(value);
    size_t n = object ? (size_t)cJSON_GetArraySize(value) : 0, i = 0;
    const cJSON *child;
    cJSON_ArrayForEach (child, value) {
        if (object) scratch[i++] = (struct member){child->string, (*index)++};
        find_duplicate(child, index, scratch + n, found);
    }
    qsort(scratch, n, sizeof *scratch, member_order);
    for (i = 1; i < n; i++)
        if (strcmp(scratch[i - 1].name, scratch[i].name) == 0 && scratch[i].index < *found)
            *found = scratch[i].index;
}

static enum status refuse_duplicates(const struct json_source *source, const char *bytes, const cJSON *root,
                                     const struct text *names)
{
    size_t n_names = names->size / sizeof(size_t), index = 0, found = SIZE_MAX;
    struct member *scratch = calloc(n_names + 1, sizeof *scratch);
    if (!scratch)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory for %zu members", source->name, n_names);
    find_duplicate(root, &index, scratch, &found);
    free(scratch);
    if (found == SIZE_MAX) return STATUS_OK;

    size_t offset, end;
    memcpy(&offset, names->data + found * sizeof offset, sizeof offset);
    for (end = offset + 1; bytes[end] != '"'; end++)
        if (bytes[end] == '\\') end++;
    return json_fail_at(source, bytes, offset, "%.*s is there twice", (int)(end + 1 - offset),
                        bytes + offset);
}

enum status json_parse(const struct json_source *source, const char *bytes, size_t size, cJSON **root)
{
    struct text names = {0};
    cJSON *parsed = NULL;
    enum status status = json_check(source, bytes, size, &names);
    if (status == STATUS_OK) {
        parsed = cJSON_ParseWithLength(bytes, size);
        if (!parsed) status = status_fail(STATUS_NO_MEMORY, "%s: no memory for its JSON", source->name);
    }
    if (status == STATUS_OK) status = refuse_duplicates(source, bytes, parsed, &names);
    text_free(&names);
    if (status == STATUS_OK)
        *root = parsed;
    else
        cJSON_Delete(parsed);
    return status;
}

/* ---- members ---- */

static const char *kind_name(const cJSON *value)
{
    if (!value) return "nothing";
    switch (value->type & 0xff) {
    case cJSON_False: return "false";
    case cJSON_True: return "true";
    case cJSON_NULL: return "null";
    case cJSON_Number: return "a number";
    case cJSON_String: return "a string";
    case cJSON_Array: return "an array";
    case cJSON_Object: return "an object";
    default: return "something unknown";
    }
}

/* `: ` or ` in "launch": ` between the source and what is wrong there. */
static void where(const cJSON *object, struct text *out)
{
    if (object && object->string) text_format(out, " in \"%s\"", object->string);
}

static enum status member_fail(const struct json_source *source, const cJSON *object, const char *member,
                               const char *wanted, const cJSON *found)
{
    struct text place = {0};
    where(object, &place);
    enum status status;
    if (!cJSON_IsObject(object))
        status = status_fail(STATUS_BAD_DATA, "%s%s: an object with member \"%s\" was expected, found %s",
                             source->name, text_string(&place), member, kind_name(object));
    else if (!found)
        status = status_fail(STATUS_BAD_DATA, "%s%s: member \"%s\" (%s) is missing", source->name,
                             text_string(&place), member, wanted);
    else if (cJSON_IsNumber(found))
        status = status_fail(STATUS_BAD_DATA, "%s%s: member \"%s\" must be %s, found %.17g", source->name,
                             text_string(&place), member, wanted, found->valuedouble);
    else
        status = status_fail(STATUS_BAD_DATA, "%s%s: member \"%s\" must be %s, found %s", source->name,
                             text_string(&place), member, wanted, kind_name(found));
    text_free(&place);
    return status;
}

static const cJSON *member_of(const cJSON *object, const char *member)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, member) : NULL;
}

enum status json_string(const struct json_source *source, const cJSON *object, const char *member,
                        const char **value)
{
    const cJSON *found = member_of(object, member);
    if (!cJSON_IsString(found)) return member_fail(source, object, member, "a string", found);
    *value = found->valuestring;
    return STATUS_OK;
}

enum status json_int64(const struct json_source *source, const cJSON *object, const char *member,
                       int64_t *value)
{
    const double exact = 9007199254740991.0; /* 2^53 - 1: cJSON keeps numbers as doubles */
    const cJSON *found = member_of(object, member);
    if (!cJSON_IsNumber(found)) return member_fail(source, object, member, "an integer", found);
    double number = found->valuedouble;
    if (!(number >= -exact && number <= exact))
        return member_fail(source, object, member, "an integer below 2^53", found);
    if ((double)(int64_t)number != number) return member_fail(source, object, member, "an integer", found);
    *value = (int64_t)number;
    return STATUS_OK;
}

enum status json_double(const struct json_source *source, const cJSON *object, const char *member,
                        double *value)
{
    const cJSON *found = member_of(object, member);
    if (!cJSON_IsNumber(found)) return member_fail(source, object, member, "a number", found);
    *value = found->valuedouble;
    return STATUS_OK;
}

enum status json_array(const struct json_source *source, const cJSON *object, const char *member,
                       const cJSON **value)
{
    const cJSON *found = member_of(object, member);
    if (!cJSON_IsArray(found)) return member_fail(source, object, member, "an array", found);
    *value = found;
    return STATUS_OK;
}

enum status json_object(const struct json_source *source, const cJSON *object, const char *member,
                        const cJSON **value)
{
    const cJSON *found = member_of(object, member);
    if (!cJSON_IsObject(found)) return member_fail(source, object, member, "an object", found);
    *value = found;
    return STATUS_OK;
}

static bool is_known(const char *name, const char *const *known, size_t n_known)
{
    for (size_t i = 0; i < n_known; i++)
        if (strcmp(name, known[i]) == 0) return true;
    return false;
}

enum status json_only(const struct json_source *source, const cJSON *object, const char *const *known,
                      size_t n_known)
{
    const cJSON *child;
    cJSON_ArrayForEach (child, object) {
        if (!child->string || is_known(child->string, known, n_known)) continue;
        struct text line = {0};
        text_append(&line, source->name);
        where(object, &line);
        text_format(&line, ": unknown member \"%s\"", child->string);
        const char *closest = text_closest(child->string, known, n_known);
        if (closest) {
            text_format(&line, "; did you mean \"%s\"?", closest);
        } else {
            text_append(&line, n_known ? "; known are" : "; none is known");
            for (size_t i = 0; i < n_known; i++) text_format(&line, "%s %s", i ? "," : "", known[i]);
        }
        enum status status = status_fail(STATUS_BAD_DATA, "%s", text_string(&line));
        text_free(&line);
        return status;
    }
    return STATUS_OK;
}
