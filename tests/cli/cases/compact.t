Three kernels for three problems; with 2 % two are enough, with 5 % one, with 1 % none can go.
$ need json cc
$ timed_book a.book 'm=4 n=5 k=6:1000:1' 'm=8 n=5 k=6:2000:2' 'm=16 n=5 k=6:4000:4' && timed_book b.book 'm=4 n=5 k=6:1012:2' 'm=8 n=5 k=6:2090:4' 'm=16 n=5 k=6:4100:2' && autotune merge a.book b.book -o ab.book
| ab.book: 3 records, 6 entries, 3 kernels, 0 conflicts
$ autotune compact ab.book --dry-run --regret=1% | sed 's/;.*//; s/  */ /g'
| op class records kernels now entries now slower worst geomean
| gemm CLASS 3 3 3 6 6 0 0.00 % 0.000 %
| ab.book: 3 of 3 kernels (no fewer will do), 1 of 1 codes, 6 of 6 entries, 0 of 0 trials
$ sha256sum < ab.book > before; autotune compact ab.book --dry-run | sed 's/;.*; /; /; s/  */ /g'; sha256sum < ab.book | cmp - before
| op class records kernels now entries now slower worst geomean
| gemm CLASS 3 3 2 6 5 1 1.20 % 0.398 %
| ab.book: 2 of 3 kernels (no fewer will do), 1 of 1 codes, 5 of 6 entries, 0 of 0 trials; nothing was written
$ autotune compact ab.book -o small.book | sed 's/;.*//; s/  */ /g'; autotune check small.book
| op class records kernels now entries now slower worst geomean
| gemm CLASS 3 3 2 6 5 1 1.20 % 0.398 %
| small.book: 2 of 3 kernels (no fewer will do), 1 of 1 codes, 5 of 6 entries, 0 of 0 trials
| small.book: 3 records, 2 kernels, 1 codes, 0 trials, 1 environments, 0 sources, 0 quarantined, 0 findings
$ autotune diff ab.book small.book --fail-if-slower=2% > changes; echo $?; sed 's/  */ /g' changes
| 0
| change ratio before after problem
| changed 1.012x~ TIME TIME gemm f32 nn m=4 n=5 k=6 on CLASS; winner: naive UNROLL=1,MODE=good -> naive UNROLL=2,MODE=good
| 
| op class slower faster changed new gone same mean ratio
| gemm CLASS 0 0 1 0 0 2 1.004x
$ autotune lookup --book=small.book gemm f32 nn m=4 n=5 k=6 | head -2
| match          exact
| evidence       measured
$ autotune compact ab.book -o smaller.book --regret=5% --json | json regret_percent before.kernels after.kernels kernels_at_least worst_percent groups.0.op groups.0.slower groups.0.kernels_after
| 5
| 3
| 1
| 1
| 2.5
| "gemm"
| 2
| 1
$ sha256sum < ab.book | cmp - before; autotune compact ab.book -o again.book > /dev/null; autotune freeze small.book -o 1.book > /dev/null; autotune freeze again.book -o 2.book > /dev/null; cmp 1.book 2.book

Near shapes are answered as before.
$ autotune lookup --book=smaller.book --json gemm f32 nn m=5 n=5 k=6 | json match
| "near_shape"

In place, and twice is once.
$ chmod 640 ab.book; autotune compact ab.book | tail -1 | sed 's/;.*//'; autotune compact ab.book | tail -1 | sed 's/;.*//'; stat -c %a ab.book; autotune diff small.book ab.book | tail -1 | sed 's/  */ /g'; ls ab.book*
| ab.book: 2 of 3 kernels (no fewer will do), 1 of 1 codes, 5 of 6 entries, 0 of 0 trials
| ab.book: 2 of 2 kernels (no fewer will do), 1 of 1 codes, 5 of 5 entries, 0 of 0 trials
| 640
| gemm CLASS 0 0 0 0 0 3 1.000x
| ab.book
| ab.book-lock

What a pin names stays.
$ autotune pin --templates="$CASES/templates" --book=ab.book gemm f32 nn m=4 n=5 k=6 UNROLL=4,MODE=good > /dev/null 2>&1; autotune compact ab.book --regret=5% --json | json kernels_required after.kernels; autotune lookup --book=ab.book gemm f32 nn m=4 n=5 k=6 | grep -c UNROLL=4
| 1
| 2
| 1

A sweep goes on where it stopped, unless its trials are dropped.
$ echo 'autotune --templates="$CASES/templates" --budget=20 --book=live.book "gemm f32 nn m=4 n=5 k=6" > /dev/null 2>&1; autotune check live.book --json | json rows.trials' > sweep
$ . ./sweep; autotune compact live.book --json | json after.trials; . ./sweep
| 7
| 7
| 7
$ autotune compact live.book --trials=drop --json | json before.trials after.trials; . ./sweep
| 7
| 0
| 7

Refused by name, and nothing is written.
$ autotune compact
! autotune: compact: 0 books; name one
? 2
$ autotune compact a.book b.book
! autotune: compact: 2 books; name one
? 2
$ autotune compact ab.book --regret=-1%
! autotune: --regret=-1%: no percentage from 0% to 100%, such as 2%
? 2
$ autotune compact ab.book --regret=2
! autotune: --regret=2: no percentage from 0% to 100%, such as 2%
? 2
$ autotune compact ab.book --regret=two%
! autotune: --regret=two%: no percentage from 0% to 100%, such as 2%
? 2
$ autotune compact ab.book --regret=101%
! autotune: --regret=101%: no percentage from 0% to 100%, such as 2%
? 2
$ autotune compact ab.book --trials=some
! autotune: --trials=some: keep or drop
? 2
$ autotune compact ab.book -o ab.book
! autotune: ab.book: is the book itself; leave out -o to compact it in place
? 2
$ autotune compact ab.book -o small.book
! autotune: small.book: exists already, and a compaction replaces nothing else; name a new file
? 2
$ autotune compact a.book
! autotune: a.book: a frozen book cannot be written; name a new file (-o)
? 2
$ autotune compact a.book -o thawed.book > /dev/null && autotune check thawed.book | tail -1
| thawed.book: 3 records, 3 kernels, 1 codes, 0 trials, 1 environments, 0 sources, 0 quarantined, 0 findings
$ autotune compact missing.book
! autotune: missing.book: no such book
? 5
$ echo 'only words' > words; autotune compact words -o x.book
! autotune: words: no book (not an LMDB file)
? 4
$ cp ab.book bad.book; tamper record bad.book; autotune compact bad.book 2>&1 | sed 's/: .*: /: ... /'
| autotune: ... the checksum differs, the value is damaged
$ autotune compact ab.book -o /proc/nowhere/x.book
! autotune: cannot make folder /proc/nowhere: No such file or directory
? 5
$ TUNEBOOK_TEST_NETWORK_FS=1 autotune compact ab.book
! autotune: ab.book: on a network file system others may have a copy that they work in; name a new file (-o)
? 2
$ TUNEBOOK_TEST_NETWORK_FS=1 autotune compact ab.book -o net.book > /dev/null && autotune check net.book | tail -1
| net.book: 3 records, 2 kernels, 1 codes, 1 trials, 1 environments, 1 sources, 0 quarantined, 0 findings
$ ls | grep -e x.book -e '\.work\.'
? 1
