/* The code that NVRTC, or the compiler that `made_by` names, makes of configurations of one template: whether
 * every parameter changes it, and what is in it. */
#ifndef TUNEBOOK_TESTS_TUNER_NVRTC_CODE_H
#define TUNEBOOK_TESTS_TUNER_NVRTC_CODE_H

#include "tests/tuner/gpu_compilers.h"

#include <elf.h>
#include "tuner/compile/cubin_info.h"
#include "tuner/defaults_targets.h"
#include "tuner/tuning.h"

static struct manifest **templates;
static size_t n_templates;
static const struct manifest *made; /* the template that the tests are about; its entry has its name */
static const char *made_by = "nvrtc";

/* --- compiling one configuration --- */

static inline bool set_value(int64_t *values, const char *name, size_t name_size, const char *value)
{
    for (uint32_t p = 0; p < made->n_parameters; p++) {
        if (strncmp(made->parameters[p].name, name, name_size) != 0 || made->parameters[p].name[name_size])
            continue;
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(value, " "), value);
        values[p] = made->parameters[p].words ? expr_word(word) : strtoll(word, NULL, 10);
        return true;
    }
    return false;
}

/* The default with the values that `changes`, "NAME=VALUE ...", has. */
static inline void make_values(const char *changes, int64_t *values)
{
    memcpy(values, made->defaults, sizeof made->defaults);
    for (const char *at = changes; *at;) {
        size_t name = strcspn(at, "=");
        if (!set_value(values, at, name, at + name + 1)) fail_msg("%s", at);
        at += strcspn(at, " ");
        at += *at == ' ';
    }
}

/* In a child: what it leaves behind in memory ends with it. */
static inline void compile(const struct compile_request *request, struct text *code)
{
    int pipes[2], ended;
    char part[4096];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct text log = {0};
        enum status status = compiler_find(made_by)->compile(request, code, &log);
        if (status != STATUS_OK) fprintf(stderr, "%s\n%s\n", status_message(), text_string(&log));
        for (size_t done = 0; status == STATUS_OK && done < code->size;) {
            ssize_t n = write(pipes[1], text_string(code) + done, code->size - done);
            if (n < 0) _exit(1);
            done += (size_t)n;
        }
        _exit(status == STATUS_OK ? 0 : 1);
    }
    close(pipes[1]);
    for (ssize_t n; (n = read(pipes[0], part, sizeof part)) > 0;) text_append_bytes(code, part, (size_t)n);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
}

/* False: the configuration is not in the space. */
static inline bool make_code(const char *problem_text, const char *target, const int64_t *values,
                             struct text *code)
{
    struct device_facts facts;
    struct problem problem;
    struct tuning_scene scene = {&problem, &facts, target, compiler_find(made_by), "test"};
    struct tuning tuning;
    struct configuration configuration;
    struct candidate candidate;
    defaults_facts(target, &facts);
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(tuning_open(&scene, made, &tuning));
    bool found = tuning_values_configuration(&tuning, values, &configuration);
    if (found) {
        assert_ok(candidate_prepare(&tuning, &configuration, &candidate));
        compile(&candidate.job.request, code);
        candidate_free(&candidate);
    }
    tuning_close(&tuning);
    return found;
}

/* In an AMD code object all kernels share a section; symbols say where each is. */
static inline struct text find_function(const struct text *code)
{
    Elf64_Ehdr head;
    struct text out = {0};
    const char *bytes = text_string(code);
    memcpy(&head, bytes, sizeof head);
    for (unsigned i = 0; i < head.e_shnum; i++) {
        Elf64_Shdr table, strings, section;
        memcpy(&table, bytes + head.e_shoff + i * sizeof table, sizeof table);
        if (table.sh_type != SHT_DYNSYM) continue;
        memcpy(&strings, bytes + head.e_shoff + table.sh_link * sizeof strings, sizeof strings);
        for (size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
            Elf64_Sym symbol;
            memcpy(&symbol, bytes + table.sh_offset + at, sizeof symbol);
            if (strcmp(bytes + strings.sh_offset + symbol.st_name, made->name) != 0) continue;
            memcpy(&section, bytes + head.e_shoff + symbol.st_shndx * sizeof section, sizeof section);
            text_append_bytes(&out, bytes + section.sh_offset + (symbol.st_value - section.sh_addr),
                              symbol.st_size);
        }
    }
    assert_true(out.size > 0);
    return out;
}

/* The instructions of the kernel itself, without the reduction. */
static inline struct text find_instructions(const struct text *code)
{
    Elf64_Ehdr head;
    Elf64_Shdr names, section;
    struct text out = {0};
    assert_true(code->size > sizeof head);
    memcpy(&head, text_string(code), sizeof head);
    if (head.e_machine == EM_AMDGPU) return find_function(code);
    const char *bytes = text_string(code);
    assert_true(code->size > sizeof head);
    memcpy(&head, bytes, sizeof head);
    memcpy(&names, bytes + head.e_shoff + head.e_shstrndx * sizeof names, sizeof names);
    for (unsigned i = 0; i < head.e_shnum; i++) {
        memcpy(&section, bytes + head.e_shoff + i * sizeof section, sizeof section);
        const char *section_name = bytes + names.sh_offset + section.sh_name;
        if (strncmp(section_name, ".text.", 6) == 0 && strcmp(section_name + 6, made->name) == 0)
            text_append_bytes(&out, bytes + section.sh_offset, section.sh_size);
    }
    assert_true(out.size > 0);
    return out;
}

/* --- every parameter changes the code --- */

/* Two configurations by what is not the default. */
struct pair {
    const char *problem, *one, *other;
};

static inline void make_instructions(const char *problem, const char *target, const char *changes,
                                     struct text *out)
{
    int64_t values[MANIFEST_PARAMETERS_MAX];
    struct text code = {0};
    make_values(changes, values);
    if (!make_code(problem, target, values, &code)) fail_msg("%s is not in the space", changes);
    text_free(out);
    *out = find_instructions(&code);
    text_free(&code);
}

/* Rows that begin alike stand side by side: that code is made once. */
static inline void check_pairs(const char *target, const struct pair *pairs, size_t n)
{
    bool paired[MANIFEST_PARAMETERS_MAX] = {false};
    struct text a = {0}, b = {0};
    for (size_t i = 0; i < n; i++) {
        const struct pair *pair = &pairs[i];
        int64_t one[MANIFEST_PARAMETERS_MAX], other[MANIFEST_PARAMETERS_MAX];
        if (i == 0 || strcmp(pair->one, pairs[i - 1].one) != 0)
            make_instructions(pair->problem, target, pair->one, &a);
        make_instructions(pair->problem, target, pair->other, &b);
        make_values(pair->one, one);
        make_values(pair->other, other);
        for (uint32_t p = 0; p < made->n_parameters; p++) paired[p] = paired[p] || one[p] != other[p];
        if (a.size == b.size && memcmp(text_string(&a), text_string(&b), a.size) == 0)
            fail_msg("\"%s\" and \"%s\" are the same code", pair->one, pair->other);
    }
    text_free(&a);
    text_free(&b);
    for (uint32_t p = 0; p < made->n_parameters; p++)
        if (!paired[p]) fail_msg("nothing compares values of %s", made->parameters[p].name);
}

/* --- what is in it --- */

/* How many instructions have these twelve low bits of their 16 bytes. */
static inline unsigned count_instructions(const struct text *text, unsigned op)
{
    unsigned n = 0;
    for (size_t at = 0; at + 16 <= text->size; at += 16) {
        uint64_t word;
        memcpy(&word, text_string(text) + at, sizeof word);
        n += (word & 0xfff) == op;
    }
    return n;
}

static inline int64_t value_of(const char *name, const int64_t *values)
{
    for (uint32_t p = 0; p < made->n_parameters; p++)
        if (strcmp(made->parameters[p].name, name) == 0) return values[p];
    fail_msg("no parameter %s", name);
    return 0;
}

/* --- the template --- */

static inline int open_template(const char *name)
{
    if (template_load(NULL, &templates, &n_templates) != STATUS_OK) return -1;
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, name) == 0) made = templates[i];
    return made ? 0 : -1;
}

static inline int close_templates(void **state)
{
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    return remove_folder(state);
}

#endif
