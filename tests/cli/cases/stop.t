SIGINT and SIGTERM end a sweep after the trial in flight, with what was finished on stdout; the code says which.
$ need json cc
$ stop_after_first INT; json summary.interrupted < out.json; tail -1 talk
| 130
| true
| autotune: interrupted; everything finished is in the book, the same command resumes
$ stop_after_first TERM; json summary.interrupted < out.json; tail -1 talk
| 143
| true
| autotune: interrupted; everything finished is in the book, the same command resumes
$ autotune show --json | json records.0.problem
| "gemm f32 nn m=64 n=64 k=64"
