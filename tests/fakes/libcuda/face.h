/* What the two halves of the fake libcuda share. */
#ifndef TUNEBOOK_TESTS_FAKES_LIBCUDA_FACE_H
#define TUNEBOOK_TESTS_FAKES_LIBCUDA_FACE_H

#pragma GCC visibility push(default)
#include <cuda.h>
#pragma GCC visibility pop
#include "tests/fakes/fake.h"

/* Functions whose plain name cuda.h gives to a newer version than the one that is used. */
#undef cuEventElapsedTime
FAKE_EXPORT CUresult cuEventElapsedTime(float *ms, CUevent begin, CUevent end);
#undef cuCtxCreate
FAKE_EXPORT CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device);

/* For the fake libcublasLt, which finds them with dlsym. */
FAKE_EXPORT CUresult fake_cuda_call(CUstream stream, void (*call)(void *args), const void *args,
                                    size_t bytes);
FAKE_EXPORT CUresult fake_cuda_has(const void *memory, size_t bytes);

/* FAKE_OK after cuInit(); the device of the calling thread's context, and what it was lost to. */
int cuda_initialized(void);
int cuda_current(struct fake_device **device);

/* The whole of a function: the value of the expression, unless the call fails before. IN: with a current
 * context, whose device is `device`. */
#define CALL(...)                               \
    do {                                        \
        int code_ = fake_begin(__func__);       \
        if (!code_) code_ = cuda_initialized(); \
        if (!code_) code_ = (__VA_ARGS__);      \
        return (CUresult)fake_end(code_);       \
    } while (0)
#define IN(...)                                    \
    do {                                           \
        struct fake_device *device = NULL;         \
        int code_ = fake_begin(__func__);          \
        if (!code_) code_ = cuda_current(&device); \
        if (!code_) code_ = (__VA_ARGS__);         \
        return (CUresult)fake_end(code_);          \
    } while (0)

#endif
