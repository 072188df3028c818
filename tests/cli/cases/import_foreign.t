AITER's tables: rows that cannot be right are named by line, and their times are left out.
$ printf 'gfx,cu_num,M,N,K,bias,dtype,outdtype,libtype,solidx,splitK,us,kernelName,tflops,bw\n' > a.csv; for row in 64,4096,4096,20.0,107.37,1730.2 64,4096,4096,25.0,85.9,1384.1 8192,8192,8192,1.0,0,0 16,4096,4096,5.5,97.6,6148; do echo "$row" | awk -F, '{ printf "gfx942,304,%s,%s,%s,False,torch.bfloat16,torch.bfloat16,asm,1,0,%s,kernel,%s,%s\n", $1, $2, $3, $4, $5, $6 }'; done >> a.csv; autotune import --format=aiter a.csv
| a.csv:4: error: rate: 1100 GFLOP in TIME are 1.1e+06 TFLOP/s, and the row says 0
| a.csv:4: note: traffic: 402.7 MB in TIME are 4.027e+05 GB/s, and the row says 0
| a.csv:4: error: peak: 1099511.63 TFLOP/s is above the device's peak of 1307.40 TFLOP/s for bf16
| a.csv:4: error: bandwidth: TIME for 130 MB that must come from memory: 130023 GB/s, and the device has 6000
| a.csv:4: note: near-launch: TIME, and a launch of nothing takes some TIME on this device
| found  level  rule         what it means
|     1  error  peak         faster than the class's arithmetic at its peak: something was not computed, or not timed
|     1  error  bandwidth    faster than memory delivers the bytes that must come from it
|     1  note   near-launch  less than half of what a launch of nothing usually takes
|     1  error  rate         time, size and TFLOP/s of the row disagree
|     1  note   traffic      time, size and GB/s of the row disagree
| problem                            on           theirs  ours  ours/theirs  by
| gemm bf16 nt m=16 n=4096 k=4096    gfx942:304  TIME     -            -  asm kernel
| gemm bf16 nt m=64 n=4096 k=4096    gfx942:304  TIME     -            -  asm kernel
| gemm bf16 nt m=8192 n=8192 k=8192  gfx942:304        -     -            -  asm kernel
| 4 rows, 3 problems, 1 impossible rows
! autotune: a.csv: 1 rows that cannot be right; their times are left out
? 1
$ autotune import --format=aiter a.csv --json 2>/dev/null | json rows references.# references.1.problem references.1.on references.1.ns references.1.rows references.2.ns errors findings.0.where findings.0.rule
| 4
| 3
| "gemm bf16 nt m=64 n=4096 k=4096"
| "gfx942:304"
| 20000
| 2
| null
| 3
| "a.csv:4"
| "rate"

As a file for --shapes.
$ autotune import --format=aiter a.csv -o a.shapes >/dev/null 2>&1; cat a.shapes | sed 's/TIME/time/'
| # from a.csv, for --shapes; times are the other tool's
| gemm bf16 nt m=16 n=4096 k=4096  # TIME on gfx942:304, line 5
| gemm bf16 nt m=64 n=4096 k=4096  # TIME on gfx942:304, line 2
| gemm bf16 nt m=8192 n=8192 k=8192
$ autotune --shapes=a.shapes --dry-run --json 2>&1 | head -1 | cut -c 1-1
| {

TunableOp's results and hipBLASLt's log are column-major: their TN with m=4096 n=16 is our nt with m=16 n=4096. What is called often is counted.
$ printf 'Validator,GCN_ARCH_NAME,gfx942:sramecc+:xnack-\nGemmTunableOp_BFloat16_TN,tn_4096_16_4096_ld_4096_4096_4096,Gemm_Hipblaslt_123,0.0123\nGemmTunableOp_BFloat16_TN,tn_4096_16_4096_ld_4096_4096,Gemm_Hipblaslt_123,0.0123\n' > t.csv; autotune import --format=tunableop t.csv
| t.csv:3: note: row: parameters that are no product's: tn_4096_16_4096_ld_4096_4096
| found  level  rule  what it means
|     1  note   row   a row that says nothing we could tune or compare, and why
| problem                          on       theirs  ours  ours/theirs  by
| gemm bf16 nt m=16 n=4096 k=4096  gfx942  TIME     -            -  Gemm_Hipblaslt_123
| 2 rows, 1 problems, 0 impossible rows
$ line='hipblaslt-bench -m 4096 -n 16 -k 4096 --transA T --transB N --a_type bf16_r --b_type bf16_r --d_type bf16_r --compute_type f32_r'; printf '%s\n%s\nno command\n%s --bias_vector\n' "$line" "$line" "$line" > h.log; autotune import --format=hipblaslt-log h.log -o h.shapes; cat h.shapes
| 3 rows, 2 problems, 0 impossible rows
| # from h.log, for --shapes; times are the other tool's
| gemm bf16 nt m=16 n=4096 k=4096 calls=2
| gemm bf16 nt bias m=16 n=4096 k=4096
! autotune: h.shapes: 2 problems

A recording of a space says how long, and the user of what. Beside it stands what our own book has.
$ make_book own.book; class=$(autotune show --book=own.book --json | json records.0.class | tr -d '"'); printf '{"device_name": "%s", "kernel_name": "k", "problem_size": 1, "tune_params_keys": ["x"], "tune_params": {"x": [1, 2]}, "cache": {"1": {"x": 1, "time": 0.5}, "2": {"x": 2, "time": 0.4}}}' "$class" > k.json; echo "$class" > class; autotune import --format=kerneltuner k.json
| k.json: x=2: note: row: k took TIME; --problem=PROBLEM says what it computes
| found  level  rule  what it means
|     1  note   row   a row that says nothing we could tune or compare, and why
| 1 rows, 0 problems, 0 impossible rows
$ autotune import --format=kerneltuner k.json --problem='gemm f32 nn m=4 n=5 k=6' --class=$(cat class) --book=own.book | sed 's/ [0-9.]*  x=2/ RATIO  x=2/; s/  */ /g'
| problem on theirs ours ours/theirs by
| gemm f32 nn m=4 n=5 k=6 CLASS TIME TIME RATIO x=2
| 2 rows, 1 problems, 0 impossible rows
$ autotune import --format=kerneltuner k.json --problem='gemm f32 nn m=4096 n=4096 k=4096' --class=mi300x 2>&1 | head -2
| problem                           on               theirs  ours  ours/theirs  by
| gemm f32 nn m=4096 n=4096 k=4096  gfx942:304:5300  TIME     -            -  x=2

What is none of it.
$ autotune import --format=xml a.csv
! autotune: --format=xml: unknown format; known: aiter, tunableop, hipblaslt-log, t4, kerneltuner
? 2
$ autotune import a.csv
! autotune: a.csv: no bundle (not compressed by zstd); what another tool wrote needs --format
? 4
$ autotune import --format=aiter
! autotune: import: takes one FILE
? 2
$ autotune import --format=aiter nothing.csv
! autotune: cannot open nothing.csv: No such file or directory
? 5
$ autotune import --format=tunableop h.log
! autotune: h.log:1: neither a Validator nor an operator of TunableOp
? 4
$ autotune import --format=hipblaslt-log a.csv
! autotune: a.csv: no hipblaslt-bench command; HIPBLASLT_LOG_MASK=32 logs them
? 4
$ printf 'M,N,K\n1,"2,3\n' > q.csv; autotune import --format=aiter q.csv
! autotune: q.csv:2: a quote that does not end
? 4
$ autotune import --format=aiter a.csv --class=mi300
! autotune: --class=mi300: unknown; a nickname as mi300x, or target:units:GB/s
? 2
$ autotune import --format=aiter a.csv --book=nothing.book 2>&1 >/dev/null
| autotune: nothing.book: no such book
? 5
$ autotune import --format=kerneltuner k.json --problem='gemm f32'
! autotune: gemm: m is missing; write m=VALUE
? 2
$ autotune import --format=aiter a.csv --dtype=bf16 --dtype=f16
! autotune: --dtype: given 2 times; a file takes one type
? 2
