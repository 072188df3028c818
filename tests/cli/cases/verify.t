Verification without a sweep: what it takes, and what is off.
$ autotune verify --emulate
! autotune: --emulate: which GPU? say --arch=gfx942, or --class=mi300x
? 2
$ autotune verify --arch=gfx94 --emulate
! autotune: --arch=gfx94: no GPU that can be emulated; did you mean 'gfx942'?
? 2
What a driver puts behind the name makes no other target of it; what it cannot say is refused.
$ autotune verify --arch=gfx942:sramecc+:xnack- --class=mi300x --emulate
! autotune: --emulate: --arch or --class, not both
? 2
$ autotune verify --arch=gfx942:xnak- --emulate
! autotune: --arch=gfx942:xnak-: gfx942 has no feature 'xnak-'; did you mean xnack+ or xnack-
? 2
$ autotune verify --arch=gfx943:xnack- --emulate
! autotune: --arch=gfx943:xnack-: unknown GPU target 'gfx943'; did you mean 'gfx942'?
? 2
$ autotune verify --arch=gfx942 --class=mi300x --emulate
! autotune: --emulate: --arch or --class, not both
? 2
$ autotune verify --order=backward
! autotune: --order=backward: forward or reverse
? 2
$ autotune verify --order=reverse
! autotune: --order=reverse: a device orders threads as it likes; say --emulate, too
? 2
$ autotune verify --device=cpu --arch=gfx942 --emulate
! autotune: --device=cpu names a device here; --emulate stands for one that is not: say --arch or --class
? 2
$ autotune verify --template=gemm_cpv
! autotune: gemm_cpv: unknown template; did you mean 'gemm_cpu'?
? 2
$ autotune verify --sample=0
! autotune: --sample=0: not a whole number from 1 to 1000000
? 2
$ autotune verify --template=gemm_cpu 'gemm f64 m=8 n=8 k=8'
! autotune: nothing to verify: gemm_cpu: accepts none of the problems: a_type == f32 || a_type == bf16
? 3

A sample on the CPU: the default, and no configuration twice.
$ autotune verify --template=gemm_cpu --sample=2 --json 'gemm f32 nn m=9 n=10 k=11' 2>/dev/null | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["template"], d["verdicts"], d["failures"], d["problems"])'
| gemm_cpu {'ok': 2} [] 1
