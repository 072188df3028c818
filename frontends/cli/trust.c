/* autotune trust: whose signatures count here. */
#include "db/trust.h"

#include <stdio.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/talk.h"

static cJSON *key_json(const struct sign_public *key)
{
    char id[SIGN_ID_TEXT_BYTES];
    struct text file = {0};
    sign_id_text(key->id, id);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddStringToObject(object, "comment", key->comment);
    if (sign_public_print(key, &file) == STATUS_OK) { /* its second line is the key */
        char *line = strchr(file.data, '\n') + 1;
        line[strcspn(line, "\n")] = 0;
        cJSON_AddStringToObject(object, "key", line);
    }
    text_free(&file);
    return object;
}

/* ---- add ---- */

static enum status add(const struct settings *settings, const char *file_or_key)
{
    static const char *const said[] = {[TRUST_ADDED] = "trusted from now on",
                                       [TRUST_RENAMED] = "trusted already; its comment is new",
                                       [TRUST_UNCHANGED] = "trusted already"};
    struct sign_public key;
    enum trust_change change;
    char id[SIGN_ID_TEXT_BYTES];
    TRY(sign_public_read(file_or_key, &key));
    if (settings->comment) {
        sign_comment_clean(settings->comment, strlen(settings->comment), key.comment, sizeof key.comment);
        if (strcmp(key.comment, settings->comment) != 0)
            return status_fail(STATUS_USAGE,
                               "--comment: longer than %zu bytes, or not one line of plain text",
                               sizeof key.comment - 1);
    }
    TRY(trust_add(&key, &change));
    if (settings->json) {
        cJSON *object = key_json(&key);
        cJSON_AddBoolToObject(object, "added", change == TRUST_ADDED);
        return json_deliver(object);
    }
    sign_id_text(key.id, id);
    printf("%s  %s\n", id, said[change]);
    return STATUS_OK;
}

/* ---- list ---- */

static enum status print_list(const struct trust *trust)
{
    static const char *const headings[] = {"key", "comment"};
    struct table table = {.headings = headings, .align = "ll", .n_columns = 2};
    if (!trust->n) {
        talk_note("no key is trusted here; 'autotune trust add FILE' changes that");
        return STATUS_OK;
    }
    for (size_t i = 0; i < trust->n; i++) {
        char id[SIGN_ID_TEXT_BYTES];
        sign_id_text(trust->keys[i].id, id);
        table_add(&table, "%s", id);
        table_add(&table, "%s", trust->keys[i].comment);
    }
    table_print(&table);
    return STATUS_OK;
}

static enum status print_list_json(const struct trust *trust)
{
    cJSON *root = cJSON_CreateObject(), *keys = cJSON_AddArrayToObject(root, "keys");
    for (size_t i = 0; i < trust->n; i++) cJSON_AddItemToArray(keys, key_json(&trust->keys[i]));
    return json_deliver(root);
}

static enum status list(const struct settings *settings, const char *unused)
{
    struct trust trust;
    (void)unused;
    TRY(trust_load(&trust));
    enum status status = settings->json ? print_list_json(&trust) : print_list(&trust);
    trust_free(&trust);
    return status;
}

/* ---- remove ---- */

static enum status forget(const struct settings *settings, const char *typed)
{
    char id[SIGN_ID_TEXT_BYTES];
    TRY(trust_remove(typed, id));
    if (!settings->json) {
        printf("%s  no longer trusted\n", id);
        return STATUS_OK;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "removed", id);
    return json_deliver(object);
}

/* ---- check ---- */

static enum status judge(const char *path, const struct trust *trust, struct sign_verdict *out)
{
    unsigned char hash[SIGN_HASH_BYTES];
    struct text signature = {0};
    TRY(sign_hash_file(path, hash));
    enum status status = sign_beside_read(path, &signature);
    if (status == STATUS_NOT_FOUND)
        status = status_fail(STATUS_NOT_FOUND, "not signed: there is no %s.minisig", path);
    else if (status == STATUS_OK)
        status = sign_check(text_string(&signature), signature.size, hash, trust->keys, trust->n, out);
    text_free(&signature);
    return status == STATUS_OK ? status : status_prefix(status, "%s", path);
}

static enum status check(const struct settings *settings, const char *path)
{
    struct trust trust;
    struct sign_verdict verdict;
    TRY(trust_load(&trust));
    enum status status = judge(path, &trust, &verdict);
    if (status == STATUS_OK && settings->json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "file", path);
        cJSON_AddItemToObject(object, "key", key_json(verdict.key));
        cJSON_AddStringToObject(object, "trusted_comment", verdict.trusted_comment);
        status = json_deliver(object);
    } else if (status == STATUS_OK) {
        printf("%s  signed by %s  %s\n", path, verdict.id, verdict.key->comment);
        printf("%s\n", verdict.trusted_comment);
    }
    trust_free(&trust);
    return status;
}

/* ---- which of them ---- */

static const struct action {
    const char *name, *argument; /* NULL: takes none */
    enum status (*run)(const struct settings *settings, const char *argument);
} actions[] = {
    {"add", "FILE | KEY", add}, {"list", NULL, list}, {"remove", "KEYID", forget}, {"check", "FILE", check}};

enum status command_trust(const struct settings *settings)
{
    const struct words *words = &settings->arguments;
    const char *name = words->n ? words->items[0] : "list";
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        const struct action *action = &actions[i];
        if (strcmp(action->name, name) != 0) continue;
        if (settings->comment && action->run != add)
            return status_fail(STATUS_USAGE, "--comment: goes with 'autotune trust add'");
        if (words->n > (action->argument ? 2 : 1))
            return status_fail(STATUS_USAGE, "%s: 'autotune trust %s' takes %s", words->items[words->n - 1],
                               name, action->argument ? "one argument" : "no argument");
        if (action->argument && words->n < 2)
            return status_fail(STATUS_USAGE, "trust: autotune trust %s %s", name, action->argument);
        return action->run(settings, words->n > 1 ? words->items[1] : NULL);
    }
    return status_fail(STATUS_USAGE, "trust: '%s' is none of add, list, remove and check", name);
}
