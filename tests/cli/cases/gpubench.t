What is wrong with a call is said before anything is opened.
$ autotune gpubench --m=0 --no-tuning
! autotune: --m=0: '0' is no number of rows; --m=1,16,64
? 2
$ autotune gpubench --m=, --no-tuning
! autotune: --m: names no number of rows
? 2
$ autotune gpubench --budget=soon 2>&1 | grep -c '^autotune: --budget=soon: '
| 1
$ autotune gpubench --model=llama-9 2>&1 | grep -c 'unknown model'
| 1
$ autotune gpubench --device=cpu 'gemm f32 m=1 n=1 k=1' 2>&1 | grep -c 'gpubench: needs a GPU'
| 1

With fakes of driver, compiler and cuBLASLt: peaks, tuning, rows; then the same again, which finds all of it done.
$ need json fakes cuda_fakes
$ fake_gpubench -o out --budget=2 'gemm f32 nt m=4 n=16 k=64' > table 2> talk; sed -n 's/  */ /g; s/us .* gemm_[a-z_]*$/us ... A_TEMPLATE/; 2p' table | cut -d' ' -f1-6
| gemm f32 nt m=4 n=16 k=64
$ json gpu vendor rows.0.problem rows.0.group rows.0.match rows.0.proposals rates.0.type tuned.0.group < out/gpu-bench.json
| "NVIDIA H100 SXM"
| "cublaslt 13.1.2"
| "gemm f32 nt m=4 n=16 k=64"
| "named"
| "exact"
| 5
| "f32"
| "named"
$ json rows.0.template < out/gpu-bench.json | grep -c '"gemm_'
| 1
$ for member in geomean_first geomean_best8 rows.0.over_first.median rows.0.over_best8.q1 rows.0.ours_ns rows.0.first_ns rows.0.best8_ns rows.0.tflops rows.0.gbps rows.0.roofline_share rows.0.skinny_limit_ns peaks.read_gbps peaks.copy_gbps peaks.empty_ns; do json $member < out/gpu-bench.json | grep -qE '^[0-9.e-]+$' || echo "$member"; done
$ grep -c '^| gemm f32 nt m=4 n=16 k=64 |' out/gpu-bench.md
| 1
$ json date driver < out/gpu-bench.json > before; json rows < out/gpu-bench.json >> before; fake_gpubench -o out --budget=2 'gemm f32 nt m=4 n=16 k=64' --json 2>/dev/null > again; json date driver < again > after; json rows < again >> after; cmp before after
$ fake_gpubench -o out --no-tuning 'gemm f32 nt m=4,5 n=16 k=64' --json 2>/dev/null | json rows.1.problem rows.1.match
| "gemm f32 nt m=5 n=16 k=64"
| "near_shape"

Another GPU's results are not mixed with these.
$ TUNEBOOK_FAKE_NAME='name=NVIDIA Other;' fake_gpubench -o out --no-tuning 'gemm f32 nt m=4 n=16 k=64' 2>&1 | tail -1
| autotune: out/gpu-bench.json: its gpu is 'NVIDIA H100 SXM', here it is 'NVIDIA Other'; name another folder with -o
