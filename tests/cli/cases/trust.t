Whose signatures count here: a folder of public keys, one file each.
$ autotune trust
! autotune: no key is trusted here; 'autotune trust add FILE' changes that
$ autotune trust list --json
| {
|   "keys": []
| }
$ autotune trust add $CASES/keys/ann.pub --comment='Ann, lab 3'
| 9BAD6D6C3605F31B  trusted from now on
$ autotune trust add $(tail -1 $CASES/keys/bob.pub) --json
| {
|   "id": "2B032C97E7A407E3",
|   "comment": "",
|   "key": "RWTjB6TnlywDK2n7uRU9l0fFdSAxU/VtPPxJ7fLz37tqcuhGIcbdMgP4",
|   "added": true
| }
$ autotune trust list
| key               comment
| 2B032C97E7A407E3  minisign public key 2B032C97E7A407E3
| 9BAD6D6C3605F31B  Ann, lab 3
$ autotune trust list --json | json keys.# keys.0.id keys.0.key keys.0.comment
| 2
| "2B032C97E7A407E3"
| "RWTjB6TnlywDK2n7uRU9l0fFdSAxU/VtPPxJ7fLz37tqcuhGIcbdMgP4"
| "minisign public key 2B032C97E7A407E3"
$ ls home/.config/tunebook/trusted; cat home/.config/tunebook/trusted/9BAD6D6C3605F31B.pub
| 2B032C97E7A407E3.pub
| 9BAD6D6C3605F31B.pub
| untrusted comment: Ann, lab 3
| RWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e
$ cd home && XDG_CONFIG_HOME=/nowhere autotune trust list
! autotune: no key is trusted here; 'autotune trust add FILE' changes that

Again; under another name; another key that says it is the same.
$ autotune trust add $CASES/keys/ann.pub --comment='Ann, lab 3'
| 9BAD6D6C3605F31B  trusted already
$ autotune trust add $CASES/keys/ann.pub --comment=Ann
| 9BAD6D6C3605F31B  trusted already; its comment is new
$ autotune trust add $CASES/keys/impostor.pub
! autotune: another key with the id 9BAD6D6C3605F31B is trusted already (SCRATCH/home/.config/tunebook/trusted/9BAD6D6C3605F31B.pub): one of the two is not what it says; 'autotune trust remove 9BAD6D6C3605F31B' forgets that one
? 4
$ autotune trust list
| key               comment
| 2B032C97E7A407E3  minisign public key 2B032C97E7A407E3
| 9BAD6D6C3605F31B  Ann

Files and their signatures.
$ cp $CASES/keys/hello* .; autotune trust check hello
| hello  signed by 9BAD6D6C3605F31B  Ann
| timestamp:1795392173	file:f	hashed
$ autotune trust check hello --json
| {
|   "file": "hello",
|   "key": {
|     "id": "9BAD6D6C3605F31B",
|     "comment": "Ann",
|     "key": "RWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e"
|   },
|   "trusted_comment": "timestamp:1795392173\tfile:f\thashed"
| }
$ echo tampered >> hello; autotune trust check hello
! autotune: hello: signature: does not match: not made by key 9BAD6D6C3605F31B for these bytes
? 4
$ cp $CASES/keys/hello .; sed -i s/file:f/file:g/ hello.minisig; autotune trust check hello
! autotune: hello: signature: its trusted comment is not by key 9BAD6D6C3605F31B
? 4
$ head -c 200 $CASES/keys/hello.minisig > hello.minisig; autotune trust check hello
! autotune: hello: signature: cut off: line 4 is missing
? 4
$ rm hello.minisig; autotune trust check hello
! autotune: hello: not signed: there is no hello.minisig
? 1
$ autotune trust check nowhere
! autotune: cannot open nowhere: No such file or directory
? 1
$ cp $CASES/keys/hello.minisig .; autotune trust remove 9bad6d6c3605f31b; autotune trust check hello
| 9BAD6D6C3605F31B  no longer trusted
! autotune: hello: signed by key 9BAD6D6C3605F31B, which is not trusted here
? 1
$ autotune trust remove 9BAD6D6C3605F31B
! autotune: 9BAD6D6C3605F31B: not trusted here; 'autotune trust list' says who is
? 1
$ autotune trust remove Ann
! autotune: Ann: not a key's id, such as 9BAD6D6C3605F31B
? 2

What is no public key, and a store that others could write.
$ autotune trust add $CASES/keys/hello
! autotune: PROJECT/tests/cli/keys/hello: public key: line 1 is not 42 bytes in base64
? 4
$ autotune trust add $CASES/keys/ann.key
! autotune: PROJECT/tests/cli/keys/ann.key: a secret key, which belongs to its owner alone; its public key is wanted (minisign -R makes it again)
? 4
$ autotune trust add nowhere.pub
! autotune: nowhere.pub: neither a file nor a public key
? 1
$ echo RWQbshort > short.pub; autotune trust add short.pub
! autotune: short.pub: public key: line 1 is not 42 bytes in base64
? 4
$ autotune trust add $CASES/keys/ann.pub --comment="$(printf 'two\nlines')"
! autotune: --comment: longer than 1023 bytes, or not one line of plain text
? 2
$ chmod g+w home/.config/tunebook/trusted; autotune trust list; autotune trust check hello; autotune trust add $CASES/keys/ann.pub; chmod g-w home/.config/tunebook/trusted
! autotune: SCRATCH/home/.config/tunebook/trusted: others could write there, or put another folder in its place, and so choose whom you trust; chmod go-w it and what it lies in
! autotune: SCRATCH/home/.config/tunebook/trusted: others could write there, or put another folder in its place, and so choose whom you trust; chmod go-w it and what it lies in
! autotune: SCRATCH/home/.config/tunebook/trusted: others could write there, or put another folder in its place, and so choose whom you trust; chmod go-w it and what it lies in
$ chmod o+w home/.config/tunebook/trusted/*.pub; autotune trust list
! autotune: SCRATCH/home/.config/tunebook/trusted/2B032C97E7A407E3.pub: not a file that only you could write; chmod go-w it
? 4

Words.
$ autotune trust ad
! autotune: trust: 'ad' is none of add, list, remove and check
? 2
$ autotune trust add
! autotune: trust: autotune trust add FILE | KEY
? 2
$ autotune trust list more
! autotune: more: 'autotune trust list' takes no argument
? 2
$ autotune trust check a b
! autotune: b: 'autotune trust check' takes one argument
? 2
$ autotune trust list --comment=x
! autotune: --comment: goes with 'autotune trust add'
? 2

What minisign signs is checked here.
$ need minisign
$ umask 077; cp $CASES/keys/ann.key .; rm -r home/.config; autotune trust add $CASES/keys/ann.pub > talk; echo news > news; minisign -S -s ann.key -m news -t 'version 7' && autotune trust check news | tail -1
| version 7
