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
    size_t digits[KEY_SIZES_MAX], key_bytes;
    char key[KEY_BYTES_MAX + 1]; /* the path down to where the walk stands */
};

/* The next value in one direction, and its record where the size is the last. */
struct side {
    bool exists;
    int64_t value;
    uint32_t distance;
    MDB_val key, record;
};

static bool lay_out(struct near *near, const char *head, const char *device_class)
{
    const struct lookup_request *request = near->search->request;
    struct key_parts parts = {.n_sizes = request->n_sizes};
    if (request->n_sizes > KEY_SIZES_MAX || strlen(head) >= sizeof parts.head ||
        strlen(device_class) >= sizeof parts.device_class)
        return false;
    strcpy(parts.head, head);
    strcpy(parts.device_class, device_class);
    size_t at = strlen(head) + 1 + strlen(device_class);
    for (uint32_t i = 0; i < parts.n_sizes; i++) {
        size_t length = strlen(request->size_names[i]);
        if (length >= sizeof parts.names[i]) return false;
        strcpy(parts.names[i], request->size_names[i]);
        parts.sizes[i] = request->sizes[i];
        near->digits[i] = at + 1 + length + 1;
        at = near->digits[i] + KEY_DIGITS;
    }
    near->key_bytes = at;
    near->n_sizes = parts.n_sizes;
    near->sizes = request->sizes;
    return key_format(&parts, near->key) == STATUS_OK;
}

static void set_path(struct near *near, uint32_t size, int64_t value)
{
    key_put_digits(near->key + near->digits[size], value);
    for (uint32_t i = size + 1; i < near->n_sizes; i++) memset(near->key + near->digits[i], '0', KEY_DIGITS);
}

/* Reads the value of `size` off the key the cursor stands on, if that key is on the path. */
static void read_side(const struct near *near, uint32_t size, int code, const MDB_val *key,
                      const MDB_val *record, struct side *side)
{
    side->exists =
        !code && key->mv_size == near->key_bytes && !memcmp(key->mv_data, near->key, near->digits[size]);
    if (!side->exists) return;
    const char *digits = (const char *)key->mv_data + near->digits[size];
    side->value = 0;
    for (int i = 0; i < KEY_DIGITS; i++) side->value = side->value * 10 + (digits[i] - '0');
    int64_t target = near->sizes[size], ratio = size + 1 == near->n_sizes ? LAST_RATIO_MAX : OTHER_RATIO_MAX;
    side->exists = side->value >= 0 && side->value <= ratio * target && target <= ratio * side->value;
    side->distance = side->exists ? log2_distance((uint64_t)side->value, (uint64_t)target) : 0;
    side->key = *key;
    side->record = *record;
}

/* The smallest value >= `value` of this size on the path. */
static void seek_up(struct near *near, uint32_t size, int64_t value, struct side *side)
{
    side->exists = false;
    if (near->probes_left == 0 || value > 9999999999) return;
    near->probes_left--;
    set_path(near, size, value);
    MDB_val key = value_of(near->key, near->key_bytes), record;
    int code = mdb_cursor_get(near->cursor, &key, &record, MDB_SET_RANGE);
    read_side(near, size, code, &key, &record, side);
}

/* The largest value < `value`. */
static void seek_down(struct near *near, uint32_t size, int64_t value, struct side *side)
{
    side->exists = false;
    if (near->probes_left == 0) return;
    near->probes_left--;
    set_path(near, size, value);
    MDB_val key = value_of(near->key, near->key_bytes), record;
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

/* Outward from the value asked for, the nearer side first. */
static void walk(struct near *near, uint32_t size, struct rank rank)
{
    struct side up, down;
    bool down_sought = false;
    seek_up(near, size, near->sizes[size], &up);
    for (;;) {
        if (!down_sought && !(up.exists && up.distance == 0)) {
            seek_down(near, size, near->sizes[size], &down);
            down_sought = true;
        }
        bool has_down = down_sought && down.exists;
        if (!up.exists && !has_down) return;
        bool is_down = has_down && (!up.exists || down.distance <= up.distance);
        struct side *side = is_down ? &down : &up;
        struct rank here = rank;
        here.distance += side->distance;
        if (size + 1 < near->n_sizes && side->value != near->sizes[size]) here.other_group = 1;
        if (!search_open_to(near->search, &here)) return; /* the other values are farther still */
        enter(near, size, &here, side);
        if (is_down)
            seek_down(near, size, side->value, side);
        else
            seek_up(near, size, side->value + 1, side);
    }
}

void search_near(struct search *search, MDB_txn *txn, struct rank rank, const char *head,
                 const char *device_class, bool skip_exact)
{
    uint32_t probes = search->request->max_probes;
    struct near near = {.search = search, .txn = txn, .skip_exact = skip_exact};
    near.probes_left = probes ? probes : PROBES_DEFAULT;
    struct rank next = rank;
    if (!search_open_to(search, &rank) || !lay_out(&near, head, device_class)) return;
    if (mdb_cursor_open(txn, search->books[rank.layer]->environment->tables[TABLE_RECORD], &near.cursor))
        return;
    /* The own group first, by one descent, and mostly last. */
    walk(&near, near.n_sizes - 1, rank);
    next.other_group = near.skip_group = true;
    if (near.n_sizes > 1 && search_open_to(search, &next)) walk(&near, 0, rank);
    mdb_cursor_close(near.cursor);
}
