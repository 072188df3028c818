/* Tables whose values are taken as they are. */
#include <stdlib.h>
#include <string.h>
#include "db/merge_internal.h"
#include "db/pin_rows.h"

static enum status damaged(struct merge_run *run, const MDB_val *key, const MDB_val *values, const char *why)
{
    char shown[2 * SHA256_BYTES + 1];
    size_t i = 0;
    while (!values[i].mv_data) i++;
    text_hex(key->mv_data, key->mv_size < SHA256_BYTES ? key->mv_size : SHA256_BYTES, shown);
    return status_fail(STATUS_BAD_DATA, "%s: %s %s: %s", run->options->books[i]->path, table_name(run->table),
                       shown, why);
}

/* A value that hashes to its key: any book that has it whole will do. */
enum status merge_content(struct merge_run *run, const MDB_val *key, const MDB_val *values)
{
    for (size_t i = 0; i < run->options->n_books; i++) {
        if (!values[i].mv_data) continue;
        struct hash real = sha256_of(values[i].mv_data, values[i].mv_size);
        if (key->mv_size == sizeof real.bytes && !memcmp(real.bytes, key->mv_data, sizeof real.bytes))
            return merge_output_put(&run->output, run->table, key, &values[i]);
    }
    return damaged(run, key, values, "its bytes have another SHA-256");
}

/* Where books differ the least value in byte order stays: a choice, but the same one in any order. */
enum status merge_least(struct merge_run *run, const MDB_val *key, const MDB_val *values)
{
    const MDB_val *least = NULL;
    for (size_t i = 0; i < run->options->n_books; i++)
        if (values[i].mv_data && (!least || join_compare(&values[i], least) < 0)) least = &values[i];
    return merge_output_put(&run->output, run->table, key, least);
}

/* As above, of the descriptors that are sound and have their code. */
enum status merge_kernel(struct merge_run *run, const MDB_val *key, const MDB_val *values)
{
    const MDB_val *least = NULL;
    const char *why = "its code is in no book";
    if (key->mv_size != SHA256_BYTES) return damaged(run, key, values, "its key is no hash");
    for (size_t i = 0; i < run->options->n_books; i++) {
        if (!values[i].mv_data || (least && join_compare(&values[i], least) >= 0)) continue;
        struct descriptor descriptor;
        text_clear(&run->bytes); /* strings of a descriptor point into the bytes: private ones */
        text_append_bytes(&run->bytes, values[i].mv_data, values[i].mv_size);
        TRY(text_status(&run->bytes));
        if (descriptor_decode(run->bytes.data, run->bytes.size, &descriptor) != STATUS_OK)
            why = "the descriptor is damaged";
        else if (merge_output_has(&run->output, TABLE_CODE, &descriptor.code))
            least = &values[i];
    }
    return least ? merge_output_put(&run->output, run->table, key, least) : damaged(run, key, values, why);
}

/* The newest pin of a problem stays; other notes are a book's own. */
enum status merge_pins(struct merge_run *run, const MDB_val *key, const MDB_val *values)
{
    const MDB_val *newest = NULL;
    struct pin pin;
    if (!is_pin(key)) return STATUS_OK;
    for (size_t i = 0; i < run->options->n_books; i++)
        if (values[i].mv_data && (!newest || pin_compare(&values[i], newest) > 0)) newest = &values[i];
    if (pin_decode(newest->mv_data, newest->mv_size, &pin) != STATUS_OK)
        return damaged(run, key, values, status_message());
    run->counts.pins++;
    return merge_output_put(&run->output, run->table, key, newest);
}
