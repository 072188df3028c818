#include "tuner/code/instruction.h"

#include <string.h>
#include "tuner/base/text.h"

enum {
    WAVE = 64,
    /* A SIMD has 16 lanes: a wave takes 4 cycles (AMD, GCN architecture white paper; CDNA kept it). */
    VECTOR_CYCLES = 4,
    /* Transcendental functions and 32-bit multiplications of integers have a quarter of the rate (LLVM,
     * SISchedule.td: WriteTrans32, WriteIntMul). */
    SLOW_VECTOR_CYCLES = 16,
    /* Bytes a cycle between a CU and its first cache (AMD, GCN architecture white paper, 2012), which CDNA is
     * taken to have kept: a wider path would only make the share of matrix cycles larger. And 16 addresses a
     * cycle. */
    CACHE_BYTES = 64,
    ADDRESS_CYCLES = WAVE / 16,
    /* LDS: 32 banks of 4 bytes. gfx950 reads from 64 (HipKittens, analysis/paper_experiments/phases). */
    BANKS_BYTES = 128,
    WIDE_READ_BYTES = 256
};

enum target { GFX90A, GFX942, GFX950, N_TARGETS };
static const char *const target_names[N_TARGETS] = {"gfx90a", "gfx942", "gfx950"};

static const struct matrix_cycles {
    const char *name;
    uint32_t cycles[N_TARGETS];
} matrix_table[] = {
#define MATRIX_CYCLES(name, ...) {name, {__VA_ARGS__}},
#include "tuner/code/matrix_cycles.def"
#undef MATRIX_CYCLES
};

static int find_target(const char *name)
{
    for (int i = 0; i < N_TARGETS; i++)
        if (strcmp(target_names[i], name) == 0) return i;
    return -1;
}

bool instruction_has_target(const char *target)
{
    return find_target(target) >= 0;
}

static bool operand_has(const struct listed *listed, const char *word)
{
    size_t n = strlen(word);
    for (uint32_t i = 0; i + n <= listed->operand_bytes; i++)
        if (memcmp(listed->operands + i, word, n) == 0) return true;
    return false;
}

/* An operand of eight registers among A and B, "v[8:15]": the second and third. */
static bool has_wide_operand(const struct listed *listed)
{
    const char *at = listed->operands, *end = at + listed->operand_bytes;
    for (unsigned operand = 0; operand < 3 && at < end; operand++) {
        unsigned first = 0, last = 0, *number = &first;
        const char *comma = at;
        for (; comma < end && *comma != ','; comma++) {
            if (*comma >= '0' && *comma <= '9' && *number < 10000)
                *number = *number * 10 + (unsigned)(*comma - '0');
            if (*comma == ':') number = &last;
        }
        if (operand && number == &last && last - first == 7) return true;
        at = comma + 1;
    }
    return false;
}

static enum status read_matrix(enum target target, const struct listed *listed, struct instruction *out)
{
    const char *name = listed->name + strlen("v_mfma_");
    out->kind = INSTRUCTION_MATRIX;
    for (size_t i = 0; i < sizeof matrix_table / sizeof *matrix_table; i++) {
        if (strcmp(matrix_table[i].name, name) != 0 || !matrix_table[i].cycles[target]) continue;
        bool twice = strstr(name, "f8f6f4") && has_wide_operand(listed);
        out->cycles = matrix_table[i].cycles[target] << twice;
        return STATUS_OK;
    }
    return status_fail(STATUS_NOT_COVERED, "how long %s takes on %s is not known", listed->name,
                       target_names[target]);
}

/* Bytes that a lane moves at once, by what stands in the name; 0: no such word. "b32" stands last: most have
 * it. */
static uint32_t bytes_of(const char *name)
{
    static const struct {
        const char *word;
        uint32_t bytes;
    } words[] = {{"dwordx4", 16}, {"dwordx3", 12}, {"dwordx2", 8}, {"dword", 4}, {"b128", 16}, {"b96", 12},
                 {"b64", 8},      {"u64", 8},      {"f64", 8},     {"i64", 8},   {"short", 2}, {"byte", 1},
                 {"b16", 2},      {"u16", 2},      {"i16", 2},     {"b8", 1},    {"u8", 1},    {"i8", 1},
                 {"b32", 4},      {"u32", 4},      {"f32", 4},     {"i32", 4}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(name, words[i].word)) return words[i].bytes;
    return 0;
}

static uint32_t divide_up(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

static uint32_t lds_cycles(enum target target, bool writes, uint32_t lane_bytes)
{
    uint32_t wide = target == GFX950 && !writes ? WIDE_READ_BYTES : BANKS_BYTES;
    return divide_up(WAVE * (lane_bytes < 4 ? 4 : lane_bytes), wide);
}

static void read_lds(enum target target, const struct listed *listed, struct instruction *out)
{
    const char *name = listed->name;
    bool crosses = strstr(name, "permute") || strstr(name, "swizzle"); /* between lanes; no banks */
    bool twice = strstr(name, "read2") || strstr(name, "write2");
    uint32_t bytes = bytes_of(name);
    out->kind = INSTRUCTION_LDS;
    if (text_starts_with(name, "ds_nop")) return;
    out->writes = !text_starts_with(name, "ds_read");
    out->accesses = crosses ? 0 : twice ? 2 : 1;
    out->width = bytes > 12 ? LDS_16 : bytes > 8 ? LDS_12 : bytes > 4 ? LDS_8 : LDS_4;
    out->cycles = (twice ? 2 : 1) * lds_cycles(target, out->writes, bytes);
}

static void read_memory(enum target target, const struct listed *listed, struct instruction *out)
{
    const char *name = listed->name;
    uint32_t bytes = bytes_of(name);
    bool to_lds =
        strstr(name, "_lds_") || (text_starts_with(name, "buffer_load") && operand_has(listed, " lds"));
    out->kind = INSTRUCTION_MEMORY;
    if (!bytes) return; /* buffer_inv and its kin move nothing */
    out->cycles = divide_up(WAVE * bytes, CACHE_BYTES);
    if (out->cycles < ADDRESS_CYCLES) out->cycles = ADDRESS_CYCLES;
    if (to_lds) out->lds_cycles = lds_cycles(target, true, bytes);
}

static bool begins_with_one(const char *name, const char *const *list)
{
    while (*list && !text_starts_with(name, *list)) list++;
    return *list != NULL;
}

static const char *const slow_vectors[] = {
    "v_exp_",       "v_log_",       "v_rcp_",       "v_rsq_",        "v_sqrt_",       "v_sin_", "v_cos_",
    "v_mul_lo_u32", "v_mul_hi_u32", "v_mul_hi_i32", "v_mad_u64_u32", "v_mad_i64_i32", NULL};
static const char *const memories[] = {"global_", "buffer_", "flat_", "scratch_", "tbuffer_", NULL};
static const char *const scalar_memories[] = {"s_load_",   "s_buffer_",     "s_store_",
                                              "s_atomic_", "s_scratch",     "s_dcache_",
                                              "s_memtime", "s_memrealtime", NULL};
static const char *const branches[] = {"s_branch", "s_cbranch_", "s_setpc_", "s_swappc_", "s_call_", NULL};
static const char *const internals[] = {
    "s_waitcnt", "s_nop",     "s_sleep",   "s_barrier",         "s_setprio", "s_endpgm",
    "s_sethalt", "s_sendmsg", "s_icache_", "s_code_end",        "s_ttrace",  "s_incperf",
    "s_decperf", "s_wakeup",  "s_trap",    "s_set_gpr_idx_off", NULL};

enum status instruction_read(const char *target_name, const struct listed *listed, struct instruction *out)
{
    int target = find_target(target_name);
    const char *name = listed->name;
    *out = (struct instruction){.kind = INSTRUCTION_INTERNAL};
    if (target < 0)
        return status_fail(STATUS_NOT_COVERED,
                           "what an instruction takes is known for gfx90a, gfx942 and gfx950, "
                           "not for %s",
                           target_name);
    if (text_starts_with(name, "v_mfma_")) return read_matrix((enum target)target, listed, out);
    if (text_starts_with(name, "v_smfmac_"))
        return status_fail(STATUS_NOT_COVERED, "how long %s takes on %s is not known", name, target_name);
    if (text_starts_with(name, "ds_"))
        read_lds((enum target)target, listed, out);
    else if (begins_with_one(name, memories))
        read_memory((enum target)target, listed, out);
    else if (text_starts_with(name, "v_"))
        *out = (struct instruction){.kind = INSTRUCTION_VECTOR,
                                    .cycles = begins_with_one(name, slow_vectors) ? SLOW_VECTOR_CYCLES
                                                                                  : VECTOR_CYCLES};
    else if (begins_with_one(name, scalar_memories))
        out->kind = INSTRUCTION_SCALAR_MEMORY;
    else if (begins_with_one(name, branches))
        out->kind = INSTRUCTION_BRANCH;
    else if (text_starts_with(name, "s_") && !begins_with_one(name, internals))
        out->kind = INSTRUCTION_SCALAR;
    return STATUS_OK;
}
