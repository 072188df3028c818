/* autotune check: everything that can be wrong with a book, and what can be saved of it. */
#include <string.h>
#include "db/check.h"
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/talk.h"
#include "search/expr.h"

struct report {
    cJSON *findings; /* NULL: lines on stdout */
};

static enum status check_blob(const struct descriptor *descriptor, const struct blob *blob, const char *what)
{
    struct expr expr;
    if (!blob->size) return STATUS_OK;
    enum status status = expr_validate(blob->bytes, blob->size, descriptor->n_names, &expr);
    return status == STATUS_OK ? status : status_prefix(status, "descriptor, %s", what);
}

static enum status check_blobs(const struct descriptor *descriptor, const struct blob *blobs, size_t n,
                               const char *what)
{
    for (size_t i = 0; i < n; i++) TRY(check_blob(descriptor, &blobs[i], what));
    return STATUS_OK;
}

static enum status check_step(const struct descriptor *descriptor, const struct descriptor_step *step)
{
    TRY(check_blob(descriptor, &step->when, "when"));
    TRY(check_blobs(descriptor, step->grid, 3, "grid"));
    TRY(check_blobs(descriptor, step->cluster, 3, "cluster"));
    TRY(check_blobs(descriptor, step->block, 3, "block"));
    TRY(check_blob(descriptor, &step->shared_bytes, "shared_bytes"));
    TRY(check_blob(descriptor, &step->cooperative, "cooperative"));
    TRY(check_blob(descriptor, &step->programmatic, "programmatic"));
    TRY(check_blob(descriptor, &step->zero_offset, "zero offset"));
    return check_blob(descriptor, &step->zero_bytes, "zero bytes");
}

/* Every expression that a launch would evaluate. */
static enum status check_bytecode(const struct descriptor *descriptor)
{
    TRY(check_blobs(descriptor, descriptor->clauses, descriptor->n_clauses, "clause"));
    TRY(check_blob(descriptor, &descriptor->workspace_bytes, "workspace_bytes"));
    for (uint32_t i = 0; i < descriptor->n_steps; i++) TRY(check_step(descriptor, &descriptor->steps[i]));
    for (uint32_t i = 0; i < descriptor->n_maps; i++) {
        const struct descriptor_map *map = &descriptor->maps[i];
        TRY(check_blob(descriptor, &map->when, "when of a tensor map"));
        TRY(check_blobs(descriptor, map->box, 2, "box of a tensor map"));
        TRY(check_blob(descriptor, &map->swizzle, "swizzle of a tensor map"));
    }
    return STATUS_OK;
}

static void visit(void *context, const struct check_finding *finding)
{
    struct report *report = context;
    if (!report->findings) {
        printf("%s%s%s%s%s%s\n", finding->is_note ? "note: " : "", finding->table, *finding->key ? " " : "",
               finding->key, *finding->table ? ": " : "", finding->what);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    json_add_text(object, "table", finding->table);
    json_add_text(object, "key", finding->key);
    cJSON_AddStringToObject(object, "what", finding->what);
    cJSON_AddBoolToObject(object, "note", finding->is_note);
    cJSON_AddItemToArray(report->findings, object);
}

struct count {
    const char *name;
    uint64_t n;
};

static void list_counts(const struct check_summary *summary, struct count out[7])
{
    const struct book_counts *counts = &summary->counts;
    const struct count all[7] = {{"records", counts->records},
                                 {"kernels", counts->kernels},
                                 {"codes", counts->codes},
                                 {"trials", counts->trials},
                                 {"environments", counts->environments},
                                 {"sources", summary->sources},
                                 {"quarantined", counts->quarantined}};
    memcpy(out, all, sizeof all);
}

static enum status report_check(const char *path, const struct check_summary *summary, cJSON *findings)
{
    struct count counts[7];
    list_counts(summary, counts);
    if (!findings) {
        printf("%s:", path);
        for (int i = 0; i < 7 && summary->rows_read; i++)
            printf(" %llu %s,", (unsigned long long)counts[i].n, counts[i].name);
        if (!summary->rows_read) printf(" rows not read,");
        printf(" %llu findings\n", (unsigned long long)summary->findings);
        return STATUS_OK;
    }
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "book", path);
    cJSON *rows =
        summary->rows_read ? cJSON_AddObjectToObject(root, "rows") : cJSON_AddNullToObject(root, "rows");
    for (int i = 0; i < 7 && summary->rows_read; i++)
        cJSON_AddNumberToObject(rows, counts[i].name, (double)counts[i].n);
    cJSON_AddNumberToObject(root, "n_findings", (double)summary->findings);
    cJSON_AddItemToObject(root, "findings", findings);
    return json_deliver(root);
}

/* A missing file is not a finding about a book. */
static enum status as_error(enum status status)
{
    if (status != STATUS_NOT_FOUND) return status;
    char line[1024];
    snprintf(line, sizeof line, "%s", status_message());
    return status_fail(STATUS_IO, "%s", line);
}

static enum status check(const struct settings *settings, const char *path)
{
    struct check_summary summary;
    struct report report = {.findings = settings->json ? cJSON_CreateArray() : NULL};
    struct check_options options = {.descriptor = check_bytecode, .visit = visit, .context = &report};
    enum status status = as_error(book_check(path, &options, &summary));
    if (status != STATUS_OK) {
        cJSON_Delete(report.findings);
        return status;
    }
    TRY(report_check(path, &summary, report.findings));
    if (!summary.findings) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND,
                       "%s: %llu findings; `autotune check --repair -o NEW %s` keeps what is intact", path,
                       (unsigned long long)summary.findings, path);
}

static uint64_t total(const uint64_t n[SALVAGE_TABLES])
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < SALVAGE_TABLES; i++) sum += n[i];
    return sum;
}

static void print_salvage(const char *to, const struct salvage_summary *summary)
{
    static const char *const headings[] = {"table", "kept", "older", "damaged"};
    struct table table = {.headings = headings, .align = "lrrr", .n_columns = 4};
    for (unsigned i = 0; i < SALVAGE_TABLES; i++) {
        if (!summary->kept[i] && !summary->damaged[i]) continue;
        table_add(&table, "%s", salvage_table_name(i));
        table_add(&table, "%llu", (unsigned long long)summary->kept[i]);
        table_add(&table, "%llu", (unsigned long long)summary->older[i]);
        table_add(&table, "%llu", (unsigned long long)summary->damaged[i]);
    }
    table_print(&table);
    printf("%s: %llu rows kept", to, (unsigned long long)total(summary->kept));
    if (summary->entries_lost)
        printf(", %llu entries lost with their kernels", (unsigned long long)summary->entries_lost);
    if (summary->kernels_lost)
        printf(", %llu kernels lost with their code", (unsigned long long)summary->kernels_lost);
    printf("%s\n", summary->tree_broken ? "; what stood on damaged pages is not counted" : "");
}

static enum status deliver_salvage(const char *from, const char *to, const struct salvage_summary *summary)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "book", to);
    cJSON_AddStringToObject(root, "from", from);
    const struct {
        const char *name;
        const uint64_t *n;
    } columns[] = {{"kept", summary->kept}, {"older", summary->older}, {"damaged", summary->damaged}};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        cJSON *object = cJSON_AddObjectToObject(root, columns[c].name);
        for (unsigned i = 0; i < SALVAGE_TABLES; i++)
            cJSON_AddNumberToObject(object, salvage_table_name(i), (double)columns[c].n[i]);
    }
    cJSON_AddNumberToObject(root, "entries_lost", (double)summary->entries_lost);
    cJSON_AddNumberToObject(root, "kernels_lost", (double)summary->kernels_lost);
    cJSON_AddNumberToObject(root, "records_emptied", (double)summary->records_emptied);
    cJSON_AddBoolToObject(root, "pages_damaged", summary->tree_broken);
    return json_deliver(root);
}

static enum status repair(const struct settings *settings, const char *path)
{
    struct salvage_summary summary;
    TRY(as_error(book_salvage(path, settings->output, &summary)));
    if (settings->json) TRY(deliver_salvage(path, settings->output, &summary));
    if (!settings->json) print_salvage(settings->output, &summary);
    bool lost = total(summary.damaged) || summary.entries_lost || summary.kernels_lost || summary.tree_broken;
    if (!lost) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND, "%s: not all of it was intact; it stays as it is", path);
}

enum status command_check(const struct settings *settings)
{
    struct text path = {0};
    if (settings->arguments.n > 1)
        return status_fail(STATUS_USAGE, "%s: one book at a time", settings->arguments.items[1]);
    if (settings->repair && !settings->output)
        return status_fail(STATUS_USAGE, "--repair: -o NEW is missing, the book that takes what is intact");
    if (settings->output && !settings->repair)
        return status_fail(STATUS_USAGE, "-o %s: goes with --repair, which is missing", settings->output);
    enum status status = book_user_path(settings->arguments.n ? settings->arguments.items[0] : NULL, &path);
    if (status == STATUS_OK) status = text_status(&path);
    if (status == STATUS_OK)
        status = settings->repair ? repair(settings, path.data) : check(settings, path.data);
    text_free(&path);
    return status;
}
