/* The lint: each rule found where it holds and not beside it; physics from the class tables; books. */
#include "tests/db/samples.h"
#include "tuner/device/device.h"
#include "tuner/launch/problem_key.h"
#include "tuner/lint.h"

static const char h100[] = "sm_90a:132:3350", mi300x[] = "gfx942:304:5300";

static struct problem problem_of(const char *text)
{
    struct problem problem;
    assert_ok(problem_parse(text, &problem));
    return problem;
}

/* What was found, as "rule rule@0 rule@1": @ says of which entry. */
static bool collect(void *context, const struct lint_finding *finding)
{
    struct text *out = context;
    text_format(out, "%s%s", out->size ? " " : "", lint_rule_name(finding->rule));
    if (finding->entry != LINT_RECORD) text_format(out, "@%d", finding->entry);
    assert_true(*finding->line && strlen(finding->line) < LINT_LINE_BYTES);
    return true;
}

static void check_record(const struct lint_sources *sources, const char *key, const struct record *record,
                         const char *expected)
{
    struct text found = {0};
    assert_true(lint_record(sources, key, record, collect, &found));
    assert_string_equal(text_string(&found), expected);
    text_free(&found);
}

static void check_time(const char *class_text, const char *problem_text, double ns, bool cold,
                       const char *expected)
{
    struct text found = {0};
    struct physics physics;
    struct problem problem = problem_of(problem_text);
    struct lint_finding about = {.entry = LINT_RECORD};
    assert_true(physics_of_name(class_text, &physics));
    struct lint_time time = {&problem, &physics, ns, cold};
    assert_true(lint_time(&time, &about, collect, &found));
    assert_string_equal(text_string(&found), expected);
    text_free(&found);
}

/* 2 * 8192^3 = 1099.5 GFLOP; the H100's 989.4 TFLOP/s take 1111 us for it, and 1.25 of them 889 us. */
static void arithmetic(void **state)
{
    (void)state;
    static const char large[] = "gemm bf16 nt m=8192 n=8192 k=8192";
    check_time(h100, large, 1400e3, true, "");
    check_time(h100, large, 1112e3, true, "");
    check_time(h100, large, 1110e3, true, "near-peak");
    check_time(h100, large, 890e3, true, "near-peak");
    check_time(h100, large, 888e3, true, "peak");
    check_time(h100, large, 0, true, "no-time");
    check_time("h100_sxm", large, 888e3, true, "peak");
    /* A part of the same target with half the units has half the rate: 2222 us, 1778 us. */
    check_time("sm_90a:66:1675", large, 2223e3, true, "");
    check_time("sm_90a:66:1675", large, 1777e3, true, "peak");
    /* Attention, causal: half of 4 d q^2 heads. 2 * 128 * 8192^2 * 64 = 1.1 TFLOP. */
    check_time(h100, "attention bf16 causal d=128 q_heads=64 kv_heads=8 q_len=8192", 880e3, true, "peak");
    check_time(h100, "attention bf16 causal d=128 q_heads=64 kv_heads=8 q_len=8192", 1500e3, true, "");
}

/* n = k = 8192 in bf16: weights of 134.2 MB. Half of them at 3350 GB/s take 20.03 us, all of them 40.07 us.
 * The H100 has 50 MiB of cache: at least 81.8 MB come from memory whatever was cached, in 24.4 us; a tenth is
 * forgiven. */
static void memory(void **state)
{
    (void)state;
    static const char cold[] = "gemm bf16 nt m=1 n=8192 k=8192", small[] = "gemm bf16 nt m=1 n=4096 k=4096";
    check_time(h100, cold, 40.2e3, true, "");
    check_time(h100, cold, 36e3, true, "near-bandwidth");
    check_time(h100, cold, 22.5e3, true, "near-bandwidth");
    check_time(h100, cold, 21.8e3, true, "bandwidth");
    check_time(h100, cold, 21.8e3, false, "bandwidth");
    /* 33.6 MB fit into the cache: cold, half of them come from memory, in 5.01 us; a library's may all be
     * warm. */
    check_time(h100, small, 4.5e3, true, "bandwidth");
    check_time(h100, small, 4.5e3, false, "near-bandwidth");
    check_time(h100, small, 4.7e3, true, "near-bandwidth");
    /* The MI300X keeps 256 MiB, and more than that must come. */
    check_time(mi300x, cold, 21e3, false, "near-bandwidth");
    check_time(mi300x, "gemm bf16 nt m=1 n=28672 k=8192", 30e3, false, "bandwidth");
}

static void launches(void **state)
{
    (void)state;
    check_time(mi300x, "gemm bf16 nt m=1 n=64 k=64", 1100, true, "");
    check_time(mi300x, "gemm bf16 nt m=1 n=64 k=64", 1000, true, "near-launch");
    check_time(mi300x, "gemm bf16 nt m=1 n=64 k=64", 500, true, "launch");
    check_time("x86-64-v4:1:8", "gemm f32 nt m=1 n=8 k=8", 20, true, ""); /* a call */
}

/* A CPU by its class alone: no core of these instructions does 64 flops a cycle at more than 6.5 GHz. */
static void cpus(void **state)
{
    (void)state;
    struct physics physics;
    static const char one[] = "gemm f32 nt m=512 n=512 k=512"; /* 268.4 MFLOP: 645 us at 416 GFLOP/s */
    check_time("x86-64-v4:1:8", one, 650e3, true, "");
    check_time("x86-64-v4:1:8", one, 500e3, true, "peak");
    check_time("x86-64-v4:4:8", one, 500e3, true, "");
    check_time("x86-64-v3:1:8", one, 1000e3, true, "peak");
    check_time("x86-64-v4:1:8", "gemm f32 nt m=1 n=4096 k=4096", 1.9e6, true, "near-bandwidth");
    check_time("x86-64-v4:1:8", "gemm f32 nt m=1 n=4096 k=4096", 2.2e6, true, "");
    assert_false(physics_of_name("riscv:4:10", &physics));
    assert_false(physics_of_name("no such nickname", &physics));
    assert_false(physics_of_target("", 0, &physics));
    assert_false(physics_of_target("", 7, &physics));
    assert_true(physics_of_target("", 304, &physics)); /* MI300X or MI325X: the better bandwidth */
    assert_true(physics.memory_gbps == 6000 && physics.peak_tflops[DTYPE_BF16] == 1307.4);
    assert_true(physics_of_target("gfx942", 80, &physics));
    assert_true(physics.peak_tflops[DTYPE_BF16] == 344.1);
}

/* What a sweep asks of a trial's time: errors alone, and of a CPU its arithmetic alone. */
static void objections(void **state)
{
    (void)state;
    struct problem problem = problem_of("gemm bf16 nt m=1 n=8192 k=8192");
    struct device_info gpu = {.device_class = *class_find("h100_sxm")}, cpu = {.device_class = {.units = 1}};
    assert_string_equal(
        physics_objection(&problem, &gpu, 21800),
        "21800 ns for 81.82 MB that must come from memory: 3753 GB/s, and the device has 3350");
    assert_null(physics_objection(&problem, &gpu, 22500));
    assert_string_equal(physics_objection(&problem, &gpu, 0), "a time of 0 ns is no measurement");
    strcpy(cpu.device_class.target, "x86-64-v4");
    cpu.device_class.bandwidth_gbps = 8;
    cpu.device_class.nickname = "";
    cpu.device_class.peak_tflops[DTYPE_BF16] = 0.1;
    assert_null(
        physics_objection(&problem, &cpu, 1100000)); /* 122 GB/s: its caches may be larger than it says */
    assert_string_equal(physics_objection(&problem, &cpu, 1000000),
                        "0.13 TFLOP/s is above the device's peak of 0.10 TFLOP/s for bf16");
}

/* --- records --- */

static struct hash here, elsewhere, nowhere;
static struct lint_kernel kernels[4];

static const struct lint_kernel *find_kernel(void *context, const struct hash *kernel)
{
    (void)context;
    for (uint64_t i = 0; i < 4; i++) {
        struct hash hash = numbered_hash(i);
        if (memcmp(&hash, kernel, sizeof hash) == 0) return &kernels[i];
    }
    return NULL;
}

static const char *find_environment(void *context, const struct hash *environment)
{
    (void)context;
    if (memcmp(environment, &here, sizeof here) == 0) return h100;
    return memcmp(environment, &elsewhere, sizeof here) == 0 ? mi300x : NULL;
}

static const struct hash *find_latest(void *context, const char *device_class)
{
    (void)context;
    return strcmp(device_class, h100) == 0 ? &here : NULL;
}

static const struct lint_sources sources = {NULL, find_kernel, find_environment, find_latest};

static void make_key(const char *problem_text, const char *device_class, char key[KEY_BYTES_MAX + 1])
{
    struct problem problem = problem_of(problem_text);
    assert_ok(problem_key(&problem, device_class, key));
}

static int begin(void **state)
{
    (void)state;
    here = numbered_hash(100), elsewhere = numbered_hash(101), nowhere = numbered_hash(102);
    for (int i = 0; i < 4; i++)
        kernels[i] = (struct lint_kernel){.is_readable = true,
                                          .has_code = true,
                                          .has_source = true,
                                          .target = "sm_90a",
                                          .op = "gemm",
                                          .configuration = numbered_hash((uint64_t)i)};
    return 0;
}

static struct record_entry sound_entry(uint64_t kernel)
{
    return (struct record_entry){.kernel = numbered_hash(kernel),
                                 .environment = here,
                                 .evidence = EVIDENCE_MEASURED,
                                 .verified = 1,
                                 .timing = {20000, 19000, 21000, 19900, 20100, 18000, 12, 20, 0},
                                 .measured_at_s = 1};
}

static struct record sound_record(void)
{
    struct record record = {.baseline_ns = 19000, .default_ns = 40000, .n_entries = 2};
    record.entries[0] = sound_entry(0);
    record.entries[1] = sound_entry(1);
    return record;
}

static void timings(void **state)
{
    (void)state;
    char key[KEY_BYTES_MAX + 1];
    make_key("gemm bf16 nt m=16 n=4096 k=4096", h100, key);
    struct record record = sound_record();
    check_record(&sources, key, &record, "");
    check_record(NULL, key, &record, "");
#define ONE_CHANGE(change, expected)                    \
    do {                                                \
        record = sound_record();                        \
        change;                                         \
        check_record(&sources, key, &record, expected); \
    } while (0)
    struct timing *timing = &record.entries[1].timing;
    ONE_CHANGE(timing->min_ns = 19001, "quantiles@1");
    ONE_CHANGE(timing->q1_ns = 20001, "quantiles@1");
    ONE_CHANGE(timing->q3_ns = 19999, "quantiles@1");
    ONE_CHANGE(timing->low_ns = 20001, "quantiles@1");
    ONE_CHANGE(timing->high_ns = 19999, "quantiles@1");
    ONE_CHANGE(timing->samples = 0, "no-samples@1");
    ONE_CHANGE(timing->launches_per_sample = 0, "no-samples@1");
    ONE_CHANGE(timing->median_ns = 0, "no-time@1");
    ONE_CHANGE((*timing = (struct timing){400, 400, 400, 400, 400, 400, 9, 20, 0}),
               "peak@1 bandwidth@1 launch@1");
    ONE_CHANGE(record.default_ns = 400, "peak bandwidth launch");
    ONE_CHANGE(record.baseline_ns = 400, "peak near-bandwidth launch"); /* its weights may be warm */
    ONE_CHANGE(record.baseline_ns = record.default_ns = 0, "");
    /* A prediction has a time and nothing else; a default has not even that. */
    ONE_CHANGE((record.entries[1] = (struct record_entry){.kernel = numbered_hash(1),
                                                          .evidence = EVIDENCE_PREDICTED,
                                                          .timing = {.median_ns = 9000}}),
               "");
}

static void provenance(void **state)
{
    (void)state;
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    make_key("gemm bf16 nt m=16 n=4096 k=4096", h100, key);
    struct record_entry *entry = &record.entries[1];
    ONE_CHANGE(entry->environment = (struct hash){{0}}, "no-environment@1");
    ONE_CHANGE(entry->environment = nowhere, "lost-environment@1");
    ONE_CHANGE(entry->environment = elsewhere, "other-class@1 stale@1");
    ONE_CHANGE(entry->verified = 0, "unverified@1");
    ONE_CHANGE(entry->kernel = nowhere, "lost-kernel@1");
    ONE_CHANGE(entry->kernel = record.entries[0].kernel, "repeated@1");
    ONE_CHANGE(entry->kernel = numbered_hash(2), "");
    strcpy(kernels[2].target, "sm_90");
    ONE_CHANGE(entry->kernel = numbered_hash(2), "other-target@1");
    strcpy(kernels[2].target, "gfx942");
    strcpy(kernels[2].op, "attention");
    ONE_CHANGE(entry->kernel = numbered_hash(2), "other-target@1 other-op@1");
    begin(state);
    kernels[2].has_code = false;
    ONE_CHANGE(entry->kernel = numbered_hash(2), "lost-code@1");
    kernels[2].has_code = true, kernels[2].has_source = false;
    ONE_CHANGE(entry->kernel = numbered_hash(2), "lost-source@1");
    kernels[2].is_readable = false;
    snprintf(kernels[2].why, sizeof kernels[2].why, "damaged");
    ONE_CHANGE(entry->kernel = numbered_hash(2), "lost-kernel@1");
    begin(state);
    kernels[2].configuration = kernels[0].configuration;
    ONE_CHANGE(entry->kernel = numbered_hash(2), "remade@1");
    ONE_CHANGE((entry->kernel = numbered_hash(2), entry->evidence = EVIDENCE_PREDICTED), "");
    begin(state);
}

static void keys(void **state)
{
    (void)state;
    char key[KEY_BYTES_MAX + 1];
    struct record record = sound_record();
    check_record(&sources, "no key", &record, "key");
    make_key("gemm bf16 nt m=16 n=4096 k=4096", h100, key);
    memcpy(key, "gemn", 4); /* an op of the future */
    check_record(&sources, key, &record, "key other-op@0 other-op@1");
    /* The defaults of a target have neither sizes nor times. */
    make_key("gemm bf16 nt m=16 n=4096 k=4096", "sm_90a", key);
    record = (struct record){.n_entries = 1};
    record.entries[0] = (struct record_entry){
        .kernel = numbered_hash(0), .evidence = EVIDENCE_DEFAULT, .timing = {.high_ns = 3}};
    check_record(&sources, key, &record, "");
    /* A class nobody knows has no physics, and all the rest. */
    make_key("gemm bf16 nt m=16 n=4096 k=4096", "riscv64:8:20", key);
    record = sound_record();
    record.n_entries = 1;
    record.entries[0].timing = (struct timing){1, 1, 1, 1, 1, 1, 9, 20, 0};
    check_record(&sources, key, &record, "other-class@0 other-target@0");
}

static bool first_only(void *context, const struct lint_finding *finding)
{
    (void)finding;
    ++*(int *)context;
    return false;
}

static void callers(void **state)
{
    (void)state;
    char key[KEY_BYTES_MAX + 1], line[1100];
    int n = 0;
    make_key("gemm bf16 nt m=16 n=4096 k=4096", h100, key);
    struct record record = sound_record();
    assert_ok(lint_refuse(&sources, key, &record));
    record.entries[1].environment = elsewhere;
    record.entries[0].verified = 0;
    assert_false(lint_record(&sources, key, &record, first_only, &n));
    assert_int_equal(n, 1);
    snprintf(line, sizeof line, "%s: entry 0: unverified: measured, and never verified in that environment",
             key);
    assert_fails(lint_refuse(&sources, key, &record), STATUS_BAD_DATA, line);
    record.entries[0].verified = 1;
    record.n_entries = 1;
    kernels[0].has_source = false; /* a note refuses nothing */
    assert_ok(lint_refuse(&sources, key, &record));
    begin(state);
}

/* Every rule has a name of its own and a line. */
static void the_table(void **state)
{
    (void)state;
    for (int i = 0; i < LINT_RULES; i++) {
        assert_true(strlen(lint_rule_why((enum lint_rule)i)) > 10);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(lint_rule_name((enum lint_rule)i), lint_rule_name((enum lint_rule)j));
    }
}

/* --- books --- */

static struct hash put_environment(struct book *book, const char *driver, const char *device_class)
{
    char json[200];
    struct hash id;
    snprintf(json, sizeof json, "{\"device_class\":\"%s\",\"driver\":\"%s\"}", device_class, driver);
    assert_ok(book_put_environment(book, json, &id));
    return id;
}

static void put_entry(struct book *book, const char *key, const struct hash *kernel,
                      const struct hash *environment, uint64_t measured_at_s)
{
    struct record_entry entry = sound_entry(0);
    entry.kernel = *kernel;
    entry.environment = *environment;
    entry.measured_at_s = measured_at_s;
    assert_ok(book_put_entry(book, key, &entry, 0, "", 0));
}

static void books(void **state)
{
    (void)state;
    char *folder = folder_begin(), first[KEY_BYTES_MAX + 1], second[KEY_BYTES_MAX + 1];
    struct book *book;
    struct lint_book facts;
    struct record record;
    assert_ok(book_open(in_folder(folder, "a.book"), BOOK_WRITE, &book));
    struct hash older = put_environment(book, "1", h100), newer = put_environment(book, "2", h100);
    struct hash other = put_environment(book, "2", mi300x);
    struct hash kernel = put_numbered_kernel(book, 7, "sm_90a"),
                foreign = put_numbered_kernel(book, 8, "gfx942");
    make_key("gemm bf16 nt m=16 n=4096 k=4096", h100, first);
    make_key("gemm bf16 nt m=16 n=4096 k=8192", h100, second);
    put_entry(book, first, &kernel, &older, 10);
    put_entry(book, second, &kernel, &newer, 20);
    assert_ok(lint_book_open(book, &facts));
    assert_ok(book_get_record(book, first, &record));
    check_record(&facts.sources, first, &record, "stale@0 lost-source@0");
    struct hash source = numbered_hash(1 << 20);
    lint_book_close(&facts);
    assert_ok(book_put_source(book, &source, "the source", 10));
    assert_ok(lint_book_open(book, &facts));
    assert_ok(book_get_record(book, second, &record));
    check_record(&facts.sources, second, &record, "");
    put_entry(book, second, &foreign, &other, 15);
    assert_ok(book_get_record(book, second, &record));
    check_record(&facts.sources, second, &record, "other-class@0 stale@0 other-target@0"); /* by its hash */
    lint_book_close(&facts);
    assert_ok(book_close(book));
    folder_end(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic), cmocka_unit_test(memory),     cmocka_unit_test(launches),
        cmocka_unit_test(cpus),       cmocka_unit_test(objections), cmocka_unit_test(timings),
        cmocka_unit_test(provenance), cmocka_unit_test(keys),       cmocka_unit_test(callers),
        cmocka_unit_test(the_table),  cmocka_unit_test(books),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
