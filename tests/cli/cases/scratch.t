A book on a network file system, which TUNEBOOK_TEST_NETWORK_FS pretends, is worked on in a local folder that can be chosen.
$ mkdir share local; make_book a.book; autotune export a.book -o a.bundle > /dev/null
$ TUNEBOOK_TEST_NETWORK_FS=$PWD/share autotune import a.bundle --allow-unsigned --book=$PWD/share/b.book --scratch=local; ls share; ls local/* | grep -v lock
| SCRATCH/share/b.book: 1 records: 1 new; 1 new kernels
| b.book
| HASH.book
$ TUNEBOOK_TEST_NETWORK_FS=$PWD/share autotune --templates=$CASES/templates --budget=1 --fresh --book=$PWD/share/b.book --scratch=local 'gemm f32 nn m=4 n=5 k=6' 2>&1 > out | grep network | sed "s/tunebook-[0-9]*/tunebook-UID/"; ls share
| autotune: SCRATCH/share/b.book is on a network file system: working in local/tunebook-UID/HASH.book, published at the end
| b.book
$ TUNEBOOK_TEST_NETWORK_FS=$PWD/share autotune merge a.book -o $PWD/share/c.book --scratch=local; ls share; ls local/*
| SCRATCH/share/c.book: 1 records, 1 entries, 1 kernels, 0 conflicts
| b.book
| c.book
| HASH.book
| HASH.book-lock
$ TUNEBOOK_TEST_NETWORK_FS=$PWD/share autotune freeze a.book -o $PWD/share/f.book --scratch=local > /dev/null; ls share
| b.book
| c.book
| f.book
$ for f in nowhere a.bundle $PWD/share; do TUNEBOOK_TEST_NETWORK_FS=$PWD/share autotune import a.bundle --allow-unsigned --book=$PWD/share/d.book --scratch=$f; echo $?; done; ls share
| 5
| 2
| 2
| b.book
| c.book
| f.book
! autotune: SCRATCH/share/d.book: scratch folder nowhere: No such file or directory
! autotune: SCRATCH/share/d.book: scratch folder a.bundle: not a folder
! autotune: SCRATCH/share/d.book: scratch folder SCRATCH/share: on a network file system itself (a pretended one); name a local one
$ mkdir -m 755 shut; mkdir -m 755 shut/tunebook-$(id -u); TUNEBOOK_SCRATCH=shut TUNEBOOK_TEST_NETWORK_FS=$PWD/share autotune import a.bundle --allow-unsigned --book=$PWD/share/d.book 2>&1 | sed "s/tunebook-$(id -u)/tunebook-UID/"
| autotune: SCRATCH/share/d.book: scratch folder shut: no folder tunebook-UID of yours alone can be made in it (chmod 700 one that is there)
$ autotune import a.bundle --allow-unsigned --book=e.book --scratch=
! autotune: --scratch: its value is empty; --scratch=FOLDER
? 2
