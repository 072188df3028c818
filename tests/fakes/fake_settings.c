/* The text that says what a fake driver is and what goes wrong. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/fakes/fake.h"

struct fake_settings fake_settings;

static _Noreturn void refuse(const char *clause)
{
    fprintf(stderr, "fake driver: cannot make sense of \"%s\"; tests/fakes/fake.h says what there is\n",
            clause);
    abort();
}

const struct fake_code *fake_code_find(int code)
{
    for (const struct fake_code *known = fake_face.codes; known->name; known++)
        if (known->code == code) return known;
    return NULL;
}

bool fake_trouble_is_ours(const struct fake_trouble *trouble)
{
    char path[256];
    if (!*fake_settings.once) return true;
    snprintf(path, sizeof path, "%s.%d", fake_settings.once, (int)(trouble - fake_settings.troubles));
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) close(file);
    return file >= 0;
}

static int parse_code(const char *name, size_t length, const char *clause)
{
    for (const struct fake_code *known = fake_face.codes; known->name; known++)
        if (strlen(known->name) == length && memcmp(known->name, name, length) == 0) return known->code;
    refuse(clause);
}

/* Of a pin, as the drivers count cycles: HBM3 on AMD's GPUs and GDDR6 more than two. */
static unsigned bits_per_cycle(const char *target)
{
    if (strcmp(target, "gfx942") == 0 || strcmp(target, "gfx950") == 0) return 4;
    return strncmp(target, "gfx1", 4) == 0 ? 16 : 2;
}

static void set_target(const char *text)
{
    const struct device_class *found = class_find(text);
    size_t n;
    const struct device_class *classes = class_table(&n);
    for (size_t i = 0; i < n && !found; i++)
        if (strcmp(classes[i].target, text) == 0) found = &classes[i];
    if (!found) refuse(text);
    fake_settings.device_class = *found;
    snprintf(fake_settings.name, sizeof fake_settings.name, "%s", found->product);
    fake_settings.units = found->units;
    fake_settings.l2_bytes = (uint32_t)found->l2_bytes;
    /* A bus and a clock from which the table's bandwidth comes out again. */
    fake_settings.bus_bits = 4096;
    fake_settings.memory_clock_khz =
        (uint32_t)(found->bandwidth_gbps * 8e6 / bits_per_cycle(found->target) / 4096);
}

/* "12.4", as CUDA counts: 12040. */
static void set_driver(const char *text, const char *clause)
{
    int major, minor;
    if (sscanf(text, "%d.%d", &major, &minor) != 2) refuse(clause);
    fake_settings.driver = 1000 * major + 10 * minor;
}

/* "after 5 launches" */
static unsigned parse_launches(const char *text, const char *clause)
{
    unsigned n;
    char s[8];
    if (sscanf(text, " after %u %7s", &n, s) != 2 || strncmp(s, "launch", 6) != 0) refuse(clause);
    return n;
}

static void add_trouble(const char *key, const char *value, const char *clause)
{
    struct fake_trouble *trouble = fake_settings.troubles;
    while (trouble->kind != TROUBLE_NONE) trouble++;
    if (trouble == fake_settings.troubles + FAKE_TROUBLES_MAX - 1) refuse(clause);
    size_t length = strcspn(value, "@: ");
    trouble->after = 1;
    if (strcmp(key, "lose") == 0) {
        *trouble = (struct fake_trouble){
            .kind = TROUBLE_LOSE, .after = parse_launches(value, clause), .code = FAKE_LAUNCH_FAILED};
        return;
    }
    if (strcmp(key, "abort") == 0) {
        *trouble = (struct fake_trouble){.kind = TROUBLE_ABORT, .after = parse_launches(value, clause)};
        return;
    }
    if (strcmp(key, "async") == 0) {
        *trouble = (struct fake_trouble){.kind = TROUBLE_ASYNC,
                                         .after = parse_launches(value + length, clause),
                                         .code = parse_code(value, length, clause)};
        return;
    }
    if (length >= sizeof trouble->function) refuse(clause);
    memcpy(trouble->function, value, length);
    trouble->function[length] = 0;
    if (value[length] == '@') trouble->after = (unsigned)strtoul(value + length + 1, NULL, 10);
    const char *colon = strchr(value, ':');
    if (strcmp(key, "hang") == 0) {
        trouble->kind = TROUBLE_HANG;
    } else if (strcmp(key, "fail") == 0 && colon) {
        trouble->kind = TROUBLE_FAIL;
        trouble->code = parse_code(colon + 1, strlen(colon + 1), clause);
    } else {
        refuse(clause);
    }
}

static void parse_clause(const char *clause)
{
    char key[24];
    const char *equals = strchr(clause, '='), *value = equals + 1;
    if (!equals || equals - clause >= (ptrdiff_t)sizeof key) refuse(clause);
    memcpy(key, clause, (size_t)(equals - clause));
    key[equals - clause] = 0;
    unsigned long number = strtoul(value, NULL, 10);
    if (strcmp(key, "target") == 0)
        set_target(value);
    else if (strcmp(key, "devices") == 0 && number <= FAKE_DEVICES_MAX)
        fake_settings.devices = (uint32_t)number;
    else if (strcmp(key, "memory") == 0)
        fake_settings.memory_bytes = number;
    else if (strcmp(key, "name") == 0)
        snprintf(fake_settings.name, sizeof fake_settings.name, "%s", value);
    else if (strcmp(key, "features") == 0)
        snprintf(fake_settings.features, sizeof fake_settings.features, "%s", value);
    else if (strcmp(key, "once") == 0)
        snprintf(fake_settings.once, sizeof fake_settings.once, "%s", value);
    else if (strcmp(key, "gone") == 0)
        fake_settings.devices = access(value, F_OK) == 0 ? 0 : fake_settings.devices;
    else if (strcmp(key, "driver") == 0)
        set_driver(value, clause);
    else if (strcmp(key, "units") == 0)
        fake_settings.units = (uint32_t)number;
    else if (strcmp(key, "memory_clock_khz") == 0)
        fake_settings.memory_clock_khz = (uint32_t)number;
    else if (strcmp(key, "static_shared") == 0)
        fake_settings.static_shared_bytes = (uint32_t)number;
    else if (strcmp(key, "bus_bits") == 0)
        fake_settings.bus_bits = (uint32_t)number;
    else if (strcmp(key, "l2_bytes") == 0)
        fake_settings.l2_bytes = (uint32_t)number;
    else
        add_trouble(key, value, clause);
}

void fake_settings_parse(const char *text)
{
    fake_settings = (struct fake_settings){.devices = 1, .memory_bytes = 1u << 30, .driver = 12040};
    set_target(fake_face.target);
    char clause[256];
    while (*text) {
        size_t length = strcspn(text, ";");
        if (length >= sizeof clause) refuse(text);
        memcpy(clause, text, length);
        clause[length] = 0;
        if (length) parse_clause(clause);
        text += length + (text[length] == ';');
    }
}
