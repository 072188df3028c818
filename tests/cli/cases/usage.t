Words that are no options, options of others, values that are missing or too many.
$ autotune --budgt=60s
! autotune: --budgt: unknown option; did you mean '--budget'?
? 2
$ autotune show --bok=x
! autotune: --bok: unknown option; did you mean '--book'?
? 2
$ autotune --zzzzzzzz
! autotune: --zzzzzzzz: unknown option; see 'autotune sweep --help'
? 2
$ autotune show --trails
! autotune: --trails: unknown option; did you mean '--trials'?
? 2
$ autotune show --budget=60s
! autotune: --budget: not an option of 'autotune show' but of 'autotune sweep'
? 2
$ autotune -x
! autotune: -x: unknown option; see 'autotune sweep --help'
? 2
$ autotune lookup --book
! autotune: --book: needs a value: --book=FILE
? 2
$ autotune lookup --book --json
! autotune: --book: needs a value: --book=FILE
? 2
$ autotune lookup --book=
! autotune: --book: its value is empty; --book=FILE
? 2
$ autotune lookup --json=yes
! autotune: --json=yes: --json takes no value
? 2
$ autotune lookup --book=a --book=b
! autotune: --book: given twice; once is right
? 2
$ autotune --threads=many 'gemm f32 m=1 n=1 k=1'
! autotune: --threads=many: not a whole number from 1 to 4096
? 2
$ autotune --threads=0 'gemm f32 m=1 n=1 k=1'
! autotune: --threads=0: not a whole number from 1 to 4096
? 2
$ autotune --seed=-1 'gemm f32 m=1 n=1 k=1'
! autotune: --seed=-1: not a whole number from 0 up
? 2
$ autotune --jobs=99999999999999999999 'gemm f32 m=1 n=1 k=1'
! autotune: --jobs=99999999999999999999: not a whole number from 1 to 4096
? 2

Words that are no commands; a command that does not stand first; nothing at all.
$ autotune shwo
! autotune: shwo: unknown command; did you mean 'show'?
? 2
$ autotune frobnicate
! autotune: frobnicate: neither a command nor an op; see 'autotune --help'
? 2
$ autotune --json show
! autotune: show: the command stands first: autotune show [OPTION...]
? 2
$ autotune devices extra
! autotune: extra: 'autotune devices' takes no argument
? 2
$ autotune doctor extra
! autotune: extra: 'autotune doctor' takes no argument
? 2
$ autotune
! autotune: nothing to tune: name a PROBLEM ('gemm f32 nt m=16 n=4096 k=4096'), --model=NAME or --shapes=FILE; see 'autotune --help'
? 2
$ autotune bench
! autotune: nothing to measure: name a PROBLEM, --model=NAME or --shapes=FILE
? 2
$ autotune lookup
! autotune: PROBLEM is missing, such as 'gemm bf16 nt m=16 n=4096 k=4096'
? 2
$ autotune lookup 'gemm f32 m=1 n=1 k=1' 'gemm f32 m=2 n=1 k=1'
! autotune: 'gemm f32 m=2 n=1 k=1': a second problem; this command takes one
? 2

Options that would be without effect.
$ autotune --dtype=f32
! autotune: --dtype: goes with --shape or --model, which is missing
? 2
$ autotune --layout=nt --model=llama-3.2-1b
! autotune: --layout: goes with --shape, which is missing
? 2
$ autotune --phase=decode 'gemm f32 m=1 n=1 k=1'
! autotune: --phase: goes with --model, which is missing
? 2
$ autotune --shape=m=1,n=2,k=3
! autotune: --shape=m=1,n=2,k=3: needs a type too, such as --dtype=bf16
? 2
$ autotune --model=llama-3.2-1b --dtype=f32 --dtype=bf16
! autotune: --dtype: given 2 times; a model takes one type
? 2
$ autotune freeze
! autotune: freeze: -o FILE is missing, the frozen book to write
? 2
$ autotune freeze -o out.book
! autotune: freeze: names no BOOK; --defaults compiles the templates' defaults
? 2
$ autotune freeze a.book --jobs=2 -o out.book
! autotune: --jobs: goes with --defaults, which is missing
? 2
$ autotune freeze a.book --defaults -o out.book
! autotune: a.book: --defaults takes no books
? 2
$ touch a.book; autotune freeze a.book -o ./a.book
! autotune: -o ./a.book: is one of the books to freeze; name another file
? 2
$ autotune freeze --defaults --targets=x86-64-v9 -o out.book
! autotune: --targets: no template is for 'x86-64-v9'; did you mean 'x86-64-v2'?
? 2
$ autotune show gemm/a=f32 --op=gemm
! autotune: gemm/a=f32: a key prefix goes without --op and --model
? 2

Help and version go to stdout; a reader that cannot take them is an error.
$ autotune --version
| autotune 0.1.0
$ autotune show -V
| autotune 0.1.0
$ autotune --help | head -1
| Usage: autotune [COMMAND] [OPTION...] [ARGUMENT...]
$ autotune help | head -1
| Usage: autotune [COMMAND] [OPTION...] [ARGUMENT...]
$ autotune -h | head -1
| Usage: autotune [COMMAND] [OPTION...] [ARGUMENT...]
$ for command in $(commands); do autotune $command --help | head -1; done
| Usage: autotune [sweep] [OPTION...] [PROBLEM...]
| Usage: autotune show [OPTION...] [PROBLEM | KEY-PREFIX]
| Usage: autotune lookup [OPTION...] PROBLEM
| Usage: autotune explain [OPTION...] PROBLEM
| Usage: autotune pin [OPTION...] PROBLEM CONFIGURATION | --remove PROBLEM | --list
| Usage: autotune bench [OPTION...] [PROBLEM...]
| Usage: autotune gpubench [OPTION...] [PROBLEM...]
| Usage: autotune verify [OPTION...] [PROBLEM...]
| Usage: autotune devices [OPTION...]
| Usage: autotune templates [OPTION...] [NAME [PROBLEM]]
| Usage: autotune freeze [OPTION...] BOOK... -o FILE | --defaults -o FILE
| Usage: autotune merge [OPTION...] BOOK... -o FILE
| Usage: autotune diff [OPTION...] BOOK BOOK
| Usage: autotune compact [OPTION...] BOOK [-o FILE]
| Usage: autotune check [OPTION...] [BOOK]
| Usage: autotune export [OPTION...] [BOOK] -o FILE
| Usage: autotune import [OPTION...] FILE
| Usage: autotune lint [OPTION...] [BOOK]
| Usage: autotune replay [OPTION...] FILE...
| Usage: autotune space [OPTION...] FILE
| Usage: autotune trust [OPTION...] list | add FILE | remove KEYID | check FILE
| Usage: autotune doctor [OPTION...]
$ autotune --help > /dev/full
! autotune: standard output: No space left on device (free some space or choose another place)
? 5
$ autotune devices --json > /dev/full
! autotune: standard output: No space left on device (free some space or choose another place)
? 5

Every option of --help stands in the man page and in the completion, and neither knows others.
$ for c in $(commands); do options_of $c; done | sort -u > options; wc -l < options | tr -d ' '
| 66
$ sed 's/\\-/-/g' "$PROJECT/docs/man/autotune.1" > man; for o in $(cat options); do grep -qE -e "$o([^a-z-]|\$)" man || echo "$o: not in the man page"; done
$ for o in $(cat options); do grep -qE -e "$o([^a-z-]|\$)" "$PROJECT/frontends/cli/autotune.bash" || echo "$o: not in the completion"; done
$ { cat man "$PROJECT/frontends/cli/autotune.bash"; } | grep -oE -e '--[a-z][a-z-]+' | sort -u | grep -vxF -f options
? 1
$ for c in $(commands); do grep -q "autotune $c\|fB$c" man || echo "$c: not in the man page"; done
$ for c in $(commands); do for o in $(options_of $c); do printf '%s\n' "$(bash -c ". '$PROJECT/frontends/cli/autotune.bash'; COMP_WORDS=(autotune $c --); COMP_CWORD=2; _autotune; echo \"\${COMPREPLY[@]}\"")" | grep -q -e "$o\b" || echo "$c $o: not completed"; done; done
$ bash -c '. "$PROJECT/frontends/cli/autotune.bash"; COMP_WORDS=(autotune --dtype = b); COMP_CWORD=3; _autotune; echo "${COMPREPLY[@]}"'
| bf16
