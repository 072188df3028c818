Samples of attention_simt on every AMD target that it names, emulated, over the op's own samples.
$ need clang
$ sampled attention_simt gfx90a
| attention_simt gfx90a all right
$ sampled attention_simt gfx942
| attention_simt gfx942 all right
$ sampled attention_simt gfx950
| attention_simt gfx950 all right
$ sampled attention_simt gfx1100
| attention_simt gfx1100 all right
$ sampled attention_simt gfx1201
| attention_simt gfx1201 all right
$ sampled attention_simt gfx1250
| attention_simt gfx1250 all right
