#include "db/salvage_scan.h"

#include <stdlib.h>
#include <unistd.h>
#include "db/book_pages.h"
#include "db/check_internal.h"
#include "tuner/base/file_head.h"

enum {
    META_ROOT = 128,
    META_TRANSACTION = 144,
    META_BYTES = 152,
    KEY_BYTES_LARGEST = 511,
    MAIN = TABLE_COUNT
};

struct scan {
    int descriptor;
    const char *path;
    uint64_t bytes;
    struct salvage_scan *out;
    salvage_visit *visit;
    void *context;
    uint8_t *reached, *settled; /* a bit a page: seen in the tree; nothing more is to be found in it */
    uint8_t *value;             /* the last long one */
    size_t value_capacity;
    uint64_t budget; /* bytes of values that may yet be tried: a made-up file names the same ones often */
    struct hash_set tried; /* long values outside the tree, by key and place */
    struct row row;
    enum status status;
};

static bool bit(const uint8_t *bits, uint64_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static void set_bit(uint8_t *bits, uint64_t i)
{
    bits[i / 8] |= (uint8_t)(1 << i % 8);
}

static bool read_at(const struct scan *scan, uint64_t at, void *bytes, size_t size)
{
    return at <= scan->bytes && size <= scan->bytes - at &&
           pread(scan->descriptor, bytes, size, (off_t)at) == (ssize_t)size;
}

static bool spend(struct scan *scan, uint64_t bytes)
{
    if (bytes > scan->budget) scan->out->exhausted = true;
    if (scan->out->exhausted) return false;
    scan->budget -= bytes;
    return true;
}

static bool read_long(struct scan *scan, uint64_t at, MDB_val *value)
{
    if (scan->value_capacity <= value->mv_size) {
        free(scan->value);
        scan->value_capacity = value->mv_size + 1;
        scan->value = malloc(scan->value_capacity);
        if (!scan->value) scan->value_capacity = 0;
    }
    value->mv_data = scan->value;
    return scan->value && read_at(scan, at, scan->value, value->mv_size);
}

/* The bytes of a node's value: within its page, or those of a long value. false: they are not there. */
static bool value_of_node(struct scan *scan, uint64_t page, const uint8_t *bytes, const struct node *node,
                          MDB_val *value, uint64_t *value_at)
{
    uint64_t page_bytes = scan->out->page_bytes, offset = (uint64_t)(node->key + node->key_bytes - bytes);
    uint64_t here = node->flags & NODE_BIG ? sizeof(uint64_t) : node->low;
    if (here > page_bytes - offset) return false;
    *value = value_of(bytes + offset, node->low);
    *value_at = page * page_bytes + offset;
    if (!(node->flags & NODE_BIG)) return true;
    uint64_t first = get_u64(bytes + offset);
    if (first < 2 || first >= scan->out->pages || node->low > scan->bytes) return false;
    *value_at = first * page_bytes + PAGE_HEAD;
    return spend(scan, node->low) && read_long(scan, *value_at, value);
}

static void settle_value(struct scan *scan, const struct salvaged *found)
{
    uint64_t page_bytes = scan->out->page_bytes, first = found->value_at / page_bytes;
    uint64_t end = (found->value_at + found->value.mv_size + page_bytes - 1) / page_bytes;
    for (uint64_t i = first; i < end && i < scan->out->pages; i++) set_bit(scan->settled, i);
}

/* --- the tree, as far as it holds */

static bool walk_tree(struct scan *scan, uint64_t page, unsigned table, int depth);

static unsigned table_named(const struct node *node)
{
    for (enum table table = 0; table < TABLE_COUNT; table++)
        if (strlen(table_name(table)) == node->key_bytes &&
            !memcmp(table_name(table), node->key, node->key_bytes))
            return table;
    return MAIN;
}

/* true: the entry is all right. */
static bool take_leaf(struct scan *scan, uint64_t page, const uint8_t *bytes, const struct node *node,
                      unsigned table, int depth)
{
    MDB_val value;
    uint64_t value_at;
    if (node->flags & ~(NODE_BIG | NODE_TREE)) return false;
    if (!value_of_node(scan, page, bytes, node, &value, &value_at)) return false;
    if (table == MAIN) {
        unsigned below = table_named(node);
        if (!(node->flags & NODE_TREE) || value.mv_size != TREE_BYTES || below == MAIN) return false;
        uint64_t root = get_u64((const uint8_t *)value.mv_data + TREE_ROOT);
        return root == NO_PAGE || walk_tree(scan, root, below, depth + 1);
    }
    struct salvaged found = {.table = (enum table)table,
                             .in_tree = true,
                             .key = value_of(node->key, node->key_bytes),
                             .value = value,
                             .node_at =
                                 page * scan->out->page_bytes + (uint64_t)(node->key - bytes) - NODE_HEAD,
                             .value_at = value_at,
                             .row = &scan->row};
    if (node->flags & NODE_TREE) return false;
    if (row_check(found.table, &found.key, &found.value, &scan->row) != STATUS_OK) {
        scan->out->damaged[table]++;
        return false;
    }
    if (node->flags & NODE_BIG) settle_value(scan, &found);
    scan->status = scan->visit(scan->context, &found);
    return true;
}

static uint64_t node_bytes(const struct node *node, bool is_branch)
{
    uint64_t value = is_branch ? 0 : node->flags & NODE_BIG ? sizeof(uint64_t) : node->low;
    return (NODE_HEAD + node->key_bytes + value + 1) & ~UINT64_C(1);
}

static bool is_behind(const struct node *a, const struct node *b)
{
    unsigned shorter = a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes;
    int order = memcmp(a->key, b->key, shorter);
    return order ? order < 0 : a->key_bytes < b->key_bytes;
}

/* true: all entries are all right, in order, and fill the page: nothing else can be in it. */
static bool take_page(struct scan *scan, uint64_t page, const uint8_t *bytes, unsigned table, int depth)
{
    uint64_t page_bytes = scan->out->page_bytes, filled = 0;
    uint16_t flags = get_u16(bytes + 10), lower = get_u16(bytes + 12), upper = get_u16(bytes + 14);
    bool is_branch = flags & PAGE_BRANCH, whole = true;
    if (is_branch == !!(flags & PAGE_LEAF) || get_u64(bytes) != page) return false;
    if (lower < PAGE_HEAD || lower > upper || upper > page_bytes || lower % 2) return false;
    struct node last = {0};
    for (uint64_t i = PAGE_HEAD; i < lower && scan->status == STATUS_OK; i += 2) {
        struct node node;
        if (!read_node(bytes, page_bytes, get_u16(bytes + i), &node)) {
            whole = false;
            continue;
        }
        /* The first key of a branch is not used, and mostly empty. */
        if (last.key && i > PAGE_HEAD + (is_branch ? 2 : 0) && !is_behind(&last, &node)) whole = false;
        last = node;
        filled += node_bytes(&node, is_branch);
        if (is_branch)
            whole &= walk_tree(scan, node.low | (uint64_t)node.flags << 32, table, depth + 1);
        else
            whole &= take_leaf(scan, page, bytes, &node, table, depth);
    }
    return whole && filled == page_bytes - upper;
}

static bool walk_tree(struct scan *scan, uint64_t page, unsigned table, int depth)
{
    bool is_new = depth <= DEPTH_MAX && page >= 2 && page < scan->out->pages && !bit(scan->reached, page);
    uint8_t *bytes = is_new ? malloc(scan->out->page_bytes) : NULL;
    bool whole = bytes && read_at(scan, page * scan->out->page_bytes, bytes, scan->out->page_bytes);
    if (whole) {
        set_bit(scan->reached, page);
        whole = take_page(scan, page, bytes, table, depth);
        if (whole) set_bit(scan->settled, page);
    }
    free(bytes);
    if (!whole) scan->out->broken = true;
    return whole;
}

/* The root of the newest head page that looks like one. */
static uint64_t find_root(const struct scan *scan)
{
    uint64_t root = NO_PAGE, newest = 0;
    for (uint64_t i = 0; i < 2; i++) {
        uint8_t meta[META_BYTES];
        if (!read_at(scan, i * scan->out->page_bytes, meta, sizeof meta)) continue;
        uint64_t transaction = get_u64(meta + META_TRANSACTION);
        if (!head_is_lmdb(meta) || (root != NO_PAGE && transaction <= newest)) continue;
        newest = transaction;
        root = get_u64(meta + META_ROOT);
    }
    return root;
}

/* --- what else is there */

/* The tables that a row of unknown place may belong to, by the looks of it. */
static unsigned guess(const MDB_val *key, const MDB_val *value, enum table tables[2])
{
    const uint8_t *bytes = value->mv_data;
    if (value->mv_size > 6 && bytes[0] == 'R' && memchr(key->mv_data, '@', key->mv_size))
        return tables[0] = TABLE_RECORD, 1;
    if (value->mv_size > 6 && bytes[0] == 'T' && key->mv_size == TRIAL_KEY_BYTES)
        return tables[0] = TABLE_TRIAL, 1;
    if (key->mv_size != SHA256_BYTES || value->mv_size == 0) return 0;
    tables[0] = bytes[0] == 'D' ? TABLE_KERNEL : bytes[0] == '{' ? TABLE_ENVIRONMENT : TABLE_CODE;
    tables[1] = bytes[0] == '{' ? TABLE_SOURCE : TABLE_CODE;
    return tables[0] == tables[1] ? 1 : 2;
}

/* The same long value is named by every version of its leaf. */
static bool was_tried(struct scan *scan, const struct node *node)
{
    struct hash name = sha256_of(node->key - NODE_HEAD, NODE_HEAD + node->key_bytes + sizeof(uint64_t));
    if (hash_set_has(&scan->tried, &name)) return true;
    hash_set_add(&scan->tried, &name);
    return false;
}

/* The bytes that the entry at `at` takes; 0: none stands there. */
static uint64_t carve_node(struct scan *scan, uint64_t page, const uint8_t *bytes, uint64_t at)
{
    uint64_t page_bytes = scan->out->page_bytes;
    struct node node;
    uint16_t flags = get_u16(bytes + at + 4), key_bytes = get_u16(bytes + at + 6);
    if (flags > NODE_BIG || key_bytes < SHA256_BYTES || key_bytes > KEY_BYTES_LARGEST) return 0;
    if (!read_node(bytes, page_bytes, at, &node) || node.low > scan->bytes) return 0;
    uint64_t room = page_bytes - at - NODE_HEAD - key_bytes;
    if ((flags ? sizeof(uint64_t) : node.low) > room) return 0;
    bool likely = key_bytes == SHA256_BYTES || key_bytes == TRIAL_KEY_BYTES ||
                  (key_bytes <= KEY_BYTES_MAX && memchr(node.key, '@', key_bytes));
    if (!likely || (flags && was_tried(scan, &node))) return 0;
    struct salvaged found = {.node_at = page * page_bytes + at, .row = &scan->row};
    enum table tables[2];
    if (!flags && !spend(scan, node.low)) return 0;
    found.key = value_of(node.key, node.key_bytes);
    if (!value_of_node(scan, page, bytes, &node, &found.value, &found.value_at)) return 0;
    for (unsigned i = 0, n = guess(&found.key, &found.value, tables); i < n; i++) {
        found.table = tables[i];
        if (row_check(found.table, &found.key, &found.value, &scan->row) != STATUS_OK) continue;
        scan->status = scan->visit(scan->context, &found);
        return node_bytes(&node, false);
    }
    return 0;
}

static enum status carve(struct scan *scan)
{
    uint64_t page_bytes = scan->out->page_bytes;
    uint8_t *bytes = malloc(page_bytes);
    if (!bytes) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", scan->path);
    for (uint64_t page = 2; page < scan->out->pages && scan->status == STATUS_OK; page++) {
        uint64_t left = scan->bytes - page * page_bytes;
        size_t here = left < page_bytes ? (size_t)left : (size_t)page_bytes;
        if (bit(scan->settled, page) || !read_at(scan, page * page_bytes, bytes, here)) continue;
        memset(bytes + here, 0, page_bytes - here);
        for (uint64_t at = PAGE_HEAD; at + NODE_HEAD < page_bytes && scan->status == STATUS_OK;) {
            uint64_t taken = carve_node(scan, page, bytes, at);
            at += taken ? taken : 2;
        }
    }
    free(bytes);
    return scan->status;
}

static enum status scan_both(struct scan *scan)
{
    size_t bit_bytes = scan->out->pages / 8 + 1;
    scan->reached = calloc(1, bit_bytes);
    scan->settled = calloc(1, bit_bytes);
    if (!scan->reached || !scan->settled)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", scan->path);
    uint64_t root = find_root(scan);
    if (root == NO_PAGE)
        scan->out->broken = true;
    else
        walk_tree(scan, root, MAIN, 0);
    return scan->status == STATUS_OK ? carve(scan) : scan->status;
}

enum status salvage_scan(int descriptor, const char *path, salvage_visit *visit, void *context,
                         struct salvage_scan *out)
{
    struct stat file;
    *out = (struct salvage_scan){.page_bytes = salvage_page_bytes(descriptor)};
    if (fstat(descriptor, &file)) return status_fail_errno(STATUS_IO, "%s: cannot stat", path);
    if (!out->page_bytes) return status_fail(STATUS_BAD_DATA, "%s: no book (not an LMDB file)", path);
    struct scan *scan = calloc(1, sizeof *scan);
    if (!scan) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    scan->descriptor = descriptor;
    scan->path = path;
    scan->bytes = (uint64_t)file.st_size;
    scan->out = out;
    scan->visit = visit;
    scan->context = context;
    scan->budget = 4 * scan->bytes + (1 << 20);
    /* The last one may be cut in the middle. */
    out->pages = (scan->bytes + out->page_bytes - 1) / out->page_bytes;
    enum status status = scan_both(scan);
    hash_set_free(&scan->tried);
    free(scan->reached);
    free(scan->settled);
    free(scan->value);
    free(scan);
    return status;
}
