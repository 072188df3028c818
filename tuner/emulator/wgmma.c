/* wgmma: four waves come together to begin a product; it is computed when the first of their threads waits
 * for it. Until then the sums are NaN and the operands are being read (async_read.c). */
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/async.h"
#include "tuner/emulator/emulator_state.h"
#include "tuner/emulator/exports.h"
#include "tuner/emulator/pasts.h"
#include "tuner/emulator/wgmma_multiply.h"

enum { REMEMBERED = 8, SUMS_MAX = WGMMA_M * WGMMA_N_MAX };

/* What sums are while they are nobody's to touch: a signalling NaN, which arithmetic makes a quiet one. */
static const uint32_t poison = 0xffbfffff;

/* Somebody's sums, as long as anybody has products of theirs to wait for, and then until others take the
 * place. */
struct wgmma_sums {
    struct wgmma_sums *next;
    float *d[WGMMA_THREADS];
    uint32_t n, begun, done[WGMMA_THREADS]; /* products; done: when the thread got its sums */
    uint32_t last_group;
    float values[SUMS_MAX];
};

struct product {
    struct product *next;
    const void *pc;
    struct wgmma_sums *sums;
    struct wgmma_view a, b;
    struct async_read read;
    uint32_t type, group;
    bool add;
    unsigned (*registers)[WGMMA_A_REGISTERS]; /* A's, of all threads; NULL: a descriptor views it */
};

struct wgmma_group {
    uint32_t arrived, detail;
    const void *pc;
    struct product *products, *last;
    struct wgmma_sums *sums;
    struct {
        uint32_t group;
        struct pasts *known; /* to who waited for that group of products */
    } over[REMEMBERED];
};

static struct wgmma_group *group_of(const struct fiber *f)
{
    return &f->block->async->groups[f->self.wave / GROUP_WAVES];
}

static struct fiber **lanes_of(const struct fiber *f)
{
    return f->block->fibers + f->self.wave / GROUP_WAVES * WGMMA_THREADS;
}

static uint32_t lane_of(const struct fiber *f)
{
    return f->self.wave % GROUP_WAVES * f->self.wave_size + f->self.lane;
}

uint32_t wgmma_arrived(const struct fiber *f)
{
    return group_of(f)->arrived;
}

static void free_product(struct product *product)
{
    async_read_free(&product->read);
    free(product->registers);
    free(product);
}

void wgmma_free(struct async_block *async)
{
    for (uint32_t g = 0; async->groups && g < async->n_groups; g++) {
        struct wgmma_group *group = &async->groups[g];
        for (struct product *next, *product = group->products; product; product = next) {
            next = product->next;
            free_product(product);
        }
        for (struct wgmma_sums *next, *sums = group->sums; sums; sums = next) {
            next = sums->next;
            free(sums);
        }
        for (int i = 0; i < REMEMBERED; i++) pasts_put_away(group->over[i].known);
    }
    free(async->groups);
}

/* --- the four waves meet --- */

static void check_four_waves(struct fiber *f, const void *pc)
{
    struct async_block *async = f->block->async;
    const char *target = emulator_target(f->block->worker->emulator);
    if (strcmp(target, "sm_90a") != 0) fault(f, DEVICE_FAULT_OTHER, pc, "%s has no wgmma", target);
    if (f->self.wave / GROUP_WAVES * WGMMA_THREADS + WGMMA_THREADS > f->block->n)
        fault(f, DEVICE_FAULT_OTHER, pc,
              "wgmma takes four whole waves, and the block of %u threads ends within them", f->block->n);
    if (!async->groups) async->groups = calloc(async->n_groups, sizeof *async->groups);
    if (!async->groups) abort();
}

static void check_meeting(struct fiber *f, const struct wgmma_group *group, uint32_t detail, const void *pc)
{
    struct fiber **lanes = lanes_of(f);
    char who[WHO_BYTES], place[ELSEWHERE_BYTES];
    for (uint32_t i = 0; i < WGMMA_THREADS; i++) {
        if (lanes[i]->waiting == ENDED)
            fault(f, DEVICE_FAULT_DIVERGENCE, pc, "wgmma waits for %s, which has ended",
                  fault_who(f, f->block->team->index, lanes[i]->number, who));
        if (group->arrived && lanes[i]->waiting == AT_WGMMA && (group->pc != pc || group->detail != detail))
            fault(f, DEVICE_FAULT_DIVERGENCE, pc, "comes to wgmma, but %s of its four waves is at another %s",
                  fault_who(f, f->block->team->index, lanes[i]->number, who),
                  fault_elsewhere(f, group->pc, pc, place));
    }
}

static bool is_last(struct fiber *f, uint32_t detail, const void *pc)
{
    struct wgmma_group *group = group_of(f);
    if (!group->arrived || group->pc != pc || group->detail != detail) check_meeting(f, group, detail, pc);
    group->pc = pc;
    group->detail = detail;
    if (++group->arrived == WGMMA_THREADS) return true;
    schedule_wait(f, AT_WGMMA, pc);
    return false;
}

/* --- a product begins --- */

static void check_same(struct fiber *f, struct fiber *const *lanes, const void *pc)
{
    const struct lane_operands *first = &lanes[0]->operands;
    char who[WHO_BYTES];
    for (uint32_t i = 1; i < WGMMA_THREADS; i++) {
        const struct lane_operands *other = &lanes[i]->operands;
        if (other->mask != first->mask || other->right != first->right || other->value != first->value ||
            lanes[i]->async->product_groups != lanes[0]->async->product_groups)
            fault(f, DEVICE_FAULT_DIVERGENCE, pc, "wgmma with other descriptors, or in another group, for %s",
                  fault_who(f, f->block->team->index, lanes[i]->number, who));
    }
}

static bool is_taken(const struct wgmma_sums *sums)
{
    for (uint32_t i = 0; i < WGMMA_THREADS; i++)
        if (sums->done[i] != sums->begun) return true;
    return false;
}

static struct wgmma_sums *find_sums(struct wgmma_group *group, float *d, uint32_t n)
{
    struct wgmma_sums *idle = NULL;
    for (struct wgmma_sums *sums = group->sums; sums; sums = sums->next) {
        if (sums->d[0] == d && sums->n == n) return sums;
        if (!is_taken(sums)) idle = sums;
    }
    if (!idle) {
        idle = malloc(sizeof *idle);
        if (!idle) abort();
        idle->next = group->sums;
        group->sums = idle;
    }
    idle->n = n;
    idle->begun = 0;
    memset(idle->d, 0, sizeof idle->d);
    memset(idle->done, 0, sizeof idle->done);
    return idle;
}

static void set_poison(float *d, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) memcpy(&d[i], &poison, sizeof poison);
}

static bool is_poison(const float *d, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&d[i], &poison, sizeof poison) != 0) return false;
    return true;
}

static float *sum_at(struct wgmma_sums *sums, uint32_t lane, uint32_t element)
{
    uint32_t row, column;
    wgmma_place(lane, element, &row, &column);
    return &sums->values[row * sums->n + column];
}

/* The thread's sums go in. What it got from a wait and did not change needs no fence. */
static void take_sums(struct fiber *f, struct wgmma_sums *sums, uint32_t lane, float *d, const void *pc)
{
    uint32_t count = sums->n / 2;
    bool changed = sums->d[lane] != d;
    if (sums->done[lane] != sums->begun) {
        if (changed || !is_poison(d, count))
            fault(f, DEVICE_FAULT_RACE, pc,
                  "wgmma with sums that were touched before the wgmma that they are of was "
                  "waited for");
        return;
    }
    for (uint32_t i = 0; i < count && !changed; i++)
        changed = memcmp(sum_at(sums, lane, i), &d[i], sizeof *d) != 0;
    if (changed && !f->async->sums_fenced)
        fault(f, DEVICE_FAULT_RACE, pc,
              "wgmma with sums that were touched with no gpu_wgmma_fence() behind it");
    sums->d[lane] = d;
    for (uint32_t i = 0; i < count; i++) *sum_at(sums, lane, i) = d[i];
    set_poison(d, count);
}

static void add_pieces(struct fiber *f, struct product *product, const struct wgmma_view *view, uint32_t mn,
                       const void *pc)
{
    uint32_t lines, chunks;
    wgmma_lines(product->type, view, mn, &lines, &chunks);
    for (uint32_t line = 0; line < lines; line++)
        for (uint32_t chunk = 0; chunk < chunks; chunk++) {
            uint32_t address = wgmma_address(view, line, chunk);
            if (address + PIECE > f->shared->bytes)
                fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc,
                      "wgmma reads shared memory at %u, and the block has %u bytes", address,
                      f->shared->bytes);
            product->read.pieces[product->read.n++] = (uint16_t)(address / PIECE);
        }
}

static void view_operand(struct fiber *f, uint64_t descriptor, bool mn_major, const char *name,
                         struct wgmma_view *view, const void *pc)
{
    const char *error = wgmma_view_of(descriptor, mn_major, view);
    if (error)
        fault(f, DEVICE_FAULT_OTHER, pc, "wgmma's descriptor of %s, 0x%llx: %s", name,
              (unsigned long long)descriptor, error);
}

static void take_registers(struct fiber *f, struct fiber *const *lanes, struct product *product,
                           const void *pc)
{
    product->registers = malloc(WGMMA_THREADS * sizeof *product->registers);
    if (!product->registers) abort();
    for (uint32_t i = 0; i < WGMMA_THREADS; i++) {
        if (!lanes[i]->async->sums_fenced)
            fault(f, DEVICE_FAULT_RACE, pc,
                  "wgmma of registers with no gpu_wgmma_fence() behind what set them");
        memcpy(product->registers[i], lanes[i]->operands.a, sizeof product->registers[i]);
    }
}

static void begin_product(struct fiber *f, uint32_t type, uint32_t n, bool a_mn, bool b_mn, const void *pc)
{
    struct wgmma_group *group = group_of(f);
    struct fiber **lanes = lanes_of(f), *leaders[GROUP_WAVES];
    struct product *product = calloc(1, sizeof *product);
    if (!product) abort();
    const struct lane_operands *operands = &lanes[0]->operands;
    *product = (struct product){.pc = pc, .type = type, .add = operands->value != 0};
    product->group = lanes[0]->async->product_groups;
    product->read.pieces = malloc((WGMMA_M + n) * (WGMMA_K_BYTES / PIECE) * sizeof *product->read.pieces);
    if (!product->read.pieces) abort();
    if (group->products)
        group->last->next = product;
    else
        group->products = product;
    group->last = product;
    if (operands->a)
        take_registers(f, lanes, product, pc);
    else
        view_operand(f, operands->mask, a_mn, "A", &product->a, pc);
    view_operand(f, operands->right, b_mn, "B", &product->b, pc);
    struct wgmma_sums *sums = product->sums = find_sums(group, (float *)(void *)operands->d, n);
    for (uint32_t i = 0; i < WGMMA_THREADS; i++)
        take_sums(lanes[i], sums, i, (float *)(void *)lanes[i]->operands.d, pc);
    sums->begun++;
    sums->last_group = product->group;
    if (!product->registers) add_pieces(f, product, &product->a, WGMMA_M, pc);
    add_pieces(f, product, &product->b, n, pc);
    for (uint32_t i = 0; i < GROUP_WAVES; i++) leaders[i] = lanes[i * 32];
    async_read_begin(leaders, GROUP_WAVES, &product->read, "wgmma", pc);
    order_advance_all(f, lanes, WGMMA_THREADS);
}

void emu_wgmma(unsigned type, unsigned n, int a_mn_major, int b_mn_major, float *d, const unsigned *registers,
               unsigned long long a, unsigned long long b, int add)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    check_four_waves(f, pc);
    async_thread(f);
    f->operands.d = (unsigned *)(void *)d;
    f->operands.a = registers;
    f->operands.mask = a;
    f->operands.right = b;
    f->operands.value = add != 0;
    if (!is_last(f, type << 16 | n << 2 | (a_mn_major != 0) << 1 | (b_mn_major != 0), pc)) return;
    struct wgmma_group *group = group_of(f);
    check_same(f, lanes_of(f), pc);
    begin_product(f, type, n, a_mn_major != 0, b_mn_major != 0, pc);
    group->arrived = 0;
    schedule_release_all(f, lanes_of(f), WGMMA_THREADS);
}

void emu_wgmma_fence(void)
{
    async_thread(emulator_self)->sums_fenced = true;
}

void emu_wgmma_commit(void)
{
    async_thread(emulator_self)->product_groups++;
}

/* --- and ends --- */

static void compute(struct fiber *f, struct wgmma_group *group, struct product *product)
{
    const struct block *block = f->block;
    uint32_t index = f->self.wave / GROUP_WAVES;
    async_read_check(f, &product->read, "wgmma", product->pc);
    wgmma_multiply(product->type, product->sums->n, product->registers, &product->a, &product->b,
                   f->shared->base, product->add, product->sums->values);
    uint32_t word = order_agent(f, block->rank * BLOCK_AGENTS + MBARRIER_AGENTS + index);
    async_read_done(f, &product->read, word, index, product->pc);
    struct gather gather = {0};
    gather_add_agent(&gather, f, word);
    uint32_t place = product->group % REMEMBERED;
    pasts_put_away(group->over[place].known);
    group->over[place].group = product->group;
    group->over[place].known = gather_pasts(&gather);
    gather_clear(&gather);
}

static void learn(struct fiber *f, const struct wgmma_group *group, uint32_t done)
{
    for (uint32_t i = 1; i <= REMEMBERED && i <= done; i++) {
        uint32_t place = (done - i) % REMEMBERED;
        if (group->over[place].known && group->over[place].group == done - i) {
            order_learn(f, group->over[place].known);
            return;
        }
    }
}

static void give_sums(struct fiber *f, struct wgmma_sums *sums, uint32_t lane, const void *pc)
{
    float *d = sums->d[lane];
    if (!is_poison(d, sums->n / 2))
        fault(f, DEVICE_FAULT_RACE, pc,
              "sums of a wgmma were touched before it was waited for, which is here");
    for (uint32_t i = 0; i < sums->n / 2; i++) d[i] = *sum_at(sums, lane, i);
    sums->done[lane] = sums->begun;
    f->async->sums_fenced = false;
}

void emu_wgmma_wait(unsigned pending)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct async_thread *thread = async_thread(f);
    const struct async_block *async = f->block->async;
    uint32_t done = thread->product_groups > pending ? thread->product_groups - pending : 0,
             lane = lane_of(f);
    if (!async || !async->groups) return;
    struct wgmma_group *group = group_of(f);
    while (group->products && group->products->group < done) {
        struct product *product = group->products;
        compute(f, group, product);
        group->products = product->next;
        free_product(product);
    }
    learn(f, group, done);
    for (struct wgmma_sums *sums = group->sums; sums; sums = sums->next)
        if (sums->done[lane] != sums->begun && sums->last_group < done) give_sums(f, sums, lane, pc);
}

void wgmma_end(struct fiber *f)
{
    const struct async_block *async = f->block->async;
    if (!async->groups) return;
    const struct wgmma_group *group = group_of(f);
    for (const struct wgmma_sums *sums = group->sums; sums; sums = sums->next)
        if (sums->done[lane_of(f)] != sums->begun)
            fault(f, DEVICE_FAULT_RACE, group->pc, "ends without having waited for its last wgmma");
}
