#include "tuner/device/cuda_driver.h"

struct cuda_functions cuda;

static const struct gpu_symbol symbols[] = {
#define CUDA(symbol, parameters)       {#symbol, false},
#define CUDA_NEWER(symbol, parameters) {#symbol, true},
    CUDA_FUNCTIONS(CUDA, CUDA_NEWER)
#undef CUDA
#undef CUDA_NEWER
};
enum { N_SYMBOLS = sizeof symbols / sizeof symbols[0] };
_Static_assert(sizeof cuda == N_SYMBOLS * sizeof(void *), "a function pointer is a pointer here");

static const char *const names[] = {"libcuda.so.1", NULL};
static struct gpu_library library = {
    .names = names,
    .advice = "no NVIDIA driver: install the one for the GPU, from the distribution (Debian: nvidia-driver) "
              "or nvidia.com",
    .too_old = "the NVIDIA driver is too old; CUDA 11.4's, 470, or a newer one is needed",
    .symbols = symbols,
    .functions = (void **)&cuda,
    .n_symbols = N_SYMBOLS,
    .mutex = PTHREAD_MUTEX_INITIALIZER,
};

const char *cuda_error_name(unsigned code)
{
    const char *name = NULL;
    return cuda.cuGetErrorName(code, &name) == GPU_OK ? name : NULL;
}

const char *cuda_error_text(unsigned code)
{
    const char *text = NULL;
    return cuda.cuGetErrorString(code, &text) == GPU_OK ? text : NULL;
}

enum status cuda_open(void)
{
    TRY(gpu_library_open(&library));
    return gpu_library_claim(&library, "CUDA");
}
