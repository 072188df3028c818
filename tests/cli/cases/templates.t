The built-in ones, and one of them.
$ autotune templates --json | json '*' templates.0.name templates.0.op templates.0.origin
| templates
| "attention_cpu"
| "attention"
| "built-in"
$ autotune templates | head -1 | tr -s ' '
| template op parameters combinations targets origin
$ autotune templates gemm_cup
! autotune: gemm_cup: unknown template; did you mean 'gemm_cpu'?
? 2
$ autotune templates zzzzzzzzzz
! autotune: zzzzzzzzzz: unknown template; known: attention_cpu, attention_mfma, attention_mma, attention_mma_decode, attention_simt, attention_wgmma, gemm_cpu, gemm_mfma, gemm_mma, gemm_simt, gemm_skinny, gemm_skinny_cpu, gemm_skinny_matrix, gemm_wgmma, gemm_wmma
? 2
$ autotune --templates="$CASES/templates" templates
! autotune: templates: the command stands first: autotune templates [OPTION...]
? 2
$ autotune templates --templates="$CASES/templates" naive
| template  naive (PROJECT/tests/cli/templates/naive.json)
| op        gemm
| targets   x86-64 x86-64-v2 x86-64-v3 x86-64-v4 armv8-a generic
| default   UNROLL=1,MODE=slow
| 
| accepts
|   a_type == f32 && b_type == f32 && d_type == f32
|   layout == nn
|   act == none
|   bias == 0
| 
| parameters
|   UNROLL       1 2 4
|   MODE         good slow wrong crash broken
| 
| where
|   MODE == good || UNROLL == 1
| 
| 15 combinations
$ autotune templates --templates="$CASES/templates" naive gemm f32 nn m=4 n=5 k=6 | tail -1
| 15 combinations, 7 valid for this problem here
$ autotune templates --templates="$CASES/templates" naive gemm f32 nt m=4 n=5 k=6 --json | json space.covered
| false
! autotune: naive: accepts only layout == nn

Folders and manifests that are not what they should be.
$ autotune templates --templates=missing
! autotune: templates: cannot list missing: No such file or directory
? 5
$ mkdir empty; autotune templates --templates=empty
! autotune: templates: empty holds no manifest (NAME.json, in it or one folder below)
? 2
$ variant broken 's/"op":/"op"/'
! autotune: broken/naive.json:1:25: ':' expected, found '"'
? 4
$ variant unknown_key 's/"where"/"wher"/'
! autotune: unknown_key/naive.json: unknown member "wher"; did you mean "where"?
? 4
$ variant bad_expression 's/UNROLL == 1"/UNROL == 1"/'
! autotune: bad_expression/naive.json: where[0], column 17: unknown name 'UNROL'; did you mean 'UNROLL'?
? 4
$ variant bad_syntax 's/UNROLL == 1"/UNROLL == (1"/'
! autotune: bad_syntax/naive.json: where[0], column 29: expected ')' for the '(' of column 27, but the text ends here
? 4
$ variant unknown_op 's/"op": "gemm"/"op": "gem"/'
! autotune: unknown_op/naive.json: unknown op "gem"; did you mean "gemm"?
? 4
$ variant bad_default 's/"UNROLL": 1, "MODE": "slow"/"UNROLL": 2, "MODE": "slow"/'
! autotune: bad_default/naive.json: default: outside its own constraint where[0]: MODE == good || UNROLL == 1
? 4
$ variant foreign_default 's/"UNROLL": 1, "MODE": "slow"/"UNROLL": 3, "MODE": "slow"/'
! autotune: foreign_default/naive.json: default: UNROLL=3 is not one of the parameter's values
? 4
$ variant no_source 's/naive.kernel/nowhere.c/'
! autotune: no_source/naive.json: source: cannot open no_source/nowhere.c: No such file or directory
? 4
$ variant escape 's/naive.kernel/..\/..\/etc\/passwd/'
! autotune: escape/naive.json: escape/../../etc/passwd: lies outside escape
? 4
$ variant twice '0,/"op"/s/"op"/"name": "again", "op"/'
! autotune: twice/naive.json:1:20: "name" is there twice
? 4

A space that is empty for a problem is a finding of the sweep, by name.
$ mkdir none; cp "$CASES/templates/naive.kernel" none/; sed 's/"where": \["MODE/"where": ["m > 100", "MODE/' "$CASES/templates/naive.json" > none/naive.json; autotune --templates=none --dry-run 'gemm f32 nn m=4 n=5 k=6'
| problem                  configurations  raw combinations  note
| gemm f32 nn m=4 n=5 k=6               0                 0  naive: the space is empty: 'm > 100' does not hold for this problem and device
! autotune: gemm f32 nn m=4 n=5 k=6: no kernel: naive: the space is empty: 'm > 100' does not hold for this problem and device
? 1
$ autotune --templates="$CASES/templates" --dry-run 'gemm f32 nt m=4 n=5 k=6'
| problem                  configurations  raw combinations  note
| gemm f32 nt m=4 n=5 k=6               0                 0  naive: accepts only layout == nn
! autotune: gemm f32 nt m=4 n=5 k=6: no kernel: naive: accepts only layout == nn
? 1
