/* Books: the layers a process reads from, and their digest. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "db/pin.h"
#include "frontends/runtime/runtime.h"

static enum status alive_create(const uint32_t **out)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return status_fail_errno(STATUS_NO_MEMORY, "tunebook: no memory for a book");
    madvise(page, bytes, MADV_WIPEONFORK); /* before Linux 4.14: use after fork is not noticed */
    *page = ALIVE;
    *out = page;
    return STATUS_OK;
}

static enum status open_layers(tb_book *book, const char *path)
{
    TRY(alive_create(&book->alive));
    TRY(journal_open(book));
    if (book->disabled) return STATUS_OK;
    TRY(layers_open(path, book->layers, LAYERS_MAX, &book->n_layers, &book->warnings));
    for (size_t i = 0; i < book->n_layers; i++)
        book->is_private[i] = book_is_private(book_path(book->layers[i]));
    journal_warn(book);
    return STATUS_OK;
}

static void book_free(tb_book *book)
{
    for (size_t i = 0; i < book->n_layers; i++) book_close(book->layers[i]);
    if (book->alive) munmap((void *)(uintptr_t)book->alive, (size_t)sysconf(_SC_PAGESIZE));
    journal_close(book);
    text_free(&book->warnings);
    free(book);
}

tb_status tb_open(const char *path, tb_book **out)
{
    if (!out) return runtime_fail(TB_INVALID, "tb_open: the pointer for the book is NULL");
    tb_book *book = calloc(1, sizeof *book);
    if (!book) return runtime_fail(TB_NO_MEMORY, "tb_open: no memory");
    enum status status = open_layers(book, path);
    if (status != STATUS_OK) {
        book_free(book);
        return runtime_file_status(status);
    }
    *out = book;
    return TB_OK;
}

void tb_close(tb_book *book)
{
    if (!book || !book_is_alive(book))
        return; /* a forked child must not touch LMDB: what it holds goes with it */
    book_free(book);
}

struct digest {
    struct sha256 sha;
    struct text encoded;
};

static bool digest_record(void *context, const char *key, const struct record *record)
{
    struct digest *digest = context;
    text_clear(&digest->encoded);
    record_encode(record, &digest->encoded);
    sha256_add_field(&digest->sha, key);
    sha256_add(&digest->sha, text_string(&digest->encoded), digest->encoded.size);
    return !digest->encoded.failed;
}

tb_status tb_book_digest(const tb_book *book, char *out)
{
    if (!book || !out) return runtime_fail(TB_INVALID, "tb_book_digest: a pointer is NULL");
    if (!book_is_alive(book)) return runtime_fail_forked();
    struct digest digest = {0};
    sha256_begin(&digest.sha);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < book->n_layers && status == STATUS_OK; i++) {
        sha256_add_field(&digest.sha, "layer");
        status = book_each_record(book->layers[i], "", digest_record, &digest);
        if (status == STATUS_OK) status = pins_digest(book->layers[i], &digest.sha);
        if (status == STATUS_OK) status = text_status(&digest.encoded);
    }
    text_free(&digest.encoded);
    if (status != STATUS_OK) return runtime_status(status);
    struct hash hash = sha256_end(&digest.sha);
    text_hex(hash.bytes, sizeof hash.bytes, out);
    return TB_OK;
}
