#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_pages.h"

struct walk {
    int descriptor;
    const char *path;
    const struct book_file *file;
    uint8_t *seen;     /* one bit a page: none is reached twice */
    bool is_free_tree; /* its values are lists of pages: how many, then their numbers */
    struct text free_lists;
};

static enum status damaged(const struct walk *walk, uint64_t page, const char *why)
{
    return status_fail(STATUS_BAD_DATA, "%s: damaged (page %llu: %s)", walk->path, (unsigned long long)page,
                       why);
}

/* Marks n pages from `page` as reached. */
static enum status claim(struct walk *walk, uint64_t page, uint64_t n)
{
    uint64_t pages = walk->file->bytes / walk->file->page_bytes;
    if (page < 2 || page > walk->file->last_page || n > walk->file->last_page + 1 - page)
        return damaged(walk, page, "no page of this file");
    if (page + n > pages) return damaged(walk, page, "behind the end of the file");
    for (uint64_t i = page; i < page + n; i++) {
        if (walk->seen[i / 8] >> i % 8 & 1) return damaged(walk, i, "reached twice");
        walk->seen[i / 8] |= (uint8_t)(1 << i % 8);
    }
    return STATUS_OK;
}

static enum status read_page(struct walk *walk, uint64_t page, uint8_t *bytes, size_t size)
{
    ssize_t got = pread(walk->descriptor, bytes, size, (off_t)(page * walk->file->page_bytes));
    if (got < 0) return status_fail_errno(STATUS_IO, "%s: cannot read", walk->path);
    if ((size_t)got != size || get_u64(bytes) != page)
        return damaged(walk, page, "not the page it should be");
    return STATUS_OK;
}

static enum status keep_free_list(struct walk *walk, uint64_t page, const uint8_t *bytes, uint64_t size)
{
    if (size < sizeof(uint64_t) || size % sizeof(uint64_t) || get_u64(bytes) != size / sizeof(uint64_t) - 1)
        return damaged(walk, page, "not the list of free pages it should be");
    text_append_bytes(&walk->free_lists, bytes + sizeof(uint64_t), size - sizeof(uint64_t));
    return text_status(&walk->free_lists);
}

static enum status keep_long_free_list(struct walk *walk, uint64_t page, uint64_t size)
{
    uint8_t *bytes = malloc(size);
    if (!bytes) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", walk->path);
    ssize_t got = pread(walk->descriptor, bytes, size, (off_t)(page * walk->file->page_bytes + PAGE_HEAD));
    enum status status = (uint64_t)got == size ? keep_free_list(walk, page, bytes, size)
                                               : damaged(walk, page, "cannot be read");
    free(bytes);
    return status;
}

/* LMDB writes over free pages. */
static enum status check_free_pages(struct walk *walk)
{
    for (size_t at = 0; at < walk->free_lists.size; at += sizeof(uint64_t)) {
        uint64_t page = get_u64((const uint8_t *)walk->free_lists.data + at);
        if (page < 2 || page > walk->file->last_page)
            return damaged(walk, page, "listed as free, and no page of this file");
        if (page >= walk->file->bytes / walk->file->page_bytes) continue; /* never written */
        if (walk->seen[page / 8] >> page % 8 & 1)
            return damaged(walk, page, "listed as free and in use, or twice");
        walk->seen[page / 8] |= (uint8_t)(1 << page % 8);
    }
    return STATUS_OK;
}

static enum status walk_tree(struct walk *walk, uint64_t root, int depth);

static enum status walk_overflow(struct walk *walk, uint64_t page, uint64_t value_bytes)
{
    uint8_t head[PAGE_HEAD];
    TRY(claim(walk, page, 1));
    TRY(read_page(walk, page, head, sizeof head));
    uint32_t pages;
    memcpy(&pages, head + 12, sizeof pages);
    if (!(get_u16(head + 10) & PAGE_OVERFLOW) ||
        pages < (PAGE_HEAD + value_bytes - 1) / walk->file->page_bytes + 1)
        return damaged(walk, page, "not the long value it should be");
    if (pages > 1) TRY(claim(walk, page + 1, pages - 1));
    return walk->is_free_tree ? keep_long_free_list(walk, page, value_bytes) : STATUS_OK;
}

static enum status walk_value(struct walk *walk, uint64_t page, const struct node *node,
                              const uint8_t *page_end, int depth)
{
    const uint8_t *value = node->key + node->key_bytes;
    uint64_t here = node->flags & NODE_BIG ? sizeof(uint64_t) : node->low;
    if (here > (uint64_t)(page_end - value)) return damaged(walk, page, "a value reaches past its page");
    if (node->flags & NODE_DUPLICATES) return damaged(walk, page, "duplicate keys, which books have not");
    if (node->flags & NODE_BIG) return walk_overflow(walk, get_u64(value), node->low);
    if (walk->is_free_tree) return keep_free_list(walk, page, value, here);
    if (!(node->flags & NODE_TREE)) return STATUS_OK;
    if (node->low != TREE_BYTES) return damaged(walk, page, "not a table's head");
    uint64_t root = get_u64(value + TREE_ROOT);
    return root == NO_PAGE ? STATUS_OK : walk_tree(walk, root, depth + 1);
}

static enum status walk_nodes(struct walk *walk, uint64_t page, const uint8_t *bytes, int depth)
{
    uint64_t page_bytes = walk->file->page_bytes;
    uint16_t flags = get_u16(bytes + 10), lower = get_u16(bytes + 12), upper = get_u16(bytes + 14);
    if (lower < PAGE_HEAD || lower > upper || upper > page_bytes || lower % 2)
        return damaged(walk, page, "its free space makes no sense");
    bool is_branch = flags & PAGE_BRANCH;
    if (is_branch == !!(flags & PAGE_LEAF)) return damaged(walk, page, "neither branch nor leaf");
    for (uint64_t i = PAGE_HEAD; i < lower; i += 2) {
        struct node node;
        uint16_t at = get_u16(bytes + i);
        if (at < upper || !read_node(bytes, page_bytes, at, &node))
            return damaged(walk, page, "an entry reaches past its page");
        if (is_branch)
            TRY(walk_tree(walk, node.low | (uint64_t)node.flags << 32, depth + 1));
        else
            TRY(walk_value(walk, page, &node, bytes + page_bytes, depth));
    }
    return STATUS_OK;
}

static enum status walk_tree(struct walk *walk, uint64_t root, int depth)
{
    if (depth > DEPTH_MAX) return damaged(walk, root, "the tree is too deep");
    TRY(claim(walk, root, 1));
    uint8_t *bytes = malloc(walk->file->page_bytes);
    if (!bytes) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", walk->path);
    enum status status = read_page(walk, root, bytes, walk->file->page_bytes);
    if (status == STATUS_OK) status = walk_nodes(walk, root, bytes, depth);
    free(bytes);
    return status;
}

enum status book_file_walk(int descriptor, const char *path, const struct book_file *file)
{
    struct walk walk = {.descriptor = descriptor, .path = path, .file = file};
    walk.seen = calloc(1, file->bytes / file->page_bytes / 8 + 1);
    if (!walk.seen) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    enum status status = STATUS_OK;
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        walk.is_free_tree = i == 0;
        if (file->roots[i] != NO_PAGE) status = walk_tree(&walk, file->roots[i], 0);
    }
    if (status == STATUS_OK) status = check_free_pages(&walk);
    text_free(&walk.free_lists);
    free(walk.seen);
    return status;
}

enum status book_verify(const char *path)
{
    struct book_file file;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) return status_fail(STATUS_NOT_FOUND, "%s: no such book", path);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot open", path);
    enum status status = book_file_check(descriptor, path, &file);
    if (status == STATUS_OK) status = book_file_walk(descriptor, path, &file);
    close(descriptor);
    return status;
}
