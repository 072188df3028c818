$ need json tamper cc
$ make_book good.book && echo made
| made

A book with nothing wrong.
$ autotune check good.book
| good.book: 1 records, 1 kernels, 1 codes, 1 trials, 1 environments, 1 sources, 0 quarantined, 0 findings
$ autotune check --json good.book | json rows.records n_findings findings
| 1
| 0
| []
$ autotune freeze good.book -o frozen.book > /dev/null; autotune check frozen.book; ls frozen.book*
| frozen.book: 1 records, 1 kernels, 1 codes, 0 trials, 1 environments, 1 sources, 0 quarantined, 0 findings
| frozen.book

What is no book, or a newer one.
$ autotune check missing.book
! autotune: missing.book: no such book
? 5
$ echo 'these are only some words' > words.book; autotune check words.book
! autotune: words.book: no book (not an LMDB file)
? 4
$ autotune check .
! autotune: .: a folder, no book
? 4
$ autotune check words.book good.book
! autotune: good.book: one book at a time
? 2
$ cp good.book new.book; tamper schema new.book; autotune check new.book
! autotune: new.book: schema 99, this program knows up to 1; update Tunebook
? 4
$ autotune check --repair -o x.book new.book; ls x.book
! autotune: new.book: schema 99, this program knows up to 1; update Tunebook
! ls: cannot access 'x.book': No such file or directory
? 2

Damage in values: one line each, naming table and key.
$ cp good.book bad.book; tamper record bad.book; autotune check bad.book
| record gemm/a=f32,b=f32,d=f32,acc=f32/nn/none/al=4444@CLASS/n=0000000005,k=0000000006,b=0000000001/m=0000000004: record: the checksum differs, the value is damaged
| bad.book: 1 records, 1 kernels, 1 codes, 1 trials, 1 environments, 1 sources, 0 quarantined, 1 findings
! autotune: bad.book: 1 findings; `autotune check --repair -o NEW bad.book` keeps what is intact
? 1
$ autotune check --json bad.book 2> /dev/null | json n_findings findings.0.table findings.0.what findings.0.note
| 1
| "record"
| "record: the checksum differs, the value is damaged"
| false
$ cp good.book code.book; tamper bytecode code.book; autotune check code.book | sed -E 's/[0-9a-f]{64}/HASH/'
| kernel HASH: descriptor, clause: bytecode of 1 bytes, byte 0: unknown instruction
| code.book: 1 records, 1 kernels, 1 codes, 1 trials, 1 environments, 1 sources, 0 quarantined, 1 findings
! autotune: code.book: 1 findings; `autotune check --repair -o NEW code.book` keeps what is intact

Damage to LMDB's own pages, and a file that was cut.
$ u() { od -An -t"u$2" -j"$1" -N"$2" page.book | tr -d ' '; }; cp good.book page.book; for page in $(seq 2 $(($(stat -c %s page.book) / 4096 - 1))); do at=$((page * 4096)); [ "$(u $at 8)" = $page ] && [ "$(u $((at + 10)) 2)" -le 2 ] && printf '\377\377' | dd of=page.book bs=1 seek=$((at + 12)) conv=notrunc 2> /dev/null; done; autotune check page.book | sed -E 's/page [0-9]+/page N/'
| page.book: damaged (page N: its free space makes no sense)
| page.book: rows not read, 1 findings
! autotune: page.book: 1 findings; `autotune check --repair -o NEW page.book` keeps what is intact
$ size=$(stat -c %s good.book); head -c $((size / 2)) good.book > short.book; autotune check short.book | sed -E 's/[0-9]+ of [0-9]+ bytes/N of N bytes/'
| short.book: truncated: N of N bytes; copy it again or restore a backup
| short.book: rows not read, 1 findings
! autotune: short.book: 1 findings; `autotune check --repair -o NEW short.book` keeps what is intact

Repair takes what is intact, also from pages whose heads are gone, and never touches the file.
$ sha256sum < page.book > before; autotune check --repair -o saved.book page.book; sha256sum < page.book | cmp - before && echo untouched
| table   kept  older  damaged
| record     1      1        0
| kernel     1      1        0
| code       1      1        0
| trial      1      1        0
| env        1      1        0
| source     1      1        0
| saved.book: 6 rows kept; what stood on damaged pages is not counted
| untouched
! autotune: page.book: not all of it was intact; it stays as it is
$ autotune check saved.book
| saved.book: 1 records, 1 kernels, 1 codes, 1 trials, 1 environments, 1 sources, 0 quarantined, 0 findings
$ autotune show --book=saved.book --json | json records.0.problem records.0.entries.0.template
| "gemm f32 nn m=4 n=5 k=6"
| "naive"
$ autotune lookup --book=saved.book --json gemm f32 nn m=4 n=5 k=6 | json match
| "exact"
$ autotune check --repair -o saved.book page.book
! autotune: saved.book: exists; name a new file for what is salvaged
? 2
$ autotune check --repair --json -o whole.book good.book | json kept.record damaged.record pages_damaged
| 1
| 0
| false
$ autotune check --repair good.book
! autotune: --repair: -o NEW is missing, the book that takes what is intact
? 2
$ autotune check -o x.book good.book
! autotune: -o x.book: goes with --repair, which is missing
? 2
$ ls -d *.book.work.* 2> /dev/null
? 2
