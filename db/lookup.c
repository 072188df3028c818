#include "db/lookup.h"

#include <stdlib.h>
#include <string.h>
#include "db/lookup_search.h"

const char *match_name(enum match match)
{
    static const char *const names[] = {"exact", "near_shape", "sibling_class", "default", "none"};
    return (unsigned)match <= MATCH_NONE ? names[match] : "unknown";
}

/* A record at exactly this key; the default's sizes are all 0. */
static void search_key(struct search *search, MDB_txn *txn, struct rank rank, const char *head,
                       const char *device_class, bool zero_sizes)
{
    struct lookup_key text;
    if (!lookup_key(search->request, head, device_class, zero_sizes, &text)) return;
    MDB_val key = value_of(text.text, text.size), value;
    if (rank.match == MATCH_EXACT) {
        search_pin(search, txn, rank, &key);
        rank.evidence = RANK_UNPINNED;
    }
    if (mdb_get(txn, search->books[rank.layer]->environment->tables[TABLE_RECORD], &key, &value)) return;
    if (rank.match == MATCH_EXACT) search->exact_seen = true;
    search_consider(search, txn, rank, &key, &value);
}

static void search_heads(struct search *search, MDB_txn *txn, struct rank rank)
{
    const struct lookup_request *request = search->request;
    for (uint32_t i = 0; i < request->n_heads; i++) {
        const char *head = request->heads[i];
        rank.head = i;
        if (!search_open_to(search, &rank)) return;
        switch (rank.match) {
        case MATCH_EXACT: search_key(search, txn, rank, head, request->device_class, false); return;
        case MATCH_NEAR_SHAPE: search_near(search, txn, rank, head, request->device_class, i == 0); break;
        case MATCH_SIBLING_CLASS: search_siblings(search, txn, rank, head); break;
        default: search_key(search, txn, rank, head, request->target, true); break;
        }
    }
}

static void search_layers(struct search *search, enum match match)
{
    for (size_t layer = 0; layer < search->n_books; layer++) {
        bool may_pin = match == MATCH_EXACT && search->books[layer]->environment->may_pin;
        struct rank rank = {
            .match = match, .evidence = may_pin ? RANK_PINNED : RANK_UNPINNED, .layer = (uint32_t)layer};
        MDB_txn *txn;
        if (!search_open_to(search, &rank)) continue; /* one behind it may have a pin */
        enum status status = read_begin(search->books[layer], &txn);
        if (status != STATUS_OK) {
            search->failure = status;
            if (match == MATCH_EXACT) search->n_failed++;
            continue;
        }
        search_heads(search, txn, rank);
        read_end(search->books[layer], txn);
    }
}

/* Match by match, until enough was found: what comes later ranks behind. */
static void search_all(struct search *search)
{
    enum match worst = search->request->worst < MATCH_DEFAULT ? search->request->worst : MATCH_DEFAULT;
    for (enum match match = MATCH_EXACT; match <= worst && search->n_answers < search->capacity; match++)
        search_layers(search, match);
    value_free(&search->scratch);
    for (size_t i = 0; i < search->n_answers; i++)
        if (search->ranks[i].evidence != RANK_PINNED)
            search_reason(search, &search->answers[i], search->answers[i].reason);
}

/* Not zeroed: it is large, and only its front must be. */
static void search_begin(struct search *search, struct book *const *books, size_t n_books,
                         const struct lookup_request *request)
{
    memset(search, 0, offsetof(struct search, record));
    search->request = request;
    search->books = books;
    search->n_books = n_books;
}

enum status lookup(struct book *const *books, size_t n_books, const struct lookup_request *request,
                   struct lookup_answer *answer)
{
    struct search search;
    struct rank rank;
    search_begin(&search, books, n_books, request);
    search.answers = answer;
    search.ranks = &rank;
    search.capacity = 1;
    search_all(&search);
    if (search.n_answers) return STATUS_OK;
    if (n_books && search.n_failed == n_books) return search.failure; /* its line stands */
    memset(answer, 0, sizeof *answer);
    answer->match = MATCH_NONE;
    search_reason(&search, answer, answer->reason);
    return status_fail(STATUS_NOT_FOUND, "%s", answer->reason);
}

size_t lookup_all(struct book *const *books, size_t n_books, const struct lookup_request *request,
                  struct lookup_answer *answers, size_t capacity)
{
    struct search search;
    struct rank *ranks = malloc((capacity + 1) * sizeof *ranks);
    if (!ranks) return 0;
    search_begin(&search, books, n_books, request);
    search.answers = answers;
    search.ranks = ranks;
    search.capacity = capacity;
    search_all(&search);
    free(ranks);
    return search.n_answers;
}
