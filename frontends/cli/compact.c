/* autotune compact: the fewest kernels that keep every recorded problem within a regret. */
#include "db/compact.h"
#include <math.h>
#include <string.h>
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/compact_shapes.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"

static const uint32_t regret_default = 2 * COMPACT_REGRET_ONE / 100;

static enum status parse_regret(const char *text, uint32_t *out)
{
    char number[32];
    double percent;
    *out = regret_default;
    if (!text) return STATUS_OK;
    size_t length = strlen(text);
    bool has_sign = length && text[length - 1] == '%';
    snprintf(number, sizeof number, "%.*s", has_sign && length < sizeof number ? (int)length - 1 : 0, text);
    if (!text_parse_double(number, &percent) || !(percent >= 0 && percent <= 100))
        return status_fail(STATUS_USAGE, "--regret=%s: no percentage from 0%% to 100%%, such as 2%%", text);
    *out = (uint32_t)lround(percent * COMPACT_REGRET_ONE / 100);
    return STATUS_OK;
}

static enum status parse_trials(const char *text, bool *drop)
{
    *drop = text && strcmp(text, "drop") == 0;
    if (!text || *drop || strcmp(text, "keep") == 0) return STATUS_OK;
    return status_fail(STATUS_USAGE, "--trials=%s: keep or drop", text);
}

/* --- what was saved --- */

static double worst_percent(const struct compact_group *group)
{
    return (double)group->worst * 100 / COMPACT_REGRET_ONE;
}

static double geomean_percent(const struct compact_group *group)
{
    return group->timed ? 100 * expm1(group->log_sum / (double)group->timed) : 0;
}

static struct compact_group sum_of(const struct compact_report *report)
{
    struct compact_group sum = {.records = report->records};
    for (size_t i = 0; i < report->n_groups; i++) {
        const struct compact_group *group = &report->groups[i];
        sum.timed += group->timed;
        sum.slower += group->slower;
        sum.log_sum += group->log_sum;
        if (group->worst > sum.worst) sum.worst = group->worst;
    }
    return sum;
}

static void print_groups(const struct compact_report *report)
{
    static const char *const headings[] = {"op",      "class", "records", "kernels", "now",
                                           "entries", "now",   "slower",  "worst",   "geomean"};
    struct table table = {.headings = headings, .align = "llrrrrrrrr", .n_columns = 10};
    for (size_t i = 0; i < report->n_groups; i++) {
        const struct compact_group *group = &report->groups[i];
        table_add(&table, "%s", group->op);
        table_add(&table, "%s", group->device_class);
        table_add(&table, "%llu", (unsigned long long)group->records);
        for (int side = 0; side < 2; side++)
            table_add(&table, "%llu", (unsigned long long)group->kernels[side]);
        for (int side = 0; side < 2; side++)
            table_add(&table, "%llu", (unsigned long long)group->entries[side]);
        table_add(&table, "%llu", (unsigned long long)group->slower);
        table_add(&table, "%.2f %%", worst_percent(group));
        table_add(&table, "%.3f %%", geomean_percent(group));
    }
    table_print(&table);
}

static void print_text(const char *to, bool dry_run, const struct compact_report *report)
{
    const struct compact_side *before = &report->before, *after = &report->after;
    char was[NUMBER_BYTES], is[NUMBER_BYTES];
    if (report->n_groups) print_groups(report);
    printf("%s: %llu of %llu kernels%s, %llu of %llu codes, %llu of %llu entries, %llu of %llu trials; %s of "
           "%s%s\n",
           to, (unsigned long long)after->kernels, (unsigned long long)before->kernels,
           report->lower_bound == after->kernels ? " (no fewer will do)" : "",
           (unsigned long long)after->codes, (unsigned long long)before->codes,
           (unsigned long long)after->entries, (unsigned long long)before->entries,
           (unsigned long long)after->trials, (unsigned long long)before->trials,
           number_bytes((double)after->bytes, is), number_bytes((double)before->bytes, was),
           dry_run ? ", about; nothing was written" : "");
    if (report->lower_bound < after->kernels)
        printf("at least %llu kernels are needed; whether so few are enough is not known\n",
               (unsigned long long)report->lower_bound);
    if (report->from_trials)
        printf("%llu entries are new: a kernel that stays was as fast in its trial\n",
               (unsigned long long)report->from_trials);
}

static void add_side(cJSON *root, const char *name, const struct compact_side *side)
{
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {{"bytes", side->bytes},
                   {"entries", side->entries},
                   {"kernels", side->kernels},
                   {"codes", side->codes},
                   {"code_bytes", side->code_bytes},
                   {"sources", side->sources},
                   {"environments", side->environments},
                   {"trials", side->trials}};
    cJSON *object = cJSON_AddObjectToObject(root, name);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cJSON_AddNumberToObject(object, members[i].name, (double)members[i].value);
}

static void add_regret(cJSON *object, const struct compact_group *group)
{
    cJSON_AddNumberToObject(object, "times", (double)group->timed);
    cJSON_AddNumberToObject(object, "slower", (double)group->slower);
    cJSON_AddNumberToObject(object, "worst_percent", worst_percent(group));
    cJSON_AddNumberToObject(object, "geomean_percent", geomean_percent(group));
}

static enum status print_json(const char *to, const struct book_compact *options,
                              const struct compact_report *report)
{
    struct compact_group sum = sum_of(report);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "book", to);
    cJSON_AddBoolToObject(root, "dry_run", options->dry_run);
    cJSON_AddNumberToObject(root, "regret_percent", options->regret * 100.0 / COMPACT_REGRET_ONE);
    cJSON_AddNumberToObject(root, "records", (double)report->records);
    add_side(root, "before", &report->before);
    add_side(root, "after", &report->after);
    cJSON_AddNumberToObject(root, "kernels_at_least", (double)report->lower_bound);
    cJSON_AddNumberToObject(root, "kernels_required", (double)report->required);
    cJSON_AddNumberToObject(root, "entries_from_trials", (double)report->from_trials);
    add_regret(root, &sum);
    cJSON *groups = cJSON_AddArrayToObject(root, "groups");
    for (size_t i = 0; i < report->n_groups; i++) {
        const struct compact_group *group = &report->groups[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "op", group->op);
        cJSON_AddStringToObject(object, "class", group->device_class);
        cJSON_AddNumberToObject(object, "records", (double)group->records);
        cJSON_AddNumberToObject(object, "kernels_before", (double)group->kernels[0]);
        cJSON_AddNumberToObject(object, "kernels_after", (double)group->kernels[1]);
        cJSON_AddNumberToObject(object, "entries_before", (double)group->entries[0]);
        cJSON_AddNumberToObject(object, "entries_after", (double)group->entries[1]);
        add_regret(object, group);
        cJSON_AddItemToArray(groups, object);
    }
    return json_deliver(root);
}

/* --- --- */

/* One from elsewhere has its structure read before LMDB trusts it. */
static enum status check_book(const char *path)
{
    struct book *book;
    TRY(book_open_one(path, &book));
    return book_close(book);
}

static enum status compact_book(const struct settings *settings, struct book_compact *options)
{
    struct compact_shapes shapes = {0};
    struct compact_report report;
    options->context = &shapes;
    TRY(check_book(options->path));
    TRY(book_compact(options, &report));
    const char *to = options->output ? options->output : options->path;
    enum status status = STATUS_OK;
    if (settings->json)
        status = print_json(to, options, &report);
    else
        print_text(to, options->dry_run, &report);
    compact_report_free(&report);
    return status;
}

enum status command_compact(const struct settings *settings)
{
    struct book_compact options = {.output = settings->output,
                                   .dry_run = settings->dry_run,
                                   .covers = compact_shapes_covers,
                                   .stop = stop_flag()};
    if (settings->arguments.n != 1)
        return status_fail(STATUS_USAGE, "compact: %zu books; name one", settings->arguments.n);
    TRY(parse_regret(settings->regret, &options.regret));
    TRY(parse_trials(settings->compact_trials, &options.drop_trials));
    options.path = settings->arguments.items[0];
    stop_watch();
    return compact_book(settings, &options);
}
