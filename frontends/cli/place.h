/* Where a command works: the devices here that --arch, --device and --class leave. */
#ifndef TUNEBOOK_CLI_PLACE_H
#define TUNEBOOK_CLI_PLACE_H

#include "frontends/cli/options.h"
#include "tuner/device/device.h"

enum { PLACES_MAX = 16 };

struct place {
    const struct device_api *api;
    uint32_t index;
    struct device *device;          /* open */
    const struct device_info *info; /* lives as long as the device */
};

struct places {
    struct place items[PLACES_MAX];
    size_t n;
    char unopened[256]; /* "cuda:1: why": the first that is here and cannot be opened */
};

/* Every device here of every backend (GPUs first), opened; backends that lack something are left out, and so
 * is a GPU that cannot be opened, with a note. */
enum status places_open_all(const struct settings *settings, struct places *out);

/* The devices meant: by --arch, --device or --class, else every GPU here, else the CPU. None here is
 * STATUS_UNAVAILABLE and names those found; a name that nothing has is STATUS_USAGE. */
enum status places_open(const struct settings *settings, struct places *out);

/* Every GPU here, for --gpus=all. */
enum status places_open_gpus(const struct settings *settings, struct places *out);

/* The first of them, for commands about one problem. */
enum status place_open(const struct settings *settings, struct place *out);

void place_close(struct place *place);
void places_close(struct places *places);

#endif
