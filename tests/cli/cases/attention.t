Attention on the command line: texts, ranges, shapes, models, and a sweep that answers a lookup.

$ autotune --dry-run 'attention f32 causl d=64 q_heads=8 q_len=64'
! autotune: attention: unknown word 'causl'; did you mean 'causal'?
? 2
$ autotune --dry-run 'attention f32 d=64 q_heads=8 kv_heads=3 q_len=64'
! autotune: attention: q_heads=8 is no multiple of kv_heads=3
? 2
$ autotune --dry-run 'attention f32 d=64 q_heads=8 q_len=0'
! autotune: attention: q_len=0 is out of range; it lies in 1..2147482624
? 2
$ autotune --dry-run --json 'attention f32 causal d=64 q_heads=8 q_len=1 kv_len=1024..4096*2 page=0,16' | grep '"problem"' | sed 's/^ *//'
| "problem": "attention f32 causal d=64 q_heads=8 q_len=1 kv_len=1024",
| "problem": "attention f32 causal d=64 q_heads=8 page=16 q_len=1 kv_len=1024",
| "problem": "attention f32 causal d=64 q_heads=8 q_len=1 kv_len=2048",
| "problem": "attention f32 causal d=64 q_heads=8 page=16 q_len=1 kv_len=2048",
| "problem": "attention f32 causal d=64 q_heads=8 q_len=1 kv_len=4096",
| "problem": "attention f32 causal d=64 q_heads=8 page=16 q_len=1 kv_len=4096",
$ autotune --dry-run --json --op=attention --dtype=f32 --shape=d=64,q_heads=2,q_len=8,16 | grep '"problem"' | sed 's/^ *//'
| "problem": "attention f32 d=64 q_heads=2 q_len=8",
| "problem": "attention f32 d=64 q_heads=2 q_len=16",
$ autotune --dry-run --json --op=attention --model=llama-3-8b@tp2 --phase=prefill --dtype=f32 | grep -c '"problem"'
| 15
$ autotune --dry-run --op=attention --model=deepseek-v3 --phase=decode
! autotune: model 'deepseek-v3' has no problem of op attention in decode
? 2
$ printf '# two\nattention f32 d=64 q_heads=2 q_len=8 calls=3\nattention f32 lse d=64 q_heads=2 q_len=8\n' > shapes
$ autotune --dry-run --json --shapes=shapes | grep -E '"(problem|calls)"' | sed 's/^ *//'
| "problem": "attention f32 d=64 q_heads=2 q_len=8",
| "calls": 3,
| "problem": "attention f32 lse d=64 q_heads=2 q_len=8",
| "calls": 1,

One trial is enough for an answer, exact and near.

$ need cc
$ autotune --budget=1 --book=a.book 'attention f32 causal d=64 q_heads=2 q_len=40' > out 2>&1; grep -c '^attention f32 causal d=64' out
| 2
$ autotune lookup --book=a.book attention f32 causal d=64 q_heads=2 q_len=40 | grep match
| match          exact
$ autotune lookup --book=a.book attention f32 causal d=64 q_heads=4 q_len=50 kv_len=60 | grep match
| match          near_shape
$ autotune lookup --book=a.book attention f32 d=64 q_heads=2 q_len=40 2>&1 | grep -c 'no kernel'
| 1
$ autotune show --book=a.book attention/q=f32 | grep -c 'attention f32 causal d=64 q_heads=2 q_len=40'
| 1
