Samples of attention_simt on every NVIDIA target that it names, emulated, over the op's own samples.
$ need clang
$ sampled attention_simt sm_80
| attention_simt sm_80 all right
$ sampled attention_simt sm_86
| attention_simt sm_86 all right
$ sampled attention_simt sm_89
| attention_simt sm_89 all right
$ sampled attention_simt sm_90a
| attention_simt sm_90a all right
$ sampled attention_simt sm_100a
| attention_simt sm_100a all right
$ sampled attention_simt sm_120a
| attention_simt sm_120a all right
$ verdicts --arch=sm_90a --template=attention_simt --sample=10 --order=reverse
| attention_simt sm_90a {'ok': 10} []
