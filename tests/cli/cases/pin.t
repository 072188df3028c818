$ need json cc
What is to be pinned has to make sense.
$ autotune pin 'gemm f32 nn m=4 n=5 k=6'
! autotune: pin: autotune pin PROBLEM CONFIGURATION, such as 'gemm f32 nt m=16 n=2048 k=2048' TILE_M=8,TILE_N=32
? 2
$ autotune pin --list --remove 'gemm f32 nn m=4 n=5 k=6'
! autotune: --list and --remove: one of them
? 2
$ autotune pin --list 'gemm f32 nn m=4 n=5 k=6'
! autotune: gemm f32 nn m=4 n=5 k=6: --list takes no argument
? 2
$ autotune pin --remove --because=x 'gemm f32 nn m=4 n=5 k=6'
! autotune: --because and --template go with a CONFIGURATION to pin
? 2
$ autotune pin --remove 'gemm f32 nn m=4 n=5 k=6'
! autotune: SCRATCH/home/.local/share/tunebook/user.book: no such book
? 1
$ autotune pin --templates="$CASES/templates" 'gemm f32 nn m=4 n=5 k=6' UNROLL=3 2>&1 | sed 's/on [a-z0-9-]*;/on TARGET;/'
| autotune: not pinned: UNROLL=3: of no template's space for this problem on TARGET; the last: naive: UNROLL=3 is not one of its values: 1, 2, 4
$ autotune pin --templates="$CASES/templates" 'gemm f32 nn m=4 n=5 k=6' UNROLL=2,MODE=slow 2>&1 | sed -E 's/on [a-z0-9-]+([;:])/on TARGET\1/g'
| autotune: not pinned: UNROLL=2,MODE=slow: of no template's space for this problem on TARGET; the last: naive UNROLL=2,MODE=slow: not for this problem on TARGET: MODE == good || UNROLL == 1
$ autotune pin --templates="$CASES/templates" --template=nave 'gemm f32 nn m=4 n=5 k=6' UNROLL=2,MODE=good
! autotune: not pinned: nave: unknown template; did you mean 'naive'?
? 2
$ autotune pin --templates="$CASES/templates" 'gemm bf16 nn m=4 n=5 k=6' UNROLL=1 2>&1 | sed 's/on [a-z0-9-]*;/on TARGET;/'
| autotune: not pinned: UNROLL=1: of no template's space for this problem on TARGET; the last: naive: accepts only a_type == f32 && b_type == f32 && d_type == f32

What no record has is tried first; what does not pass is not pinned.
$ autotune pin --templates="$CASES/templates" 'gemm f32 nn m=4 n=5 k=6' UNROLL=1,MODE=crash 2>&1 | sed 's/: signal.*//'
| autotune: no record has naive UNROLL=1,MODE=crash; it is compiled, verified and measured
| autotune: not pinned: naive UNROLL=1,MODE=crash: crash
$ autotune pin --templates="$CASES/templates" 'gemm f32 nn m=4 n=5 k=6' UNROLL=1,MODE=wrong 2>&1 | sed 's/: element.*//'
| autotune: no record has naive UNROLL=1,MODE=wrong; it is compiled, verified and measured
| autotune: not pinned: naive UNROLL=1,MODE=wrong: wrong: call 1
$ autotune pin --list
! autotune: nothing is pinned; 'autotune pin PROBLEM CONFIGURATION' changes that
$ export USER=ada; autotune pin --templates="$CASES/templates" --because='until the leak is found' gemm f32 nn m=4 n=5 k=6 UNROLL=2,MODE=good | sed 's/20..-..-../DATE/'
| gemm f32 nn m=4 n=5 k=6 on CLASS
|   pinned by ada on DATE: until the leak is found: naive UNROLL=2,MODE=good, TIME
|   'autotune pin --remove PROBLEM' takes it back
! autotune: no record has naive UNROLL=2,MODE=good; it is compiled, verified and measured
$ autotune show --trials gemm f32 nn m=4 n=5 k=6 | cut -c1-8
| gemm f32
| gemm f32
| verdict 
| ok      
| crash   
| wrong   

It answers, visibly, although no record stands.
$ autotune lookup gemm f32 nn m=4 n=5 k=6 | grep -E 'match|evidence|config|reason' | sed 's/20..-..-../DATE/'
| match          exact
| evidence       measured
| configuration  UNROLL=2,MODE=good
| reason         pinned by ada on DATE: until the leak is found
$ autotune lookup --json gemm f32 nn m=4 n=5 k=6 | json pin.by pin.because 'pin.*'
| "ada"
| "until the leak is found"
| by at because
$ autotune explain --json gemm f32 nn m=4 n=5 k=6 | json pin.by measurement.verified environment.stale
| "ada"
| true
| false
$ autotune explain gemm f32 nn m=4 n=5 k=6 | grep -E '^(match|reason|pinned)' | sed 's/20..-..-../DATE/'
| match          exact, measured
| reason         pinned by ada on DATE: until the leak is found

A sweep does not take it away; what is better stands behind it.
$ autotune --templates="$CASES/templates" --seed=1 --budget=20 gemm f32 nn m=4 n=5 k=6 >/dev/null 2>&1; autotune lookup --json gemm f32 nn m=4 n=5 k=6 | json configuration pin.by
| "UNROLL=2,MODE=good"
| "ada"
$ autotune show gemm f32 nn m=4 n=5 k=6 | tail -1 | sed 's/20..-..-../DATE/'
| gemm f32 nn m=4 n=5 k=6 on CLASS: pinned by ada on DATE: until the leak is found: naive UNROLL=2,MODE=good
$ autotune show --json gemm f32 nn m=4 n=5 k=6 | json records.0.pin.by records.0.pin.entry.configuration
| "ada"
| "UNROLL=2,MODE=good"
$ autotune bench --templates="$CASES/templates" gemm f32 nn m=4 n=5 k=6 2>/dev/null | grep -o 'exact, pinned'
| exact, pinned
$ autotune bench --templates="$CASES/templates" --json gemm f32 nn m=4 n=5 k=6 2>/dev/null | json rows.0.pinned
| true
$ autotune lint | grep -o 'note *pinned *pinned: programs get this kernel'
| note   pinned  pinned: programs get this kernel
$ cp home/.local/share/tunebook/user.book copy.book; autotune diff copy.book copy.book 2>&1 >/dev/null | sort -u
| autotune: copy.book: 1 problems are pinned: programs get what they are pinned to, not the best that is compared here; 'autotune pin --list --book=copy.book'
$ autotune pin --list --json | json pins.0.by pins.0.because pins.0.usable pins.0.kernel pins.0.reason
| "ada"
| "until the leak is found"
| true
| "naive UNROLL=2,MODE=good"
| null
$ autotune pin --list | sed -n 2p | sed -E 's/20..-..-../DATE/; s/ +/ /g'
| gemm f32 nn m=4 n=5 k=6 CLASS naive UNROLL=2,MODE=good yes SCRATCH/home/.local/share/tunebook/user.book pinned by ada on DATE: until the leak is found

Recorded kernels are pinned as they stand; other books keep or lose pins as their pages say.
$ USER=bob autotune pin gemm f32 nn m=4 n=5 k=6 UNROLL=1,MODE=slow --json | json tried_now template by because
| false
| "naive"
| "bob"
| null
$ autotune lookup --json gemm f32 nn m=4 n=5 k=6 | json configuration
| "UNROLL=1,MODE=slow"
$ autotune freeze home/.local/share/tunebook/user.book -o frozen.book >/dev/null 2>&1; autotune lookup --book=frozen.book --json gemm f32 nn m=4 n=5 k=6 | json configuration pin.by
| "UNROLL=1,MODE=slow"
| "bob"
$ autotune merge copy.book frozen.book -o merged.book --json | json pins; autotune lookup --book=merged.book --json gemm f32 nn m=4 n=5 k=6 | json configuration
| 1
| "UNROLL=1,MODE=slow"
$ autotune check merged.book > /dev/null; echo $?; autotune check --repair merged.book -o saved.book > /dev/null 2>&1; autotune lookup --book=saved.book --json gemm f32 nn m=4 n=5 k=6 | json configuration pin.by
| 0
| "UNROLL=1,MODE=slow"
| "bob"
$ autotune export merged.book -o m.bundle >/dev/null && autotune import m.bundle --allow-unsigned --book=imported.book > /dev/null 2>&1; autotune lookup --book=imported.book --json gemm f32 nn m=4 n=5 k=6 | json match pin
| "exact"
| null
$ autotune pin --book=frozen.book gemm f32 nn m=4 n=5 k=6 UNROLL=2,MODE=good
! autotune: frozen.book: a frozen book cannot be written; name a live one (a new path makes one)
? 2
$ TUNEBOOK=imported.book:frozen.book autotune pin --list | wc -l; TUNEBOOK=imported.book:frozen.book autotune lookup --json gemm f32 nn m=4 n=5 k=6 | json configuration pin.by
| 2
| "UNROLL=1,MODE=slow"
| "bob"

A pin that is not usable is passed over, and told.
$ cp home/.local/share/tunebook/user.book open.book; chmod 666 open.book; TUNEBOOK=open.book:imported.book autotune lookup gemm f32 nn m=4 n=5 k=6 | grep reason
| reason         its pin is not usable here, passed over; open.book holds code for the CPU but others can write it or its folder; chmod go-w both, and own them
$ TUNEBOOK=open.book:imported.book autotune pin --list | grep -c 'others can write it'
| 1

Taken back.
$ autotune pin --remove gemm f32 nn m=4 n=5 k=6
| no longer pinned: gemm f32 nn m=4 n=5 k=6 on CLASS
$ autotune pin --remove gemm f32 nn m=4 n=5 k=6
! autotune: SCRATCH/home/.local/share/tunebook/user.book: gemm/a=f32,b=f32,d=f32,acc=f32/nn/none/al=4444@CLASS/n=0000000005,k=0000000006,b=0000000001/m=0000000004 is not pinned
? 1
$ autotune lookup --json gemm f32 nn m=4 n=5 k=6 | json pin reason
| null
| null
