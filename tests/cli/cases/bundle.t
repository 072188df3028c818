Bundles: a book as one file for others.
$ make_book a.book; autotune export a.book -o a.bundle | sed 's/, [0-9.]* KiB/, SIZE/'
| a.bundle: 1 records with 1 entries, 1 kernels with code, SIZE
$ autotune export a.book -o again.bundle > /dev/null; cmp a.bundle again.bundle && echo the same bytes
| the same bytes
$ zstd -dc a.bundle | tar t | sed 's/[0-9a-f]\{64\}/HASH/'
| manifest.json
| environments.jsonl
| records.jsonl
| descriptors/HASH
| sources/HASH
| code/HASH
$ zstd -dc a.bundle | tar xO manifest.json | json format version schema code counts.records counts.codes members.0.name
| "tunebook-bundle"
| 1
| 1
| true
| 1
| 1
| "environments.jsonl"
$ autotune export a.book -o a.bundle --json | json file records entries kernels sources codes
| "a.bundle"
| 1
| 1
| 1
| 1
| 1

Import: nothing is believed before it was checked, and code of strangers is not taken.
$ autotune import a.bundle --book=b.book; ls b.book
! autotune: a.bundle: holds code, and nobody whom you trust has signed it; --trust=PUBKEY names whom you trust, --allow-unsigned takes the code all the same, this once
! ls: cannot access 'b.book': No such file or directory
? 2
$ autotune import a.bundle --book=b.book --dry-run; ls b.book
| new       gemm f32 nn m=4 n=5 k=6  CLASS  TIME
| b.book: would take in 1 records: 1 new; 1 new kernels
! autotune: the bundle holds code that nobody whom you trust has signed: importing it needs --allow-unsigned
! ls: cannot access 'b.book': No such file or directory
? 2
$ autotune import a.bundle --book=b.book --allow-unsigned
| b.book: 1 records: 1 new; 1 new kernels
$ autotune import a.bundle --book=b.book --allow-unsigned
| b.book: 1 records: 1 same; 0 new kernels
$ autotune import a.bundle --book=b.book --dry-run --json | json dry_run same new changes.#
| true
| 1
| 0
| 0
$ autotune export b.book -o b.bundle > /dev/null; cmp a.bundle b.bundle && echo the same bytes
| the same bytes
$ autotune lookup --book=b.book --json gemm f32 nn m=4 n=5 k=6 | json match evidence template
| "exact"
| "measured"
| "naive"

Without code a bundle needs no trust; of kernels that the book does not have nothing comes in.
$ autotune export a.book -o c.bundle --without-code | sed 's/, [0-9.]* KiB/, SIZE/'
| c.bundle: 1 records with 1 entries, 1 kernels without code, SIZE
$ autotune import c.bundle --book=b.book
| b.book: 1 records: 1 same; 0 new kernels
$ autotune import c.bundle --book=c.book
| c.book: 1 records: 1 left out; 0 new kernels
! autotune: 1 entries left out: the bundle has no code, and the book does not have their kernels; tune these problems here, or ask for a bundle with code
$ autotune import c.bundle --book=c.book --json 2> /dev/null | json code left_out left_out_entries
| false
| 1
| 1

Filters.
$ autotune export a.book -o f.bundle --filter=op=gemm,evidence=measured | sed 's/, [0-9.]* KiB/, SIZE/'
| f.bundle: 1 records with 1 entries, 1 kernels with code, SIZE
$ autotune export a.book -o g.bundle --filter=class=mi300x --filter=model=llama-3-8b; ls g.bundle
! autotune: a.book: no records that the filter takes
! ls: cannot access 'g.bundle': No such file or directory
? 2
$ autotune export a.book -o g.bundle --filter=op=gem
! autotune: --filter: unknown op 'gem'; did you mean 'gemm'?; known: gemm, attention
? 2
$ autotune export a.book -o g.bundle --filter=clas=mi300x
! autotune: --filter: unknown part 'clas'; did you mean 'class'?; known: op, class, model, evidence
? 2
$ autotune export a.book -o g.bundle --filter=class=mi300 2>&1 | cut -c -60
| autotune: --filter: unknown class 'mi300'; did you mean 'mi3
$ autotune export a.book -o g.bundle --filter=evidence=guess
! autotune: --filter: unknown evidence 'guess'; known: measured, predicted, default
? 2
$ autotune export a.book -o g.bundle --filter=model=llama 2>&1 | cut -c -40
| autotune: --filter: unknown model 'llama
$ autotune export a.book -o g.bundle --filter=op=gemm,op=gemm
! autotune: --filter: 'op' twice in one; a --filter of its own is an alternative
? 2
$ autotune export a.book -o g.bundle --filter=op
! autotune: --filter: 'op' needs a value: op=VALUE
? 2

What is damaged is refused, and makes no book.
$ head -c 1000 a.bundle > short.bundle; autotune import short.bundle --book=d.book
! autotune: short.bundle: no seal at its end: cut off, or something was appended
? 4
$ (cat a.bundle; echo more) > long.bundle; autotune import long.bundle --book=d.book
! autotune: long.bundle: no seal at its end: cut off, or something was appended
? 4
$ echo 'these are only some words, but more than a few of them' > words.bundle; autotune import words.bundle --book=d.book
! autotune: words.bundle: no bundle (not compressed by zstd); what another tool wrote needs --format
? 4
$ autotune import a.book --book=d.book
! autotune: a.book: no bundle (an LMDB file, as books are); `autotune merge` puts books together, `autotune export` makes a bundle of one
? 4
$ autotune lint a.bundle
! autotune: a.bundle: no book (compressed by zstd, as bundles are); `autotune import` takes a bundle into a book
? 4
$ autotune import missing.bundle --book=d.book
! autotune: cannot open missing.bundle: No such file or directory
? 5
$ ls d.book
! ls: cannot access 'd.book': No such file or directory
? 2

Usage.
$ autotune export a.book
! autotune: export: -o FILE is missing, the bundle to write; or name another --format: t4, kerneltuner or records
? 2
$ autotune export a.book --format=t4 --without-code
! autotune: --without-code: goes with a bundle; leave --format out
? 2
$ autotune export a.book -o x.bundle --problem='gemm f32 nn m=4 n=5 k=6'
! autotune: --problem: goes with --format=t4 or kerneltuner, which is missing
? 2
$ autotune import
! autotune: import: names no FILE, a bundle that 'autotune export' wrote
? 2
$ autotune import a.bundle b.bundle
! autotune: import: takes one FILE
? 2
$ autotune export a.book -o nowhere/x.bundle
! autotune: nowhere/x.bundle: cannot create: No such file or directory
? 5

Signatures, with keys of minisign.
$ need minisign
$ minisign -GW -p a.pub -s a.key > /dev/null && minisign -GW -p b.pub -s b.key > /dev/null && chmod 600 a.key b.key && autotune export a.book -o s.bundle --sign=a.key | sed 's/, [0-9.]* KiB/, SIZE/'
| s.bundle: 1 records with 1 entries, 1 kernels with code, SIZE
$ minisign -Vm s.bundle -p a.pub | head -1
| Signature and comment signature verified
$ autotune import s.bundle --book=s.book; ls s.book
! autotune: s.bundle: holds code, and nobody whom you trust has signed it; --trust=PUBKEY names whom you trust, --allow-unsigned takes the code all the same, this once
! ls: cannot access 's.book': No such file or directory
? 2
$ autotune import s.bundle --book=s.book --trust=b.pub 2>&1 | sed 's/[0-9A-F]\{16\}/KEY/'
| autotune: s.bundle: signed by KEY, which --trust does not name
$ autotune import s.bundle --book=s.book --trust=b.pub --trust=a.pub
| s.book: 1 records: 1 new; 1 new kernels
$ autotune trust add a.pub > /dev/null; autotune import s.bundle --book=t.book
| t.book: 1 records: 1 new; 1 new kernels
$ autotune import a.bundle --book=u.book --trust=a.pub
! autotune: a.bundle: not signed (no a.bundle.minisig), and --trust wants it to be
? 4
$ cp s.bundle.minisig a.bundle.minisig; autotune export a.book -o a.bundle --filter=op=gemm --without-code > /dev/null; autotune import a.bundle --book=u.book 2>&1 | cut -c -60
| autotune: a.bundle.minisig: signature: does not match: not m
$ autotune import s.bundle --book=u.book --trust=nowhere.pub
! autotune: --trust: nowhere.pub: neither a file nor a public key
? 2
$ ls u.book
! ls: cannot access 'u.book': No such file or directory
? 2

A key with a password, which is never an argument; neither file may be open to others.
$ autotune export a.book -o p.bundle --password-file=pw
! autotune: --password-file: goes with --sign, which is missing
? 2
$ autotune export a.book --format=t4 --password-file=pw
! autotune: --password-file: goes with a bundle; leave --format out
? 2
$ printf 'pass word\npass word\n' | minisign -G -p p.pub -s p.key > /dev/null 2>&1; chmod 600 p.key; echo 'pass word' > pw; autotune export a.book -o p.bundle --sign=p.key --password-file=pw; ls p.bundle
! autotune: p.key: pw: holds a secret and others may use it (mode 644); chmod 600 makes it right
! ls: cannot access 'p.bundle': No such file or directory
? 2
$ chmod 600 pw; autotune export a.book -o p.bundle --sign=p.key --password-file=pw > /dev/null && minisign -Vm p.bundle -p p.pub | head -1
| Signature and comment signature verified
$ chmod 640 p.key; autotune export a.book -o q.bundle --sign=p.key --password-file=pw; ls q.bundle
! autotune: p.key: holds a secret and others may use it (mode 640); chmod 600 makes it right
! ls: cannot access 'q.bundle': No such file or directory
? 2
$ chmod 600 p.key; echo another > pw; autotune export a.book -o q.bundle --sign=p.key --password-file=pw; ls q.bundle
! autotune: p.key: secret key: wrong password
! ls: cannot access 'q.bundle': No such file or directory
? 2
