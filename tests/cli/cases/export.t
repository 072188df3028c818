Trials as files for other tools. A template of our own, with more to try: two dozen that run and one that does not.
$ mkdir t; cp "$CASES/templates/naive.kernel" t/; sed 's/"UNROLL": \[.*/"UNROLL": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24], "MODE": ["good", "broken"] },/; s/"slow" } }/"good" } }/; s/MODE == good || //; s/UNROLL == 1"/UNROLL == 1 || MODE == good"/' "$CASES/templates/naive.json" > t/naive.json
$ autotune --templates=t --budget=25 --book=a.book gemm f32 nn m=4 n=5 k=6 > /dev/null 2>&1; autotune --templates=t --budget=2 --book=a.book gemm f32 nn m=3 n=5 k=6 > /dev/null 2>&1; echo $?
| 0
$ autotune export a.book --format=kerneltuner --problem='gemm f32 nn m=4 n=5 k=6' > kt.json; json device_name kernel_name problem_size.3 tune_params_keys.1 objective cache.1,broken.time < kt.json
| "CLASS"
| "naive"
| 4
| "MODE"
| "time"
| "CompilationFailedConfig"
$ autotune export a.book --format=t4 --problem='gemm f32 nn m=4 n=5 k=6' -o t4.json; json schema_version metadata.timeunit < t4.json; grep -c '"invalidity":"correct"' t4.json; grep -c '"invalidity":"compile"' t4.json
| "1.0.0"
| "milliseconds"
| 24
| 1
! autotune: t4.json: gemm f32 nn m=4 n=5 k=6 naive, 25 configurations
$ autotune export a.book --format=t4 -o all/ --json | json book format written.0.problem written.0.configurations written.1.problem written.1.valid; ls all | wc -l
| "a.book"
| "t4"
| "gemm f32 nn m=3 n=5 k=6"
| 2
| "gemm f32 nn m=4 n=5 k=6"
| 24
| 2
$ e=$(autotune export a.book --format=t4 --problem='gemm f32 nn m=4 n=5 k=6' -o one.json --json | json written.0.environment | tr -d '"'); autotune export a.book --format=t4 --problem='gemm f32 nn m=4 n=5 k=6' --template=naive --environment=$(echo $e | cut -c 1-10) | cmp - t4.json && echo chosen
| chosen
$ autotune export a.book --format=t4 --environment=zz
! autotune: a.book: no such trials that ran; those of a problem without a record are found by --problem, and frozen books have none
? 1
$ autotune replay kt.json t4.json a.book --repeats=20 --strategy=random | awk 'NR == 2 { print $2 } NR > 2 && NR < 5 { print $1 }'
| kt
| t4
| a.book:
! autotune: a.book: left out 1 recordings with fewer than 20 trials that ran
$ autotune replay kt.json t4.json --json --repeats=20 --strategy=random > scores; json strategies.0.spaces.0.score < scores > one; json strategies.0.spaces.1.score < scores > two; cmp one two && echo both formats replay alike
| both formats replay alike

What cannot be written.
$ autotune export a.book
! autotune: export: -o FILE is missing, the bundle to write; or name another --format: t4, kerneltuner or records
? 2
$ autotune export a.book --format=xml
! autotune: --format=xml: unknown format; known: t4, kerneltuner, records
? 2
$ autotune export a.book --format=t4 2>&1 | sed 's/[0-9a-f]\{8\}\([,;]\)/HEX\1/g'
| autotune: a.book: 2 recordings match: 'gemm f32 nn m=3 n=5 k=6' naive HEX, 'gemm f32 nn m=4 n=5 k=6' naive HEX; choose one by --problem, --template or --environment, or write all with -o FOLDER/
$ autotune export a.book --format=t4 --problem='gemm f32 nn m=5 n=5 k=6'
! autotune: a.book: no such trials that ran; those of a problem without a record are found by --problem, and frozen books have none
? 1
$ autotune export a.book --format=t4 --problem='gemm f32 nn'
! autotune: gemm: m is missing; write m=VALUE
? 2
$ autotune export a.book --format=t4 --template=other
! autotune: a.book: no such trials that ran; those of a problem without a record are found by --problem, and frozen books have none
? 1
$ autotune export a.book --format=t4 --json
! autotune: export: --json needs -o, for both would go to standard output
? 2
$ autotune export nothing.book --format=t4
! autotune: nothing.book: no such book
? 5
$ autotune export a.book --format=t4 --problem='gemm f32 nn m=4 n=5 k=6' -o nowhere/file.json
! autotune: cannot write nowhere/file.json: No such file or directory
? 5

Against the schemas, where there are such and something that reads them.
$ need schemas
$ validates t4.json T4-results-1.0.0 && validates t4.json T4-metadata-1.0.0
| valid
| valid
$ sed 's/"correct"/"right"/' t4.json > not-t4.json; validates not-t4.json T4-results-1.0.0
| not valid: 'right' is not one of ['timeout', 'compile', 'runtime', 'correctness', 'constraints', 'correct']
