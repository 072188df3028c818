Two books of one kernel each for some problems; the first problem is in both, with times that agree.
$ need json cc
$ timed_book a.book 'm=4 n=5 k=6:1000:1' 'm=8 n=5 k=6:2000:1' && timed_book b.book 'm=4 n=5 k=6:1015:1' 'm=16 n=5 k=6:4000:2' && echo made
| made
$ autotune merge a.book b.book -o ab.book
| ab.book: 3 records, 3 entries, 2 kernels, 0 conflicts
$ autotune show --book=ab.book --json | json records.0.problem records.0.entries.0.median_ns records.1.problem records.1.entries.0.configuration records.2.problem records.2.default_ns
| "gemm f32 nn m=4 n=5 k=6"
| 1000
| "gemm f32 nn m=8 n=5 k=6"
| "UNROLL=1,MODE=good"
| "gemm f32 nn m=16 n=5 k=6"
| 9000

The order of books, their grouping and repetitions change nothing: frozen, the same bytes.
$ autotune merge b.book a.book a.book -o ba.book; autotune freeze ab.book -o 1.book >/dev/null; autotune freeze ba.book -o 2.book >/dev/null; cmp 1.book 2.book
| ba.book: 3 records, 3 entries, 2 kernels, 0 conflicts
$ timed_book c.book 'm=4 n=5 k=6:900:4'; autotune merge ab.book c.book -o ab-c.book; autotune merge c.book a.book b.book -o cab.book; autotune freeze ab-c.book -o 1.book >/dev/null; autotune freeze cab.book -o 2.book >/dev/null; cmp 1.book 2.book
| ab-c.book: 3 records, 4 entries, 3 kernels, 0 conflicts
| cab.book: 3 records, 4 entries, 3 kernels, 0 conflicts
$ autotune lookup --book=cab.book gemm f32 nn m=4 n=5 k=6 | grep -c 'UNROLL=4'
| 1

A merged book is a live one: it can be written, and what was tried comes along.
$ make_book d.book; autotune merge a.book d.book -o ad.book --json | json records trials n_conflicts
| 2
| 1
| 0
$ autotune --templates="$CASES/templates" --budget=1 --book=ad.book 'gemm f32 nn m=4 n=5 k=7' >/dev/null 2>&1; autotune show --book=ad.book --json | json records.2.problem
| "gemm f32 nn m=4 n=5 k=7"

Conflicts: one kernel in one environment, medians apart beyond their noise.
$ timed_book e.book 'm=4 n=5 k=6:1500:1' 'm=8 n=5 k=6:2000:1'; autotune merge a.book e.book b.book -o ae.book 2>&1 | sed 's/environment ([0-9a-f]*)/environment (HEX)/'
| autotune: conflict: gemm f32 nn m=4 n=5 k=6 on CLASS: naive UNROLL=1,MODE=good takes TIME in a.book and TIME in e.book, in one environment (HEX)
| ae.book: 3 records, 3 entries, 2 kernels, 1 conflicts
$ autotune merge a.book e.book -o ae2.book --json 2>/dev/null | json n_conflicts conflicts.0.problem conflicts.0.low.book conflicts.0.low.median_ns conflicts.0.high.book conflicts.0.high.median_ns conflicts.0.facts.backend
| 1
| "gemm f32 nn m=4 n=5 k=6"
| "a.book"
| 1000
| "e.book"
| 1500
| "cpu"
$ autotune merge a.book e.book -o ae3.book --fail-on-conflict 2>/dev/null
| ae3.book: 2 records, 2 entries, 1 kernels, 1 conflicts
? 1
$ autotune merge a.book e.book -o ae4.book --fail-on-conflict 2>&1 | tail -1
| ae4.book: 2 records, 2 entries, 1 kernels, 1 conflicts

Refused by name, and nothing is written.
$ autotune merge a.book b.book
! autotune: merge: -o FILE is missing, the book to write
? 2
$ autotune merge -o x.book
! autotune: merge: 0 books; 1 to 256 can be merged at once
? 2
$ autotune merge a.book -o a.book
! autotune: a.book: is one of the books to merge; name another file
? 2
$ ln a.book link.book; autotune merge a.book b.book -o link.book
! autotune: link.book: is one of the books to merge; name another file
? 2
$ autotune merge a.book b.book -o 1.book
! autotune: 1.book: exists already, and a merge replaces nothing; name a new file
? 2
$ echo 'only words' > words; autotune merge a.book words -o x.book
! autotune: words: no book (not an LMDB file)
? 4
$ autotune merge a.book missing.book -o x.book
! autotune: missing.book: no such book
? 5
$ autotune merge a.book b.book -o /proc/nowhere/x.book
! autotune: cannot make folder /proc/nowhere: No such file or directory
? 5
$ autotune merge a.book b.book -o /dev/full
! autotune: /dev/full: exists already, and a merge replaces nothing; name a new file
? 2
$ cp d.book copy.book; autotune merge d.book copy.book -o same.book; autotune --templates="$CASES/templates" --budget=1 --book=copy.book 'gemm f32 nn m=4 n=5 k=7' >/dev/null 2>&1; autotune merge d.book copy.book -o x.book
| same.book: 1 records, 1 entries, 1 kernels, 0 conflicts
! autotune: d.book and copy.book: two books with one id and different content, a copy and what it was copied from; freeze one of them (autotune freeze copy.book -o FILE), which gives it an id of its own
? 4
$ cp a.book bad.book; tamper record bad.book; autotune merge bad.book b.book -o x.book 2>&1 | sed 's/: .*: /: ... /'
| autotune: ... the checksum differs, the value is damaged
$ ls | grep -e x.book -e '\.merge'
? 1
