/* What the lint must know of kernels, environments and classes, from a book. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/json.h"
#include "tuner/lint.h"

/* Places of kept facts, by the first bytes of the hash: what falls on a taken place takes it. */
enum { KERNELS = 1 << 14, ENVIRONMENTS = 1 << 10, CLASSES = 1 << 10 };

struct kept_kernel {
    struct hash hash;
    bool used, exists;
    struct lint_kernel kernel;
};

struct kept_environment {
    struct hash hash;
    bool used, exists;
    char device_class[CLASS_TEXT_BYTES];
};

struct class_latest {
    char device_class[CLASS_TEXT_BYTES];
    struct hash environment;
    uint64_t measured_at_s;
};

struct lint_facts {
    struct book *book;
    struct kept_kernel kernels[KERNELS];
    struct kept_environment environments[ENVIRONMENTS];
    struct class_latest classes[CLASSES]; /* of more, none is called stale */
    size_t n_classes, last_class;
};

static size_t place_of(const struct hash *hash, size_t n)
{
    uint32_t word;
    memcpy(&word, hash->bytes, sizeof word);
    return word % n;
}

/* --- kernels --- */

static struct hash configuration_hash(const struct descriptor *descriptor)
{
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, descriptor->template_name);
    sha256_add_field(&sha, descriptor->configuration);
    return sha256_end(&sha);
}

static void note_code(struct book *book, const struct descriptor *descriptor, struct lint_kernel *out)
{
    struct value code = {0}, source = {0};
    out->has_code = book_get_code(book, &descriptor->code, &code) == STATUS_OK;
    if (!out->has_code) snprintf(out->why, sizeof out->why, "%s", status_message());
    if (out->has_code && code.size != descriptor->code_bytes && descriptor->code_bytes) {
        out->has_code = false;
        snprintf(out->why, sizeof out->why, "its code has %zu bytes, its descriptor says %u", code.size,
                 descriptor->code_bytes);
    }
    value_free(&code);
    out->has_source = book_get_source(book, &descriptor->source, &source) == STATUS_OK;
    value_free(&source);
}

static void read_kernel(struct book *book, struct kept_kernel *kept)
{
    struct value bytes = {0};
    struct descriptor *descriptor = calloc(1, sizeof *descriptor);
    enum status status = descriptor ? book_get_descriptor(book, &kept->hash, &bytes, descriptor)
                                    : status_fail(STATUS_NO_MEMORY, "no memory for a descriptor");
    kept->exists = status != STATUS_NOT_FOUND;
    kept->kernel = (struct lint_kernel){.is_readable = status == STATUS_OK};
    if (status == STATUS_OK) {
        snprintf(kept->kernel.target, sizeof kept->kernel.target, "%s", descriptor->target);
        snprintf(kept->kernel.op, sizeof kept->kernel.op, "%s", descriptor->op);
        kept->kernel.configuration = configuration_hash(descriptor);
        note_code(book, descriptor, &kept->kernel);
    } else {
        snprintf(kept->kernel.why, sizeof kept->kernel.why, "%s", status_message());
    }
    value_free(&bytes);
    free(descriptor);
}

static const struct lint_kernel *find_kernel(void *context, const struct hash *hash)
{
    struct lint_facts *facts = context;
    struct kept_kernel *kept = &facts->kernels[place_of(hash, KERNELS)];
    if (!kept->used || memcmp(&kept->hash, hash, sizeof *hash) != 0) {
        kept->hash = *hash;
        kept->used = true;
        read_kernel(facts->book, kept);
    }
    return kept->exists ? &kept->kernel : NULL;
}

/* --- environments --- */

void lint_environment_class(const char *json, size_t size, char out[CLASS_TEXT_BYTES])
{
    struct json_source source = {"environment"};
    cJSON *root = NULL;
    *out = '\0';
    if (json_parse(&source, json, size, &root) != STATUS_OK) return;
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(root, "device_class");
    if (cJSON_IsString(member)) snprintf(out, CLASS_TEXT_BYTES, "%s", member->valuestring);
    cJSON_Delete(root);
}

static const char *find_environment(void *context, const struct hash *hash)
{
    struct lint_facts *facts = context;
    struct kept_environment *kept = &facts->environments[place_of(hash, ENVIRONMENTS)];
    if (!kept->used || memcmp(&kept->hash, hash, sizeof *hash) != 0) {
        struct value json = {0};
        kept->hash = *hash;
        kept->used = true;
        kept->exists = book_get_environment(facts->book, hash, &json) == STATUS_OK;
        if (kept->exists) lint_environment_class(json.bytes, json.size, kept->device_class);
        value_free(&json);
    }
    return kept->exists ? kept->device_class : NULL;
}

/* --- the latest environment of a class --- */

/* Records of a class mostly come one behind the other. */
static struct class_latest *find_class(struct lint_facts *facts, const char *device_class)
{
    if (facts->last_class < facts->n_classes &&
        strcmp(facts->classes[facts->last_class].device_class, device_class) == 0)
        return &facts->classes[facts->last_class];
    for (size_t i = 0; i < facts->n_classes; i++)
        if (strcmp(facts->classes[i].device_class, device_class) == 0) {
            facts->last_class = i;
            return &facts->classes[i];
        }
    return NULL;
}

static void note_latest(struct lint_facts *facts, const char *device_class, const struct record_entry *entry)
{
    struct class_latest *latest = find_class(facts, device_class);
    if (!latest && facts->n_classes < CLASSES) {
        latest = &facts->classes[facts->n_classes++];
        snprintf(latest->device_class, sizeof latest->device_class, "%s", device_class);
    }
    if (!latest || entry->measured_at_s < latest->measured_at_s) return;
    latest->measured_at_s = entry->measured_at_s;
    latest->environment = entry->environment;
}

static bool visit_record(void *context, const char *key, const struct record *record)
{
    static const struct hash none;
    struct lint_facts *facts = context;
    struct key_parts parts;
    if (key_parse(key, strlen(key), &parts) != STATUS_OK) return true;
    for (uint32_t i = 0; i < record->n_entries; i++) {
        const struct record_entry *entry = &record->entries[i];
        if (entry->evidence == EVIDENCE_MEASURED && memcmp(&entry->environment, &none, sizeof none) != 0)
            note_latest(facts, parts.device_class, entry);
    }
    return true;
}

static const struct hash *find_latest(void *context, const char *device_class)
{
    const struct class_latest *latest = find_class(context, device_class);
    return latest ? &latest->environment : NULL;
}

enum status lint_book_open(struct book *book, struct lint_book *out)
{
    *out = (struct lint_book){0};
    struct lint_facts *facts = calloc(1, sizeof *facts);
    if (!facts) return status_fail(STATUS_NO_MEMORY, "no memory for what a lint keeps");
    facts->book = book;
    enum status status = book_each_record(book, "", visit_record, facts);
    if (status != STATUS_OK) {
        free(facts);
        return status;
    }
    out->facts = facts;
    out->sources = (struct lint_sources){facts, find_kernel, find_environment, find_latest};
    return STATUS_OK;
}

void lint_book_close(struct lint_book *book)
{
    free(book->facts);
    *book = (struct lint_book){0};
}
