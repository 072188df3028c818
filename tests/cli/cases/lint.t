The lint of a book: nothing to say of one that was measured here; a record of another class is not looked at.
$ make_book good.book; autotune lint good.book
| 1 records, 0 errors, 0 notes
$ autotune lint good.book --json | json records errors notes findings.# rules.#
| 1
| 0
| 0
| 0
| 0
$ autotune lint good.book --class=mi300x
| 0 records, 0 errors, 0 notes

Times that no samples have: a book made of records that were changed by hand.
$ autotune export --format=records good.book > good.jsonl; sed 's/"q1_ns":[0-9]*/"q1_ns":999999999/; s/"samples":[0-9]*/"samples":0/; s/"launches":[0-9]*/"launches":20/' good.jsonl > bad.jsonl; autotune freeze --templates="$CASES/templates" --records=bad.jsonl -o bad.book >/dev/null 2>&1; autotune lint bad.book
| gemm f32 nn m=4 n=5 k=6 (CLASS): entry 0: error: no-samples: TIME, measured in 0 samples of 20 launches
| gemm f32 nn m=4 n=5 k=6 (CLASS): entry 0: error: quantiles: the first quartile (TIME) is above the median (TIME)
| gemm f32 nn m=4 n=5 k=6 (CLASS): entry 0: note: lost-source: the source of its kernel is not there
| found  level  rule         what it means
|     1  error  no-samples   measured, with a time that comes from no sample
|     1  error  quantiles    least, quartiles, median and interval are out of order
|     1  note   lost-source  its kernel's source is not in the book: it runs, and cannot be explained
| 1 records, 2 errors, 1 notes
! autotune: bad.book: 2 findings that must not be believed
? 1
$ autotune lint bad.book --json 2>/dev/null | json errors findings.0.rule findings.0.level findings.0.entry findings.0.where rules.0.rule rules.0.found
| 2
| "no-samples"
| "error"
| 0
| "gemm f32 nn m=4 n=5 k=6 (CLASS)"
| "no-samples"
| 1

The record of a GPU, made for it without it: faster than a launch usually is. What was measured with other code is a prediction, and only the record's own times are judged.
$ need nvrtc
$ sed 's/"baseline_ns":[0-9]*/"baseline_ns":7/' "$CASES/records/by-hand.jsonl" > fast.jsonl; autotune freeze --records=fast.jsonl -o fast.book >/dev/null 2>&1; autotune lint fast.book | grep -v '^gemm' | head -4
| found  level  rule            what it means
|     1  error  launch          less than a quarter of what a launch of nothing takes
|     1  note   near-bandwidth  faster than memory alone: caches must have held a part
|     1  note   lost-source     its kernel's source is not in the book: it runs, and cannot be explained
! autotune: fast.book: 1 findings that must not be believed

What is no book, no class.
$ autotune lint nothing.book
! autotune: nothing.book: no such book
? 5
$ autotune lint good.book --class=mi300
! autotune: device class "mi300" is not of the form target:units:GB/s, e.g. gfx942:304:5300
? 2
$ autotune lint a b
! autotune: lint: takes one BOOK
? 2

docs/lint.md has the table of rules as the program has it.
$ sed -nE 's/^LINT_RULE\([A-Z_]+, "([^"]+)", ([A-Z]+), "([^"]+)"\)$/| \1 | \2 | \3 |/p' "$PROJECT/tuner/lint.def" | sed 's/| ERROR |/| error |/; s/| NOTE |/| note |/' > rules; wc -l < rules | tr -d ' '; grep -vxF -f "$PROJECT/docs/lint.md" rules
| 26
? 1
