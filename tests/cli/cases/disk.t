A disk that is full or cannot be written, in a mount namespace of our own.
$ need unshare cc
$ need mounts
$ with_small_disk 40k 'autotune --templates=$CASES/templates --budget=2 --book=small/user.book "gemm f32 nn m=4 n=5 k=6"' > out.txt 2> talk; echo $?; tail -1 talk | cut -d: -f1-2
| 5
| autotune: small/user.book
$ make_book good.book; with_small_disk 4k 'autotune freeze good.book -o small/frozen.book; echo $?; ls small'
| 5
! autotune: small/frozen.book: cannot create: No space left on device (free some space or choose another place)
$ with_small_disk 10m 'cp good.book small/; mount -o remount,ro small; autotune --templates=$CASES/templates --book=small/good.book "gemm f32 nn m=4 n=5 k=6"; echo $?; autotune --templates=$CASES/templates --book=small/new.book "gemm f32 nn m=4 n=5 k=6"; echo $?'
| 5
| 5
! autotune: small/good.book: cannot open for writing: Read-only file system (choose a place that can be written)
! autotune: small/new.book: cannot create: Read-only file system (choose a place that can be written)
$ with_small_disk 10m 'cp good.book small/; mount -o remount,ro small; autotune show --book=small/good.book --json | json records.#'
| 1
