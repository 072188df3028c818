/* OpenBLAS as a shared library, opened so that it runs the fastest kernels that it has for this CPU. */
#ifndef TUNEBOOK_VENDOR_OPENBLAS_LIBRARY_H
#define TUNEBOOK_VENDOR_OPENBLAS_LIBRARY_H

/* A handle of dlopen for the process's lifetime, NULL where there is none. OpenBLAS knows CPUs by their model
 * numbers, and takes one that is newer than itself, or hidden by a hypervisor, for one without AVX: a third
 * of its speed. In that case, and unless the user has set it, OPENBLAS_CORETYPE becomes what the CPU's
 * instructions allow. Not while other threads change the environment. */
void *openblas_library(void);

/* The kernels that it runs: "SkylakeX", "Haswell"; "" where it does not say. */
const char *openblas_core(void *library);

/* The kernels to ask for where those named `core` leave vectors unused that cpu_target() `target` has; NULL
 * if they do not. */
const char *openblas_better_core(const char *core, const char *target);

#endif
