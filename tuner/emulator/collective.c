/* Collectives of a wave: each lane leaves its operands and waits; the last to come computes for all. */
#include <string.h>
#include "tuner/emulator/access.h"
#include "tuner/emulator/emulator_state.h"
#include "tuner/emulator/matrix.h"

static const char *const operations[] = {"the wave's barrier",     "a shuffle", "a ballot",
                                         "a matrix instruction",   "ldmatrix",  "stmatrix",
                                         "a load to shared memory"};

static void check_meeting(struct fiber *f, const struct wave *wave, enum wave_operation operation,
                          uint32_t detail, const void *pc)
{
    const struct fiber *other = NULL;
    char who[WHO_BYTES], place[ELSEWHERE_BYTES];
    for (uint32_t i = 0; i < wave->n && !other; i++) {
        const struct fiber *lane = wave->lanes[i];
        if (lane->waiting == (wave->ended ? ENDED : AT_COLLECTIVE)) other = lane;
    }
    if (!other) return;
    fault_who(f, f->block->team->index, other->number, who);
    if (wave->ended)
        fault(f, DEVICE_FAULT_DIVERGENCE, pc, "%s waits for %s, which has ended", operations[operation], who);
    else if (wave->operation != operation || wave->detail != detail || wave->pc != pc)
        fault(f, DEVICE_FAULT_DIVERGENCE, pc, "comes to %s, but %s of its wave is at %s %s",
              operations[operation], who, operations[wave->operation],
              fault_elsewhere(f, wave->pc, pc, place));
}

/* True: all lanes have come and this one computes, then lets them go. */
static bool is_last(struct fiber *f, enum wave_operation operation, uint32_t detail, const void *pc)
{
    struct wave *wave = &f->block->waves[f->self.wave];
    if (wave->ended ||
        (wave->arrived && (wave->pc != pc || wave->operation != operation || wave->detail != detail)))
        check_meeting(f, wave, operation, detail, pc);
    if (!wave->arrived) {
        wave->operation = operation;
        wave->detail = detail;
        wave->pc = pc;
    }
    if (++wave->arrived == wave->n) return true;
    schedule_wait(f, AT_COLLECTIVE, pc);
    return false;
}

static void let_go(struct fiber *f)
{
    struct wave *wave = &f->block->waves[f->self.wave];
    wave->arrived = 0;
    schedule_release_all(f, wave->lanes, wave->n);
}

void emu_wave_barrier(void)
{
    struct fiber *f = emulator_self;
    struct wave *wave = &f->block->waves[f->self.wave];
    if (!is_last(f, WAVE_BARRIER, 0, __builtin_return_address(0))) return;
    order_barrier_some(f, wave->lanes, wave->n, true);
    let_go(f);
}

static uint32_t source_lane(enum emu_shuffle kind, uint32_t lane, uint32_t argument)
{
    switch (kind) {
    case EMU_SHUFFLE_FROM: return argument;
    case EMU_SHUFFLE_XOR: return lane ^ argument;
    case EMU_SHUFFLE_UP: return lane - argument; /* wraps to beyond any lane */
    default: return argument < UINT32_MAX - lane ? lane + argument : UINT32_MAX;
    }
}

unsigned emu_shuffle(enum emu_shuffle kind, unsigned value, unsigned argument)
{
    struct fiber *f = emulator_self;
    struct wave *wave = &f->block->waves[f->self.wave];
    f->operands.value = value;
    f->operands.argument = argument;
    if (is_last(f, WAVE_SHUFFLE, kind, __builtin_return_address(0))) {
        uint32_t values[64];
        for (uint32_t i = 0; i < wave->n; i++) values[i] = wave->lanes[i]->operands.value;
        for (uint32_t i = 0; i < wave->n; i++) {
            uint32_t from = source_lane(kind, i, wave->lanes[i]->operands.argument);
            wave->lanes[i]->operands.value = values[from < wave->n ? from : i];
        }
        let_go(f);
    }
    return f->operands.value;
}

unsigned long long emu_ballot(int predicate)
{
    struct fiber *f = emulator_self;
    struct wave *wave = &f->block->waves[f->self.wave];
    f->operands.value = predicate != 0;
    if (is_last(f, WAVE_BALLOT, 0, __builtin_return_address(0))) {
        unsigned long long mask = 0;
        for (uint32_t i = 0; i < wave->n; i++)
            mask |= (unsigned long long)wave->lanes[i]->operands.value << i;
        for (uint32_t i = 0; i < wave->n; i++) wave->lanes[i]->operands.mask = mask;
        let_go(f);
    }
    return f->operands.mask;
}

static void check_form(struct fiber *f, const struct wave *wave, unsigned form, const void *pc)
{
    const char *target = emulator_target(f->block->worker->emulator);
    if (form >= MATRIX_FORMS) {
        fault(f, DEVICE_FAULT_OTHER, pc, "matrix instruction number %u is none that is known", form);
        return;
    }
    const struct matrix_info *info = matrix_info((enum matrix_form)form);
    if (!matrix_on_target((enum matrix_form)form, target))
        fault(f, DEVICE_FAULT_OTHER, pc, "%s has no %s", target, info->name);
    if (wave->n != info->shape.wave)
        fault(f, DEVICE_FAULT_OTHER, pc, "%s takes a wave of %u lanes, and this one has %u", info->name,
              info->shape.wave, wave->n);
}

static void check_copies(struct fiber *f, enum matrix_form form, enum matrix_operand operand,
                         const unsigned *const words[], const void *pc)
{
    unsigned lane;
    if (!matrix_copies_differ(form, operand, words, &lane)) return;
    const struct matrix_info *info = matrix_info(form);
    fault(f, DEVICE_FAULT_OTHER, pc, "%s wants the same of %c in lanes %u and %u", info->name, "AB"[operand],
          lane - info->shape.wave / 2, lane);
}

void emu_matrix(unsigned form, unsigned *d, const unsigned *a, const unsigned *b, const unsigned *c)
{
    struct fiber *f = emulator_self;
    struct wave *wave = &f->block->waves[f->self.wave];
    const void *pc = __builtin_return_address(0);
    f->operands.d = d;
    f->operands.a = a;
    f->operands.b = b;
    f->operands.c = c;
    if (!is_last(f, WAVE_MATRIX, form, pc)) return;
    check_form(f, wave, form, pc);
    unsigned *all_d[MATRIX_WAVE_MAX];
    const unsigned *all_a[MATRIX_WAVE_MAX], *all_b[MATRIX_WAVE_MAX], *all_c[MATRIX_WAVE_MAX];
    for (uint32_t i = 0; i < wave->n; i++) {
        const struct lane_operands *operands = &wave->lanes[i]->operands;
        all_d[i] = operands->d;
        all_a[i] = operands->a;
        all_b[i] = operands->b;
        all_c[i] = operands->c;
    }
    check_copies(f, (enum matrix_form)form, MATRIX_A, all_a, pc);
    check_copies(f, (enum matrix_form)form, MATRIX_B, all_b, pc);
    bool flush = matrix_flushes((enum matrix_form)form, emulator_target(f->block->worker->emulator));
    matrix_multiply((enum matrix_form)form, all_d, all_a, all_b, all_c, flush);
    let_go(f);
}

/* Lane l holds of each 8x8 matrix row l/4, columns 2*(l%4) and one more; transposed, of its transpose (PTX
 * ISA, "Warp-level matrix instructions: ldmatrix"). */
static void distribute(const struct wave *wave, uint32_t count, bool transposed)
{
    uint16_t rows[32][8];
    for (uint32_t i = 0; i < 8 * count; i++) memcpy(rows[i], wave->lanes[i]->operands.row, sizeof rows[i]);
    for (uint32_t lane = 0; lane < wave->n; lane++) {
        uint32_t row = lane / 4, column = lane % 4 * 2;
        for (uint32_t i = 0; i < count; i++) {
            const uint16_t(*matrix)[8] = (const uint16_t(*)[8]) & rows[8 * i];
            uint32_t low = transposed ? matrix[column][row] : matrix[row][column];
            uint32_t high = transposed ? matrix[column + 1][row] : matrix[row][column + 1];
            wave->lanes[lane]->operands.d[i] = low | high << 16;
        }
    }
}

void emu_ldmatrix(unsigned *registers, const void *row, unsigned count, int transposed)
{
    struct fiber *f = emulator_self;
    struct wave *wave = &f->block->waves[f->self.wave];
    const void *pc = __builtin_return_address(0);
    f->operands.d = registers;
    f->operands.row = row;
    if (!is_last(f, WAVE_LDMATRIX, count << 1 | (transposed != 0), pc)) return;
    if (wave->n != 32 || (count != 1 && count != 2 && count != 4))
        fault(f, DEVICE_FAULT_OTHER, pc, "ldmatrix of %u matrices by %u lanes; it is of 1, 2 or 4 by 32",
              count, wave->n);
    for (uint32_t i = 0; i < 8 * count; i++) {
        struct fiber *lane = wave->lanes[i];
        access_shared(lane, lane->operands.row, 16, ACCESS_READ, pc);
    }
    distribute(wave, count, transposed != 0);
    let_go(f);
}

/* The inverse of distribute. */
static void collect(const struct wave *wave, uint32_t count, bool transposed)
{
    uint16_t rows[32][8];
    for (uint32_t lane = 0; lane < wave->n; lane++) {
        uint32_t row = lane / 4, column = lane % 4 * 2;
        for (uint32_t i = 0; i < count; i++) {
            uint16_t(*matrix)[8] = &rows[8 * i];
            uint32_t word = wave->lanes[lane]->operands.a[i];
            matrix[transposed ? column : row][transposed ? row : column] = (uint16_t)word;
            matrix[transposed ? column + 1 : row][transposed ? row : column + 1] = (uint16_t)(word >> 16);
        }
    }
    for (uint32_t i = 0; i < 8 * count; i++)
        memcpy((void *)(uintptr_t)wave->lanes[i]->operands.row, rows[i], sizeof rows[i]);
}

void emu_stmatrix(void *row, const unsigned *registers, unsigned count, int transposed)
{
    struct fiber *f = emulator_self;
    struct wave *wave = &f->block->waves[f->self.wave];
    const void *pc = __builtin_return_address(0);
    f->operands.a = registers;
    f->operands.row = row;
    if (!is_last(f, WAVE_STMATRIX, count << 1 | (transposed != 0), pc)) return;
    if (wave->n != 32 || (count != 1 && count != 2 && count != 4))
        fault(f, DEVICE_FAULT_OTHER, pc, "stmatrix of %u matrices by %u lanes; it is of 1, 2 or 4 by 32",
              count, wave->n);
    for (uint32_t i = 0; i < 8 * count; i++) {
        struct fiber *lane = wave->lanes[i];
        access_shared(lane, lane->operands.row, 16, ACCESS_WRITE, pc);
    }
    collect(wave, count, transposed != 0);
    let_go(f);
}

/* The instruction has one place in shared memory and one base, in scalar registers. */
static void check_scalars(const struct wave *wave, const void *pc)
{
    const struct fiber *first = wave->lanes[0];
    char who[WHO_BYTES];
    for (uint32_t i = 1; i < wave->n; i++) {
        struct fiber *lane = wave->lanes[i];
        bool place = lane->operands.row != first->operands.row;
        if (!place && lane->operands.a == first->operands.a) continue;
        fault(lane, DEVICE_FAULT_OTHER, pc,
              "a load to shared memory has another %s than for %s of its wave; it is the same for all lanes",
              place ? "place there" : "base", fault_who(lane, lane->block->team->index, first->number, who));
    }
}

void emu_load_to_shared(void *shared, const void *base, unsigned offset, unsigned bytes)
{
    struct fiber *f = emulator_self;
    struct wave *wave = &f->block->waves[f->self.wave];
    const void *pc = __builtin_return_address(0);
    f->operands.row = shared;
    f->operands.a = base;
    f->operands.argument = offset;
    if (!is_last(f, WAVE_LOAD, bytes, pc)) return;
    if (bytes != 4 && bytes != 12 && bytes != 16)
        fault(f, DEVICE_FAULT_OTHER, pc, "a load of %u bytes to shared memory; it is of 4, 12 or 16", bytes);
    check_scalars(wave, pc);
    for (uint32_t i = 0; i < wave->n; i++)
        copy_load(wave->lanes[i], (char *)shared + i * bytes,
                  (const char *)base + wave->lanes[i]->operands.argument, bytes, pc);
    let_go(f);
}
