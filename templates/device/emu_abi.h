/* The seam between an emulated kernel and the emulator (tuner/emulator): what the dialect's emulated spelling
 * (gpu_emu.h) calls and the emulator defines. Header-free; C and C++ read it alike.
 *
 * An emulated kernel is a shared object made by clang for the host with -fsanitize=thread, whose undefined
 * symbols are these functions and the sanitizer's callbacks. The program that loads it exports both. An entry
 * is  extern "C" void ENTRY(const ARGS &args).  Every thread of a block is a fiber; a call that waits for
 * others switches fibers. The caller's return address is the place that reports name.
 *
 * Collectives of a wave are taken part in by all its lanes, at one place in the source; what they are handed
 * is the lane's own operand in its real registers. */
#ifndef TUNEBOOK_DEVICE_EMU_ABI_H
#define TUNEBOOK_DEVICE_EMU_ABI_H

#define EMU_ABI 1

/* Where threads meet, the place counts: the compiler makes neither two calls of one nor one of two. */
#if defined(__clang__)
#define EMU_MEETS __attribute__((convergent, nomerge))
#else
#define EMU_MEETS
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a thread knows of itself. Constant while it runs. */
struct emu_thread {
    unsigned thread[3], block[3];       /* its place in the block, the block's in the grid */
    unsigned block_threads[3], grid[3]; /* threads of a block, blocks of the grid */
    unsigned cluster[3], cluster_rank;  /* blocks of a cluster; the block's flat place in its cluster */
    unsigned lane, wave, wave_size;     /* flat thread % wave_size, / wave_size */
    unsigned shared_bytes;
    unsigned char *shared; /* the block's dynamic shared memory, 1024-byte aligned */
};

/* The object's `const struct emu_entry *const emu_entries[2]`, begin and end: the code of each entry and how
 * many threads a block it is made for. A launch with another number is refused. */
struct emu_entry {
    const char *begin, *end;
    unsigned threads;
};

/* A tensor map as the emulated device encodes it, where a GPU has its driver's 128 bytes: a view of up to
 * three dimensions, the first one contiguous, and the box that one copy moves. */
#define EMU_TENSOR_MAP 0x54454e53u

struct emu_tensor_map {
    unsigned magic;                    /* EMU_TENSOR_MAP */
    unsigned element_bytes;            /* 1, 2 or 4 */
    unsigned box[3];                   /* elements */
    unsigned swizzle_bytes;            /* 0, 32, 64 or 128 */
    unsigned long long address;        /* 16-byte aligned */
    unsigned long long extent[3];      /* elements; what lies beyond reads as 0 and is not written */
    unsigned long long pitch_bytes[3]; /* from one to the next; [0] == element_bytes */
    unsigned char unused[128 - 24 - 56];
};

const struct emu_thread *emu_self(void) __attribute__((const));

/* --- waiting --- */

void emu_barrier(void) EMU_MEETS;        /* all threads of the block */
void emu_barrier_shared(void) EMU_MEETS; /* all threads of the block; orders shared memory only; waves may
                                            come to different calls */
void emu_wave_barrier(void) EMU_MEETS;   /* all lanes of the wave; orders memory */
void emu_named_barrier(unsigned id, unsigned threads) EMU_MEETS; /* `threads` of the block, id 1..15 */
void emu_named_arrive(unsigned id, unsigned threads) EMU_MEETS;  /* counts towards it without waiting */
void emu_cluster_barrier(void) EMU_MEETS;                        /* all threads of the cluster */
void emu_pause(void);                                            /* in a loop that waits for another thread */

/* Memory fences; atomics themselves are the sanitizer's __tsan_atomic* callbacks. 0: block, 1: device. */
void emu_fence(int scope);

/* A kernel that acquires or releases by atomics calls this beside them: that it does is seen in the object
 * before it runs, and what only relaxes costs less. */
void emu_atomic_orders(void);

/* --- collectives of a wave --- */

enum emu_shuffle { EMU_SHUFFLE_FROM, EMU_SHUFFLE_XOR, EMU_SHUFFLE_UP, EMU_SHUFFLE_DOWN };

/* The value of another lane: of lane `argument`, lane ^ argument, lane - argument, lane + argument. One's own
 * where there is no such lane. */
unsigned emu_shuffle(enum emu_shuffle kind, unsigned value, unsigned argument) EMU_MEETS;
unsigned long long emu_ballot(int predicate) EMU_MEETS;

/* D = A.B + C on the registers of all lanes. `form` is an enum matrix_form (matrix.def); a, b, c and d are
 * the lane's registers as 32-bit words, packed as the instruction has them (c and d may be the same). */
void emu_matrix(unsigned form, unsigned *d, const unsigned *a, const unsigned *b,
                const unsigned *c) EMU_MEETS;

/* ldmatrix: lane 8*i + r names row r (16 bytes of shared memory) of 8x8 matrix i; registers[i] becomes the
 * lane's fragment of matrix i. count is 1, 2 or 4. */
void emu_ldmatrix(unsigned *registers, const void *row, unsigned count, int transposed) EMU_MEETS;

/* stmatrix: the same the other way. */
void emu_stmatrix(void *row, const unsigned *registers, unsigned count, int transposed) EMU_MEETS;

/* --- matrix products of four waves (wgmma) --- */

enum emu_wgmma { EMU_WGMMA_F16, EMU_WGMMA_BF16, EMU_WGMMA_F8E4M3 };

/* D = A.B + (add ? D : 0) with 64 x n sums, of operands that descriptors name, A of registers where there are
 * any (4). Nothing moves before a wait. */
void emu_wgmma(unsigned type, unsigned n, int a_mn_major, int b_mn_major, float *d, const unsigned *registers,
               unsigned long long a, unsigned long long b, int add) EMU_MEETS;
void emu_wgmma_fence(void) EMU_MEETS;
void emu_wgmma_commit(void) EMU_MEETS;
void emu_wgmma_wait(unsigned pending) EMU_MEETS;
void emu_registers(unsigned count, int more) EMU_MEETS; /* each thread's, from here on */

/* --- clusters, beyond their barrier --- */

void emu_cluster_arrive(void) EMU_MEETS;
void emu_cluster_wait(void) EMU_MEETS;
/* The same place in the shared memory of the cluster's block `rank`. */
void *emu_cluster_shared(const void *pointer, unsigned rank);

/* --- mbarriers: 8 bytes of shared memory each --- */

void emu_mbarrier_init(void *bar, unsigned count);
void emu_mbarrier_init_fence(void);
void emu_mbarrier_arrive(void *bar, unsigned expected_bytes);
void emu_mbarrier_arrive_cluster(void *bar, unsigned rank);
void emu_mbarrier_wait(void *bar, unsigned parity);

/* --- boxes of tensors (struct emu_tensor_map) --- */

/* Lands when somebody waits at `bar` and needs it. A mask with this bit: into each of these blocks. */
#define EMU_MULTICAST 0x10000u
void emu_tensor_load(void *shared, const void *map, void *bar, int x, int y, int z, unsigned mask);
void emu_tensor_store(const void *map, const void *shared, int x, int y, int z, int add);
void emu_tensor_store_commit(void);
void emu_tensor_store_wait(unsigned pending, int read); /* read: until shared memory was read */
/* What this thread knows to be written is made known to those who read by themselves: stores, wgmma. */
void emu_fence_async_shared(void);

/* --- asynchronous copies --- */

/* `bytes` (4, 8, 16) of shared memory from global memory, of which the first `valid` are read and the rest
 * become 0. They land when the thread waits for their group; nobody may touch the target before. */
void emu_copy_async(void *shared, const void *global, unsigned bytes, unsigned valid);
void emu_copy_commit(void);           /* closes a group, which may be empty */
void emu_copy_wait(unsigned pending); /* until at most `pending` of this thread's groups are under way */

/* A load of a whole wave: `bytes` (4, 12, 16) at base + offset of each lane to shared + lane * bytes. They
 * land when the lane waits for them. */
void emu_load_to_shared(void *shared, const void *base, unsigned offset, unsigned bytes) EMU_MEETS;
void emu_load_to_shared_wait(unsigned pending); /* until at most `pending` such loads are under way */

/* --- arithmetic that the host has and the kernel may not link --- */

float emu_exp2(float x);
float emu_log2(float x);
float emu_rsqrt(float x);

#ifdef __cplusplus
}
#endif

#endif
