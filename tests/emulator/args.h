/* What the kernels of these tests take; kernels.h has it for the host. */
struct test_args {
    unsigned *out;
    const unsigned *in;
    unsigned *shared_words;
    unsigned n;
};
