/* The operation of mma and handoff, where nobody says which. */
#ifndef TUNEBOOK_TESTS_EMULATOR_MMA_OPERATION_H
#define TUNEBOOK_TESTS_EMULATOR_MMA_OPERATION_H

#ifndef A_TYPE
#define A_TYPE DTYPE_F16 /* or DTYPE_BF16; B is the same */
#endif
#ifndef D_TYPE
#define D_TYPE DTYPE_F32
#endif
#ifndef LAYOUT
#define LAYOUT LAYOUT_NT /* or LAYOUT_NN */
#endif
#ifndef ALIGN_A
#define ALIGN_A 4
#endif
#ifndef ALIGN_B
#define ALIGN_B 4
#endif

#endif
