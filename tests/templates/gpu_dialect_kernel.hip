/* Every function of the kernel dialect (device/gpu.h) at least once, checked where it runs.
 *
 * Launched as 2 x 3 blocks of 32 x 2 x 2 threads with 8192 bytes of shared memory. Each thread counts what it
 * checks in ran[check] and what it finds wrong in failed[check]; checks are the rows of
 * gpu_dialect_checks.def. */
#include "device/gpu.h"

#define THREADS 128
#define BLOCKS  6

enum check {
#define CHECK(name, where) CHECK_##name,
#include "gpu_dialect_checks.def"
#undef CHECK
    CHECKS
};

struct dialect_args {
    const unsigned *words; /* 1024 of them, word i is i * 2654435761 */
    unsigned *ran;         /* the rest begins as zeros: CHECKS words */
    unsigned *failed;      /* likewise */
    unsigned *visits;      /* BLOCKS * THREADS words */
    unsigned *totals;      /* 8 words, of which word 3 begins as 1000 */
    unsigned *scratch;     /* BLOCKS * THREADS * 4 words */
};

struct here {
    const struct dialect_args *args;
    unsigned char *shared;
    unsigned *words; /* shared, as words */
    unsigned flat, block, lane;
    unsigned zero; /* which the compiler does not know to be 0 */
};

GPU_DEVICE unsigned word(unsigned i)
{
    return i * 2654435761u;
}

GPU_DEVICE void report(const struct here *here, enum check check, bool ok)
{
    gpu_atomic_add(&here->args->ran[check], 1u);
    if (!ok) gpu_atomic_add(&here->args->failed[check], 1u);
}

/* --- places and waiting --- */

GPU_DEVICE void check_places(const struct here *here)
{
    bool sizes = gpu_block_size_x() == 32 && gpu_block_size_y() == 2 && gpu_block_size_z() == 2 &&
                 gpu_grid_x() == 2 && gpu_grid_y() == 3 && gpu_grid_z() == 1;
    bool wave = gpu_lane() == here->flat % GPU_WAVE && gpu_wave() == here->flat / GPU_WAVE;
    bool first = gpu_atomic_add(&here->args->visits[here->block * THREADS + here->flat], 1u) == 0;
    report(here, CHECK_places, sizes && wave && first);
}

GPU_DEVICE void check_barriers(const struct here *here)
{
    unsigned *words = here->words, flat = here->flat;
    words[flat] = flat * 3;
    report(here, CHECK_shared_memory, (unsigned long long)here->shared % 128 == 0 && words[flat] == flat * 3);
    gpu_barrier();
    report(here, CHECK_barrier, words[THREADS - 1 - flat] == (THREADS - 1 - flat) * 3);
    gpu_barrier();

    words[flat] = flat * 5;
    gpu_wave_barrier();
    report(here, CHECK_wave_barrier, words[flat ^ 9] == (flat ^ 9) * 5);
    gpu_barrier();

    words[flat] = flat * 11;
    gpu_barrier_shared();
    bool met = words[THREADS - 1 - flat] == (THREADS - 1 - flat) * 11;
    if (gpu_wave() == 0) { /* one turn behind the others */
        gpu_barrier_shared();
        words[flat] = flat * 13;
    } else {
        gpu_barrier_shared();
    }
    gpu_barrier_shared();
    report(here, CHECK_barrier_shared, met && words[flat % GPU_WAVE] == flat % GPU_WAVE * 13);
    gpu_barrier();

#if GPU_HAS_NAMED_BARRIERS
    bool ok = true;
    if (flat < THREADS / 2) {
        words[flat] = flat * 7;
        gpu_named_arrive(1, THREADS);
    } else {
        gpu_named_barrier(1, THREADS);
        ok = words[flat - THREADS / 2] == (flat - THREADS / 2) * 7;
    }
    report(here, CHECK_named_barrier, ok);
    gpu_barrier();
#endif
}

/* The words of gpu_schedule.h, which change nothing; a permutation in rounds of `xcds` x `chunk`. */
GPU_DEVICE void check_schedule(const struct here *here)
{
    unsigned *words = here->words, flat = here->flat, xcds = 4 + here->zero;
    gpu_wave_priority(1);
    words[flat] = flat;
    gpu_schedule_fence(GPU_SCHEDULE_SCALAR);
    gpu_barrier();
    unsigned sum = words[flat ^ 1] + words[flat ^ 2] * 3;
    gpu_schedule_group(GPU_SCHEDULE_SHARED_READ, 2, 0);
    gpu_schedule_group(GPU_SCHEDULE_VECTOR | GPU_SCHEDULE_SCALAR, 1, 0);
    gpu_wave_priority(0);
    bool ok = sum == (flat ^ 1) + (flat ^ 2) * 3;
    /* Blocks 0 4 8 are die 0's, which has places 0 1 2 and 12 13 14; 24 and on are no whole round. */
    ok = gpu_remap_xcd(4, 26, xcds, 3) == 1 && gpu_remap_xcd(12, 26, xcds, 3) == 12 && ok;
    ok = gpu_remap_xcd(7, 26, xcds, 3) == 10 && gpu_remap_xcd(24, 26, xcds, 3) == 24 && ok;
    ok = gpu_remap_xcd(5, 26, 1, 3) == 5 && gpu_remap_xcd(5, 26, xcds, 0) == 5 && ok;
    unsigned long long places = 0;
    for (unsigned block = 0; block < 26; block++) places |= 1ull << gpu_remap_xcd(block, 26, xcds, 3);
    report(here, CHECK_schedule, ok && places == (1ull << 26) - 1);
    gpu_barrier();
}

/* Thread 0 hands words to a thread of another wave, by release and acquire, then by fences. */
GPU_DEVICE void check_acquire_release(const struct here *here)
{
    unsigned *slot = here->args->scratch + here->block * THREADS * 4;
    bool ok = true;
    if (here->flat == 0) {
        slot[1] = 77;
        gpu_store_release(slot, 1);
        slot[3] = 78;
        gpu_fence_device();
        gpu_atomic_exchange(slot + 2, 1);
    } else if (here->flat == 64) {
        while (gpu_load_acquire(slot) == 0) gpu_pause();
        ok = slot[1] == 77;
        while (gpu_atomic_add(slot + 2, 0u) == 0) gpu_pause();
        gpu_fence_device();
        ok = ok && slot[3] == 78;
    }
    gpu_fence_block();
    gpu_barrier();
    report(here, CHECK_acquire_release, ok);
}

/* --- lanes --- */

GPU_DEVICE void check_lanes(const struct here *here)
{
    unsigned lane = here->lane, other = (lane + 5) % GPU_WAVE;
    bool from = gpu_shuffle(lane * 7, other) == other * 7 && gpu_shuffle(-(int)lane, 3) == -3 &&
                gpu_shuffle((float)lane + 0.5f, other) == (float)other + 0.5f;
    report(here, CHECK_shuffle, from);

    bool across = true;
    for (unsigned mask = 1; mask < GPU_WAVE; mask *= 2)
        across = gpu_shuffle_xor(lane * 7, mask) == (lane ^ mask) * 7 && across;
    across = gpu_shuffle_xor((float)lane, 3) == (float)(lane ^ 3) && across;
    report(here, CHECK_shuffle_xor, across);

    unsigned above = gpu_shuffle_down(lane, 3), below = gpu_shuffle_up(lane, 3);
    int next = gpu_shuffle_down(-(int)lane, 1);
    report(here, CHECK_shuffle_up_down,
           above == (lane + 3 < GPU_WAVE ? lane + 3 : lane) && below == (lane >= 3 ? lane - 3 : lane) &&
               next == -(int)(lane + 1 < GPU_WAVE ? lane + 1 : lane));

    unsigned long long odd = gpu_ballot(lane & 1), all = GPU_WAVE == 64 ? ~0ull : 0xffffffffull;
    bool any = gpu_any(lane == 3), none = !gpu_any(lane == 99), every = gpu_all(lane < GPU_WAVE);
    bool not_every = !gpu_all(lane != 3);
    report(here, CHECK_votes, odd == (0xaaaaaaaaaaaaaaaaull & all) && any && none && every && not_every);
}

/* --- atomics: each thread adds to eight words, one operation each --- */

GPU_DEVICE void add_to(unsigned *totals, unsigned flat)
{
    gpu_atomic_add(totals + 0, 2u);
    gpu_atomic_add((int *)totals + 1, -1);
    gpu_atomic_add((float *)totals + 2, 0.5f);
    gpu_atomic_min(totals + 3, flat + 5);
    gpu_atomic_max(totals + 4, flat + 5);
    gpu_atomic_min((int *)totals + 5, -(int)flat);
    gpu_atomic_max((int *)totals + 5, -1000);
    for (unsigned old = gpu_atomic_add(totals + 6, 0u), found;; old = found) {
        found = gpu_atomic_cas(totals + 6, old, old + 3);
        if (found == old) break;
    }
}

GPU_DEVICE bool totals_right(const unsigned *totals, unsigned threads)
{
    return gpu_load_acquire(totals + 0) == 2 * threads && gpu_load_acquire(totals + 1) == 0u - threads &&
           gpu_float(gpu_load_acquire(totals + 2)) == 0.5f * (float)threads &&
           gpu_load_acquire(totals + 3) == 5 && gpu_load_acquire(totals + 4) == THREADS + 4 &&
           gpu_load_acquire(totals + 5) == 0u - (THREADS - 1) && gpu_load_acquire(totals + 6) == 3 * threads;
}

GPU_DEVICE void check_atomics(const struct here *here)
{
    unsigned *words = here->words;
    if (here->flat < 10) words[here->flat] = here->flat == 3 ? 1000 : 0;
    gpu_barrier();
    add_to(words, here->flat);
    gpu_atomic_add(words + 8, gpu_atomic_exchange(words + 7, here->flat)); /* every value comes out once */
    gpu_barrier();
    bool ok = totals_right(words, THREADS) && words[7] + words[8] == THREADS * (THREADS - 1) / 2;
    report(here, CHECK_shared_atomics, ok);

    add_to(here->args->totals, here->flat);
    gpu_barrier();
    ok = true;
    if (here->flat == 0 && gpu_atomic_add_acq_rel(here->args->totals + 7, 1) == BLOCKS - 1)
        ok = totals_right(here->args->totals, BLOCKS * THREADS);
    report(here, CHECK_global_atomics, ok);
}

/* --- memory --- */

GPU_DEVICE void check_loads_stores(const struct here *here)
{
    unsigned flat = here->flat;
    unsigned *out = here->args->scratch + (here->block * THREADS + flat) * 4;
    gpu_u32x4 four = gpu_load16(here->args->words + 4 * flat);
    gpu_u32x2 two = gpu_load8(here->args->words + 2 * flat);
    bool ok = gpu_load4(here->args->words + flat) == word(flat);
    for (unsigned i = 0; i < 4; i++) ok = four[i] == word(4 * flat + i) && ok;
    ok = two[0] == word(2 * flat) && two[1] == word(2 * flat + 1) && ok;

    gpu_barrier();
    gpu_store16(here->shared + 16 * flat, four);
    four[1] = 9;
    gpu_store16(out, four);
    gpu_barrier();
    unsigned other = flat ^ 64;
    four = gpu_load16(here->shared + 16 * other);
    for (unsigned i = 0; i < 4; i++) ok = four[i] == word(4 * other + i) && ok;
    ok = gpu_load16(out)[1] == 9 && gpu_load16(out)[2] == word(4 * flat + 2) && ok;
    gpu_barrier();
    gpu_store8(here->shared + 8 * flat, two);
    gpu_store4(here->shared + 2048 + 4 * flat, flat);
    gpu_store8(out, two);
    gpu_store4(out + 2, flat + 1);
    gpu_barrier();
    ok = gpu_load8(here->shared + 8 * other)[1] == word(2 * other + 1) && ok;
    ok = gpu_load4(here->shared + 2048 + 4 * other) == other && ok;
    ok = out[0] == word(2 * flat) && out[2] == flat + 1 && ok;

    gpu_u32x4 streamed = gpu_load16_stream(here->args->words + 4 * flat);
    for (unsigned i = 0; i < 4; i++) ok = streamed[i] == word(4 * flat + i) && ok;

    gpu_f32x2 pair = {1, 2};
    gpu_f32x4 quad = {1, 2, 3, 4};
    gpu_i32x4 whole = {-1, -2, -3, -4};
    pair[0] += quad[3];
    ok = pair[0] == 5 && whole[3] == -4 && gpu_bits(1.0f) == 0x3f800000u && gpu_float(0x40000000u) == 2 && ok;
    report(here, CHECK_loads_stores, ok);
    gpu_barrier();
}

GPU_DEVICE bool copied(const struct here *here, unsigned bytes, unsigned valid)
{
    const unsigned char *to = here->shared + bytes * here->flat;
    bool ok = true;
    for (unsigned i = 0; i < bytes; i++) {
        unsigned from = word((bytes * here->flat + i) / 4) >> i % 4 * 8 & 255;
        ok = to[i] == (i < valid ? from : 0) && ok;
    }
    return ok;
}

GPU_DEVICE void check_copies(const struct here *here)
{
    const unsigned char *from = (const unsigned char *)here->args->words;
    unsigned flat = here->flat;
    bool ok = true;
    GPU_NO_UNROLL
    for (unsigned valid = 0; valid <= 16; valid++) {
        gpu_copy_async16(here->shared + 16 * flat, from + 16 * flat, valid);
        gpu_copy_commit();
        GPU_COPY_WAIT(0);
        ok = copied(here, 16, valid) && ok;
    }
    gpu_barrier();
    GPU_UNROLL_BY(2)
    for (unsigned valid = 0; valid <= 8; valid++) {
        gpu_copy_async8(here->shared + 8 * flat, from + 8 * flat, valid);
        gpu_copy_commit();
        GPU_COPY_WAIT(0);
        ok = copied(here, 8, valid) && ok;
    }
    gpu_barrier();
    GPU_UNROLL
    for (unsigned valid = 0; valid <= 4; valid++) {
        gpu_copy_async4(here->shared + 4 * flat, from + 4 * flat, valid);
        gpu_copy_commit();
        GPU_COPY_WAIT(0);
        ok = copied(here, 4, valid) && ok;
    }
    gpu_barrier();
    report(here, CHECK_copies, ok);

    unsigned other = flat ^ 33;
    for (unsigned group = 0; group < 3; group++) {
        gpu_copy_async16(here->shared + 2048 * group + 16 * flat, from + 16 * (flat + group), 16);
        gpu_copy_commit();
    }
    GPU_COPY_WAIT(1);
    gpu_barrier();
    ok = gpu_load4(here->shared + 2048 + 16 * other) == word(4 * (other + 1));
    GPU_COPY_WAIT(0);
    gpu_barrier();
    ok = gpu_load4(here->shared + 4096 + 16 * other) == word(4 * (other + 2)) && ok;
    report(here, CHECK_copy_groups, ok);
    gpu_barrier();
}

/* --- loads to shared memory, without registers --- */

#if GPU_HAS_LOAD_TO_SHARED
#define EACH_WAVE(bytes) (here->shared + gpu_wave() * GPU_WAVE * (bytes))

/* Lane i of a wave reads what lane 63 - i has in order, so that words come turned round by waves. */
GPU_DEVICE unsigned turned(const struct here *here)
{
    return here->flat ^ (GPU_WAVE - 1);
}

GPU_DEVICE void check_loads_to_shared(const struct here *here)
{
    unsigned flat = here->flat, other = flat ^ 96;
    bool ok = true;
    /* Each wave's own base, and two more loads under way while the first is read. */
    const unsigned *from = here->args->words;
    gpu_load_to_shared4(EACH_WAVE(4), from, 4 * turned(here));
    gpu_load_to_shared4(EACH_WAVE(4) + 512, from + 1 + gpu_wave(), 4 * flat);
    gpu_load_to_shared4(EACH_WAVE(4) + 1024, from + 2, 4 * flat);
    GPU_LOAD_TO_SHARED_WAIT(2);
    gpu_barrier_shared();
    ok = gpu_load4(here->shared + 4 * other) == word(other ^ (GPU_WAVE - 1)) && ok;
    GPU_LOAD_TO_SHARED_WAIT(0);
    gpu_barrier_shared();
    ok = gpu_load4(here->shared + 512 + 4 * other) == word(other + 1 + other / GPU_WAVE) && ok;
    ok = gpu_load4(here->shared + 1024 + 4 * other) == word(other + 2) && ok;
    report(here, CHECK_load_to_shared, ok);
    gpu_barrier();
#if GPU_LOAD_TO_SHARED_BYTES == 16
    gpu_load_to_shared12(EACH_WAVE(12), from, 12 * turned(here));
    gpu_load_to_shared16(EACH_WAVE(16) + 2048, from, 16 * turned(here));
    GPU_LOAD_TO_SHARED_WAIT(0);
    gpu_barrier();
    ok = true;
    for (unsigned bytes = 12; bytes <= 16; bytes += 4)
        for (unsigned i = 0; i < bytes; i += 4)
            ok = gpu_load4(here->shared + (bytes == 16 ? 2048 : 0) + bytes * other + i) ==
                     word((bytes * (other ^ (GPU_WAVE - 1)) + i) / 4) &&
                 ok;
    report(here, CHECK_load_to_shared_wide, ok);
    gpu_barrier();
#endif
}
#endif

/* --- numbers --- */

/* x becomes the code, and the code becomes `back`. */
#define NUMBER(name, x, code, back)                                  \
    (gpu_to_##name(gpu_float(gpu_bits(x) | here->zero)) == (code) && \
     gpu_from_##name((gpu_##name##_code)((code) | here->zero)) == (back))
#define NOT_A_NUMBER(name) (gpu_is_nan(gpu_from_##name(gpu_to_##name(gpu_float(0x7fc00000u | here->zero)))))
typedef gpu_f16 gpu_f16_code;
typedef gpu_bf16 gpu_bf16_code;
typedef gpu_fp8 gpu_f8e4m3_code, gpu_f8e5m2_code, gpu_f8e4m3fnuz_code, gpu_f8e5m2fnuz_code;

GPU_DEVICE bool gpu_is_nan(float x)
{
    return (gpu_bits(x) & 0x7fffffffu) > 0x7f800000u;
}

GPU_DEVICE void check_numbers(const struct here *here)
{
    const float infinity = gpu_float(0x7f800000u);
    report(here, CHECK_f16,
           NUMBER(f16, 1.5f, 0x3e00, 1.5f) && NUMBER(f16, -2.0f, 0xc000, -2.0f) &&
               NUMBER(f16, 65519.0f, 0x7bff, 65504.0f) && NUMBER(f16, 65520.0f, 0x7c00, infinity) &&
               NUMBER(f16, 2049.0f, 0x6800, 2048.0f) && NUMBER(f16, 2051.0f, 0x6802, 2052.0f) &&
               NUMBER(f16, 6e-8f, 1, 5.9604645e-8f) && NOT_A_NUMBER(f16));
    report(here, CHECK_bf16,
           NUMBER(bf16, 1.5f, 0x3fc0, 1.5f) && NUMBER(bf16, -257.0f, 0xc380, -256.0f) &&
               NUMBER(bf16, 259.0f, 0x4382, 260.0f) && NUMBER(bf16, 3.4e38f, 0x7f80, infinity) &&
               NOT_A_NUMBER(bf16));
    report(here, CHECK_f8e4m3,
           NUMBER(f8e4m3, 1.5f, 0x3c, 1.5f) && NUMBER(f8e4m3, -17.0f, 0xd8, -16.0f) &&
               NUMBER(f8e4m3, 19.0f, 0x5a, 20.0f) && NUMBER(f8e4m3, 1e6f, 0x7e, 448.0f) &&
               NUMBER(f8e4m3, infinity, 0x7e, 448.0f) && NUMBER(f8e4m3, 0.002f, 1, 0.001953125f) &&
               gpu_f16x2_from_f8e4m3(0x1d83c | here->zero) == 0xcc003e00u && NOT_A_NUMBER(f8e4m3));
    report(here, CHECK_f8e5m2,
           NUMBER(f8e5m2, 1.5f, 0x3e, 1.5f) && NUMBER(f8e5m2, -9.0f, 0xc8, -8.0f) &&
               NUMBER(f8e5m2, 1e6f, 0x7b, 57344.0f) && NUMBER(f8e5m2, -infinity, 0xfb, -57344.0f) &&
               NUMBER(f8e5m2, 1.6e-5f, 1, 1.52587890625e-5f) && NOT_A_NUMBER(f8e5m2));
    report(here, CHECK_f8e4m3fnuz,
           NUMBER(f8e4m3fnuz, 1.5f, 0x44, 1.5f) && NUMBER(f8e4m3fnuz, -1e6f, 0xff, -240.0f) &&
               NUMBER(f8e4m3fnuz, infinity, 0x7f, 240.0f) && NUMBER(f8e4m3fnuz, -1e-9f, 0, 0.0f) &&
               gpu_f16x2_from_f8e4m3fnuz(0x1ff44 | here->zero) == 0xdb803e00u && NOT_A_NUMBER(f8e4m3fnuz));
    report(here, CHECK_f8e5m2fnuz,
           NUMBER(f8e5m2fnuz, 1.5f, 0x42, 1.5f) && NUMBER(f8e5m2fnuz, 1e6f, 0x7f, 57344.0f) &&
               NUMBER(f8e5m2fnuz, -infinity, 0xff, -57344.0f) && NUMBER(f8e5m2fnuz, -1e-9f, 0, 0.0f) &&
               NOT_A_NUMBER(f8e5m2fnuz));
}

GPU_DEVICE bool near_to(float x, float right)
{
    return gpu_abs(x - right) <= 4e-7f * right;
}

GPU_DEVICE void check_arithmetic(const struct here *here)
{
    float three = (float)(here->zero + 3), nan = gpu_float(0x7fc00000u | here->zero);
    report(here, CHECK_arithmetic,
           gpu_fma(three, 2, 4) == 10 && gpu_min(three, -1) == -1 && gpu_max(three, -1) == 3 &&
               gpu_min(nan, three) == 3 && gpu_max(three, nan) == 3 && gpu_abs(-three) == 3 &&
               gpu_low_halves(0x12345678u | here->zero, 0x9abcdef0u) == 0xdef05678u &&
               gpu_high_halves(0x12345678u | here->zero, 0x9abcdef0u) == 0x9abc1234u &&
               near_to(gpu_exp2(three + 0.5f), 11.3137085f) && gpu_exp2(-three * 80) < 1e-37f &&
               near_to(gpu_log2(three), 1.58496250f) && gpu_log2(three - 3) < -3e38f &&
               near_to(gpu_rcp(three), 0.333333333f) && near_to(gpu_rsqrt(three), 0.577350269f));
}

#include "gpu_dialect_matrix.h"

GPU_KERNEL(THREADS) gpu_dialect(GPU_ARGS(struct dialect_args, args))
{
    GPU_SHARED(shared);
    struct here here = {&args, shared, (unsigned *)shared, 0, 0, 0, 0};
    here.flat = gpu_thread_x() + 32 * (gpu_thread_y() + 2 * gpu_thread_z());
    here.block = gpu_block_x() + 2 * (gpu_block_y() + 3 * gpu_block_z());
    here.lane = gpu_lane();
    here.zero = gpu_load4(args.words);
    check_places(&here);
    check_barriers(&here);
    check_schedule(&here);
    check_acquire_release(&here);
    check_lanes(&here);
    check_atomics(&here);
    check_loads_stores(&here);
    check_copies(&here);
#if GPU_HAS_LOAD_TO_SHARED
    check_loads_to_shared(&here);
#endif
    check_numbers(&here);
    check_arithmetic(&here);
    check_matrices(&here);
}

/* The other way to begin a kernel, for compilers to see. */
GPU_KERNEL_BLOCKS(THREADS, 2) gpu_dialect_places(GPU_ARGS(struct dialect_args, args))
{
    GPU_SHARED(shared);
    struct here here = {&args, shared, (unsigned *)shared, 0, 0, 0, 0};
    check_places(&here);
}

GPU_KERNEL_WAVES(THREADS, 2) gpu_dialect_waves(GPU_ARGS(struct dialect_args, args))
{
    GPU_SHARED(shared);
    struct here here = {&args, shared, (unsigned *)shared, 0, 0, 0, 0};
    check_places(&here);
}

GPU_KERNEL_WAVES(THREADS, 0) gpu_dialect_any_waves(GPU_ARGS(struct dialect_args, args))
{
    GPU_SHARED(shared);
    struct here here = {&args, shared, (unsigned *)shared, 0, 0, 0, 0};
    check_places(&here);
}
