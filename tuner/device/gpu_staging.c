/* Uploads by way of pinned memory, which the device's copy engine reads by itself: while it moves one half
 * the CPU fills the other. Pageable memory would be pinned page by page, or copied by the driver with nothing
 * beside it. */
#include <stdlib.h>
#include <string.h>
#include "tuner/device/gpu.h"

enum { HALF_BYTES = 4 << 20, LONG_BYTES = 64 << 10 };

struct gpu_staging {
    void *half[2], *sent[2]; /* sent: an event behind the last copy out of the half */
    bool in_use[2];
};

static void drop(const struct gpu_driver *driver, struct gpu_staging *staging)
{
    for (int i = 0; i < 2; i++) {
        if (staging->sent[i]) driver->event_destroy.call(staging->sent[i]);
        if (staging->half[i]) driver->unpin.call(staging->half[i]);
    }
    free(staging);
}

/* NULL where the machine pins no more memory: that is no reason not to upload. */
static struct gpu_staging *make(const struct gpu_driver *driver)
{
    struct gpu_staging *staging = calloc(1, sizeof *staging);
    bool made = staging != NULL;
    for (int i = 0; i < 2 && made; i++)
        made = driver->pin.call(&staging->half[i], HALF_BYTES) == GPU_OK &&
               driver->event_create.call(&staging->sent[i]) == GPU_OK;
    if (made || !staging) return staging;
    drop(driver, staging);
    return NULL;
}

/* One half's worth, on the default stream, behind what it has to do. */
static unsigned send_half(const struct gpu_driver *driver, struct gpu_staging *staging, int i, void *to,
                          const void *from, size_t bytes, const char **call)
{
    unsigned code = 0;
    *call = driver->event_wait.words;
    if (staging->in_use[i]) code = driver->event_wait.call(staging->sent[i]);
    if (code) return code;
    memcpy(staging->half[i], from, bytes);
    *call = driver->send.words;
    code = driver->send.call(to, staging->half[i], bytes, NULL);
    if (code) return code;
    *call = driver->event_record.words;
    code = driver->event_record.call(staging->sent[i], NULL);
    staging->in_use[i] = code == GPU_OK;
    return code;
}

/* The caller waits for the default stream, whatever the code, before the halves are used by another upload:
 * it holds the device, and the next one waits for the events. */
bool gpu_stage(struct device *device, void *to, const void *from, size_t bytes, unsigned *code,
               const char **call)
{
    const struct gpu_driver *driver = device->driver;
    if (bytes < LONG_BYTES) return false;
    pthread_mutex_lock(&device->upload);
    if (!device->staging) device->staging = make(driver);
    struct gpu_staging *staging = device->staging;
    int i = 0;
    for (size_t done = 0, size; staging && done < bytes && !*code; done += size, i = !i) {
        size = bytes - done < HALF_BYTES ? bytes - done : HALF_BYTES;
        *code = send_half(driver, staging, i, (char *)to + done, (const char *)from + done, size, call);
    }
    pthread_mutex_unlock(&device->upload);
    return staging != NULL;
}

void gpu_drop_staging(struct device *device)
{
    if (device->staging) drop(device->driver, device->staging);
    device->staging = NULL;
}
