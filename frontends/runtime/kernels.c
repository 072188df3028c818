/* The kernels of a context: one for all plans that it answers, loaded once. */
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/runtime.h"

const struct stored_kernel *context_find_kernel(const tb_context *context, size_t layer,
                                                const struct hash *key)
{
    const struct stored_kernel *stored = context->kernels;
    while (stored && (stored->layer != layer || memcmp(&stored->key, key, sizeof *key) != 0))
        stored = stored->next;
    return stored;
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
    stored->descriptor = answer->descriptor;
    answer->descriptor_bytes = (struct value){0};
    stored->next = context->kernels;
    context->kernels = stored;
    *out = stored;
    return STATUS_OK;
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
    struct text why = {0};
    text_format(&why, "kernel %s %s was not loaded: %s", stored->descriptor.template_name,
                stored->descriptor.configuration, status_message());
    stored->broken = text_take(&why);
    if (!stored->broken) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for a kernel");
    return status_fail(STATUS_BAD_DATA, "%s", stored->broken);
}
