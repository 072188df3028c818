#include <stdio.h>
#include <string.h>
#include "frontends/cli/explain.h"
#include "frontends/cli/talk.h"

static const char *string_of(const cJSON *object, const char *member)
{
    const char *string = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, member));
    return string ? string : "-";
}

static double number_of(const cJSON *object, const char *member)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, member);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool is_true(const cJSON *object, const char *member)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, member));
}

static bool has(const cJSON *object, const char *member)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, member);
    return item && !cJSON_IsNull(item);
}

static void print_line(const char *name, const cJSON *object, const char *member)
{
    if (has(object, member)) printf("%-15s%s\n", name, string_of(object, member));
}

static void print_time(const char *name, const cJSON *object, const char *member)
{
    char time[NUMBER_BYTES];
    if (has(object, member)) printf("%-15s%s\n", name, number_time(number_of(object, member), time));
}

static void print_measurement(const cJSON *measurement)
{
    char median[NUMBER_BYTES], low[NUMBER_BYTES], high[NUMBER_BYTES];
    if (!measurement || cJSON_IsNull(measurement)) return;
    printf("%-15s%s, 95 %% interval %s to %s, %.0f samples of %.0f launches, %s%s%s\n", "measured",
           number_time(number_of(measurement, "median_ns"), median),
           number_time(number_of(measurement, "low_ns"), low),
           number_time(number_of(measurement, "high_ns"), high), number_of(measurement, "samples"),
           number_of(measurement, "launches_per_sample"), string_of(measurement, "measured_at"),
           is_true(measurement, "contended") ? ", contended" : "",
           is_true(measurement, "unstable") ? ", unstable" : "");
    print_time("default", measurement, "default_ns");
    if (has(measurement, "baseline"))
        printf("%-15s%s by %s\n", "baseline", number_time(number_of(measurement, "baseline_ns"), median),
               string_of(measurement, "baseline"));
}

static void print_environment(const cJSON *environment)
{
    const cJSON *change;
    if (!environment || cJSON_IsNull(environment)) return;
    if (has(environment, "unknown")) {
        printf("%-15sunknown: %s\n", "environment", string_of(environment, "unknown"));
        return;
    }
    bool stale = is_true(environment, "stale");
    printf("%-15s%s\n", "environment",
           stale ? "stale: measured in another one, still served" : "the present one");
    cJSON_ArrayForEach (change, cJSON_GetObjectItemCaseSensitive(environment, "changes")) {
        printf("%-15s  %s\n", "", cJSON_GetStringValue(change));
    }
}

static void print_kernel(const cJSON *kernel)
{
    char bytes[NUMBER_BYTES];
    if (!kernel) return;
    printf("%-15s%.12s for %s, %s of code, %s\n", "kernel", string_of(kernel, "hash"),
           string_of(kernel, "target"), number_bytes(number_of(kernel, "code_bytes"), bytes),
           is_true(kernel, "deterministic") ? "deterministic" : "not deterministic");
    printf("%-15s%s\n", "compiler", string_of(kernel, "compiler"));
    if (has(kernel, "registers"))
        printf("%-15s%.0f registers, %.0f bytes shared, %.0f bytes spilled\n", "resources",
               number_of(kernel, "registers"), number_of(kernel, "shared_bytes"),
               number_of(kernel, "spill_bytes"));
}

static void print_roofline(const cJSON *roofline)
{
    char arithmetic[NUMBER_BYTES], memory[NUMBER_BYTES];
    if (!roofline) return;
    printf("%-15sarithmetic %s (%.4g GFLOP at %.4g GFLOP/s), memory %s (%.4g GB at %.4g GB/s)", "at least",
           number_time(number_of(roofline, "arithmetic_ns"), arithmetic), number_of(roofline, "flops") / 1e9,
           number_of(roofline, "peak_gflops"), number_time(number_of(roofline, "memory_ns"), memory),
           number_of(roofline, "bytes") / 1e9, number_of(roofline, "bandwidth_gbps"));
    if (has(roofline, "reached"))
        printf("; %.0f %% of the %s bound reached", 100 * number_of(roofline, "reached"),
               string_of(roofline, "bound_by"));
    printf("\n");
}

/* indent TEMPLATE CONFIGURATION: measured, 1.2 us, ... */
static void print_entry(const char *indent, const cJSON *entry)
{
    char time[NUMBER_BYTES];
    printf("%s%s %s: %s, %s", indent, string_of(entry, "template"), string_of(entry, "configuration"),
           string_of(entry, "evidence"), number_time(number_of(entry, "median_ns"), time));
    if (has(entry, "environment") && strcmp(string_of(entry, "environment"), "another") == 0)
        printf(", in another environment");
    if (has(entry, "pin")) printf(", %s", string_of(entry, "pin"));
    if (!is_true(entry, "usable")) printf(", not usable: %s", string_of(entry, "reason"));
    printf("\n");
}

static void print_entries(const cJSON *record)
{
    const cJSON *entry;
    printf("    %s\n", string_of(record, "key"));
    if (has(record, "damage")) printf("      damaged: %s\n", string_of(record, "damage"));
    if (has(record, "pinned")) print_entry("      ", cJSON_GetObjectItemCaseSensitive(record, "pinned"));
    cJSON_ArrayForEach (entry, cJSON_GetObjectItemCaseSensitive(record, "entries"))
        print_entry("      ", entry);
}

/* The best entry, and of a record that has nothing usable why. */
static void print_neighbour(const cJSON *neighbour)
{
    const cJSON *entries = cJSON_GetObjectItemCaseSensitive(neighbour, "entries"), *entry;
    int n = cJSON_GetArraySize(entries);
    double usable = number_of(neighbour, "usable");
    printf("  %s%s%s%s, %.2f octaves: %.0f of %d entries usable\n", string_of(neighbour, "differs"),
           is_true(neighbour, "less_alignment") ? ", less alignment" : "",
           is_true(neighbour, "sibling_class") ? " on " : "",
           is_true(neighbour, "sibling_class") ? string_of(neighbour, "class") : "",
           number_of(neighbour, "octaves"), usable, n);
    cJSON_ArrayForEach (entry, entries) {
        bool first_usable = is_true(entry, "usable");
        if (first_usable || entry == entries->child || usable == 0) print_entry("    ", entry);
        if (first_usable) break;
    }
}

static void print_neighbours(const cJSON *root)
{
    enum { SHOWN = 8 };
    const cJSON *neighbours = cJSON_GetObjectItemCaseSensitive(root, "neighbours"), *neighbour;
    int n = 0;
    if (!has(root, "neighbours")) return;
    const cJSON *records = cJSON_GetObjectItemCaseSensitive(neighbours, "records");
    printf("\nrecords near it: %.0f\n", number_of(neighbours, "near"));
    cJSON_ArrayForEach (neighbour, records)
        if (n++ < SHOWN) print_neighbour(neighbour);
    if (n > SHOWN)
        printf("  ... and %.0f more; --json lists the nearest %d\n", number_of(neighbours, "near") - SHOWN,
               n);
}

static void print_regret(const cJSON *regret)
{
    if (!regret || cJSON_IsNull(regret)) return;
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(regret, "by_model");
    if (has(regret, "median"))
        printf("%-15s%.1f %% slower than tuned, median (%.1f to %.1f %%): neighbours that were asked without "
               "their "
               "own records: %.0f, measured there: %.0f\n",
               "regret", 100 * number_of(regret, "median"), 100 * number_of(regret, "low"),
               100 * number_of(regret, "high"), number_of(regret, "n_answered"),
               number_of(regret, "n_samples"));
    else
        printf("%-15sunknown: %s\n", "regret", string_of(regret, "unknown"));
    if (has(model, "regret"))
        printf("%-15s%.1f %%; the best it ranks is %s %s\n", "by the model", 100 * number_of(model, "regret"),
               string_of(model, "best_template"), string_of(model, "best_configuration"));
    else
        printf("%-15sunknown: %s\n", "by the model", string_of(model, "unknown"));
}

static void print_improve(const cJSON *list)
{
    const cJSON *advice;
    printf("\nwhat would improve it\n");
    cJSON_ArrayForEach (advice, list) {
        printf("  %s\n", string_of(advice, "why"));
        if (has(advice, "command")) printf("    %s\n", string_of(advice, "command"));
    }
    if (!cJSON_GetArraySize(list)) printf("  nothing that is known here\n");
}

static void print_layers(const cJSON *layers)
{
    const cJSON *layer, *record;
    printf("\nbooks consulted\n");
    cJSON_ArrayForEach (layer, layers) {
        const cJSON *records = cJSON_GetObjectItemCaseSensitive(layer, "records");
        printf("  %s: %.0f records%s\n", string_of(layer, "book"), number_of(layer, "records_in_book"),
               cJSON_GetArraySize(records) ? "" : ", none of this problem or its target's defaults");
        if (has(layer, "damage")) printf("    damaged: %s\n", string_of(layer, "damage"));
        cJSON_ArrayForEach (record, records) print_entries(record);
    }
}

void explain_print(const cJSON *root)
{
    printf("%-15s%s on %s\n", "problem", string_of(root, "problem"), string_of(root, "class"));
    if (has(root, "match"))
        printf("%-15s%s, %s\n", "match", string_of(root, "match"), string_of(root, "evidence"));
    else
        printf("%-15snone\n", "match");
    print_line("reason", root, "reason");
    print_line("template", root, "template");
    print_line("configuration", root, "configuration");
    print_line("book", root, "book");
    print_line("record", root, "record");
    print_measurement(cJSON_GetObjectItemCaseSensitive(root, "measurement"));
    print_environment(cJSON_GetObjectItemCaseSensitive(root, "environment"));
    print_kernel(cJSON_GetObjectItemCaseSensitive(root, "kernel"));
    explain_print_code(cJSON_GetObjectItemCaseSensitive(root, "code"));
    print_roofline(cJSON_GetObjectItemCaseSensitive(root, "roofline"));
    print_regret(cJSON_GetObjectItemCaseSensitive(root, "regret"));
    print_neighbours(root);
    print_layers(cJSON_GetObjectItemCaseSensitive(root, "layers"));
    print_improve(cJSON_GetObjectItemCaseSensitive(root, "improve"));
}
