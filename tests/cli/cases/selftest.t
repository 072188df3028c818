What goes with what.
$ autotune doctor --emulate
! autotune: --emulate: goes with --selftest
? 2
$ autotune doctor --arch=gfx942
! autotune: --arch: goes with --selftest
? 2
$ autotune doctor --selftest --emulate
! autotune: --emulate: --arch=TARGET says which GPU, such as --arch=gfx942
? 2
$ autotune doctor --selftest --emulate --arch=gfx943
! autotune: the emulator has to be told which GPU it stands for, such as gfx942 or h100_sxm; it does not know gfx943
? 2
$ autotune doctor --selftest --arch=gfx9999
! autotune: --arch=gfx9999: no such GPU here; --emulate asks the emulator instead
? 3

No clang.
$ need clang json
$ TUNEBOOK_CLANG=/nowhere autotune doctor --selftest --emulate --arch=sm_80 2>&1 | grep -o '^autotune: .*/nowhere'
| autotune: TUNEBOOK_CLANG=/nowhere

The emulator agrees with itself, which is not kept.
$ autotune doctor --selftest --emulate --arch=sm_80
| agrees   emu      sm_80    mma_m16n8k16_f32_f16     tabled
| agrees   emu      sm_80    mma_m16n8k16_f32_bf16    tabled
$ autotune doctor --selftest --emulate --arch=gfx1201
| agrees   emu      gfx1201  wmma12_f32_16x16x16_f16  tabled
| agrees   emu      gfx1201  wmma12_f32_16x16x16_bf16 tabled
| agrees   emu      gfx1201  wmma12_f32_16x16x16_ocp8 assumed
| agrees   emu      gfx1201  wmma12_i32_16x16x16_i8   assumed
$ autotune doctor --selftest --emulate --arch=gfx950 --json > selftest.json; json agrees devices.0.device devices.0.target devices.0.forms.7.form devices.0.forms.7.evidence devices.0.forms.7.verdict devices.0.forms.7.why < selftest.json
| true
| "emu"
| "gfx950"
| "mfma_f32_16x16x32_ocp8"
| "assumed"
| "agrees"
| null
$ ls home/.local/share/tunebook/selftest 2>/dev/null | wc -l
| 0
