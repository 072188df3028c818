/* Lint: what a record claims against physics, arithmetic and its own provenance.
 *
 * One function per thing that is looked at; each tells a visitor every finding and holds nothing between
 * calls, so that books of any size pass through. Callers decide what a finding means: a sweep refuses an
 * error, `autotune lint` prints, an import refuses the record or the file.
 *
 *     static bool refuse(void *context, const struct lint_finding *finding)
 *     {
 *         return finding->level != LINT_ERROR; // false ends the lint
 *     }
 *     struct lint_book book; // or fill a struct lint_sources by hand, where the facts are not in a book yet
 *     TRY(lint_book_open(from, &book));
 *     bool fine = lint_record(&book.sources, key, record, refuse, NULL);
 *     lint_book_close(&book);
 */
#ifndef TUNEBOOK_LINT_H
#define TUNEBOOK_LINT_H

#include "db/book.h"
#include "tuner/physics.h"

enum lint_level { LINT_NOTE, LINT_ERROR };

enum lint_rule {
#define LINT_RULE(enumerator, name, level, why) LINT_##enumerator,
#include "tuner/lint.def"
#undef LINT_RULE
    LINT_RULES
};

enum { LINT_LINE_BYTES = 320, LINT_RECORD = -1 };

struct lint_finding {
    enum lint_rule rule;
    enum lint_level level;
    const char *key;           /* of the record; NULL: it is about no record */
    int entry;                 /* its place in the record; LINT_RECORD: the record as a whole */
    const struct hash *kernel; /* of the entry; NULL: none */
    const char *line;          /* what was found, with the numbers; valid during the call */
};
/* false ends the lint. */
typedef bool lint_visit(void *context, const struct lint_finding *finding);

const char *lint_rule_name(enum lint_rule rule);
const char *lint_rule_why(enum lint_rule rule);
enum lint_level lint_rule_level(enum lint_rule rule);

/* Tells the visitor, with the rule's own level; `about` says of what. */
bool lint_tell(lint_visit *visit, void *context, const struct lint_finding *about, enum lint_rule rule,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* --- a time --- */

struct lint_time {
    const struct problem *problem;
    const struct physics *physics;
    double ns;
    bool cold_weights; /* measured as our sweeps do */
};
/* The rules of physics. These functions return false where the visitor has ended it. */
bool lint_time(const struct lint_time *time, const struct lint_finding *about, lint_visit *visit,
               void *context);

/* --- a record --- */

/* What the lint must know of a kernel. */
struct lint_kernel {
    bool is_readable, has_code, has_source;
    char target[40], op[24];
    struct hash configuration; /* of template and configuration: what `remade` compares */
    char why[120];             /* where it is not readable, or has no code */
};

/* Where the facts come from. A NULL function leaves its rules out. */
struct lint_sources {
    void *context;
    /* NULL: there is no such kernel. Valid until the next call. */
    const struct lint_kernel *(*kernel)(void *context, const struct hash *kernel);
    /* The device class of the environment, "" where it does not say; NULL: there is no such environment.
     * Valid until the next call. */
    const char *(*environment_class)(void *context, const struct hash *environment);
    /* The environment of the class's latest measurement; NULL: unknown. */
    const struct hash *(*latest)(void *context, const char *device_class);
};

/* All rules. `sources` may be NULL: then only what the record itself says is looked at. */
bool lint_record(const struct lint_sources *sources, const char *key, const struct record *record,
                 lint_visit *visit, void *context);

/* The same for a caller that refuses what has an error: STATUS_BAD_DATA with the first one's line. */
enum status lint_refuse(const struct lint_sources *sources, const char *key, const struct record *record);

/* --- a book --- */

/* Facts from a book: descriptors and code are read once and what the lint needs of them is kept, for so many
 * kernels and environments that usual books fit; others are read again. */
struct lint_book {
    struct lint_sources sources;
    struct lint_facts *facts;
};
/* Walks the records once, for the latest environment of each class. */
enum status lint_book_open(struct book *book, struct lint_book *out);
void lint_book_close(struct lint_book *book);

/* The device class that an environment's JSON names; "" where it names none. For sources that are no book. */
void lint_environment_class(const char *json, size_t size, char out[CLASS_TEXT_BYTES]);

#endif
