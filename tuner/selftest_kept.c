/* What self-tests found, a line per form: "NAME LAYOUT agrees". LAYOUT is a hash of who holds what as we
 * believed it then: when we believe something else, the device is asked again. */
#include <stdlib.h>
#include <string.h>
#include "tuner/base/file.h"
#include "tuner/base/sha256.h"
#include "tuner/selftest.h"

enum { FILE_BYTES_MAX = 1 << 16, LAYOUT_BYTES = 17 };

static void short_hex(struct sha256 *sha, size_t bytes, char *out)
{
    struct hash hash = sha256_end(sha);
    text_hex(hash.bytes, bytes, out);
}

enum status selftest_environment(const struct device_api *api, struct device *device, const char *target,
                                 char out[SELFTEST_ENVIRONMENT_BYTES])
{
    char lines[4096] = "";
    struct sha256 sha;
    if (api->environment) TRY(api->environment(device, lines, sizeof lines));
    sha256_begin(&sha);
    sha256_add_field(&sha, api->name);
    sha256_add_field(&sha, target);
    sha256_add_field(&sha, lines);
    short_hex(&sha, SELFTEST_ENVIRONMENT_BYTES / 2, out);
    return STATUS_OK;
}

static void layout_hash(enum matrix_form form, char out[LAYOUT_BYTES])
{
    const struct matrix_info *info = matrix_info(form);
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, dtype_name(info->in));
    for (unsigned x = 0; x < MATRIX_OPERANDS; x++) {
        unsigned elements = matrix_shape_elements(&info->shape, (enum matrix_operand)x);
        for (unsigned at = 0; at < elements * info->shape.wave; at++) {
            struct matrix_place place =
                matrix_place(form, (enum matrix_operand)x, at / elements, at % elements);
            uint8_t bytes[2] = {(uint8_t)place.row, (uint8_t)place.column};
            sha256_add(&sha, bytes, sizeof bytes);
        }
    }
    short_hex(&sha, LAYOUT_BYTES / 2, out);
}

static enum status kept_path(const char *target, const char *environment, struct text *out)
{
    struct text leaf = {0};
    text_format(&leaf, "selftest/%s-%s", target, environment);
    enum status status = text_status(&leaf);
    if (status == STATUS_OK) status = file_data_path(text_string(&leaf), out);
    text_free(&leaf);
    return status == STATUS_OK ? text_status(out) : status;
}

/* What is there; nothing is as good as an unreadable file. */
static void read_kept(const char *path, struct text *out)
{
    if (file_read(path, FILE_BYTES_MAX, out) != STATUS_OK) text_clear(out);
}

/* "NAME LAYOUT ", with which a form's line begins. */
static void line_begin(enum matrix_form form, struct text *out)
{
    char layout[LAYOUT_BYTES];
    layout_hash(form, layout);
    text_format(out, "%s %s ", matrix_info(form)->name, layout);
}

/* The verdict in the form's line; NULL where there is none. */
static const char *find_verdict(const struct text *kept, enum matrix_form form)
{
    static const enum selftest_verdict verdicts[] = {SELFTEST_AGREES, SELFTEST_DIFFERS};
    struct text begin = {0};
    const char *found = NULL;
    line_begin(form, &begin);
    for (const char *line = text_string(kept); !found && *line;) {
        size_t length = strcspn(line, "\n");
        for (unsigned i = 0; i < 2; i++) {
            const char *name = selftest_verdict_name(verdicts[i]);
            if (length == begin.size + strlen(name) && text_starts_with(line, text_string(&begin)) &&
                text_starts_with(line + begin.size, name))
                found = name;
        }
        line += length + (line[length] == '\n');
    }
    text_free(&begin);
    return found;
}

enum status selftest_keep(const char *target, const char *environment, const struct selftest_result *result)
{
    if (result->verdict == SELFTEST_NOT_RUN) return STATUS_OK;
    struct text path = {0}, kept = {0}, now = {0};
    enum status status = kept_path(target, environment, &path);
    if (status == STATUS_OK) read_kept(text_string(&path), &kept);
    /* Lines of other forms stay; this form's, of whatever layout, goes. */
    const char *name = matrix_info(result->form)->name;
    for (const char *line = text_string(&kept); *line;) {
        size_t length = strcspn(line, "\n");
        bool ours = text_starts_with(line, name) && line[strlen(name)] == ' ';
        if (!ours && length) text_format(&now, "%.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    line_begin(result->form, &now);
    text_format(&now, "%s\n", selftest_verdict_name(result->verdict));
    if (status == STATUS_OK) status = text_status(&now);
    if (status == STATUS_OK) {
        char *slash = strrchr(path.data, '/');
        *slash = '\0';
        status = file_make_folders(path.data);
        *slash = '/';
    }
    if (status == STATUS_OK) status = file_publish(text_string(&path), now.data, now.size, 0644);
    text_free(&path);
    text_free(&kept);
    text_free(&now);
    return status;
}

enum status selftest_trusted(const char *target, const char *environment, enum matrix_form form)
{
    const struct matrix_info *info = matrix_info(form);
    struct text path = {0}, kept = {0};
    enum status status = kept_path(target, environment, &path);
    if (status == STATUS_OK) read_kept(text_string(&path), &kept);
    const char *verdict = status == STATUS_OK ? find_verdict(&kept, form) : NULL;
    if (verdict && strcmp(verdict, selftest_verdict_name(SELFTEST_DIFFERS)) == 0)
        status = status_fail(STATUS_NOT_COVERED,
                             "%s on %s: the self-test found its registers elsewhere than we believe; "
                             "'autotune doctor --selftest' says where",
                             info->name, target);
    else if (verdict || info->evidence == MATRIX_TABLED)
        status = STATUS_OK;
    else
        status =
            status_fail(STATUS_NOT_FOUND,
                        "%s on %s: who holds what is assumed; 'autotune doctor --selftest' asks the device",
                        info->name, target);
    text_free(&path);
    text_free(&kept);
    return status;
}
