/* What would make it better: one rule a function, each with its reason and, where there is one, the command.
 * Rules read the document that explain has made, and nothing else. */
#include <stdio.h>
#include <string.h>
#include "frontends/cli/explain.h"
#include "frontends/cli/talk.h"

enum { WHY_BYTES = 512, COMMAND_BYTES = PROBLEM_TEXT_BYTES + 256, CLASS_OPTION_BYTES = 96 };

struct advice {
    const cJSON *root;
    char why[WHY_BYTES], command[COMMAND_BYTES]; /* "": nothing to run */
};

/* ---- the document ---- */

/* "code.occupancy.limit" */
static const cJSON *item_at(const cJSON *item, const char *path)
{
    char name[64];
    while (item && *path) {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        item = cJSON_GetObjectItemCaseSensitive(item, name);
        path += length + (path[length] == '.');
    }
    return item;
}

static double number_at(const cJSON *root, const char *path)
{
    const cJSON *item = item_at(root, path);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *text_at(const cJSON *root, const char *path)
{
    const char *text = cJSON_GetStringValue(item_at(root, path));
    return text ? text : "";
}

static bool is_true(const cJSON *root, const char *path)
{
    return cJSON_IsTrue(item_at(root, path));
}

static bool is(const cJSON *root, const char *path, const char *text)
{
    return strcmp(text_at(root, path), text) == 0;
}

/* A device that is on paper only is named; one that is here is what a command takes by itself. */
static const char *class_option(const struct advice *advice, char out[CLASS_OPTION_BYTES])
{
    bool here = is_true(advice->root, "device_here");
    snprintf(out, CLASS_OPTION_BYTES, "%s%s%s",
             here ? "" : "--class=", here ? "" : text_at(advice->root, "class"), here ? "" : " ");
    return out;
}

static void say_command(struct advice *advice, const char *before, const char *after)
{
    char option[CLASS_OPTION_BYTES];
    snprintf(advice->command, sizeof advice->command, "autotune %s%s'%s'%s", before,
             class_option(advice, option), text_at(advice->root, "problem"), after);
}

/* What another configuration would take, before it is compiled into anything. */
static void say_explain(struct advice *advice)
{
    char option[CLASS_OPTION_BYTES];
    snprintf(advice->command, sizeof advice->command,
             "autotune explain %s--template=%.60s --configuration=... '%s'", class_option(advice, option),
             text_at(advice->root, "template"), text_at(advice->root, "problem"));
}

/* ---- the rules ---- */

static bool untuned(struct advice *advice)
{
    const cJSON *root = advice->root;
    char said[192] = "";
    if (is(root, "match", "exact")) return false;
    if (cJSON_IsNumber(item_at(root, "regret.median")))
        snprintf(said, sizeof said,
                 "; answers borrowed between its neighbours were %.0f %% slower, at most %.0f %%",
                 100 * number_at(root, "regret.median"), 100 * number_at(root, "regret.high"));
    else if (cJSON_IsNumber(item_at(root, "regret.by_model.regret")))
        snprintf(said, sizeof said, "; the model expects %.0f %% of regret",
                 100 * number_at(root, "regret.by_model.regret"));
    const char *match = text_at(root, "match");
    snprintf(advice->why, sizeof advice->why, "%s%s",
             !*match                            ? "nothing answers this shape here"
             : strcmp(match, "near_shape") == 0 ? "this shape was never tuned: its kernel is another shape's"
             : strcmp(match, "default") == 0
                 ? "neither this shape nor one near it was tuned: a default answers"
                 : "this shape was never tuned on this device class",
             said);
    say_command(advice, is_true(root, "device_here") ? "" : "--predict ", "");
    return true;
}

static bool pinned(struct advice *advice)
{
    double ns = number_at(advice->root, "expected_ns"), best_ns = 0;
    const cJSON *layer, *record, *entry;
    char time[NUMBER_BYTES];
    if (!cJSON_IsObject(item_at(advice->root, "pin"))) return false;
    cJSON_ArrayForEach (layer, item_at(advice->root, "layers"))
        cJSON_ArrayForEach (record, item_at(layer, "records"))
            cJSON_ArrayForEach (entry, item_at(record, "entries")) {
                double other = number_at(entry, "median_ns");
                bool counts = is_true(entry, "usable") && is(entry, "evidence", "measured") && other > 0;
                if (counts && (best_ns == 0 || other < best_ns)) best_ns = other;
            }
    if (!(best_ns > 0 && best_ns < ns)) return false;
    snprintf(advice->why, sizeof advice->why,
             "somebody has pinned it; the best of its records takes %s, %.2fx as fast",
             number_time(best_ns, time), ns / best_ns);
    say_command(advice, "pin --remove ", "");
    return true;
}

static bool predicted(struct advice *advice)
{
    if (!is(advice->root, "match", "exact") || !is(advice->root, "evidence", "predicted")) return false;
    snprintf(advice->why, sizeof advice->why,
             "predicted, and measured by nobody: its rank among others may be wrong");
    say_command(advice, "--confirm ", "");
    return true;
}

static bool stale(struct advice *advice)
{
    if (!is(advice->root, "match", "exact") || !is_true(advice->root, "environment.stale")) return false;
    const cJSON *changes = item_at(advice->root, "environment.changes");
    int n = cJSON_GetArraySize(changes);
    const char *first = cJSON_GetStringValue(cJSON_GetArrayItem(changes, 0));
    snprintf(advice->why, sizeof advice->why, "measured in another environment (%.300s%s)",
             first ? first : "?", n > 1 ? ", ..." : "");
    say_command(advice, "--confirm ", "");
    return true;
}

static bool noisy(struct advice *advice)
{
    bool contended = is_true(advice->root, "measurement.contended");
    if (!is(advice->root, "match", "exact") || (!contended && !is_true(advice->root, "measurement.unstable")))
        return false;
    snprintf(advice->why, sizeof advice->why, "%s: measured again on an idle machine another may win",
             contended ? "measured beside a foreign load" : "its measurement did not become stable");
    say_command(advice, "", "");
    return true;
}

static bool behind_vendor(struct advice *advice)
{
    double ns = number_at(advice->root, "expected_ns"), theirs = number_at(advice->root, "baseline_ns");
    if (!(ns > 0 && theirs > 0 && theirs < ns && is(advice->root, "match", "exact"))) return false;
    snprintf(advice->why, sizeof advice->why,
             "%s is %.2fx as fast: search longer; until then programs that plan with TB_PLAN_ONLY_IF_FASTER "
             "take the "
             "library",
             *text_at(advice->root, "measurement.baseline") ? text_at(advice->root, "measurement.baseline")
                                                            : "the vendor library",
             ns / theirs);
    say_command(advice, "", " --budget=5m");
    return true;
}

static bool at_the_roof(struct advice *advice)
{
    double reached = number_at(advice->root, "roofline.reached");
    if (reached < 0.9) return false;
    snprintf(advice->why, sizeof advice->why,
             "%.0f %% of the %s bound is reached: no kernel for this problem is much faster; %s would be",
             100 * reached, text_at(advice->root, "roofline.bound_by"),
             is(advice->root, "roofline.bound_by", "memory")
                 ? "a smaller type, or fusing what reads the result"
                 : "a type with a higher peak");
    return true;
}

static bool below_the_roof(struct advice *advice)
{
    double reached = number_at(advice->root, "roofline.reached");
    if (!(reached > 0 && reached < 0.5) || !is(advice->root, "match", "exact")) return false;
    snprintf(advice->why, sizeof advice->why,
             "%.0f %% of the %s bound is reached: a longer search may find more", 100 * reached,
             text_at(advice->root, "roofline.bound_by"));
    say_command(advice, "", " --budget=5m");
    return true;
}

static bool spills(struct advice *advice)
{
    double bytes = number_at(advice->root, "kernel.spill_bytes");
    if (!(bytes > 0)) return false;
    snprintf(advice->why, sizeof advice->why,
             "%.0f bytes of registers live in memory: a smaller tile may keep them; this says what another "
             "one takes",
             bytes);
    say_explain(advice);
    return true;
}

static bool few_waves(struct advice *advice)
{
    double waves = number_at(advice->root, "code.occupancy.waves_per_simd");
    const char *limit = text_at(advice->root, "code.occupancy.limit");
    bool can_change = strcmp(limit, "registers") == 0 || strcmp(limit, "shared") == 0;
    if (!(waves > 0 && waves < 2 && can_change)) return false;
    snprintf(advice->why, sizeof advice->why,
             "%.0f wave per SIMD, limited by %s: nothing hides its waits for memory; a configuration with "
             "less of it may",
             waves, strcmp(limit, "shared") == 0 ? "shared memory" : "registers");
    say_explain(advice);
    return true;
}

/* What to do about an entry that is not usable for a reason that somebody can end. */
struct remedy {
    const char *part; /* of the reason */
    const char *command, *why;
};

static bool mend_record(struct advice *advice, const cJSON *record, const char *book,
                        const struct remedy *remedy)
{
    const cJSON *entry;
    cJSON_ArrayForEach (entry, item_at(record, "entries")) {
        if (is_true(entry, "usable") || !strstr(text_at(entry, "reason"), remedy->part)) continue;
        snprintf(advice->why, sizeof advice->why, "%.200s: %s", book, remedy->why);
        snprintf(advice->command, sizeof advice->command, "%s %.200s", remedy->command, book);
        return true;
    }
    return false;
}

/* Entries of the problem's own records, then of those near it, from which an answer may be borrowed. */
static bool mend(struct advice *advice, const struct remedy *remedy)
{
    const cJSON *layer, *record;
    cJSON_ArrayForEach (layer, item_at(advice->root, "layers"))
        cJSON_ArrayForEach (record, item_at(layer, "records"))
            if (mend_record(advice, record, text_at(layer, "book"), remedy)) return true;
    cJSON_ArrayForEach (record, item_at(advice->root, "neighbours.records"))
        if (mend_record(advice, record, text_at(record, "book"), remedy)) return true;
    return false;
}

static bool writable_by_others(struct advice *advice)
{
    return mend(advice, &(struct remedy){"others can write it", "chmod go-w",
                                         "entries of it are not used while others can write it or its "
                                         "folder"});
}

static bool lost_code(struct advice *advice)
{
    return mend(advice, &(struct remedy){"its code is", "autotune check",
                                         "code of this problem's entries, or of those near it, is lost"});
}

static bool in_quarantine(struct advice *advice)
{
    static const struct remedy remedy = {"in quarantine", "",
                                         "a kernel for this problem or one near it crashed twice and is not "
                                         "used"};
    if (!mend(advice, &remedy)) return false;
    say_command(advice, "--retry-quarantined ", "");
    return true;
}

static const struct rule {
    const char *name;
    bool (*applies)(struct advice *advice);
} rules[] = {
    {"untuned", untuned},
    {"pinned", pinned},
    {"predicted", predicted},
    {"stale", stale},
    {"noisy", noisy},
    {"behind-vendor", behind_vendor},
    {"at-the-roof", at_the_roof},
    {"below-the-roof", below_the_roof},
    {"spills", spills},
    {"few-waves", few_waves},
    {"writable-by-others", writable_by_others},
    {"lost-code", lost_code},
    {"quarantine", in_quarantine},
};

cJSON *explain_improve(const cJSON *root)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct advice advice = {.root = root};
        if (!rules[i].applies(&advice)) continue;
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "rule", rules[i].name);
        cJSON_AddStringToObject(object, "why", advice.why);
        json_add_text(object, "command", advice.command);
        cJSON_AddItemToArray(array, object);
    }
    return array;
}
