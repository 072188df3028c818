#include "db/row.h"
#include "db/compacted.h"
#include "db/pin_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/json.h"

static enum status wrong(const char *what)
{
    return status_fail(STATUS_BAD_DATA, "%s", what);
}

static enum status check_record(const MDB_val *key, const MDB_val *value, struct row *out)
{
    struct key_parts parts;
    TRY(key_parse(key->mv_data, key->mv_size, &parts));
    TRY(record_decode(value->mv_data, value->mv_size, &out->record));
    const struct record *record = &out->record;
    for (uint32_t i = 1; i < record->n_entries; i++)
        for (uint32_t j = 0; j < i; j++)
            if (!memcmp(&record->entries[i].kernel, &record->entries[j].kernel, SHA256_BYTES) &&
                !memcmp(&record->entries[i].environment, &record->entries[j].environment, SHA256_BYTES))
                return status_fail(STATUS_BAD_DATA,
                                   "record: entries %u and %u are of one kernel and environment", j, i);
    return STATUS_OK;
}

static enum status check_key_bytes(const MDB_val *key, size_t size)
{
    if (key->mv_size == size) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "its key has %zu bytes where %zu belong", key->mv_size, size);
}

static enum status check_kernel(const MDB_val *key, const MDB_val *value, struct row *out)
{
    TRY(check_key_bytes(key, SHA256_BYTES));
    return descriptor_decode(value->mv_data, value->mv_size, &out->descriptor);
}

static enum status check_code(const MDB_val *key, const MDB_val *value, struct row *out)
{
    (void)out;
    TRY(check_key_bytes(key, SHA256_BYTES));
    struct hash hash = sha256_of(value->mv_data, value->mv_size);
    return memcmp(hash.bytes, key->mv_data, sizeof hash) ? wrong("its bytes have another SHA-256")
                                                         : STATUS_OK;
}

static enum status check_environment(const MDB_val *key, const MDB_val *value, struct row *out)
{
    static const struct json_source source = {"environment"};
    cJSON *root;
    TRY(check_code(key, value, out));
    TRY(json_parse(&source, value->mv_data, value->mv_size, &root));
    bool is_object = cJSON_IsObject(root);
    cJSON_Delete(root);
    return is_object ? STATUS_OK : wrong("environment: JSON, but no object");
}

/* Manifest, line break, source; the key is the SHA-256 of both as fields. Where the manifest ends is known
 * only by trying: behind a closing brace. */
static enum status check_source(const MDB_val *key, const MDB_val *value, struct row *out)
{
    enum { TRIES_MAX = 256, HASHED_MAX = 64 << 20 };
    (void)out;
    TRY(check_key_bytes(key, SHA256_BYTES));
    char *text = malloc(value->mv_size + 1);
    if (!text) return status_fail(STATUS_NO_MEMORY, "out of memory");
    char *end = text + value->mv_size;
    memcpy(text, value->mv_data, value->mv_size);
    *end = 0;
    bool is_it = false;
    size_t tries = 0, tries_max = HASHED_MAX / (value->mv_size + 1);
    if (tries_max > TRIES_MAX) tries_max = TRIES_MAX;
    for (char *at = text; (at = memchr(at, '\n', (size_t)(end - at))) && !is_it && tries < tries_max; at++) {
        bool behind_brace =
            at > text && (at[-1] == '}' || (at > text + 1 && at[-1] == '\n' && at[-2] == '}'));
        if (!behind_brace) continue;
        struct sha256 sha;
        *at = 0;
        sha256_begin(&sha);
        sha256_add_field(&sha, text);
        sha256_add_field(&sha, at + 1);
        struct hash hash = sha256_end(&sha);
        *at = '\n';
        is_it = !memcmp(hash.bytes, key->mv_data, sizeof hash);
        tries++;
    }
    free(text);
    return is_it ? STATUS_OK : wrong("not the manifest and source that its key is the hash of");
}

static enum status check_trial(const MDB_val *key, const MDB_val *value, struct row *out)
{
    TRY(check_key_bytes(key, TRIAL_KEY_BYTES));
    TRY(trial_decode(value->mv_data, value->mv_size, &out->trial));
    struct trial_key expected = trial_key("", out->trial.configuration, 0);
    const uint8_t *choice = (const uint8_t *)key->mv_data + TRIAL_HASH_BYTES;
    return memcmp(expected.bytes + TRIAL_HASH_BYTES, choice, TRIAL_HASH_BYTES)
               ? wrong("trial: its key is of another configuration")
               : STATUS_OK;
}

static bool is_plain(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return size > 0;
}

static enum status check_quarantine(const MDB_val *key, const MDB_val *value, struct row *out)
{
    (void)out;
    size_t length = key->mv_size > HASHES_BYTES ? key->mv_size - HASHES_BYTES - 1 : 0;
    if (length > 63 || !is_plain(key->mv_data, length) || ((const char *)key->mv_data)[length])
        return wrong("its key is not a device class, a kernel and an environment");
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        if (value->mv_size == strlen(verdict_name(verdict)) &&
            !memcmp(value->mv_data, verdict_name(verdict), value->mv_size))
            return STATUS_OK;
    return wrong("no verdict that this program knows");
}

static bool is_name(const MDB_val *key, const char *name)
{
    return key->mv_size == strlen(name) && !memcmp(key->mv_data, name, key->mv_size);
}

static enum status check_compacted(const MDB_val *value)
{
    struct compacted list;
    enum status status = compacted_decode(value->mv_data, value->mv_size, &list);
    compacted_free(&list);
    return status;
}

/* `schema` was judged when the book was opened. */
static enum status check_meta(const MDB_val *key, const MDB_val *value, struct row *out)
{
    struct pin pin;
    struct key_parts parts;
    out->record.n_entries = 0;
    if (is_pin(key)) {
        TRY(key_parse(key->mv_data, key->mv_size, &parts));
        TRY(pin_decode(value->mv_data, value->mv_size, &pin));
        out->record = pin.record;
        return STATUS_OK;
    }
    if (!is_plain(key->mv_data, key->mv_size)) return wrong("no name");
    uint8_t id[16];
    char text[33] = {0};
    if (is_name(key, COMPACTED_NAME)) return check_compacted(value);
    if (!is_name(key, "id")) return STATUS_OK;
    memcpy(text, value->mv_data, value->mv_size < 32 ? value->mv_size : 32);
    return value->mv_size == 32 && text_unhex(text, id, sizeof id) ? STATUS_OK : wrong("not 32 hex digits");
}

enum status row_check(enum table table, const MDB_val *key, const MDB_val *value, struct row *out)
{
    static enum status (*const checks[TABLE_COUNT])(const MDB_val *, const MDB_val *, struct row *) = {
        [TABLE_META] = check_meta,     [TABLE_RECORD] = check_record,
        [TABLE_KERNEL] = check_kernel, [TABLE_CODE] = check_code,
        [TABLE_TRIAL] = check_trial,   [TABLE_ENVIRONMENT] = check_environment,
        [TABLE_SOURCE] = check_source, [TABLE_QUARANTINE] = check_quarantine,
    };
    return checks[table](key, value, out);
}

void row_key_text(enum table table, const MDB_val *key, char out[ROW_KEY_TEXT_BYTES])
{
    const uint8_t *bytes = key->mv_data;
    size_t size = key->mv_size;
    if ((table == TABLE_RECORD || table == TABLE_META) && size < ROW_KEY_TEXT_BYTES &&
        is_plain(bytes, size)) {
        snprintf(out, ROW_KEY_TEXT_BYTES, "%.*s", (int)size, (const char *)bytes);
    } else if (table == TABLE_TRIAL && size == TRIAL_KEY_BYTES) {
        text_hex(bytes, TRIAL_HASH_BYTES, out);
        text_hex(bytes + TRIAL_HASH_BYTES, TRIAL_HASH_BYTES, out + 33);
        out[32] = '/';
        snprintf(out + 65, ROW_KEY_TEXT_BYTES - 65, "/%llu", (unsigned long long)trial_key_sequence(bytes));
    } else {
        text_hex(bytes, size < 200 ? size : 200, out);
    }
}
