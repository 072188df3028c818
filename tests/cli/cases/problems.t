Problem texts.
$ autotune lookup gem f32 m=1 n=1 k=1
! autotune: problem: unknown op 'gem'; did you mean 'gemm'?
? 2
$ autotune 'gem f32 m=1 n=1 k=1'
! autotune: problem: unknown op 'gem'; did you mean 'gemm'?
? 2
$ autotune --op=gem --dtype=f32 --shape=m=1,n=1,k=1
! autotune: --op=gem: unknown op; did you mean 'gemm'?
? 2
$ autotune lookup gemm f33 m=1 n=1 k=1
! autotune: gemm: unknown word 'f33'; did you mean 'f32'?
? 2
$ autotune lookup gemm f32 nx m=1 n=1 k=1
! autotune: gemm: unknown word 'nx'; did you mean 'nn'?
? 2
$ autotune lookup gemm f32 bias+gelo m=1 n=1 k=1
! autotune: gemm: unknown word 'bias+gelo'; the fields are: a_type b_type d_type acc_type layout act bias align_a align_b align_c align_d m n k batch
? 2
$ autotune lookup gemm f32 m=1 n=1 q=1
! autotune: gemm: unknown field 'q'; the fields are: a_type b_type d_type acc_type layout act bias align_a align_b align_c align_d m n k batch
? 2
$ autotune lookup gemm f32 m=0 n=1 k=1
! autotune: gemm: m=0 is out of range; it lies in 1..2147483647
? 2
$ autotune lookup gemm f32 m=-4 n=1 k=1
! autotune: gemm: m=-4 is out of range; it lies in 1..2147483647
? 2
$ autotune lookup gemm f32 m=99999999999999999999 n=1 k=1
! autotune: gemm: m=99999999999999999999 is too large; it lies in 1..2147483647
? 2
$ autotune lookup gemm f32 m=2147483647 n=2147483647 k=2147483647 batch=2147483647
! autotune: gemm: operand a (2147483647 x 2147483647, batch 2147483647) exceeds 2^62 bytes
? 2
$ autotune lookup gemm f32 m=1 n=1
! autotune: gemm: k is missing; write k=VALUE
? 2
$ autotune lookup gemm f32 m=1 n=1 k
! autotune: gemm: 'k' needs a value: write k=VALUE
? 2
$ autotune lookup gemm f32 m=1 n=1 k=x
! autotune: gemm: k='x' is not a whole number; it lies in 1..2147483647
? 2
$ autotune lookup gemm m=1 n=1 k=1
! autotune: gemm: a_type is missing; write a type such as bf16
? 2
$ autotune lookup ''
! autotune: problem: empty; write for example 'gemm bf16 nt m=16 n=4096 k=4096'
? 2

Lists and ranges.
$ autotune --shape=m=1..n=2,k=3 --dtype=f32
! autotune: --shape=m=1..n=2,k=3: '1..n=2' is no range; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR
? 2
$ autotune --shape=m=8..1,n=2,k=3 --dtype=f32
! autotune: --shape=m=8..1,n=2,k=3: the range '8..1' is empty or endless; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR
? 2
$ autotune --shape=m=1..8*1,n=2,k=3 --dtype=f32
! autotune: --shape=m=1..8*1,n=2,k=3: the range '1..8*1' is empty or endless; write LOW..HIGH, LOW..HIGH+STEP or LOW..HIGH*FACTOR
? 2
$ autotune --shape=m=0..8,n=2,k=3 --dtype=f32
! autotune: --shape=m=0..8,n=2,k=3: gemm: m=0 is out of range; it lies in 1..2147483647
? 2
$ autotune --shape=m=1..100000,n=1..100000,k=3 --dtype=f32
! autotune: --shape=m=1..100000,n=1..100000,k=3: the ranges make more than 100000 problems; narrow them
? 2
$ autotune --dtype=f32 --layout=nx --shape=m=1,n=2,k=3
! autotune: --shape=m=1,n=2,k=3: gemm: unknown word 'nx'; did you mean 'nn'?
? 2
$ autotune --dtype=f32 --layout=nn --layout=nt --epilogue=none --shape=m=1..4*2,n=16,k=16 --shape=m=5,6,n=16,k=16 --dry-run --json | json problems.# problems.0.problem problems.9.problem
| 10
| "gemm f32 nn m=1 n=16 k=16"
| "gemm f32 nt m=6 n=16 k=16"

Files of problems.
$ autotune --shapes=missing.txt
! autotune: cannot open missing.txt: No such file or directory
? 5
$ printf '# comment\ngemm f32 m=1 n=2 k=3\ngemm f32 m=1 n=2 k=0\n' > shapes.txt; autotune --shapes=shapes.txt
! autotune: shapes.txt:3: gemm: k=0 is out of range; it lies in 1..2147483647
? 4
$ printf 'gemm f32 nn m=1,2 n=2 k=3 calls=7\n\ngemm f32 nn m=1 n=2 k=3\n' > good.txt; autotune --shapes=good.txt --dry-run --json | json problems.# problems.0.calls
| 2
| 8
$ autotune --shapes=.
! autotune: cannot read .: it is a folder, not a regular file
? 4

Models.
$ autotune --model=llama-3-8c
! autotune: unknown model 'llama-3-8c'; did you mean 'llama-3-8b'?
? 2
$ autotune --model=zzz
! autotune: unknown model 'zzz'; there are deepseek-v3, gpt-oss-120b, llama-3-405b, llama-3-70b, llama-3-8b, llama-3.2-1b, qwen3-32b
? 2
$ autotune --model=llama-3-8b@tp3
! autotune: model 'llama-3-8b@tp3': tp3 does not divide it; there are @tp1 @tp2 @tp4 @tp8
? 2
$ autotune --model=llama-3-8b@two
! autotune: model 'llama-3-8b@two': what follows '@' is tpN, such as @tp2
? 2
$ autotune --model=llama-3-8b --phase=decoding
! autotune: unknown phase 'decoding'; it is prefill or decode
? 2
$ autotune --model=llama-3-8b --dtype=f33
! autotune: llama-3-8b: qkv: gemm: unknown word 'f33'; did you mean 'f32'?
? 2
$ autotune --model=llama-3-8b --op=gem
! autotune: --op=gem: unknown op; did you mean 'gemm'?
? 2

Strategies and budgets.
$ autotune --strategy=lokal 'gemm f32 m=1 n=1 k=1'
! autotune: --strategy: unknown strategy 'lokal'; did you mean 'local'?
? 2
$ autotune --strategy=zzzzzzz 'gemm f32 m=1 n=1 k=1'
! autotune: --strategy: unknown strategy 'zzzzzzz'; known: auto, local, random, annealing, genetic, model, exhaustive
? 2
$ autotune --budget=0 'gemm f32 m=1 n=1 k=1'
! autotune: --budget=0: bad budget '0': a time for the sweep (60s, 5m, 1h), trials per problem (500) or a share of each space (10%)
? 2
$ autotune --budget=-3s 'gemm f32 m=1 n=1 k=1'
! autotune: --budget=-3s: bad budget '-3s': a time for the sweep (60s, 5m, 1h), trials per problem (500) or a share of each space (10%)
? 2
$ autotune --budget=60x 'gemm f32 m=1 n=1 k=1'
! autotune: --budget=60x: bad budget '60x': a time for the sweep (60s, 5m, 1h), trials per problem (500) or a share of each space (10%)
? 2
$ autotune --budget=200% 'gemm f32 m=1 n=1 k=1'
! autotune: --budget=200%: bad budget '200%': a time for the sweep (60s, 5m, 1h), trials per problem (500) or a share of each space (10%)
? 2

Nothing was written by any of them.
$ find . -name '*.book*'

A kernel that sums in f32 is not for problems that want other sums.
$ autotune --dry-run gemm f32 acc=f64 m=1 n=1 k=1
| problem                          configurations  raw combinations  note
| gemm f32 acc=f64 nn m=1 n=1 k=1               0                 0  gemm_skinny_cpu: accepts only acc_type == f32; gemm_cpu: accepts only acc_type == f32
! autotune: gemm f32 acc=f64 nn m=1 n=1 k=1: no kernel: gemm_skinny_cpu: accepts only acc_type == f32; gemm_cpu: accepts only acc_type == f32
? 1
