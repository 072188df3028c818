Parts of a sweep are all of it, each problem once, in whatever order the command line lists them.
$ for i in 1 2 3; do autotune --dry-run --json --shard=$i/3 gemm f32 nn m=1..8+1 n=64 k=64 2>> notes | python3 -c 'import json, sys; print(*sorted(r["problem"] for r in json.load(sys.stdin)["problems"]), sep="\n")' | tee part$i | wc -l | tr -d ' '; done
| 3
| 3
| 2
$ sort part1 part2 part3 | uniq -c | awk '{ n[$1]++ } END { for (i in n) print i, n[i] }'; cat notes
| 1 8
| autotune: shard 1 of 3: 3 of 8 problems
| autotune: shard 2 of 3: 3 of 8 problems
| autotune: shard 3 of 3: 2 of 8 problems
$ autotune --dry-run --json --shard=2/3 gemm f32 nn m=8,7,6,5,4,3,2,1 n=64 k=64 2> /dev/null | python3 -c 'import json, sys; print(*sorted(r["problem"] for r in json.load(sys.stdin)["problems"]), sep="\n")' | diff - part2
Schedulers' numbers.
$ SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_STEP=2 autotune --dry-run --json --shard=auto gemm f32 nn m=1..8+1 n=64 k=64 2>&1 > /dev/null | head -1
| autotune: shard 3 of 4: 2 of 8 problems
$ OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 autotune --dry-run --json --shard=auto gemm f32 nn m=1..8+1 n=64 k=64 2>&1 > /dev/null | head -1
| autotune: shard 1 of 2: 4 of 8 problems
$ JOB_COMPLETION_INDEX=7 autotune --dry-run --json --shard=auto/8 gemm f32 nn m=1..8+1 n=64 k=64 2>&1 > /dev/null | head -1
| autotune: shard 8 of 8: 1 of 8 problems
More jobs than problems: nothing to do is no failure.
$ autotune --dry-run --json --shard=3/3 gemm f32 nn m=1,2 n=64 k=64 2> note > out.json; echo $?; cat note
| 0
| autotune: shard 3 of 3: 0 of 2 problems
What cannot be.
$ autotune --dry-run --shard=0/3 gemm f32 nn m=1 n=64 k=64
! autotune: --shard=0/3: shards of 3 are numbered 1 to 3
? 2
$ autotune --dry-run --shard=4/3 gemm f32 nn m=1 n=64 k=64
! autotune: --shard=4/3: shards of 3 are numbered 1 to 3
? 2
$ autotune --dry-run --shard=2 gemm f32 nn m=1 n=64 k=64
! autotune: --shard=2: write I/N (1/8 ... 8/8), auto or auto/N
? 2
$ autotune --dry-run --shard=auto gemm f32 nn m=1 n=64 k=64
! autotune: --shard=auto: no scheduler has set SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or OMPI_COMM_WORLD_RANK; write --shard=1/8
? 2
$ JOB_COMPLETION_INDEX=7 autotune --dry-run --shard=auto gemm f32 nn m=1 n=64 k=64
! autotune: --shard=auto: JOB_COMPLETION_INDEX does not say of how many; write --shard=auto/N, N the jobs
? 2
$ JOB_COMPLETION_INDEX=8 autotune --dry-run --shard=auto/8 gemm f32 nn m=1 n=64 k=64
! autotune: --shard=auto: JOB_COMPLETION_INDEX is 8, which is none of 8 shards
? 2
$ SLURM_ARRAY_TASK_ID=x SLURM_ARRAY_TASK_COUNT=4 autotune --dry-run --shard=auto gemm f32 nn m=1 n=64 k=64
! autotune: --shard=auto: SLURM_ARRAY_TASK_ID is 'x', which is no number
? 2
