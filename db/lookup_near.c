#include "db/lookup_search.h"

#include <string.h>

enum { PROBES_DEFAULT = 48, LAST_RATIO_MAX = 4, OTHER_RATIO_MAX = 2 };

/* A walk over the sizes as over a tree: the digits of size d start at digits[d], what stands before them is
 * its prefix. Keys of one head and class have all the same length. */
struct near {
    struct search *search;
    MDB_txn *txn;
    MDB_cursor *cursor;
    bool skip_exact, skip_group; /* the sizes asked for; all records of their group */
    uint32_t n_sizes, probes_left;
    const int64_t *sizes;
    struct lookup_key path; /* down to where the walk stands */
};

/* The next value in one direction, and its record where the size is the last. */
struct side {
    bool exists;
    int64_t value;
    uint32_t distance;
    MDB_val key, record;
};

static void set_path(struct near *near, uint32_t size, int64_t value)
{
    key_put_digits(near->path.text + near->path.digits[size], value);
    for (uint32_t i = size + 1; i < near->n_sizes; i++)
        memset(near->path.text + near->path.digits[i], '0', KEY_DIGITS);
}

/* Reads the value of `size` off the key the cursor stands on, if that key is on the path. */
static void read_side(const struct near *near, uint32_t size, int code, const MDB_val *key,
                      const MDB_val *record, struct side *side)
{
    side->exists = !code && key->mv_size == near->path.size &&
                   !memcmp(key->mv_data, near->path.text, near->path.digits[size]);
    if (!side->exists) return;
    const char *digits = (const char *)key->mv_data + near->path.digits[size];
    side->value = 0;
    for (int i = 0; i < KEY_DIGITS; i++) side->value = side->value * 10 + (digits[i] - '0');
    int64_t target = near->sizes[size], ratio = size + 1 == near->n_sizes ? LAST_RATIO_MAX : OTHER_RATIO_MAX;
    side->exists = side->value >= 0 && side->value <= ratio * target && target <= ratio * side->value;
    side->distance = side->exists ? log2_distance((uint64_t)side->value, (uint64_t)target) : 0;
    side->key = *key;
    side->record = *record;
}

/* The smallest value >= `value` of this size on the path. */
__attribute__((noinline)) static void seek_up(struct near *near, uint32_t size, int64_t value,
                                              struct side *side)
{
    side->exists = false;
    if (near->probes_left == 0 || value > KEY_SIZE_LARGEST) return;
    near->probes_left--;
    set_path(near, size, value);
    MDB_val key = value_of(near->path.text, near->path.size), record;
    int code = mdb_cursor_get(near->cursor, &key, &record, MDB_SET_RANGE);
    read_side(near, size, code, &key, &record, side);
}

/* The largest value < `value`. */
__attribute__((noinline)) static void seek_down(struct near *near, uint32_t size, int64_t value,
                                                struct side *side)
{
    side->exists = false;
    if (near->probes_left == 0) return;
    near->probes_left--;
    set_path(near, size, value);
    MDB_val key = value_of(near->path.text, near->path.size), record;
    int code = mdb_cursor_get(near->cursor, &key, &record, MDB_SET_RANGE);
    code = mdb_cursor_get(near->cursor, &key, &record, code ? MDB_LAST : MDB_PREV);
    read_side(near, size, code, &key, &record, side);
}

static void walk(struct near *near, uint32_t size, struct rank rank);

static void enter(struct near *near, uint32_t size, const struct rank *rank, const struct side *side)
{
    if (size + 1 < near->n_sizes) {
        if (near->skip_group && size + 2 == near->n_sizes && !rank->other_group) return;
        set_path(near, size, side->value);
        walk(near, size + 1, *rank);
    } else if (rank->distance || !near->skip_exact) {
        search_consider(near->search, near->txn, *rank, &side->key, &side->record);
    }
}

/* Could anything at this value of the size, or farther out, still get in? Asked before a seek, which costs
 * more. */
static bool may_answer(const struct near *near, uint32_t size, struct rank rank, int64_t value)
{
    int64_t target = near->sizes[size];
    if (value < 0) return false;
    rank.distance += log2_distance((uint64_t)value, (uint64_t)target);
    if (value != target && size + 1 < near->n_sizes) rank.other_group = 1;
    return search_open_to(near->search, &rank);
}

/* Outward from the value asked for, the nearer side first. */
static void walk(struct near *near, uint32_t size, struct rank rank)
{
    int64_t target = near->sizes[size], next_up = target, next_down = target - 1;
    struct side up = {0}, down = {0};
    bool up_open = true, down_open = true; /* sides whose next value is not known yet */
    for (;;) {
        if (up_open && may_answer(near, size, rank, next_up)) seek_up(near, size, next_up, &up);
        up_open = false;
        if (down_open && !(up.exists && up.distance == 0)) {
            if (may_answer(near, size, rank, next_down)) seek_down(near, size, next_down + 1, &down);
            down_open = false;
        }
        if (!up.exists && !down.exists) return;
        bool is_down = down.exists && (!up.exists || down.distance <= up.distance);
        struct side *side = is_down ? &down : &up;
        if (!may_answer(near, size, rank, side->value)) return; /* the other side is farther still */
        struct rank here = rank;
        here.distance += side->distance;
        if (size + 1 < near->n_sizes && side->value != target) here.other_group = 1;
        enter(near, size, &here, side);
        side->exists = false;
        if (is_down)
            next_down = side->value - 1, down_open = true;
        else
            next_up = side->value + 1, up_open = true;
    }
}

void search_near(struct search *search, MDB_txn *txn, struct rank rank, const char *head,
                 const char *device_class, bool skip_exact)
{
    uint32_t probes = search->request->max_probes;
    struct near near = {.search = search, .txn = txn, .skip_exact = skip_exact};
    near.probes_left = probes ? probes : PROBES_DEFAULT;
    struct rank next = rank;
    near.n_sizes = search->request->n_sizes;
    near.sizes = search->request->sizes;
    if (!search_open_to(search, &rank) || !lookup_key(search->request, head, device_class, false, &near.path))
        return;
    if (mdb_cursor_open(txn, search->books[rank.layer]->environment->tables[TABLE_RECORD], &near.cursor))
        return;
    /* The own group first, by one descent, and mostly last. */
    walk(&near, near.n_sizes - 1, rank);
    next.other_group = near.skip_group = true;
    if (near.n_sizes > 1 && search_open_to(search, &next)) walk(&near, 0, rank);
    mdb_cursor_close(near.cursor);
}
