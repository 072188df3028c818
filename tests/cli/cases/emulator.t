Kernels on an emulated GPU: what is wrong is said with kernel, block, thread and line.
$ need clang
$ mkdir broken; cp "$PROJECT"/tests/emulator/kernels/wave.* "$PROJECT"/tests/emulator/kernels/product.h broken; autotune verify --templates=broken --arch=sm_90a --emulate --sample=2 'gemm f32 nt m=3 n=9 k=40' 2> /dev/null
| wave for sm_90a, emulated: 2 ok; 1 problems, TIME
$ sed -i 's/gpu_wave_barrier();$//' broken/wave.hip; autotune verify --templates=broken --arch=sm_90a --emulate --sample=2 'gemm f32 nt m=3 n=9 k=40' 2> /dev/null
| wave for sm_90a, emulated: 1 ok, 1 nondeterministic; 1 problems, TIME
|   nondeterministic: race: writes 16 bytes of shared memory at 16, which thread (0,0,0) read at wave.hip:57; wave.hip:54 in wave, block (0,0,0), thread (1,0,0) (gemm f32 nt m=1 n=1 k=1, integers, variant 0)
|     gemm f32 nt m=3 n=9 k=40 REDUCE=scratch
? 1
$ sed -n 54,56p broken/wave.hip
|     gpu_store16(scratch + gpu_lane() * ACROSS, mine);
|     
|     if (gpu_lane() < ACROSS)
