A definition of a search space in the T1 format: what it holds, and how large its space is.
$ printf '{"ConfigurationSpace": {"TuningParameters": [{"Name": "x", "Type": "int", "Values": "[1, 2] + list(range(3, 9))"}, {"Name": "y", "Type": "int", "Values": "[2**i for i in range(4)]"}], "Conditions": [{"Parameters": ["x", "y"], "Expression": "8 %% (x / y) == 0"}]}, "KernelSpecification": {"KernelName": "k"}}' > def.json; autotune space def.json
| parameter  type  values  
| x          int        8  1 2 3 4 5 6 7 8
| y          int        4  1 2 4 8
| 
| conditions
|   8 % (x / y) == 0
| 
| 32 combinations, 16 of them valid (counted in TIME)
$ autotune space def.json --json | json kernel raw valid parameters.1.values.3 conditions.0
| "k"
| 32
| 16
| "8"
| "8 % (x / y) == 0"

What is no definition.
$ autotune space
! autotune: space: takes one FILE, a definition in the T1 format
? 2
$ autotune space nothing.json
! autotune: cannot open nothing.json: No such file or directory
? 1
$ sed 's/list(range(3, 9))/sorted(x)/' def.json > bad.json; autotune space bad.json
! autotune: bad.json: values of x, column 10: calling sorted() is not supported; range, list, min, max and abs are
? 4
$ sed 's/ == 0/.real == 0/' def.json > bad.json; autotune space bad.json
! autotune: bad.json: condition 1, '8 % (x / y).real == 0', column 12: an attribute behind '.' is not supported
? 4
$ sed 's/Values/Value/' def.json > bad.json; autotune space bad.json
! autotune: bad.json: TuningParameters[0]: member "Values" (a string) is missing
? 4

A recording of a part of the space, replayed on all of it; and one that contradicts it.
$ { printf '{"tune_params_keys": ["x", "y"], "cache": {'; for x in 1 2 4 8; do for y in 1 2 4; do printf '"%s,%s": {"x": %s, "y": %s, "time": %s, "compile_time": 100},\n' $x $y $x $y $((100 + x * 7 + y * y)); done; done; } > open.json
$ autotune replay --space=def.json open.json --repeats=3 --strategy=exhaustive | awk 'NR < 3 { print $1, $2 }'
| strategy recording
| exhaustive open
! autotune: open.json: 4 of the 16 configurations of def.json are not recorded; they count as invalid
$ sed 's/"x": 8/"x": 7/' open.json > wrong.json; autotune replay --space=def.json wrong.json
! autotune: wrong.json: 3 of its configurations ran although def.json forbids them, the first is x=7,y=1: it fails '8 % (x / y) == 0'
? 4
$ autotune replay --space=bad.json open.json
! autotune: bad.json: TuningParameters[0]: member "Values" (a string) is missing
? 4
