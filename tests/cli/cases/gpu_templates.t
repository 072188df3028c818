Samples of every template of GPUs, emulated: on a GPU of five units, so that blocks have several tiles and rounds do not come out even,
and on one that is as large as it is.
$ need clang
$ verdicts --class=sm_90a:5:3350 --template=gemm_wgmma --sample=10; verdicts --arch=sm_90a --template=gemm_wgmma --sample=10
| gemm_wgmma sm_90a {'ok': 10} []
| gemm_wgmma sm_90a {'ok': 10} []
$ verdicts --class=sm_80:5:1555 --template=gemm_mma --sample=10; verdicts --arch=sm_90a --template=gemm_mma --sample=10 --order=reverse
| gemm_mma sm_80 {'ok': 10} []
| gemm_mma sm_90a {'ok': 10} []
$ verdicts --class=gfx942:5:5300 --template=gemm_skinny --sample=10; verdicts --arch=sm_90a --template=gemm_skinny --sample=10 --order=reverse; verdicts --arch=gfx1100 --template=gemm_skinny --sample=10
| gemm_skinny gfx942 {'ok': 10} []
| gemm_skinny sm_90a {'ok': 10} []
| gemm_skinny gfx1100 {'ok': 10} []
$ verdicts --class=gfx90a:5:1638 --template=gemm_skinny_matrix --sample=10; verdicts --arch=sm_90a --template=gemm_skinny_matrix --sample=10
| gemm_skinny_matrix gfx90a {'ok': 10} []
| gemm_skinny_matrix sm_90a {'ok': 10} []
$ verdicts --class=gfx942:5:5300 --template=gemm_mfma --sample=10; verdicts --arch=gfx90a --template=gemm_mfma --sample=10 --order=reverse; verdicts --class=gfx950:8:8000 --template=gemm_mfma --sample=10
| gemm_mfma gfx942 {'ok': 10} []
| gemm_mfma gfx90a {'ok': 10} []
| gemm_mfma gfx950 {'ok': 10} []
$ verdicts --arch=gfx942 --template=gemm_mfma --sample=5 'gemm a=f8e4m3fnuz b=f8e4m3fnuz d=bf16 nt bias m=100 n=90 k=300'; verdicts --arch=gfx950 --template=gemm_mfma --sample=5 'gemm a=f8e4m3 b=f8e4m3 d=f32 nn swiglu m=100 n=192 k=300'; verdicts --arch=gfx90a --template=gemm_mfma --sample=5 'gemm a=i8 b=i8 d=bf16 acc=i32 tn m=100 n=96 k=208'
| gemm_mfma gfx942 {'ok': 5} []
| gemm_mfma gfx950 {'ok': 5} []
| gemm_mfma gfx90a {'ok': 5} []
