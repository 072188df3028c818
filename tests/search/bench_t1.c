/* How long it takes to read the public T1 definitions and to make and count their spaces. */
#include <stdio.h>
#include <stdlib.h>
#include "search/t1.h"
#include "tuner/base/clock.h"
#include "tuner/base/file.h"

enum { REPEATS = 21 };

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum status run(const char *name, const struct text *content)
{
    double seconds[REPEATS], raw = 0;
    uint64_t count = 0;
    for (int i = 0; i < REPEATS; i++) {
        struct t1 *t1;
        struct space *space = NULL;
        uint64_t begin_ns = clock_ns();
        TRY(t1_read(name, text_string(content), content->size, &t1));
        enum status status = t1_space(t1, &space);
        seconds[i] = (double)(clock_ns() - begin_ns) / 1e9;
        if (status == STATUS_OK) {
            count = space_count(space, NULL);
            raw = space_raw_count(space);
        }
        space_free(space);
        t1_free(t1);
        TRY(status);
    }
    qsort(seconds, REPEATS, sizeof *seconds, compare_double);
    printf(
        "{\"name\":\"t1_%s\",\"value\":%.6f,\"unit\":\"s\",\"q1\":%.6f,\"q3\":%.6f,\"raw\":%.0f,\"count\":%"
        "llu}\n",
        name, seconds[REPEATS / 2], seconds[REPEATS / 4], seconds[REPEATS * 3 / 4], raw,
        (unsigned long long)count);
    return STATUS_OK;
}

int main(void)
{
    static const char *const names[] = {"convolution_milo", "dedispersion_milo", "gemm_milo"};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++) {
        char path[128];
        struct text content = {0};
        snprintf(path, sizeof path, "../shared/spaces/t1/%s.json", names[i]);
        status = file_read(path, 1 << 20, &content);
        if (status == STATUS_NOT_FOUND) {
            fprintf(stderr, "bench_t1: no ../shared/spaces here: skipped\n");
            return 0;
        }
        if (status == STATUS_OK) status = run(names[i], &content);
        text_free(&content);
    }
    if (status) fprintf(stderr, "bench_t1: %s\n", status_message());
    return status_exit_code(status);
}
