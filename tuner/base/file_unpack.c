/* Files that zstd compressed. */
#include "tuner/base/file.h"

#include <stdlib.h>
#include <zstd.h>
#include "tuner/base/file_head.h"

enum { CHUNK_BYTES = 1 << 17 };

static bool is_zstd(const struct text *text)
{
    return text->size >= ZSTD_HEAD_BYTES && head_is_zstd(text->data);
}

static enum status expand(const char *path, size_t limit, const struct text *packed, char *chunk,
                          ZSTD_DStream *stream, struct text *out)
{
    ZSTD_inBuffer input = {packed->data, packed->size, 0};
    size_t left = 1;
    while (input.pos < input.size) {
        ZSTD_outBuffer output = {chunk, CHUNK_BYTES, 0};
        left = ZSTD_decompressStream(stream, &output, &input);
        if (ZSTD_isError(left))
            return status_fail(STATUS_BAD_DATA, "%s: damaged zstd data: %s", path, ZSTD_getErrorName(left));
        if (output.pos > limit - out->size)
            return status_fail(STATUS_BAD_DATA, "%s: more than %zu bytes when decompressed", path, limit);
        text_append_bytes(out, chunk, output.pos);
    }
    return left == 0 ? text_status(out) : status_fail(STATUS_BAD_DATA, "%s: zstd data cut off", path);
}

enum status file_read_unpacked(const char *path, size_t limit, struct text *out)
{
    struct text content = {0};
    TRY(file_read(path, limit, &content));
    if (!is_zstd(&content)) {
        *out = content;
        return STATUS_OK;
    }
    char *chunk = malloc(CHUNK_BYTES);
    ZSTD_DStream *stream = ZSTD_createDStream();
    enum status status = chunk && stream ? expand(path, limit, &content, chunk, stream, out)
                                         : status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    ZSTD_freeDStream(stream);
    free(chunk);
    text_free(&content);
    if (status != STATUS_OK) text_free(out);
    return status;
}
