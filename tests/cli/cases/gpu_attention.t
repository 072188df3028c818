Samples of attention's templates with matrix instructions on every GPU target that they name, emulated, over the op's own samples: ragged, grouped heads,
causal, windowed, paged and of many lengths.
$ need clang
$ sampled attention_mma sm_80 sm_86 sm_89 sm_90a sm_100a sm_120a
| attention_mma sm_80 all right
| attention_mma sm_86 all right
| attention_mma sm_89 all right
| attention_mma sm_90a all right
| attention_mma sm_100a all right
| attention_mma sm_120a all right
$ sampled attention_mma_decode sm_80 sm_86 sm_89 sm_90a sm_100a sm_120a
| attention_mma_decode sm_80 all right
| attention_mma_decode sm_86 all right
| attention_mma_decode sm_89 all right
| attention_mma_decode sm_90a all right
| attention_mma_decode sm_100a all right
| attention_mma_decode sm_120a all right
$ sampled attention_wgmma sm_90a
| attention_wgmma sm_90a all right
$ sampled attention_mfma gfx90a gfx942 gfx950
| attention_mfma gfx90a all right
| attention_mfma gfx942 all right
| attention_mfma gfx950 all right
On few units, where blocks take several tiles, and in the other order.
$ verdicts --class=sm_90a:3:3350 --template=attention_wgmma --sample=10; verdicts --class=gfx942:8:5300 --template=attention_mfma --sample=10 --order=reverse
| attention_wgmma sm_90a {'ok': 10} []
| attention_mfma gfx942 {'ok': 10} []
$ verdicts --class=sm_80:5:1555 --template=attention_mma --sample=10 --order=reverse
| attention_mma sm_80 {'ok': 10} []
