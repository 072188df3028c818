/* What makes or changes a book or a bundle, as command lines: the torture tests take each of them through
 * everything that can go wrong. A new one is a line of the table. */
#ifndef TUNEBOOK_TESTS_DB_OPERATIONS_H
#define TUNEBOOK_TESTS_DB_OPERATIONS_H

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/db/bundle_samples.h"
#include "tests/db/many_records.h"
#include "db/check.h"
#include "tuner/base/clock.h"

static inline struct hash bytes_of(const char *path)
{
    struct text text = content(path);
    struct hash hash = sha256_of(text.data, text.size);
    text_free(&text);
    return hash;
}

enum { OPERATION_WORDS = 8 };

/* TARGET stands for what the operation writes. a.book and b.book overlap, b.bundle is a bundle of b.book. */
enum operation_makes { A_BUNDLE, A_BOOK, A_LOCAL_BOOK /* not on a network file system */ };

static const struct operation {
    const char *name;
    const char *from; /* what lies at TARGET before; NULL: nothing */
    const char *words[OPERATION_WORDS];
    struct hash (*content)(const char *path); /* what TARGET holds */
    enum operation_makes makes;
} operations[] = {
    {"import into a new book",
     NULL,
     {"import", "b.bundle", "--allow-unsigned", "--book=TARGET"},
     content_of,
     A_BOOK},
    {"import into a book",
     "a.book",
     {"import", "b.bundle", "--allow-unsigned", "--book=TARGET"},
     content_of,
     A_BOOK},
    {"merge", NULL, {"merge", "a.book", "b.book", "-o", "TARGET"}, content_of, A_BOOK},
    {"export", NULL, {"export", "a.book", "-o", "TARGET"}, bytes_of, A_BUNDLE},
    {"export over a bundle", "b.bundle", {"export", "a.book", "-o", "TARGET"}, bytes_of, A_BUNDLE},
    {"freeze", NULL, {"freeze", "a.book", "-o", "TARGET"}, content_of, A_BOOK},
    {"compact", NULL, {"compact", "a.book", "-o", "TARGET"}, content_of, A_BOOK},
    {"compact in place", "a.book", {"compact", "TARGET"}, content_of, A_LOCAL_BOOK},
    {"repair", NULL, {"check", "--repair", "a.book", "-o", "TARGET"}, content_of, A_LOCAL_BOOK},
};

static const char *const operation_sources[] = {"a.book", "b.book", "b.bundle"};

struct operations_place {
    char *folder;
    char target[4096], lock[4200];
    struct hash sources[3], after[N_OF(operations)];
    uint64_t took_ns[N_OF(operations)];
};
static struct operations_place place;

static inline const char *in_place(const char *leaf)
{
    return in_folder(place.folder, leaf);
}

static inline void copy_file(const char *from, const char *to)
{
    struct text bytes = content(from);
    assert_ok(file_publish(to, bytes.data, bytes.size, 0644));
    text_free(&bytes);
}

/* Sets what the operation finds. */
static inline void prepare(const struct operation *operation)
{
    unlink(place.target);
    unlink(place.lock);
    if (operation->from) copy_file(in_place(operation->from), place.target);
}

static inline void set_target(const char *leaf)
{
    snprintf(place.target, sizeof place.target, "%s/%s", place.folder, leaf);
    snprintf(place.lock, sizeof place.lock, "%s-lock", place.target);
}

static inline _Noreturn void become(const struct operation *operation)
{
    const char *build = getenv("TUNEBOOK_BUILD");
    char *program, *folder = realpath(build ? build : "build", NULL), *words[OPERATION_WORDS + 2];
    const struct rlimit no_core = {0};
    if (!folder || asprintf(&program, "%s/autotune", folder) < 0) _exit(99);
    words[0] = "autotune";
    int n = 1;
    for (int i = 0; i < OPERATION_WORDS && operation->words[i]; i++) {
        const char *word = operation->words[i], *at = strstr(word, "TARGET");
        words[n] = malloc(strlen(word) + sizeof place.target);
        sprintf(words[n++], "%.*s%s", at ? (int)(at - word) : (int)strlen(word), word,
                at ? place.target : "");
    }
    words[n] = NULL;
    int talk = open(in_place("talk"), O_WRONLY | O_CREAT | O_TRUNC, 0644), null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(talk, 2);
    setrlimit(RLIMIT_CORE, &no_core);
    if (chdir(place.folder) == 0) execv(program, words);
    _exit(98);
}

static inline pid_t start(const struct operation *operation)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) become(operation);
    return child;
}

/* Its exit code, or minus the signal. */
static inline int finish(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* What it said, in a static buffer. */
static inline const char *talk(void)
{
    static char text[4096];
    FILE *file = fopen(in_place("talk"), "r");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[n] = 0;
    return text;
}

static inline void must_work(const struct operation *operation)
{
    int code = finish(start(operation));
    if (code) fail_msg("%s: exit code %d: %s", operation->name, code, talk());
}

/* From now on every file system is one of a network, and local work is done in the folder `scratch`; or none
 * is. */
static inline void pretend_network(bool on, const char *scratch)
{
    if (on) {
        setenv("TUNEBOOK_TEST_NETWORK_FS", "1", 1);
        setenv("TMPDIR", in_place(scratch), 1);
    } else
        unsetenv("TUNEBOOK_TEST_NETWORK_FS");
}

/* What TARGET holds is `hash`; NULL: there is none. */
static inline bool target_is(const struct operation *operation, const struct hash *hash)
{
    if (!hash) return access(place.target, F_OK) != 0;
    if (access(place.target, F_OK)) return false;
    struct hash now = operation->content(place.target);
    return memcmp(now.bytes, hash->bytes, sizeof now.bytes) == 0;
}

static inline bool target_is_before(const struct operation *operation)
{
    if (!operation->from) return target_is(operation, NULL);
    for (size_t i = 0; i < N_OF(operation_sources); i++)
        if (!strcmp(operation_sources[i], operation->from)) return target_is(operation, &place.sources[i]);
    return false;
}

static inline bool target_is_after(const struct operation *operation)
{
    return target_is(operation, &place.after[operation - operations]);
}

static inline void print_finding(void *context, const struct check_finding *finding)
{
    (void)context;
    if (!finding->is_note) print_message("%s %s: %s\n", finding->table, finding->key, finding->what);
}

static inline void target_is_sound(const struct operation *operation)
{
    struct check_options options = {.visit = print_finding};
    struct check_summary summary;
    if (operation->makes == A_BUNDLE || access(place.target, F_OK)) return;
    assert_ok(book_check(place.target, &options, &summary));
    assert_int_equal(summary.findings, 0);
}

static inline void sources_are_what_they_were(void)
{
    for (size_t i = 0; i < N_OF(operation_sources); i++) {
        const char *path = in_place(operation_sources[i]);
        struct hash now = i < 2 ? content_of(path) : bytes_of(path);
        assert_memory_equal(now.bytes, place.sources[i].bytes, sizeof now.bytes);
    }
}

static inline bool is_left_over(const char *name)
{
    return strstr(name, ".work.") || strstr(name, ".publish.");
}

static inline int leftovers(const char *folder)
{
    int n = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));) n += is_left_over(entry->d_name);
    closedir(entries);
    return n;
}

/* Sources, and what each operation makes of them undisturbed. */
static inline void place_begin(size_t records, size_t codes)
{
    struct many a = {.records = records, .codes = codes, .entries = 2};
    struct many b = {.first = records / 2, .records = records, .codes = codes, .entries = 3};
    place.folder = folder_begin();
    setenv("HOME", place.folder, 1);
    many_make(in_place("a.book"), &a);
    many_make(in_place("b.book"), &b);
    export_to(in_place("b.book"), in_place("b.bundle"), false);
    for (size_t i = 0; i < N_OF(operation_sources); i++)
        place.sources[i] =
            i < 2 ? content_of(in_place(operation_sources[i])) : bytes_of(in_place(operation_sources[i]));
    set_target("target");
    for (size_t i = 0; i < N_OF(operations); i++) {
        prepare(&operations[i]);
        uint64_t begin = clock_ns();
        must_work(&operations[i]);
        place.took_ns[i] = clock_ns() - begin;
        place.after[i] = operations[i].content(place.target);
        assert_false(target_is_before(&operations[i]));
    }
    assert_int_equal(leftovers(place.folder), 0);
}

static inline void place_end(void)
{
    folder_end(place.folder);
}

#endif
