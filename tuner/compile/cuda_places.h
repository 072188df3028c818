/* Where CUDA's libraries may be: the toolkit's folders, the loader's own path, the wheels of Python packages.
 *
 * Each function appends what dlopen() is to try, one path or name per line. `file` is a file's name as glob
 * reads it, "libnvrtc.so*". They are asked one after the other until one opens, the cheap ones first. */
#ifndef TUNEBOOK_COMPILE_CUDA_PLACES_H
#define TUNEBOOK_COMPILE_CUDA_PLACES_H

#include "tuner/base/text.h"

/* $CUDA_HOME and $CUDA_PATH. */
void cuda_places_homes(struct text *paths, const char *file);
/* `names`, one per line, as the loader finds them; /usr/local/cuda. */
void cuda_places_usual(struct text *paths, const char *names, const char *file);
/* Wheels of $VIRTUAL_ENV. */
void cuda_places_virtual_environment(struct text *paths, const char *file);
/* Wheels wherever the python3 on PATH looks for packages. It is asked once in a process: it takes a while. */
void cuda_places_python(struct text *paths, const char *file);

#endif
