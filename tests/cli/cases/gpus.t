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
$ LD_LIBRARY_PATH=$(fake_drivers cuda-old) autotune doctor | grep -c 'cuda: libcuda.so.1 has no cuGraphInstantiateWithFlags: the NVIDIA driver is too old'
| 1
