#include "tuner/compile/cuda_places.h"

#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/compile/program.h"
#include "tuner/compile/rtc.h"
#include "tuner/compile/subprocess.h"

static void add_below(struct text *paths, const char *root, const char *folder, const char *file)
{
    struct text pattern = {0};
    text_format(&pattern, "%s/%s", folder, file);
    if (text_status(&pattern) == STATUS_OK) rtc_add_places(paths, root, text_string(&pattern));
    text_free(&pattern);
}

void cuda_places_homes(struct text *paths, const char *file)
{
    add_below(paths, getenv("CUDA_HOME"), "lib64", file);
    add_below(paths, getenv("CUDA_PATH"), "lib64", file);
}

void cuda_places_usual(struct text *paths, const char *names, const char *file)
{
    text_append(paths, names);
    add_below(paths, "/usr/local/cuda", "lib64", file);
}

/* The folders of wheels: nvidia/cu13 of all since CUDA 13; nvidia/cuda_nvrtc, nvidia/cublas ... before. */
static void add_wheels(struct text *paths, const char *packages, const char *file)
{
    add_below(paths, packages, "nvidia/cu*/lib", file);
}

static void add_wheels_of_lines(struct text *paths, char *folders, const char *file)
{
    for (char *save = NULL, *folder = folders ? strtok_r(folders, "\n", &save) : NULL; folder;
         folder = strtok_r(NULL, "\n", &save))
        add_wheels(paths, folder, file);
}

void cuda_places_virtual_environment(struct text *paths, const char *file)
{
    struct text folders = {0};
    rtc_add_places(&folders, getenv("VIRTUAL_ENV"), "lib/python3*/site-packages");
    add_wheels_of_lines(paths, folders.data, file);
    text_free(&folders);
}

static void ask_python(struct text *folders)
{
    struct text path = {0};
    int code = 0;
    if (subprocess_find("python3", &path)) {
        const char *argv[] = {text_string(&path), "-c", "import sys; print('\\n'.join(sys.path))", NULL};
        struct subprocess process = {.argv = argv, .output_limit = 64 << 10, .deadline_ms = PROGRAM_QUICK_MS};
        if (subprocess_run(&process, folders, &code) != STATUS_OK || code != 0) text_clear(folders);
    }
    text_free(&path);
}

void cuda_places_python(struct text *paths, const char *file)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct text known;
    static bool asked;
    struct text folders = {0};
    pthread_mutex_lock(&mutex);
    if (!asked) ask_python(&known);
    asked = true;
    text_append(&folders, text_string(&known));
    pthread_mutex_unlock(&mutex);
    add_wheels_of_lines(paths, folders.data, file);
    text_free(&folders);
}
