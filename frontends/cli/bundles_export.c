#include "frontends/cli/bundle_filter.h"
#include "frontends/cli/bundles.h"

#include <sys/stat.h>
#include "db/bundle.h"
#include "db/sign.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"

static enum status report(const struct settings *settings, const struct bundle_counts *counts)
{
    struct stat info;
    char bytes[NUMBER_BYTES];
    double size = stat(settings->output, &info) == 0 ? (double)info.st_size : 0;
    if (!settings->json) {
        printf("%s: %llu records with %llu entries, %llu kernels %s code, %s\n", settings->output,
               (unsigned long long)counts->records, (unsigned long long)counts->entries,
               (unsigned long long)counts->descriptors, counts->codes ? "with" : "without",
               number_bytes(size, bytes));
        return STATUS_OK;
    }
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "file", settings->output);
    cJSON_AddNumberToObject(root, "bytes", size);
    cJSON_AddNumberToObject(root, "records", (double)counts->records);
    cJSON_AddNumberToObject(root, "entries", (double)counts->entries);
    cJSON_AddNumberToObject(root, "environments", (double)counts->environments);
    cJSON_AddNumberToObject(root, "kernels", (double)counts->descriptors);
    cJSON_AddNumberToObject(root, "sources", (double)counts->sources);
    cJSON_AddNumberToObject(root, "codes", (double)counts->codes);
    return json_deliver(root);
}

static enum status sign(const char *path, const struct sign_secret *secret)
{
    unsigned char hash[SIGN_HASH_BYTES];
    struct text comment = {0}, signature = {0};
    enum status status = sign_hash_file(path, hash);
    if (status == STATUS_OK) status = sign_comment_of(path, &comment);
    if (status == STATUS_OK) status = sign_make(secret, hash, text_string(&comment), &signature);
    if (status == STATUS_OK) status = sign_beside_write(path, &signature);
    text_free(&comment);
    text_free(&signature);
    return status;
}

enum status bundle_export_command(const struct settings *settings, struct book *book)
{
    struct bundle_filter filter;
    struct bundle_counts counts;
    struct bundle_export_options options = {
        .without_code = settings->without_code, .context = &filter, .stop = stop_flag()};
    stop_watch();
    struct sign_secret *secret = NULL;
    enum status status = bundle_filter_parse(&settings->filters, &filter);
    if (filter.n) options.select = bundle_filter_select;
    /* The password is asked before anything is written. */
    if (status == STATUS_OK && settings->sign)
        status =
            sign_secret_read(settings->sign, sign_password_ask, (void *)settings->password_file, &secret);
    if (status == STATUS_NOT_FOUND) status = STATUS_IO; /* a named file that is missing is no finding */
    if (status == STATUS_OK) status = bundle_export(book, settings->output, &options, &counts);
    if (status == STATUS_OK && secret) status = sign(settings->output, secret);
    sign_secret_free(secret);
    bundle_filter_free(&filter);
    return status == STATUS_OK ? report(settings, &counts) : status;
}
