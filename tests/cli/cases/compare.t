Before and after: slower, faster, another winner within the noise, gone, new, the same.
$ need json cc
$ timed_book before.book 'm=1 n=5 k=6:1000:1' 'm=2 n=5 k=6:1000:1' 'm=3 n=5 k=6:1000:1' 'm=4 n=5 k=6:1000:1' 'm=5 n=5 k=6:1000:1' && echo made
| made
$ timed_book after.book 'm=1 n=5 k=6:1250:1' 'm=2 n=5 k=6:800:2' 'm=3 n=5 k=6:1020:2' 'm=5 n=5 k=6:1010:1' 'm=6 n=5 k=6:1000:4' && echo made
| made
$ autotune diff before.book after.book | sed 's/  */ /g'
| change ratio before after problem
| slower 1.250x TIME TIME gemm f32 nn m=1 n=5 k=6 on CLASS
| faster 0.800x TIME TIME gemm f32 nn m=2 n=5 k=6 on CLASS; winner: naive UNROLL=1,MODE=good -> naive UNROLL=2,MODE=good
| changed 1.020x~ TIME TIME gemm f32 nn m=3 n=5 k=6 on CLASS; winner: naive UNROLL=1,MODE=good -> naive UNROLL=2,MODE=good
| gone - TIME - gemm f32 nn m=4 n=5 k=6 on CLASS
| new - - TIME gemm f32 nn m=6 n=5 k=6 on CLASS
| 
| op class slower faster changed new gone same mean ratio
| gemm CLASS 1 1 1 1 1 1 1.007x
$ autotune diff before.book before.book | sed 's/  */ /g'
| op class slower faster changed new gone same mean ratio
| gemm CLASS 0 0 0 0 0 5 1.000x
$ autotune diff --all before.book before.book | head -2
| change      ratio    before     after  problem
| same      1.000x~   TIME   TIME  gemm f32 nn m=1 n=5 k=6 on CLASS
$ autotune diff --json before.book after.book | json by_op.0.slower by_op.0.same problems.0.change problems.0.ratio problems.0.outside_noise problems.0.winner_changed problems.1.after.winner problems.3.after
| 1
| 1
| "slower"
| 1.25
| true
| false
| "naive UNROLL=2,MODE=good"
| null

For CI: what got slower by more than so much, outside the noise.
$ autotune diff --fail-if-slower=3% before.book after.book > /dev/null
! autotune: 1 problems got slower by more than 3 %; the worst: gemm f32 nn m=1 n=5 k=6 on CLASS, 1.250x
? 1
$ autotune diff --fail-if-slower=25 before.book after.book > /dev/null
$ autotune diff --fail-if-slower=3% --json before.book after.book 2>/dev/null | json too_slow
| 1
$ autotune diff --fail-if-slower=3% after.book after.book > /dev/null

A model's problems alone, weighed by its calls.
$ autotune diff --model=llama-3.2-1b --dtype=f32 before.book after.book
$ autotune diff --model=llama-3.2-1b --json before.book after.book | json by_op by_model problems
| []
| []
| []
$ autotune --budget=1 --book=llama.book gemm f32 nt m=1 n=2048 k=2048 > /dev/null 2>&1; autotune diff --model=llama-3.2-1b --dtype=f32 --phase=decode --all --json llama.book llama.book | json by_model.0.model by_model.0.same by_model.0.mean_ratio problems.0.problem
| "llama-3.2-1b"
| 1
| 1
| "gemm f32 nt m=1 n=2048 k=2048"

Refused.
$ autotune diff before.book
! autotune: diff: 1 books; two are compared, the earlier one first
? 2
$ autotune diff before.book missing.book
! autotune: missing.book: no such book
? 5
$ echo 'only words' > words; autotune diff before.book words
! autotune: words: no book (not an LMDB file)
? 4
$ autotune diff --fail-if-slower=much before.book after.book
! autotune: --fail-if-slower=much: no percentage from 0 to 1000, such as 3%
? 2
$ autotune diff --phase=decode before.book after.book
! autotune: --phase: goes with --model, which is missing
? 2
$ cp after.book bad.book; tamper record bad.book; autotune diff --json before.book bad.book 2>/dev/null
? 4
