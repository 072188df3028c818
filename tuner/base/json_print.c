#include "tuner/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_integer(int64_t value, struct text *out)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0) *--at = '-';
    text_append_bytes(out, at, (size_t)(digits + sizeof digits - at));
}

/* cJSON's own printer takes two doubles for equal that differ in the last place, so that what was written is
 * not always what is read back. */
static void print_number(double value, struct text *out)
{
    if (!isfinite(value)) {
        text_append(out, "null");
        return;
    }
    if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value && !(value == 0 && signbit(value))) {
        print_integer((int64_t)value, out);
        return;
    }
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    text_append(out, digits);
}

static void print_escaped(char c, struct text *out)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *e = escapes; *e; e += 2)
        if (*e == c) {
            text_format(out, "\\%c", e[1]);
            return;
        }
    text_format(out, "\\u%04x", (unsigned)(unsigned char)c);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* Runs of plain characters at once: documents of a million rows are little else. */
static void print_string(const char *string, struct text *out)
{
    text_append_bytes(out, "\"", 1);
    for (const char *at = string; *at;) {
        const char *end = at;
        while (is_plain(*end)) end++;
        text_append_bytes(out, at, (size_t)(end - at));
        at = end;
        if (*at) print_escaped(*at++, out);
    }
    text_append_bytes(out, "\"", 1);
}

static void print_line(bool indented, int depth, struct text *out)
{
    if (!indented) return;
    text_append(out, "\n");
    for (int i = 0; i < depth; i++) text_append(out, "  ");
}

static void print_value(const cJSON *value, bool indented, int depth, struct text *out)
{
    if (cJSON_IsNumber(value)) {
        print_number(value->valuedouble, out);
    } else if (cJSON_IsString(value)) {
        print_string(value->valuestring, out);
    } else if (cJSON_IsRaw(value)) {
        text_append(out, value->valuestring);
    } else if (cJSON_IsBool(value)) {
        text_append(out, cJSON_IsTrue(value) ? "true" : "false");
    } else if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
        bool object = cJSON_IsObject(value);
        text_append(out, object ? "{" : "[");
        for (const cJSON *child = value->child; child; child = child->next) {
            print_line(indented, depth + 1, out);
            if (object) {
                print_string(child->string, out);
                text_append(out, indented ? ": " : ":");
            }
            print_value(child, indented, depth + 1, out);
            if (child->next) text_append(out, ",");
        }
        if (value->child) print_line(indented, depth, out);
        text_append(out, object ? "}" : "]");
    } else {
        text_append(out, "null");
    }
}

void json_print(const cJSON *root, bool indented, struct text *out)
{
    if (root)
        print_value(root, indented, 0, out);
    else
        out->failed = true; /* what cJSON could not build for want of memory */
}
