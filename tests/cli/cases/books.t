$ need json tamper cc
$ make_book good.book && echo made
| made

Books that are none.
$ autotune show --book=missing.book
! autotune: missing.book: no such book
? 5
$ echo 'these are only some words' > words.book; autotune show --book=words.book
! autotune: words.book: no book (not an LMDB file)
? 4
$ autotune --book=words.book 'gemm f32 nn m=4 n=5 k=6'; cat words.book
| these are only some words
! autotune: words.book: no book (not an LMDB file)
$ : > empty.book; autotune show --book=empty.book
! autotune: empty.book: no book (an empty file)
? 4
$ autotune show --book=.
! autotune: .: a folder, no book
? 4
$ head -c 6000 good.book > short.book; autotune show --book=short.book
! autotune: short.book: truncated: 6000 bytes, not even its two head pages
? 4
$ head -c 6000 good.book > short.book; autotune --book=short.book 'gemm f32 nn m=4 n=5 k=6'
! autotune: short.book: truncated: 6000 bytes, not even its two head pages
? 4

A newer schema, damage, malformed bytecode under right checksums.
$ cp good.book new.book; tamper schema new.book; autotune show --book=new.book
! autotune: new.book: schema 99, this program knows up to 1; update Tunebook
? 4
$ cp good.book new.book; tamper schema new.book; autotune --book=new.book 'gemm f32 nn m=4 n=5 k=6'
! autotune: new.book: schema 99, this program knows up to 1; update Tunebook
? 4
$ cp good.book bad.book; tamper record bad.book; autotune show --book=bad.book
! autotune: bad.book: gemm/a=f32,b=f32,d=f32,acc=f32/nn/none/al=4444@CLASS/n=0000000005,k=0000000006,b=0000000001/m=0000000004: record: the checksum differs, the value is damaged
? 4
$ cp good.book bad.book; tamper record bad.book; autotune lookup --book=bad.book gemm f32 nn m=4 n=5 k=6
! autotune: no kernel for gemm f32 nn m=4 n=5 k=6 on CLASS: no usable entry for n=5,k=6,b=1,m=4 on CLASS or near it, and no default; 1 damaged values
? 1
$ cp good.book code.book; tamper bytecode code.book; autotune explain --book=code.book gemm f32 nn m=4 n=5 k=6 --json | json layers.0.records.0.entries.0.usable layers.0.records.0.entries.0.reason
| false
| "sound bytecode; one of its clauses is damaged"
! autotune: no kernel for gemm f32 nn m=4 n=5 k=6 on CLASS: no usable entry for n=5,k=6,b=1,m=4: 1 entries, none usable here; kernel naive wants sound bytecode; one of its clauses is damaged

A broken layer is left out with a word; the others answer.
$ TUNEBOOK=words.book:good.book autotune lookup --json gemm f32 nn m=4 n=5 k=6 | json match
| "exact"
! autotune: words.book: no book (not an LMDB file)

Places that cannot be written, and a disk that is full.
$ autotune --book=words.book/user.book 'gemm f32 nn m=4 n=5 k=6'
! autotune: words.book/user.book: cannot open: Not a directory
? 5
$ autotune --book=/proc/nowhere/user.book 'gemm f32 nn m=4 n=5 k=6'
! autotune: cannot make folder /proc/nowhere: No such file or directory
? 5
$ autotune freeze good.book -o words.book/x.book
! autotune: cannot make folder words.book: words.book is a file
? 5
$ autotune freeze good.book -o /dev/full
! autotune: /dev/full: not a regular file, cannot be replaced by a frozen book
? 2

Busy: every reader place is taken.
$ cp good.book busy.book; tamper readers busy.book 'autotune show --book=busy.book'
! autotune: busy.book: cannot open: all reader places of its lock file are taken; try again
? 5

A frozen book is read, never written.
$ autotune freeze good.book -o frozen.book --json | json records
| 1
$ autotune lookup --book=frozen.book --json gemm f32 nn m=4 n=5 k=6 | json match evidence template
| "exact"
| "measured"
| "naive"
$ autotune --templates="$CASES/templates" --book=frozen.book 'gemm f32 nn m=4 n=5 k=6'
! autotune: frozen.book: a frozen book cannot be written; name a live one (a new path makes one)
? 2

CPU code is not taken from a book that others can write.
$ cp good.book open.book; chmod 666 open.book; autotune lookup --book=open.book gemm f32 nn m=4 n=5 k=6
! autotune: no kernel for gemm f32 nn m=4 n=5 k=6 on CLASS: no usable entry for n=5,k=6,b=1,m=4: 1 entries, none usable here; open.book holds code for the CPU but others can write it or its folder; chmod go-w both, and own them
? 1

A network file system: the book is worked on elsewhere and published.
$ export TUNEBOOK_TEST_NETWORK_FS=1; autotune --templates="$CASES/templates" --budget=2 --json --book=net.book 'gemm f32 nn m=4 n=5 k=6' 2> talk | json problems.#; grep network talk; ls net.book
| 1
| autotune: net.book is on a network file system: working in SCRATCH/tmp/tunebook-0/HASH.book, published at the end
| net.book
