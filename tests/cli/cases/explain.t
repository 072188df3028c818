A configuration that no book has: what is asked has to make sense.
$ autotune explain --configuration=TILE_M=64 'gemm bf16 nt m=64 n=64 k=64'
! autotune: --configuration=TILE_M=64: of which template? say --template, too
? 2
$ autotune explain --arch=gfx94 --template=gemm_mfma 'gemm bf16 nt m=64 n=64 k=64'
! autotune: --arch=gfx94: no GPU that can be emulated; did you mean 'gfx942'?
? 2
$ autotune explain --arch=gfx942 --class=mi300x --template=gemm_mfma 'gemm bf16 nt m=64 n=64 k=64'
! autotune: --arch or --class, not both: each names a GPU that is not here
? 2
$ autotune explain --arch=gfx942 --template=gemm_mfna 'gemm bf16 nt m=64 n=64 k=64'
! autotune: gemm_mfna: unknown template; did you mean 'gemm_mfma'?
? 2

A kernel for a GPU that is not here: compiled, and summed up. The conflicts are counted by the emulator.
$ need clang-22 llvm-objdump-22 json
$ autotune explain --arch=gfx942 --template=gemm_mfma --configuration=TILE_M=3 'gemm bf16 nt m=256 n=256 k=1024'
! autotune: gemm_mfma: TILE_M=3 is not one of its values: 16, 32, 64, 96, 128, 192, 224, 256
? 2
$ autotune explain --arch=gfx942 --template=gemm_mfma --configuration=TILE_K=256,BUFFERS=2,TILE_N=256 'gemm bf16 nt m=256 n=256 k=1024'
! autotune: gemm_mfma TILE_K=256,BUFFERS=2,TILE_N=256,TILE_M=64,WAVES_M=2,WAVES_N=2,MFMA=16,SHARED=swizzle,FETCH=registers,FRAGMENTS=2,PIPELINE=mixed,BLOCKS=2,EPILOGUE=direct,SCHEDULE=grid,SPLIT_K=0,SPLIT_MODE=slices,GROUP_M=8,XCD=0: not for this problem on gfx942: line_bytes >= 64 && line_bytes <= 256 && line_bytes >= slice_bytes
? 1
$ autotune explain --arch=gfx942 --template=gemm_mfma 'gemm bf16 nt m=256 n=256 k=1024' > text; grep -c 'SIMD' text; grep 'main loop' text | sed 's/[0-9]/N/g'; grep '  LDS' text | grep -o ' 0 of it conflicts'
| 1
| main loop      matrix units busy for at most NN % of it; bound by LDS
|  0 of it conflicts
$ autotune explain --arch=gfx942 --template=gemm_mfma --configuration=SHARED=pad --json 'gemm bf16 nt m=256 n=256 k=1024' | json code.entry code.main_loop.conflicts_missing
| "gemm_mfma"
| null
$ TUNEBOOK_OBJDUMP=/nonexistent autotune explain --arch=gfx942 --template=gemm_mfma 'gemm bf16 nt m=256 n=256 k=1024' | grep -E 'main loop'
| main loop      no sum of cycles: TUNEBOOK_OBJDUMP=/nonexistent is no program that shows this code object
$ autotune explain --arch=gfx1100 --template=gemm_simt 'gemm f32 nn m=256 n=256 k=1024' | grep -E 'main loop|WGP' | sed 's/[0-9]/N/g'
| occupancy      N waves per SIMD (N blocks of N waves per WGP), limited by LDS
| main loop      no sum of cycles: cycles are known for gfxNNa, gfxNNN and gfxNNN only
