Devices that are not here.
$ autotune lookup --arch=gfx942 gemm f32 m=1 n=1 k=1
! autotune: --arch=gfx942: no such device here; found: cpu:0 (CLASS) (without one, 'autotune --predict' fills a book for it, and 'autotune verify --emulate' checks its kernels)
? 3
$ autotune --arch=gfx943 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=gfx943: unknown target; did you mean 'gfx942'? found here: cpu:0 (CLASS)
? 2
$ autotune --arch=zzzzz 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=zzzzz: unknown target; found here: cpu:0 (CLASS)
? 2
$ autotune --arch=mi300x 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=mi300x: a device class, not a target; --class=mi300x or --arch=gfx942
? 2
$ autotune --arch=gfx942:304:5300 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=gfx942:304:5300: a device class, not a target; --class=gfx942:304:5300 or --arch=gfx942
? 2
$ autotune --class=mi300x 'gemm f32 m=1 n=1 k=1'
! autotune: --class=mi300x: no such device here; found: cpu:0 (CLASS) (without one, 'autotune --predict' fills a book for it, and 'autotune verify --emulate' checks its kernels)
? 3
$ autotune --class=mi300z 'gemm f32 m=1 n=1 k=1'
! autotune: --class=mi300z: unknown device class; did you mean 'mi300x'? a class is a name such as mi300x or target:units:GB/s
? 2
$ autotune --class=gfx942:304:5300 'gemm f32 m=1 n=1 k=1'
! autotune: --class=gfx942:304:5300: no such device here; found: cpu:0 (CLASS) (without one, 'autotune --predict' fills a book for it, and 'autotune verify --emulate' checks its kernels)
? 3
$ autotune --class=zzzzzzzzz 'gemm f32 m=1 n=1 k=1'
! autotune: --class=zzzzzzzzz: unknown device class; a class is a name such as mi300x or target:units:GB/s
? 2
$ autotune --device=cpuu 'gemm f32 m=1 n=1 k=1'
! autotune: --device=cpuu: unknown backend 'cpuu'; did you mean 'cpu'
? 2
$ autotune --device=cpu:7 'gemm f32 m=1 n=1 k=1'
! autotune: --device=cpu:7: no such device here; found: cpu:0 (CLASS)
? 3
$ autotune --device=cpu:x 'gemm f32 m=1 n=1 k=1'
! autotune: --device=cpu:x: 'x' is no device number; cpu:0 is the first
? 2

Devices that are.
$ autotune devices --json | json '*' devices.0.device 'devices.0.facts.units' 'backends.0.backend' | sed 's/^[0-9]*$/NUMBER/'
| devices backends
| "cpu:0"
| NUMBER
| "cpu"
$ autotune --device=cpu:0 --dry-run --json 'gemm f32 nn m=8 n=8 k=8' | json problems.0.class
| "CLASS"
$ autotune devices --threads=1 --json | json devices.0.facts.units
| 1
$ autotune devices --json | json backends.0.backend backends.1.backend backends.2.backend
| "cpu"
| "cuda"
| "hip"
