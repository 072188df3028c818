$ need json fakes
GPUs, as fake drivers have them: they come before the CPU.
$ LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_FAKE='devices=2' autotune devices 2>/dev/null | sed 's/  */ /g' | head -3
| device name class nickname units cache memory
| cuda:0 NVIDIA H100 SXM sm_90a:132:3350 h100_sxm 132 50.0 MiB 1.00 GiB
| cuda:1 NVIDIA H100 SXM sm_90a:132:3350 h100_sxm 132 50.0 MiB 1.00 GiB
$ LD_LIBRARY_PATH=$(fake_drivers hip) autotune devices --json | json devices.0.device devices.0.class devices.0.facts.wave_size
| "hip:0"
| "gfx942:304:5300"
| 64

Drivers without a GPU, and too old ones, say what is the matter.
$ LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_FAKE='devices=0' autotune --device=cuda 'gemm f32 m=1 n=1 k=1'
! autotune: cuInit: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected); there is no GPU here that this driver can use
? 3
$ LD_LIBRARY_PATH=$(fake_drivers cuda) CUDA_VISIBLE_DEVICES= autotune --device=cuda 'gemm f32 m=1 n=1 k=1'
! autotune: cuInit: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected); CUDA_VISIBLE_DEVICES='' leaves no GPU that this driver can use
? 3
$ LD_LIBRARY_PATH=$(fake_drivers cuda) autotune --gpus=some 'gemm f32 m=1 n=1 k=1'
! autotune: --gpus=some: only 'all' is known; --device=cuda:1 names one
? 2
$ LD_LIBRARY_PATH=$(fake_drivers cuda-old) autotune doctor | grep -c 'cuda: libcuda.so.1 has no cuGraphInstantiateWithFlags: the NVIDIA driver is too old'
| 1

One that cannot be opened is left out, and named to those who ask for it.
$ LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_FAKE='fail=cuDevicePrimaryCtxRetain:CUDA_ERROR_OUT_OF_MEMORY' autotune --dry-run --json 'gemm f32 m=4 n=5 k=6' | json summary.problems
| 1
! autotune: cuda:0: cuDevicePrimaryCtxRetain of device 0: CUDA_ERROR_OUT_OF_MEMORY (out of memory); left out
$ LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_FAKE='fail=cuDevicePrimaryCtxRetain:CUDA_ERROR_OUT_OF_MEMORY' autotune --dry-run --arch=sm_90a 'gemm f32 m=4 n=5 k=6'
! autotune: cuda:0: cuDevicePrimaryCtxRetain of device 0: CUDA_ERROR_OUT_OF_MEMORY (out of memory); left out
! autotune: --arch=sm_90a: no such device here that can be used; found: cpu:0 (CLASS); cuda:0: cuDevicePrimaryCtxRetain of device 0: CUDA_ERROR_OUT_OF_MEMORY (out of memory)
? 3

A part of a GPU (MIG) is a device class of its own.
$ LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_FAKE='name=NVIDIA H100 80GB HBM3 MIG 1g.10gb;units=16;memory=10468982784;bus_bits=640;l2_bytes=6553600' autotune devices 2>/dev/null | grep MIG | sed 's/  */ /g'
| cuda:0 NVIDIA H100 80GB HBM3 MIG 1g.10gb sm_90a:16:523 - 16 6.25 MiB 9.75 GiB

Two GPUs side by side, into one book.
$ LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_FAKE='devices=2' autotune --gpus=all --dry-run --json 'gemm f32 m=4 n=5 k=6' 2>/dev/null | json summary.problems problems.0.class problems.1.class
| 2
| "sm_90a:132:3350"
| "sm_90a:132:3350"

NVML tells the moment's clock, temperature, power and load.
$ LD_LIBRARY_PATH=$(fake_drivers cuda):$(fake_drivers nvml) TUNEBOOK_FAKE_NVML='clock=1755;temperature=41;power=350;foreign=30' autotune doctor | grep telemetry
| advice   telemetry       cuda:0 1755 MHz, 41 C, 350 W, others take 30.0 %

AMD's libraries do; what is divided is a class of its own; and a runtime without a device says so.
$ LD_LIBRARY_PATH=$(fake_drivers hip):$(fake_drivers amd_smi) TUNEBOOK_FAKE_SMI='clock=1987;temperature=55;power=650' autotune doctor | grep telemetry
| ok       telemetry       hip:0 1987 MHz, 55 C, 650 W, others take 0.0 %
$ LD_LIBRARY_PATH=$(fake_drivers hip6):$(fake_drivers rocm_smi) TUNEBOOK_FAKE_SMI='clock=1987;temperature=55;power=650;rocm=6' autotune doctor | grep 'telemetry\|^ok.*driver'
| ok       driver          hip:0 hip_runtime=6.4.43482,hip_target=gfx942:sramecc+:xnack-
| ok       telemetry       hip:0 1987 MHz, 55 C, 650 W, others take 0.0 %
$ LD_LIBRARY_PATH=$(fake_drivers hip6) TUNEBOOK_FAKE='features=sramecc+:xnack+' autotune doctor | grep -A1 'xnack+$'
| advice   driver          hip:0 hip_runtime=6.4.43482,hip_target=gfx942:sramecc+:xnack+
|                          -> page faults may be replayed (xnack+): kernels are slower than under xnack-; unset HSA_XNACK unless the engine runs so too
$ LD_LIBRARY_PATH=$(fake_drivers hip6) TUNEBOOK_FAKE='units=38' autotune devices 2>/dev/null | sed 's/  */ /g' | sed -n 2p
| hip:0 AMD Instinct MI300X gfx942:38:662 mi300x_cpx 38 256 MiB 1.00 GiB
$ LD_LIBRARY_PATH=$(fake_drivers hip) TUNEBOOK_FAKE='devices=0' autotune --device=hip 'gemm f32 m=1 n=1 k=1' 2>&1 | grep -o '^autotune: hipGetDeviceCount: hipErrorNoDevice (no ROCm-capable device is detected); '
| autotune: hipGetDeviceCount: hipErrorNoDevice (no ROCm-capable device is detected); 

A compiler without the target is named, and so is what ended it.
$ LD_LIBRARY_PATH=$(fake_drivers hip6) TUNEBOOK_HIPRTC=$(fake_drivers hiprtc)/libhiprtc.so TUNEBOOK_FAKE_HIPRTC='targets=gfx90a' TUNEBOOK_CLANG=/nowhere/clang autotune --device=hip 'gemm f32 m=4 n=5 k=6' 2>&1 | grep -o "this hiprtc makes no code for gfx942: the compiler's process ended by signal 6 (Aborted): fake hiprtc: unknown target gfx942; clang: TUNEBOOK_CLANG=/nowhere/clang"
| this hiprtc makes no code for gfx942: the compiler's process ended by signal 6 (Aborted): fake hiprtc: unknown target gfx942; clang: TUNEBOOK_CLANG=/nowhere/clang
