/* The order of parameters decides the size of the counting tree. A level has at most as many nodes as there
 * are combinations of the bound parameters that later constraints still read, and about as many as survive
 * the constraints so far. The sum over the levels is estimated from sampled pass rates, made small greedily
 * from every first parameter, then by moving single parameters. */
#include <string.h>
#include "search/space_parts.h"

struct order {
    uint8_t at[SPACE_PARAMETERS_MAX];
    uint32_t n;
    double cost;
};

/* Nodes of the level that follows once the parameters in `placed` are bound. */
static double estimate_nodes(const struct space *space, uint32_t group, uint32_t placed)
{
    double survivors = 1, combinations = 1;
    uint32_t read = 0;
    for (uint32_t c = 0; c < space->n_constraints; c++) {
        const struct constraint *constraint = &space->constraints[c];
        if (constraint->set_aside || (constraint->reads & ~group)) continue;
        if (constraint->reads & ~placed) {
            read |= constraint->reads & placed;
        } else {
            survivors *= constraint->pass_rate;
        }
    }
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) {
        if (placed >> i & 1) survivors *= space->domains[i].n;
        if (read >> i & 1) combinations *= space->domains[i].n;
    }
    return survivors < combinations ? survivors : combinations;
}

static double estimate_cost(const struct space *space, uint32_t group, const struct order *order)
{
    double cost = 0;
    uint32_t placed = 0;
    for (uint32_t i = 0; i < order->n; i++) {
        cost += estimate_nodes(space, group, placed) * space->domains[order->at[i]].n;
        placed |= UINT32_C(1) << order->at[i];
    }
    return cost;
}

static struct order order_greedily(const struct space *space, uint32_t group, uint32_t first)
{
    struct order order = {.at = {(uint8_t)first}, .n = 1};
    uint32_t placed = UINT32_C(1) << first;
    while (placed != group) {
        uint32_t best = 0;
        double best_nodes = -1;
        for (uint32_t i = 0; i < space->spec.n_parameters; i++) {
            if (!((group & ~placed) >> i & 1)) continue;
            double nodes = estimate_nodes(space, group, placed | UINT32_C(1) << i);
            if (best_nodes >= 0 && nodes >= best_nodes) continue;
            best = i;
            best_nodes = nodes;
        }
        order.at[order.n++] = (uint8_t)best;
        placed |= UINT32_C(1) << best;
    }
    order.cost = estimate_cost(space, group, &order);
    return order;
}

static struct order move_one(const struct order *order, uint32_t from, uint32_t to)
{
    struct order moved = *order;
    uint8_t parameter = moved.at[from];
    memmove(moved.at + from, moved.at + from + 1, moved.n - from - 1);
    memmove(moved.at + to + 1, moved.at + to, moved.n - 1 - to);
    moved.at[to] = parameter;
    return moved;
}

static void improve(const struct space *space, uint32_t group, struct order *order)
{
    enum { ROUNDS_MAX = 8 };
    bool improved = true;
    for (uint32_t round = 0; improved && round < ROUNDS_MAX; round++) {
        improved = false;
        for (uint32_t from = 0; from < order->n; from++) {
            for (uint32_t to = 0; to < order->n; to++) {
                struct order moved = move_one(order, from, to);
                moved.cost = estimate_cost(space, group, &moved);
                if (moved.cost >= order->cost * 0.999) continue;
                *order = moved;
                improved = true;
            }
        }
    }
}

void space_order(const struct space *space, uint32_t group, struct tree *tree)
{
    struct order best = {.cost = -1};
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) {
        if (!(group >> i & 1)) continue;
        struct order order = order_greedily(space, group, i);
        if (best.cost < 0 || order.cost < best.cost) best = order;
    }
    improve(space, group, &best);
    tree->n_levels = best.n;
    memcpy(tree->order, best.at, sizeof tree->order);
}
