/* What the halves of the fake libamdhip64 share. */
#ifndef TUNEBOOK_TESTS_FAKES_LIBAMDHIP64_FACE_H
#define TUNEBOOK_TESTS_FAKES_LIBAMDHIP64_FACE_H

#include <hip/hip_runtime_api.h>
#include "tests/fakes/fake.h"

/* The calling thread's device, and what it was lost to. */
int hip_current(struct fake_device **device);

/* The whole of a function: the value of the expression, unless the call fails before. IN: with the thread's
 * device. */
#define CALL(...)                           \
    do {                                    \
        int code_ = fake_begin(__func__);   \
        if (!code_) code_ = (__VA_ARGS__);  \
        return (hipError_t)fake_end(code_); \
    } while (0)
#define IN(...)                                   \
    do {                                          \
        struct fake_device *device = NULL;        \
        int code_ = fake_begin(__func__);         \
        if (!code_) code_ = hip_current(&device); \
        if (!code_) code_ = (__VA_ARGS__);        \
        return (hipError_t)fake_end(code_);       \
    } while (0)

#endif
