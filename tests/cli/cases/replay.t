Recordings that are read: Kernel Tuner's, closed or not, and T4.
$ { printf '{"tune_params_keys": ["x", "y"], "cache": {'; for x in 1 2 3 4 5 6 7 8; do for y in 1 2 3 4 5 6 7 8; do printf '"%s,%s": {"x": %s, "y": %s, "time": %s, "compile_time": 100},\n' $x $y $x $y $((100 + x * 7 + y * y)); done; done; } > open.json; wc -l < open.json
| 64
$ autotune replay open.json --json --repeats=3 --strategy=random,local | json strategies.0.name strategies.1.name strategies.0.spaces.0.file repeats
| "random"
| "local"
| "open.json"
| 3
$ autotune replay open.json --json --repeats=3 --strategy=random --seed=7 > one.json; autotune replay open.json --json --repeats=3 --strategy=random --seed=7 > two.json; json strategies.0.score < one.json > one; json strategies.0.score < two.json > two; cmp one two && echo the same seed gives the same score
| the same seed gives the same score
$ sed '$ s/,$/}}/' open.json > closed.json; zstd -q closed.json; autotune replay closed.json.zst open.json --repeats=2 --strategy=exhaustive | awk 'NR < 4 { print $1, $2 }'
| strategy recording
| exhaustive closed
| open 1.000

What is no recording, and what is no strategy.
$ autotune replay
! autotune: replay: names no FILE; a Kernel Tuner cache or T4 results, plain or compressed by zstd, or a book
? 2
$ autotune replay nothing.json
! autotune: cannot open nothing.json: No such file or directory
? 1
$ echo '{"a": 1}' > other.json; autotune replay other.json
! autotune: other.json: neither a Kernel Tuner cache (no member 'cache') nor T4 results (no 'results')
? 4
$ head -c 40 closed.json.zst > short.zst; autotune replay short.zst
! autotune: short.zst: zstd data cut off
? 4
$ autotune replay open.json --strategy=loca
! autotune: --strategy: unknown strategy 'loca'; did you mean 'local'?
? 2
$ autotune replay open.json --strategy=local,local
! autotune: --strategy: 'local' is named twice
? 2
$ autotune replay open.json --repeats=0
! autotune: --repeats=0: not a whole number from 1 to 100000
? 2
