Records without code: written from a book, compiled into another, written again: the same lines.
$ make_book tuned.book; autotune export --format=records tuned.book > once.jsonl; wc -l < once.jsonl | tr -d ' '
| 2
$ head -1 once.jsonl | grep -o '^{"environment":"[0-9a-f]*","facts":{"backend":"cpu"' | wc -c | tr -d ' '
| 59
$ tail -1 once.jsonl | grep -o '^{"problem":"gemm f32 nn m=4 n=5 k=6","class":'
| {"problem":"gemm f32 nn m=4 n=5 k=6","class":
$ autotune freeze --templates="$CASES/templates" --records=once.jsonl -o made.book 2>/dev/null | sed 's/, [0-9.]* KiB//'
| made.book: 1 records, 1 kernels
$ autotune export --format=records made.book | cmp - once.jsonl
$ autotune lookup --book=made.book 'gemm f32 nn m=4 n=5 k=6' | grep '^match\|^evidence'
| match          exact
| evidence       measured
$ autotune export --format=records tuned.book -o files/ 2>&1 | sed 's/files.*/files/'; ls files | wc -l | tr -d ' '
| autotune: files
| 1

Of another template or compiler it is a prediction.
$ sed 's/"source":"[0-9a-f]*"/"source":"0000000000000000"/' once.jsonl > other.jsonl; autotune freeze --templates="$CASES/templates" --records=other.jsonl -o made.book >/dev/null 2>&1; autotune lookup --book=made.book 'gemm f32 nn m=4 n=5 k=6' | grep '^evidence'
| evidence       predicted

What cannot be made again is left out.
$ autotune freeze --records=once.jsonl -o made.book 2>&1 | grep -o '1 of the records.*' | sed 's/ on [^ ]*,/,/'
| 1 of the records' kernels were left out; the first: gemm f32 nn m=4 n=5 k=6, naive: there is no such template
$ sed 's/UNROLL=1/UNROLL=77/' once.jsonl > other.jsonl; autotune freeze --templates="$CASES/templates" --records=other.jsonl -o made.book 2>&1 | grep -o 'naive: .*'
| naive: UNROLL=77,MODE=slow is not in its space

Bad files name line and member.
$ sed 's/"samples":[0-9]*/"samples":-1/' once.jsonl > bad.jsonl; autotune freeze --records=bad.jsonl -o made.book
! autotune: bad.jsonl:2: samples is -1, out of range
? 4
$ echo '{"problem":"gemm f32 nn m=4 n=5"}' > bad.jsonl; autotune freeze --records=bad.jsonl -o made.book 2>&1 | grep -c '^autotune: bad.jsonl:1: '
| 1
$ autotune freeze --records=nothing.jsonl -o made.book
! autotune: cannot open nothing.jsonl: No such file or directory
? 5
$ autotune freeze --records=once.jsonl --targets=x86-64-v3 -o made.book
! autotune: --targets: goes with --defaults, which is missing
? 2
$ autotune export --format=records --json tuned.book -o x.jsonl
! autotune: export: --format=records is JSON already; leave --json out
? 2

For a GPU that is not here, by NVRTC alone.
$ need nvrtc
$ autotune freeze --records="$CASES/records/by-hand.jsonl" -o gpu.book 2>/dev/null | sed 's/, [0-9.]* KiB//'
| gpu.book: 1 records, 1 kernels
$ autotune show --book=gpu.book | tail -1 | grep -o 'predicted *1 *gemm_simt'
| predicted        1  gemm_simt
