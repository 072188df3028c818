$ need json cc
A sweep over two problems: one document on stdout, nothing else.
$ autotune --templates="$CASES/templates" --seed=1 --budget=20 --json 'gemm f32 nn m=48 n=64 k=64' gemm f32 nn m=1 n=1 k=1 2> talk > out.json; echo $?
| 0
$ json '*' problems.# problems.0.problem problems.0.best.template problems.0.default.configuration problems.0.trials.compile_error problems.0.trials.crash problems.0.trials.wrong summary.interrupted < out.json
| problems summary
| 2
| "gemm f32 nn m=48 n=64 k=64"
| "naive"
| "UNROLL=1,MODE=slow"
| 1
| 1
| 1
| false
$ json problems.0.ended < out.json
| "every configuration was tried"
$ json problems.0.best.configuration < out.json | sed 's/UNROLL=[124],//'
| "MODE=good"
$ json 'problems.0.racing.*' 'problems.0.phases.*' 'summary.racing.*' < out.json
| stopped saved_samples saved_seconds
| opening_seconds compiling_seconds trying_seconds finals_seconds
| stopped saved_samples saved_seconds
$ json 'problems.0.*' 'problems.0.best.*' < out.json
| problem class calls best default baseline over_default over_baseline gflops gbps trials recalled racing space seconds phases ended note
| template configuration median_ns q1_ns q3_ns low_ns high_ns min_ns samples launches_per_sample contended unstable

The same command again tries nothing anew.
$ autotune --templates="$CASES/templates" --seed=1 --budget=20 --json 'gemm f32 nn m=48 n=64 k=64' 2> talk | json problems.0.recalled summary.compiled
| 7
| 0

What is in the book.
$ autotune show | awk '{ print $1, $2, $3, $4, $5, $6, $7 }'
| problem class time default vendor library evidence
| gemm f32 nn m=1 n=1 k=1 CLASS
| gemm f32 nn m=48 n=64 k=64 CLASS
$ autotune show --json | json '*' records.# records.0.key records.0.problem records.0.entries.0.template
| book records
| 2
| "gemm/a=f32,b=f32,d=f32,acc=f32/nn/none/al=4444@CLASS/n=0000000001,k=0000000001,b=0000000001/m=0000000001"
| "gemm f32 nn m=1 n=1 k=1"
| "naive"
$ autotune show gemm/a=f32 --json | json records.#
| 2
$ autotune show gemm/a=bf16
! autotune: SCRATCH/home/.local/share/tunebook/user.book: no record of that problem
? 1
$ autotune show gemm f32 nn m=48 n=64 k=64 --trials --json | json records.# records.0.trials.#
| 1
| 7
$ autotune show --op=gemm --json | json records.#
| 2
$ autotune show --model=llama-3.2-1b
! autotune: SCRATCH/home/.local/share/tunebook/user.book: no record of that problem
? 1

What a program would get.
$ autotune lookup --json gemm f32 nn m=48 n=64 k=64 > out.json; json '*' match evidence template book < out.json
| match evidence template configuration expected_ns baseline_ns book record reason pin
| "exact"
| "measured"
| "naive"
| "SCRATCH/home/.local/share/tunebook/user.book"
$ autotune lookup --json gemm f32 nn m=49 n=64 k=64 | json match
| "near_shape"
$ autotune lookup gemm f32 nn m=48 n=64 k=64 | cut -c1-14
| match         
| evidence      
| template      
| configuration 
| expected      
| baseline      
| book          
| record        
$ autotune lookup --json gemm f32 nt m=4000 n=5000 k=6000 > miss.json; echo $?; json match template < miss.json
| 1
| null
| null
! autotune: no kernel for gemm f32 nt m=4000 n=5000 k=6000 on CLASS: no record for n=5000,k=6000,b=1,m=4000 on CLASS or near it, and no default
$ autotune lookup gemm f32 nt m=4000 n=5000 k=6000
! autotune: no kernel for gemm f32 nt m=4000 n=5000 k=6000 on CLASS: no record for n=5000,k=6000,b=1,m=4000 on CLASS or near it, and no default
? 1

Why.
$ autotune explain --json gemm f32 nn m=48 n=64 k=64 > why.json; json match environment.stale kernel.deterministic layers.# layers.0.records.# roofline.flops roofline.bytes < why.json
| "exact"
| false
| true
| 1
| 1
| 393216
| 40960
$ autotune explain gemm f32 nn m=48 n=64 k=64 | grep '^[a-z]' | cut -c1-14 | sort -u
| at least      
| baseline      
| book          
| books consulte
| compiler      
| configuration 
| default       
| environment   
| kernel        
| match         
| measured      
| problem       
| record        
| template      
| what would imp
$ autotune explain gemm f32 nt m=4000 n=5000 k=6000 > /dev/null
! autotune: no kernel for gemm f32 nt m=4000 n=5000 k=6000 on CLASS: no record for n=5000,k=6000,b=1,m=4000 on CLASS or near it, and no default
? 1

Measured again.
$ autotune bench --templates="$CASES/templates" --json gemm f32 nn m=48 n=64 k=64 2> talk > bench.json; echo $?; json '*' 'rows.0.*' rows.0.name rows.0.unit rows.0.against < bench.json
| 0
| rows geomeans not_measured
| name value unit against ratio_median ratio_q1 ratio_q3
| "gemm f32 nn m=48 n=64 k=64"
| "ns"
| "default"
$ autotune bench --templates="$CASES/templates" --json gemm f32 nt m=4000 n=5000 k=6000 2> talk | json rows.# not_measured.0.name; tail -1 talk | cut -c1-70
| 0
| "gemm f32 nt m=4000 n=5000 k=6000"
| autotune: gemm f32 nt m=4000 n=5000 k=6000: not measured: no kernel fo

A dry run writes nothing.
$ autotune --templates="$CASES/templates" --dry-run --book=dry.book gemm f32 nn m=48 n=64 k=64; ls dry.book 2>&1 | cut -c1-4
| problem                     configurations  raw combinations  note
| gemm f32 nn m=48 n=64 k=64               7                15  
| ls: 

No candidate for a problem is a finding; the others are tuned all the same.
$ autotune --templates="$CASES/templates" --budget=3 --json gemm f32 nt m=48 n=64 k=64 gemm f32 nn m=2 n=2 k=2 2> talk > out.json; echo $?; tail -1 talk; json problems.0.best problems.0.note problems.1.best.template < out.json
| 1
| autotune: gemm f32 nt m=48 n=64 k=64: no kernel: naive: accepts only layout == nn
| null
| "naive: accepts only layout == nn"
| "naive"

Where no candidate passed there are trials and no record.
$ variant bad 's/"good", "slow", //; s/"slow" }/"wrong" }/; s/MODE == good || //' > /dev/null; autotune --templates=bad --budget=5 gemm f32 nn m=3 n=5 k=7 > /dev/null 2> talk; echo $?; tail -1 talk
| 1
| autotune: gemm f32 nn m=3 n=5 k=7: no kernel: no candidate passed its trial; `autotune show 'gemm f32 nn m=3 n=5 k=7' --trials` has the verdicts
$ autotune show gemm f32 nn m=3 n=5 k=7
! autotune: SCRATCH/home/.local/share/tunebook/user.book: no record of that problem
? 1
$ autotune show gemm f32 nn m=3 n=5 k=7 --trials | cut -c1-40
| gemm f32 nn m=3 n=5 k=7
| verdict        time  candidate          
| compile_error     -  naive UNROLL=1,MODE
| crash             -  naive UNROLL=1,MODE
| wrong             -  naive UNROLL=1,MODE
$ autotune show gemm f32 nn m=3 n=5 k=7 --trials --json | json records.# records.0.problem records.0.entries.# records.0.trials.#
| 1
| "gemm f32 nn m=3 n=5 k=7"
| 0
| 3
$ autotune show gemm f32 nn m=3 n=5 k=8 --trials
! autotune: SCRATCH/home/.local/share/tunebook/user.book: no record or trial of that problem
? 1

A budget far too short for its problems: the first gets its default, the last wait.
$ autotune --templates="$CASES/templates" --budget=1ms --fresh --book=short.book --json 'gemm f32 nn m=48..64+1 n=64 k=64' 2> talk > out.json; echo $?; json problems.0.best.template problems.16.best problems.16.note < out.json
| 1
| "naive"
| null
| "not tried: the budget ended before its turn; the same command goes on"

Time that is plenty for both: each space is tried to its end, and results stand in the order of the problems.
$ autotune --templates="$CASES/templates" --budget=10m --book=time.book --json gemm f32 nn m=64 n=64 k=64 gemm f32 nn m=2 n=2 k=2 2> talk > out.json; echo $?; json problems.0.problem problems.1.problem summary.trials summary.problems < out.json
| 0
| "gemm f32 nn m=64 n=64 k=64"
| "gemm f32 nn m=2 n=2 k=2"
| 14
| 2

The first day's book: every template's default.
$ autotune freeze --defaults --templates="$CASES/templates" -o system.book --json 2> talk > out.json; echo $?; autotune lookup --book=system.book --json gemm f32 nn m=40 n=50 k=60 | json match evidence template
| 0
| "default"
| "default"
| "naive"
$ mkdir -p tree/bin tree/share/tunebook; cp "$AUTOTUNE" tree/bin/; cp system.book tree/share/tunebook/; XDG_DATA_HOME=$PWD/nothing PATH=$PWD/tree/bin:$PATH autotune lookup --json gemm f32 nn m=40 n=50 k=60 | json match book
| "default"
| "SCRATCH/tree/share/tunebook/system.book"
