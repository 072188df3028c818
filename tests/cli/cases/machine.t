$ need cc json
No book yet.
$ autotune show
! autotune: SCRATCH/home/.local/share/tunebook/user.book: no book yet; 'autotune PROBLEM' or 'autotune --model=NAME' makes it
? 1
$ autotune lookup gemm f32 nn m=4 n=5 k=6
! autotune: no book yet: neither the user's nor a site's nor a system's; 'autotune PROBLEM' or 'autotune --model=NAME' makes one
? 1

No C compiler: nothing is begun.
$ with_only env sh -- "$AUTOTUNE" 'gemm f32 nn m=4 n=5 k=6'; echo $?; find . -name '*.book'
| 3
! autotune: no compiler here makes code for TARGET (cc: no C compiler on PATH (cc, gcc, clang): install gcc, or set TUNEBOOK_CC to its path)
$ TUNEBOOK_CC=/nowhere/cc autotune 'gemm f32 nn m=4 n=5 k=6'
! autotune: no compiler here makes code for TARGET (cc: TUNEBOOK_CC=/nowhere/cc is no program that can be run)
? 3
$ TUNEBOOK_CC=/nowhere/cc autotune doctor --json > doctor.json; echo $?; json ready < doctor.json
| 1
| false
! autotune: a sweep cannot run here: compiler: no compiler here makes code for TARGET (cc: TUNEBOOK_CC=/nowhere/cc is no program that can be run)

A cache that cannot be written is one warning; the sweep goes on.
$ touch blocked; XDG_CACHE_HOME=$PWD/blocked autotune --templates="$CASES/templates" --budget=2 --json 'gemm f32 nn m=4 n=5 k=6' 2> talk | json problems.0.problem; grep -c 'not kept' talk
| "gemm f32 nn m=4 n=5 k=6"
| 1
$ XDG_CACHE_HOME=$PWD/blocked autotune doctor | grep -A1 'cache folder'
| advice   cache folder    cannot be written: cannot make folder SCRATCH/blocked/tunebook: SCRATCH/blocked is a file
|                          -> every sweep compiles everything again; set XDG_CACHE_HOME

No home.
$ env -u HOME autotune show
! autotune: no place for user.book: set XDG_DATA_HOME or HOME to an absolute path
? 2
$ env -u HOME autotune doctor > /dev/null
! autotune: a sweep cannot run here: book folder: cannot be written: no place for user.book: set XDG_DATA_HOME or HOME to an absolute path
? 1

All is well.
$ autotune doctor --json | json '*' ready 'checks.0.*'
| ready checks
| true
| check state found advice
$ autotune doctor | grep -c missing
| 0
? 1
