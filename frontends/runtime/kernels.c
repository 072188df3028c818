/* The kernels of a context: one for all plans that it answers, loaded once. */
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/runtime.h"

/* Keys are SHA-256: any part of one is as good as a hash of it. */
static struct stored_kernel **bucket_of(const tb_context *context, size_t layer, const struct hash *key)
{
    size_t hash;
    memcpy(&hash, key, sizeof hash);
    return (struct stored_kernel **)&context->kernels[(hash + layer) % KERNEL_BUCKETS];
}

const struct stored_kernel *context_find_kernel(const tb_context *context, size_t layer,
                                                const struct hash *key)
{
    const struct stored_kernel *stored = *bucket_of(context, layer, key);
    while (stored && (stored->layer != layer || memcmp(&stored->key, key, sizeof *key) != 0))
        stored = stored->next;
    return stored;
}

static char *say_why(const struct stored_kernel *stored, const char *what, const char *why)
{
    struct text text = {0};
    text_format(&text, "kernel %s %s %s%s", stored->descriptor.template_name,
                stored->descriptor.configuration, what, why);
    return text_take(&text);
}

/* What crashed here after it had won must not run in somebody's server. Asked once a kernel. */
static enum status check_quarantine(const tb_context *context, struct stored_kernel *stored,
                                    const struct hash *environment)
{
    enum verdict verdict;
    if (book_quarantined(context->book->layers[stored->layer], context->info->class_text, &stored->key,
                         environment, &verdict) != STATUS_OK)
        return STATUS_OK;
    stored->broken = say_why(stored, "is in quarantine: ", verdict_name(verdict));
    return stored->broken ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "tunebook: no memory for a kernel");
}

enum status context_store_kernel(tb_context *context, struct lookup_answer *answer,
                                 struct stored_kernel **out)
{
    struct stored_kernel *stored =
        (struct stored_kernel *)context_find_kernel(context, answer->layer, &answer->entry.kernel);
    if (stored) {
        value_free(&answer->descriptor_bytes);
        *out = stored;
        return STATUS_OK;
    }
    stored = calloc(1, sizeof *stored);
    if (!stored) {
        value_free(&answer->descriptor_bytes);
        return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for a kernel");
    }
    stored->layer = answer->layer;
    stored->key = answer->entry.kernel;
    stored->descriptor_bytes =
        answer->descriptor_bytes; /* the descriptor points into it, wherever the struct lies */
    descriptor_copy(&answer->descriptor, &stored->descriptor);
    answer->descriptor_bytes = (struct value){0};
    struct stored_kernel **bucket = bucket_of(context, stored->layer, &stored->key);
    stored->next = *bucket;
    *bucket = stored;
    *out = stored;
    return check_quarantine(context, stored, &answer->entry.environment);
}

static enum status load(tb_context *context, struct stored_kernel *stored)
{
    struct value code = {0};
    TRY(book_get_code(context->book->layers[stored->layer], &stored->descriptor.code, &code));
    enum status status = kernel_load(context->api, context->device, &stored->descriptor, code.bytes,
                                     code.size, &stored->kernel);
    value_free(&code);
    return status;
}

enum status context_load_kernel(tb_context *context, struct stored_kernel *stored)
{
    if (stored->kernel) return STATUS_OK;
    enum status status = load(context, stored);
    if (status == STATUS_OK || status == STATUS_NO_MEMORY) return status;
    stored->kernel = NULL;
    stored->broken = say_why(stored, "was not loaded: ", status_message());
    if (!stored->broken) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for a kernel");
    return status_fail(STATUS_BAD_DATA, "%s", stored->broken);
}
