$ need json cc
Records with times of our own; the answer is a neighbour's. What it costs is told by the neighbours.
$ timed_book n.book 'm=64 n=64 k=64:5000:1' 'm=64 n=64 k=64:6000:2' 'm=128 n=64 k=64:12000:1' 'm=128 n=64 k=64:10000:2' 'm=256 n=64 k=64:20000:2' 'm=96 n=128 k=64:30000:4'; autotune explain --book=n.book --json 'gemm f32 nn m=100 n=64 k=64' > e.json; json match neighbours.near neighbours.records.0.differs neighbours.records.1.differs neighbours.records.2.differs neighbours.records.3.differs < e.json
| "near_shape"
| 4
| "m=128 (x1.28)"
| "m=64 (x0.64)"
| "m=256 (x2.56)"
| "n=128 (x2), m=96 (x0.96)"
$ json 'neighbours.records.0.*' 'neighbours.records.0.entries.0.*' neighbours.records.0.entries.# neighbours.records.0.usable < e.json
| book record problem class sibling_class less_alignment same_group differs octaves entries usable
| template configuration evidence median_ns environment usable reason
| 2
| 2
$ json 'regret.*' regret.median regret.low regret.high regret.n_samples regret.n_answered 'regret.samples.0.*' regret.samples.0.problem regret.samples.0.answered_by regret.samples.0.measured_in regret.by_model.unknown < e.json
| median low high n_samples n_answered samples by_model
| 0.19999999999999996
| 0
| 0.19999999999999996
| 3
| 4
| problem answered_by octaves regret measured_in
| "gemm f32 nn m=256 n=64 k=64"
| "gemm f32 nn m=128 n=64 k=64"
| "finals"
| "the model does not cover naive UNROLL=2,MODE=good"
$ json improve.0.rule improve.0.command 'improve.0.*' < e.json
| "untuned"
| "autotune 'gemm f32 nn m=100 n=64 k=64'"
| rule why command
$ autotune explain --book=n.book 'gemm f32 nn m=100 n=64 k=64' | sed -n '/^regret/,/^books/p'
| regret         20.0 % slower than tuned, median (0.0 to 20.0 %): neighbours that were asked without their own records: 4, measured there: 3
| by the model   unknown: the model does not cover naive UNROLL=2,MODE=good
| 
| records near it: 4
|   m=128 (x1.28), 0.36 octaves: 2 of 2 entries usable
|     naive UNROLL=2,MODE=good: measured, TIME
|   m=64 (x0.64), 0.64 octaves: 2 of 2 entries usable
|     naive UNROLL=1,MODE=good: measured, TIME
|   m=256 (x2.56), 1.36 octaves: 1 of 1 entries usable
|     naive UNROLL=2,MODE=good: measured, TIME
|   n=128 (x2), m=96 (x0.96), 1.06 octaves: 1 of 1 entries usable
|     naive UNROLL=4,MODE=good: measured, TIME
| 
| books consulted
$ autotune explain --book=n.book 'gemm f32 nn m=100 n=64 k=64' | sed -n '/^what would/,$p'
| what would improve it
|   this shape was never tuned: its kernel is another shape's; answers borrowed between its neighbours were 20 % slower, at most 20 %
|     autotune 'gemm f32 nn m=100 n=64 k=64'

An exact answer has neighbours where they are asked for, and no regret.
$ autotune explain --book=n.book --json 'gemm f32 nn m=128 n=64 k=64' | json neighbours regret layers.0.records.0.entries.0.environment
| null
| null
| "present"
$ autotune explain --book=n.book --all --json 'gemm f32 nn m=128 n=64 k=64' | json neighbours.near regret
| 3
| null

Alone it has no other to stand in for it; a shape far away has none, and is told what to do.
$ timed_book one.book 'm=64 n=64 k=64:5000:1'; autotune explain --book=one.book --json 'gemm f32 nn m=100 n=64 k=64' | json neighbours.near regret.unknown regret.n_samples
| 1
| "no neighbour has another that could stand in for it"
| 0
$ autotune explain --book=one.book --json 'gemm f32 nn m=1000 n=64 k=64' 2>/dev/null | json match neighbours.near regret improve.0.rule improve.0.why improve.0.command
| null
| 0
| null
| "untuned"
| "nothing answers this shape here"
| "autotune 'gemm f32 nn m=1000 n=64 k=64'"

Nobody measured there what it would have been given.
$ timed_book two.book 'm=64 n=64 k=64:5000:1' 'm=128 n=64 k=64:10000:2'; autotune explain --book=two.book 'gemm f32 nn m=100 n=64 k=64' | grep '^regret'
| regret         unknown: what neighbours would have been given without their own records was never measured on them

The default of a target: no neighbour's.
$ autotune freeze --defaults --templates="$CASES/templates" -o d.book >/dev/null 2>&1; autotune explain --book=d.book --json 'gemm f32 nn m=40 n=50 k=60' | json match regret.unknown improve.0.why
| "default"
| "a default, borrowed from no neighbour"
| "neither this shape nor one near it was tuned: a default answers"

What a kernel demands, with the values that it met; where it cannot be used at all.
$ variant few 's/"layout == nn"/"layout == nn", "m <= 64"/' >/dev/null; autotune --templates=few --budget=5 --book=few.book 'gemm f32 nn m=64 n=64 k=64' >/dev/null 2>&1; autotune explain --book=few.book 'gemm f32 nn m=80 n=64 k=64' 2>/dev/null | grep -oE 'm=64 .x0.8., 0.32 octaves: 0 of|not usable: .*' | sort -u
| m=64 (x0.8), 0.32 octaves: 0 of
| not usable: m <= 64 (m=80)
$ cp one.book open.book; chmod 666 open.book; autotune explain --book=open.book --json 'gemm f32 nn m=64 n=64 k=64' 2>/dev/null | json layers.0.records.0.entries.0.reason improve.0.rule > text; cat text; autotune explain --book=open.book 'gemm f32 nn m=64 n=64 k=64' 2>/dev/null | grep -o 'chmod go-w open.book'
| "the book holds code for the CPU and others can write it or its folder"
| "untuned"
| chmod go-w open.book
$ make_book code.book; tamper bytecode code.book; autotune explain --book=code.book --json gemm f32 nn m=4 n=5 k=6 2>/dev/null | json layers.0.records.0.entries.0.usable
| false

Pinned to what is slower.
$ timed_book p.book 'm=64 n=64 k=64:5000:1' 'm=64 n=64 k=64:6000:2'; export TUNEBOOK=home/.local/share/tunebook/user.book:p.book; USER=ada autotune pin --templates="$CASES/templates" 'gemm f32 nn m=64 n=64 k=64' UNROLL=2,MODE=good | sed 's/20..-..-../DATE/'; autotune explain --json 'gemm f32 nn m=64 n=64 k=64' > e.json; json book layers.0.records.0.pinned.usable layers.0.records.0.entries.# layers.1.records.0.entries.# improve.0.rule improve.0.why improve.0.command < e.json
| gemm f32 nn m=64 n=64 k=64 on CLASS
|   pinned by ada on DATE: naive UNROLL=2,MODE=good, TIME
|   the best of its record takes TIME
|   'autotune pin --remove PROBLEM' takes it back
| "home/.local/share/tunebook/user.book"
| true
| 0
| 2
| "pinned"
| "somebody has pinned it; the best of its records takes TIME, 1.20x as fast"
| "autotune pin --remove 'gemm f32 nn m=64 n=64 k=64'"
$ export TUNEBOOK=home/.local/share/tunebook/user.book:p.book; autotune explain 'gemm f32 nn m=64 n=64 k=64' | sed -n '/^books/,/^what/p' | sed 's/20..-..-../DATE/'; rm p.book; autotune lookup 'gemm f32 nn m=64 n=64 k=64' 2>/dev/null | grep -c pinned
| books consulted
|   home/.local/share/tunebook/user.book: 0 records
|     gemm/a=f32,b=f32,d=f32,acc=f32/nn/none/al=4444@CLASS/n=0000000064,k=0000000064,b=0000000001/m=0000000064
|       naive UNROLL=2,MODE=good: measured, TIME, pinned by ada on DATE
|   p.book: 1 records
|     gemm/a=f32,b=f32,d=f32,acc=f32/nn/none/al=4444@CLASS/n=0000000064,k=0000000064,b=0000000001/m=0000000064
|       naive UNROLL=1,MODE=good: measured, TIME
|       naive UNROLL=2,MODE=good: measured, TIME
| 
| what would improve it
| 1
