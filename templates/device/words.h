/* The numbers behind the words that compile commands define: A_TYPE=DTYPE_BF16, LAYOUT=LAYOUT_NT,
 * ACT=ACT_SILU. The same for every kernel of every target; header-free. */
#ifndef TUNEBOOK_DEVICE_WORDS_H
#define TUNEBOOK_DEVICE_WORDS_H

#define DTYPE_F32        1
#define DTYPE_F16        2
#define DTYPE_BF16       3
#define DTYPE_F8E4M3     4
#define DTYPE_F8E4M3FNUZ 5
#define DTYPE_I8         6
#define DTYPE_F8E5M2     7

#define LAYOUT_NN 0
#define LAYOUT_NT 1
#define LAYOUT_TN 2
#define LAYOUT_TT 3

#define MASK_FULL    0
#define MASK_CAUSAL  1
#define MASK_SLIDING 2
#define MASK_BAND    3

#define ACT_NONE   0
#define ACT_RELU   1
#define ACT_GELU   2 /* tanh form */
#define ACT_SILU   3
#define ACT_REGLU  4
#define ACT_GEGLU  5
#define ACT_SWIGLU 6

#endif
