#include "tuner/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cJSON's own printer takes two doubles for equal that differ in the last place, so that what was written is
 * not always what is read back. */
static void print_number(double value, struct text *out)
{
    if (!isfinite(value)) {
        text_append(out, "null");
        return;
    }
    if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value && !(value == 0 && signbit(value))) {
        text_format(out, "%lld", (long long)value);
        return;
    }
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    text_append(out, digits);
}

static void print_string(const char *string, struct text *out)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    text_append(out, "\"");
    for (const char *p = string; *p; p++) {
        const char *escape = NULL;
        for (const char *e = escapes; *e; e += 2)
            if (*e == *p) escape = e + 1;
        if (escape)
            text_format(out, "\\%c", *escape);
        else if ((unsigned char)*p < 0x20)
            text_format(out, "\\u%04x", (unsigned)(unsigned char)*p);
        else
            text_append_bytes(out, p, 1);
    }
    text_append(out, "\"");
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
