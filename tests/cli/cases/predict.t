Books for GPUs that are not here: which GPU?
$ autotune --predict 'gemm f32 m=1 n=1 k=1'
! autotune: --predict: for which GPU? say --class=mi300x, or --arch=gfx942
? 2
$ autotune --predict --arch=gfx943 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=gfx943: unknown target; did you mean 'gfx942'? a class is a name such as mi300x or target:units:GB/s
? 2
$ autotune --predict --arch=gfx942:sramecc+:xnak- 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=gfx942:sramecc+:xnak-: gfx942 has no feature 'xnak-'; did you mean xnack+ or xnack-
? 2
$ autotune --predict --arch=gfx942:sramecc+:xnack- 'gemm f32 m=1 n=1 k=1' 2>&1 | sed 's/ (AMD.*//'
| autotune: --arch=gfx942: which GPU? say --class with one of mi300x
$ autotune --predict --arch=mi300x 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=mi300x: a device class, not a target; --class=mi300x or --arch=gfx942
? 2
$ autotune --predict --arch=x86-64-v4 'gemm f32 m=1 n=1 k=1'
! autotune: --arch=x86-64-v4: --predict is for GPUs; a CPU is tuned where it is
? 2
$ autotune --predict --arch=gfx1250 'gemm f32 m=1 n=1 k=1' 2>&1 | cut -c1-60
| autotune: --arch=gfx1250: no product with it is known; say -
$ autotune --predict --class=mi300z 'gemm f32 m=1 n=1 k=1'
! autotune: --class=mi300z: unknown device class; did you mean 'mi300x'? a class is a name such as mi300x or target:units:GB/s
? 2
$ autotune --predict --class=gfx9421:304:5300 'gemm f32 m=1 n=1 k=1'
! autotune: --class=gfx9421:304:5300: unknown target; did you mean 'gfx942'? a class is a name such as mi300x or target:units:GB/s
? 2
$ autotune --predict --class=mi300x --arch=gfx950 'gemm f32 m=1 n=1 k=1'
! autotune: --class=mi300x is of target gfx942, not of --arch=gfx950
? 2

What would be without effect; nothing to do; no compiler.
$ autotune --predict --class=mi300x
! autotune: nothing to predict: name a PROBLEM ('gemm bf16 nt m=16 n=4096 k=4096'), --model=NAME or --shapes=FILE; see 'autotune --help'
? 2
$ autotune --predict --class=mi300x --budget=60s 'gemm f32 m=1 n=1 k=1'
! autotune: --budget: goes without --predict, which asks no device
? 2
$ autotune --predict --confirm --class=mi300x 'gemm f32 m=1 n=1 k=1'
! autotune: --confirm: goes without --predict, which asks no device
? 2
$ TUNEBOOK_CLANG=/nowhere/clang TUNEBOOK_HIPRTC=/nowhere/libhiprtc.so autotune --predict --class=mi300x --book=none.book 'gemm f32 m=1 n=1 k=1' 2>&1 | grep -c 'no compiler.*gfx942.*clang'; ls none.book
| 1
! ls: cannot access 'none.book': No such file or directory
? 2

Confirming: no book, an empty one, no such device.
$ autotune --confirm --book=nothing.book
! autotune: nothing.book: no such book
? 5
$ make_book tuned.book; autotune --confirm --book=tuned.book 'gemm f32 nn m=9 n=9 k=9'
! autotune: tuned.book: nothing to confirm: it has no record of these problems; 'autotune --predict' fills a book
? 1
$ autotune --confirm --book=tuned.book --budget=60s
! autotune: --budget: goes without --confirm, which searches nothing
? 2
$ autotune --confirm --templates="$CASES/templates" --book=tuned.book | sed 's/in TIME/in TIME/'
| 0 problems confirmed in TIME, 1 were up to date; 0 trials

Nothing is measured, and everything says so. The same again finds all of it done.
$ need clang json
$ autotune --predict --class=mi300x --book=p.book --json 'gemm f32 nt m=20 n=24 k=32' 2>/dev/null > p.json; json class evidence problems.0.problem summary.predicted summary.entries < p.json
| "gfx942:304:5300"
| "predicted"
| "gemm f32 nt m=20 n=24 k=32"
| 1
| 3
$ autotune --predict --class=mi300x --book=p.book --json 'gemm f32 nt m=20 n=24 k=32' 2>/dev/null | json summary.entries summary.compiled summary.emulated
| 3
| 0
| 0
$ autotune show --book=p.book | tail -1 | grep -o 'gfx942:304:5300 .* predicted *3 *gemm_simt' | tr -s ' '
| gfx942:304:5300 TIME - - predicted 3 gemm_simt

As a program would be answered there, without the GPU.
$ autotune lookup --class=mi300x --book=p.book --json 'gemm f32 nt m=20 n=24 k=32' | json match evidence template
| "exact"
| "predicted"
| "gemm_simt"
! autotune: gfx942:304:5300 is not here: this is what a program there would get from these books
$ autotune explain --class=mi300x --book=p.book --json 'gemm f32 nt m=24 n=24 k=32' 2>/dev/null | json class device_here match environment neighbours.near neighbours.records.0.usable improve.0.command
| "gfx942:304:5300"
| false
| "near_shape"
| null
| 1
| 3
| "autotune --predict --class=gfx942:304:5300 'gemm f32 nt m=24 n=24 k=32'"
$ autotune lookup --class=mi325x --book=p.book --json 'gemm f32 nt m=20 n=24 k=32' 2>/dev/null | json match
| "sibling_class"
$ autotune lookup --class=mi300z --book=p.book 'gemm f32 nt m=20 n=24 k=32'
! autotune: --class=mi300z: unknown device class; did you mean 'mi300x'? a class is a name such as mi300x or target:units:GB/s
? 2
$ autotune show --book=p.book --json | json records.0.entries.1.configuration | tr -d '"' > second; cp p.book pinned.book; USER=ada autotune pin --class=mi300x --book=pinned.book 'gemm f32 nt m=20 n=24 k=32' "$(cat second)" --json 2>/dev/null | json tried_now by; autotune lookup --class=mi300x --book=pinned.book --json 'gemm f32 nt m=20 n=24 k=32' 2>/dev/null | json configuration | tr -d '"' | cmp - second && echo the second
| false
| "ada"
| the second
$ autotune pin --class=mi300x --book=pinned.book --template=gemm_simt 'gemm f32 nt m=20 n=24 k=32' TILE_M=32 2>&1 | tail -1
| autotune: not pinned: no record has it, and gfx942:304:5300 is not here to try it on; give this command where it is
$ autotune bench --class=mi300x --book=p.book 'gemm f32 nt m=20 n=24 k=32'
! autotune: --class=mi300x: no such device here; found: cpu:0 (CLASS) (without one, 'autotune --predict' fills a book for it, and 'autotune verify --emulate' checks its kernels)
? 3

$ autotune export --format=records p.book > p.jsonl; sed 's/"configuration":"[^"]*"/"configuration":C/; s/"source":"[^"]*"/"source":S/; s/"predicted_ns":[0-9]*/"predicted_ns":N/' p.jsonl; autotune freeze --records=p.jsonl -o frozen.book 2>/dev/null | sed 's/, [0-9.]* KiB//'; autotune show --book=frozen.book | tail -1 | grep -o 'predicted *1 *gemm_simt' | tr -s ' '; autotune export --format=records frozen.book | cmp - p.jsonl
| {"problem":"gemm f32 nt m=20 n=24 k=32","class":"gfx942:304:5300","baseline":"","baseline_ns":0,"default_ns":0,"entries":[{"template":"gemm_simt","configuration":C,"source":S,"predicted_ns":N}]}
| frozen.book: 1 records, 1 kernels
| predicted 1 gemm_simt
$ autotune --confirm --book=p.book
! autotune: p.book is for gfx942:304:5300 (mi300x); no such device here; found: cpu:0 (CLASS)
? 3

The fake driver's GPU: predicted, served as such, confirmed, and nothing is left to confirm.
$ need fakes cuda_fakes
$ export LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_NVRTC=$(fake_drivers nvrtc)/libnvrtc.so TUNEBOOK_FAKE='units=4;l2_bytes=16384' TUNEBOOK_SLOW=3; autotune --predict --class=sm_90a:4:3350 --book=c.book --json 'gemm f32 nt m=20 n=24 k=32' 2>/dev/null | json summary.predicted; autotune lookup --book=c.book 'gemm f32 nt m=20 n=24 k=32' | grep '^match\|^evidence'; autotune explain --book=c.book 'gemm f32 nt m=20 n=24 k=32' | grep '^match'; autotune --confirm --book=c.book --json 2>/dev/null > c.json; json problems.0.kernels.0.was problems.0.kernels.1.was problems.0.kernels.1.verdict problems.0.kernels.0.rank_before problems.0.kernels.1.rank_before summary.confirmed summary.trials < c.json; autotune lookup --book=c.book 'gemm f32 nt m=20 n=24 k=32' | grep '^evidence'; autotune --confirm --book=c.book 2>/dev/null | sed 's/in [0-9.]* s/in TIME/'
| 1
| match          exact
| evidence       predicted
| match          exact, predicted
| "default"
| "predicted"
| "ok"
| 0
| 1
| 1
| 4
| evidence       measured
| 0 problems confirmed in TIME, 1 were up to date; 0 trials
