/* The numbers, names and texts of the errors that the fake knows. */
#include "tests/fakes/libcuda/face.h"

#define CODE(name, text)  \
    {                     \
        name, #name, text \
    }
static const struct fake_code codes[] = {
    CODE(CUDA_SUCCESS, "no error"),
    CODE(CUDA_ERROR_INVALID_VALUE, "invalid argument"),
    CODE(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
    CODE(CUDA_ERROR_NOT_INITIALIZED, "initialization error"),
    CODE(CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA-capable device(s) is/are busy or unavailable"),
    CODE(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected"),
    CODE(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"),
    CODE(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    CODE(CUDA_ERROR_INVALID_CONTEXT, "invalid device context"),
    CODE(CUDA_ERROR_NO_BINARY_FOR_GPU, "no kernel image is available for execution on the device"),
    CODE(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the provided PTX was compiled with an unsupported toolchain."),
    CODE(CUDA_ERROR_ECC_UNCORRECTABLE, "uncorrectable ECC error encountered"),
    CODE(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"),
    CODE(CUDA_ERROR_NOT_FOUND, "named symbol not found"),
    CODE(CUDA_ERROR_NOT_READY, "device not ready"),
    CODE(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered"),
    CODE(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "too many resources requested for launch"),
    CODE(CUDA_ERROR_LAUNCH_TIMEOUT, "the launch timed out and was terminated"),
    CODE(CUDA_ERROR_ASSERT, "device-side assert triggered"),
    CODE(CUDA_ERROR_ILLEGAL_INSTRUCTION, "an illegal instruction was encountered"),
    CODE(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"),
    CODE(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    CODE(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "too many blocks in cooperative launch"),
    CODE(CUDA_ERROR_NOT_SUPPORTED, "operation not supported"),
    CODE(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,
         "system has unsupported display driver / cuda driver combination"),
    CODE(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing"),
    CODE(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "operation failed due to a previous error during capture"),
    CODE(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "the capture was not initiated in this stream"),
    CODE(CUDA_ERROR_UNKNOWN, "unknown error"),
    {0, NULL, NULL}};

const struct fake_face fake_face = {.target = "h100_sxm",
                                    .misaligned = CUDA_ERROR_MISALIGNED_ADDRESS,
                                    .shared_by_default = 48 << 10,
                                    .codes = codes};

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours " is not " #theirs)
SAME(FAKE_INVALID_VALUE, CUDA_ERROR_INVALID_VALUE);
SAME(FAKE_OUT_OF_MEMORY, CUDA_ERROR_OUT_OF_MEMORY);
SAME(FAKE_NOT_INITIALIZED, CUDA_ERROR_NOT_INITIALIZED);
SAME(FAKE_NO_DEVICE, CUDA_ERROR_NO_DEVICE);
SAME(FAKE_INVALID_DEVICE, CUDA_ERROR_INVALID_DEVICE);
SAME(FAKE_INVALID_IMAGE, CUDA_ERROR_INVALID_IMAGE);
SAME(FAKE_INVALID_CONTEXT, CUDA_ERROR_INVALID_CONTEXT);
SAME(FAKE_INVALID_HANDLE, CUDA_ERROR_INVALID_HANDLE);
SAME(FAKE_NOT_FOUND, CUDA_ERROR_NOT_FOUND);
SAME(FAKE_NOT_READY, CUDA_ERROR_NOT_READY);
SAME(FAKE_ILLEGAL_ADDRESS, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME(FAKE_LAUNCH_TIMEOUT, CUDA_ERROR_LAUNCH_TIMEOUT);
SAME(FAKE_LAUNCH_FAILED, CUDA_ERROR_LAUNCH_FAILED);
SAME(FAKE_TOO_LARGE, CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
SAME(FAKE_CAPTURE_UNSUPPORTED, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
SAME(FAKE_CAPTURE_INVALIDATED, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
SAME(FAKE_CAPTURE_UNMATCHED, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
