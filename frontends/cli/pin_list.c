#include "frontends/cli/pin_list.h"

#include <string.h>
#include "db/pin.h"
#include "frontends/cli/books.h"
#include "frontends/cli/paper_place.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/validity.h"
#include "tuner/base/clock.h"

struct listing {
    struct place place;
    struct book *book;
    cJSON *pins; /* NULL: the table */
    struct table table;
    size_t n;
};

/* "yes", why not, or that it is of a class which is not here. */
static bool judge(const struct listing *listing, const char *key, const struct pin *pin,
                  char reason[VALIDITY_BYTES])
{
    struct key_parts parts;
    struct problem problem;
    struct value bytes = {0};
    struct descriptor descriptor;
    bool usable = false;
    if (key_parse(key, strlen(key), &parts) != STATUS_OK || !book_key_problem(key, &problem))
        snprintf(reason, VALIDITY_BYTES, "of no problem that this program knows");
    else if (strcmp(parts.device_class, listing->place.info->class_text) != 0)
        snprintf(reason, VALIDITY_BYTES, "of a class that is not here");
    else if (book_get_descriptor(listing->book, &pin->record.entries[0].kernel, &bytes, &descriptor) !=
             STATUS_OK)
        snprintf(reason, VALIDITY_BYTES, "its kernel is not in the book");
    else
        usable = entry_usable(&listing->place, listing->book, &pin->record.entries[0], &descriptor, &problem,
                              reason);
    value_free(&bytes);
    return usable;
}

static void add_json(struct listing *listing, const char *key, const struct pin *pin, const char *kernel,
                     bool usable, const char *reason)
{
    char problem[PROBLEM_TEXT_BYTES], when[21];
    struct key_parts parts = {0};
    cJSON *object = cJSON_CreateObject();
    book_key_text(key, problem);
    key_parse(key, strlen(key), &parts);
    clock_format_utc(pin->pinned_at_s, when);
    cJSON_AddStringToObject(object, "book", book_path(listing->book));
    cJSON_AddStringToObject(object, "record", key);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "class", parts.device_class);
    cJSON_AddStringToObject(object, "kernel", kernel);
    json_add_ns(object, "expected_ns", pin->record.entries[0].timing.median_ns);
    cJSON_AddStringToObject(object, "by", pin->who);
    cJSON_AddStringToObject(object, "at", when);
    json_add_text(object, "because", pin->because);
    cJSON_AddBoolToObject(object, "usable", usable);
    json_add_text(object, "reason", reason);
    cJSON_AddItemToArray(listing->pins, object);
}

static void add_row(struct listing *listing, const char *key, const struct pin *pin, const char *kernel,
                    bool usable, const char *reason)
{
    char problem[PROBLEM_TEXT_BYTES];
    struct key_parts parts = {0};
    book_key_text(key, problem);
    key_parse(key, strlen(key), &parts);
    table_add(&listing->table, "%s", problem);
    table_add(&listing->table, "%s", parts.device_class);
    table_add(&listing->table, "%s", kernel);
    table_add(&listing->table, "%s", usable ? "yes" : reason);
    table_add(&listing->table, "%s", book_path(listing->book));
    table_add(&listing->table, "%s", pin->line);
}

static bool visit(void *context, const char *key, const struct pin *pin)
{
    struct listing *listing = context;
    char reason[VALIDITY_BYTES] = "";
    struct text kernel = {0};
    listing->n++;
    if (!pin) {
        talk_note("%s", status_message());
        return true;
    }
    bool usable = judge(listing, key, pin, reason);
    book_kernel_text(listing->book, &pin->record.entries[0].kernel, &kernel);
    (listing->pins ? add_json : add_row)(listing, key, pin, text_string(&kernel), usable, reason);
    text_free(&kernel);
    return true;
}

static enum status deliver(struct listing *listing)
{
    if (listing->pins) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddItemToObject(root, "pins", listing->pins);
        listing->pins = NULL;
        return json_deliver(root);
    }
    if (listing->n)
        table_print(&listing->table);
    else
        talk_note("nothing is pinned; 'autotune pin PROBLEM CONFIGURATION' changes that");
    return STATUS_OK;
}

enum status pin_list(const struct settings *settings)
{
    static const char *const headings[] = {"problem", "class", "kernel", "usable here", "book", "pin"};
    struct layers layers = {0};
    struct listing listing = {.table = {.headings = headings, .align = "llllll", .n_columns = 6}};
    if (settings->arguments.n)
        return status_fail(STATUS_USAGE, "%s: --list takes no argument", settings->arguments.items[0]);
    enum status status = place_open_or_paper(settings, &listing.place);
    if (status == STATUS_OK) status = books_open(settings->book, &layers);
    if (status == STATUS_OK && settings->json) listing.pins = cJSON_CreateArray();
    for (size_t i = 0; i < layers.n && status == STATUS_OK; i++) {
        listing.book = layers.items[i];
        status = book_each_pin(listing.book, visit, &listing);
    }
    if (status == STATUS_OK) status = deliver(&listing);
    cJSON_Delete(listing.pins);
    books_close(&layers);
    place_close(&listing.place);
    return status;
}
