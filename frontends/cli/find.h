/* What a program would get: asked of the runtime library itself, so that `lookup`, `explain` and `bench`
 * cannot differ from it. */
#ifndef TUNEBOOK_CLI_FIND_H
#define TUNEBOOK_CLI_FIND_H

#include <cjson/cJSON.h>
#include "db/pin.h"
#include "frontends/cli/books.h"
#include "frontends/cli/options.h"
#include "frontends/cli/place.h"
#include "frontends/runtime/tunebook.h"

struct finder {
    const struct place *place; /* borrowed */
    struct layers layers;      /* the same books, for what lies behind an answer */
    tb_book *book;
    tb_context *context;
};

/* Opens the books (--book or the layers). STATUS_NOT_FOUND where there is none. finder_close in any case. */
enum status finder_open(const struct settings *settings, const struct place *place, struct finder *out);
void finder_close(struct finder *finder);

/* The answer, without loading it; its strings live as long as the finder. STATUS_NOT_FOUND with the reason.
 */
enum status finder_ask(struct finder *finder, const struct problem *problem, tb_explanation *answer);
/* All usable kernels, best first; *n: capacity in, count out. */
enum status finder_ask_all(struct finder *finder, const struct problem *problem, tb_explanation *answers,
                           size_t *n);

/* The pin that made the answer what it is; false: none did. */
bool finder_pin(const struct finder *finder, const tb_explanation *answer, struct pin *out);

/* An entry of a record with its kernel's descriptor. */
struct found_entry {
    struct book *book;
    struct record record;
    uint32_t index; /* in record.entries */
    struct value descriptor_bytes;
    struct descriptor descriptor;
};
/* The entry behind an answer; of one that is pinned the pin's own. found_entry_free in any case. */
enum status finder_entry(struct finder *finder, const tb_explanation *answer, struct found_entry *out);
/* The entry of the same record with this template and configuration. STATUS_NOT_FOUND. */
enum status finder_entry_of(struct book *book, const char *key, const char *template_name,
                            const char *configuration, struct found_entry *out);
void found_entry_free(struct found_entry *entry);

/* {by, at, because}, or null. */
cJSON *pin_json(const struct pin *pin);

const char *match_text(tb_match match); /* "exact", ... */
const char *evidence_text(tb_evidence evidence);

#endif
