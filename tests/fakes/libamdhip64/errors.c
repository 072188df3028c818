/* The numbers, names and texts of the errors that the fake knows. */
#include "tests/fakes/libamdhip64/face.h"

#define CODE(name, text)  \
    {                     \
        name, #name, text \
    }
static const struct fake_code codes[] = {
    CODE(hipSuccess, "no error"),
    CODE(hipErrorInvalidValue, "invalid argument"),
    CODE(hipErrorOutOfMemory, "out of memory"),
    CODE(hipErrorNotInitialized, "initialization error"),
    CODE(hipErrorInsufficientDriver, "driver version is insufficient for runtime version"),
    CODE(hipErrorNoDevice, "no ROCm-capable device is detected"),
    CODE(hipErrorInvalidDevice, "invalid device ordinal"),
    CODE(hipErrorInvalidImage, "device kernel image is invalid"),
    CODE(hipErrorInvalidContext, "invalid device context"),
    CODE(hipErrorNoBinaryForGpu, "no kernel image is available for execution on the device"),
    CODE(hipErrorInvalidHandle, "invalid resource handle"),
    CODE(hipErrorNotFound, "named symbol not found"),
    CODE(hipErrorNotReady, "device not ready"),
    CODE(hipErrorIllegalAddress, "an illegal memory access was encountered"),
    CODE(hipErrorLaunchOutOfResources, "out of resources"),
    CODE(hipErrorLaunchTimeOut, "the launch timed out and was terminated"),
    CODE(hipErrorLaunchFailure, "unspecified launch failure"),
    CODE(hipErrorCooperativeLaunchTooLarge, "too many blocks in cooperative launch"),
    CODE(hipErrorNotSupported, "operation not supported"),
    CODE(hipErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    CODE(hipErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture"),
    CODE(hipErrorStreamCaptureUnmatched, "the capture was not initiated in this stream"),
    CODE(hipErrorUnknown, "unknown error"),
    {0, NULL, NULL},
};

/* HIP has no error of its own for a misaligned access, and no word is needed for shared memory. */
const struct fake_face fake_face = {
    .target = "mi300x", .misaligned = hipErrorLaunchFailure, .shared_by_default = UINT32_MAX, .codes = codes};

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours " is not " #theirs)
SAME(FAKE_INVALID_VALUE, hipErrorInvalidValue);
SAME(FAKE_OUT_OF_MEMORY, hipErrorOutOfMemory);
SAME(FAKE_NOT_INITIALIZED, hipErrorNotInitialized);
SAME(FAKE_NO_DEVICE, hipErrorNoDevice);
SAME(FAKE_INVALID_DEVICE, hipErrorInvalidDevice);
SAME(FAKE_INVALID_IMAGE, hipErrorInvalidImage);
SAME(FAKE_INVALID_CONTEXT, hipErrorInvalidContext);
SAME(FAKE_INVALID_HANDLE, hipErrorInvalidHandle);
SAME(FAKE_NOT_FOUND, hipErrorNotFound);
SAME(FAKE_NOT_READY, hipErrorNotReady);
SAME(FAKE_ILLEGAL_ADDRESS, hipErrorIllegalAddress);
SAME(FAKE_LAUNCH_TIMEOUT, hipErrorLaunchTimeOut);
SAME(FAKE_LAUNCH_FAILED, hipErrorLaunchFailure);
SAME(FAKE_TOO_LARGE, hipErrorCooperativeLaunchTooLarge);
SAME(FAKE_CAPTURE_UNSUPPORTED, hipErrorStreamCaptureUnsupported);
SAME(FAKE_CAPTURE_INVALIDATED, hipErrorStreamCaptureInvalidated);
SAME(FAKE_CAPTURE_UNMATCHED, hipErrorStreamCaptureUnmatched);
