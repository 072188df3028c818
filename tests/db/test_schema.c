#include "tests/db/samples.h"
#include "tuner/base/crc32c.h"

static void encode_record(const void *value, struct text *out)
{
    record_encode(value, out);
}
static void encode_descriptor(const void *value, struct text *out)
{
    descriptor_encode(value, out);
}
static void encode_trial(const void *value, struct text *out)
{
    trial_encode(value, out);
}

static union any {
    struct record record;
    struct descriptor descriptor;
    struct trial trial;
} decoded;

static enum status decode_record(const void *bytes, size_t size)
{
    return record_decode(bytes, size, &decoded.record);
}
static enum status decode_descriptor(const void *bytes, size_t size)
{
    return descriptor_decode(bytes, size, &decoded.descriptor);
}
static enum status decode_trial(const void *bytes, size_t size)
{
    return trial_decode(bytes, size, &decoded.trial);
}

static void sample_record_of(struct rng *rng, struct arena *arena, union any *out)
{
    (void)arena;
    sample_record(rng, &out->record);
}
static void sample_descriptor_of(struct rng *rng, struct arena *arena, union any *out)
{
    sample_descriptor(rng, arena, &out->descriptor);
}
static void sample_trial_of(struct rng *rng, struct arena *arena, union any *out)
{
    sample_trial(rng, arena, &out->trial);
}

static const struct codec {
    const char *name;
    void (*sample)(struct rng *rng, struct arena *arena, union any *out);
    void (*encode)(const void *value, struct text *out);
    enum status (*decode)(const void *bytes, size_t size);
} codecs[] = {
    {"record", sample_record_of, encode_record, decode_record},
    {"descriptor", sample_descriptor_of, encode_descriptor, decode_descriptor},
    {"trial", sample_trial_of, encode_trial, decode_trial},
};

/* In a block of exactly its size, so that ASan sees one byte too many. */
static enum status decode_exact(const struct codec *codec, const void *bytes, size_t size)
{
    void *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, bytes, size);
    enum status status = codec->decode(copy, size);
    free(copy);
    return status;
}

/* Encoding what was decoded gives the same bytes: nothing is lost, and one value has one encoding. */
static void round_trips(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    static union any value;
    for (size_t i = 0; i < N_OF(codecs); i++)
        for (size_t n = 0; n < test_scaled(300); n++) {
            struct arena arena = {0};
            struct text once = {0}, twice = {0};
            codecs[i].sample(&rng, &arena, &value);
            text_append(&once, "in front");
            codecs[i].encode(&value, &once);
            assert_ok(codecs[i].decode(once.data + 8, once.size - 8));
            codecs[i].encode(&decoded, &twice);
            assert_int_equal(twice.size, once.size - 8);
            assert_memory_equal(twice.data, once.data + 8, twice.size);
            text_free(&once);
            text_free(&twice);
            arena_free(&arena);
        }
}

static void fields_arrive(void **state)
{
    (void)state;
    struct rng rng;
    struct arena arena = {0};
    struct text bytes = {0};
    static struct descriptor descriptor;
    rng_seed(&rng, 2);
    do sample_descriptor(&rng, &arena, &descriptor);
    while (descriptor.n_names == 0 || descriptor.n_steps == 0 || !descriptor.steps[0].entry ||
           !descriptor.resources.accumulators);
    descriptor_encode(&descriptor, &bytes);
    assert_ok(decode_descriptor(bytes.data, bytes.size));
    const struct descriptor *back = &decoded.descriptor;
    assert_memory_equal(&back->code, &descriptor.code, sizeof descriptor.code);
    assert_string_equal(back->op, descriptor.op);
    assert_string_equal(back->definitions, descriptor.definitions);
    assert_int_equal(back->n_names, descriptor.n_names);
    assert_string_equal(back->names[0], descriptor.names[0]);
    assert_int_equal(back->parameter_values[0], descriptor.parameter_values[0]);
    assert_string_equal(back->steps[0].entry, descriptor.steps[0].entry);
    assert_int_equal(back->steps[0].block[2].size, descriptor.steps[0].block[2].size);
    assert_memory_equal(back->steps[0].block[2].bytes, descriptor.steps[0].block[2].bytes,
                        descriptor.steps[0].block[2].size);
    assert_memory_equal(&back->resources, &descriptor.resources, sizeof descriptor.resources);
    text_free(&bytes);
    arena_free(&arena);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3);
    static union any value;
    for (size_t i = 0; i < N_OF(codecs); i++)
        for (size_t n = 0; n < test_scaled(3); n++) {
            struct arena arena = {0};
            struct text bytes = {0};
            codecs[i].sample(&rng, &arena, &value);
            codecs[i].encode(&value, &bytes);
            for (size_t size = 0; size < bytes.size; size++)
                assert_int_equal(decode_exact(&codecs[i], bytes.data, size), STATUS_BAD_DATA);
            text_free(&bytes);
            arena_free(&arena);
        }
}

static void seal(uint8_t *bytes, size_t size)
{
    uint32_t crc = crc32c(bytes, size - 4);
    for (int i = 0; i < 4; i++) bytes[size - 4 + (size_t)i] = (uint8_t)(crc >> 8 * i);
}

/* Flips without a new checksum are always seen; with one they are decoded or refused, but never read outside.
 */
static void mutations_never_read_outside(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 4);
    static union any value;
    for (size_t i = 0; i < N_OF(codecs); i++)
        for (size_t n = 0; n < test_scaled(2000); n++) {
            struct arena arena = {0};
            struct text bytes = {0};
            codecs[i].sample(&rng, &arena, &value);
            codecs[i].encode(&value, &bytes);
            size_t size = bytes.size;
            if (rng_below(&rng, 4) == 0) size = 6 + (size_t)rng_below(&rng, size - 5);
            for (uint64_t k = 0, flips = 1 + rng_below(&rng, 3); k < flips; k++)
                bytes.data[rng_below(&rng, size)] ^= (char)(1 << rng_below(&rng, 8));
            if (size == bytes.size && rng_below(&rng, 2)) {
                /* One flip may undo another; what is left equal must decode. */
                struct text again = {0};
                codecs[i].encode(&value, &again);
                bool same = !memcmp(again.data, bytes.data, size);
                assert_int_equal(decode_exact(&codecs[i], bytes.data, size),
                                 same ? STATUS_OK : STATUS_BAD_DATA);
                text_free(&again);
            } else {
                seal((uint8_t *)bytes.data, size);
                enum status status = decode_exact(&codecs[i], bytes.data, size);
                assert_true(status == STATUS_OK || status == STATUS_BAD_DATA);
            }
            text_free(&bytes);
            arena_free(&arena);
        }
}

/* What a descriptor had when there were no tensor maps. */
static struct descriptor plain_descriptor(void)
{
    static const uint8_t code[] = {1, 2, 3, 4, 5};
    const struct blob one = {code, 1}, two = {code + 1, 2}, five = {code, 5};
    struct descriptor descriptor = {.code = numbered_hash(1),
                                    .source = numbered_hash(2),
                                    .op = "gemm",
                                    .template_name = "plain",
                                    .configuration = "TILE=16",
                                    .definitions = "A_TYPE=DTYPE_F32",
                                    .target = "sm_90a",
                                    .compiler = "nvrtc 13.0",
                                    .args_abi = 1,
                                    .n_names = 2,
                                    .names = {"m", "TILE"},
                                    .is_parameter = {0, 1},
                                    .parameter_values = {0, 16},
                                    .n_clauses = 1,
                                    .clauses = {five},
                                    .clause_texts = {"m > 1"},
                                    .workspace_bytes = two,
                                    .deterministic = 1,
                                    .n_steps = 2,
                                    .code_bytes = 4096,
                                    .resources = {.registers = 128, .shared_bytes = 1024, .spill_bytes = 8}};
    descriptor.steps[0] = (struct descriptor_step){.when = one, .zero_offset = one, .zero_bytes = two};
    descriptor.steps[1] =
        (struct descriptor_step){.entry = "kernel", .grid = {five, one, one}, .shared_bytes = two};
    return descriptor;
}

/* The bytes are those that the first version wrote (its hash of them stands here), and what it did not know
 * makes a newer format, which it refuses. */
static void descriptors_keep_the_oldest_format(void **state)
{
    (void)state;
    static struct descriptor descriptor;
    struct text bytes = {0}, newer = {0};
    char hex[2 * SHA256_BYTES + 1];
    descriptor = plain_descriptor();
    descriptor_encode(&descriptor, &bytes);
    struct hash hash = sha256_of(bytes.data, bytes.size);
    for (size_t i = 0; i < SHA256_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", hash.bytes[i]);
    assert_string_equal(hex, "504c751e6e351f29ed985c1eb00f4dea6fc1b20308622a579214ee08194bd7ad");
    descriptor.n_maps = 1;
    descriptor.maps[0] = (struct descriptor_map){.operand = "a", .box = {descriptor.steps[1].grid[0]}};
    descriptor_encode(&descriptor, &newer);
    assert_int_equal(newer.data[1], 2);
    assert_ok(decode_descriptor(newer.data, newer.size));
    assert_string_equal(decoded.descriptor.maps[0].operand, "a");
    assert_int_equal(decoded.descriptor.maps[0].box[0].size, 5);
    assert_int_equal(decoded.descriptor.maps[0].box[1].size, 0);
    newer.data[1] = 4;
    seal((uint8_t *)newer.data, newer.size);
    assert_fails(decode_descriptor(newer.data, newer.size), STATUS_BAD_DATA,
                 "descriptor: format 4, this program reads 1 to 3");
    descriptor.n_maps = 0;
    descriptor.steps[1].programmatic = descriptor.steps[1].grid[1];
    text_clear(&newer);
    descriptor_encode(&descriptor, &newer);
    assert_int_equal(newer.data[1], 2);
    assert_ok(decode_descriptor(newer.data, newer.size));
    assert_int_equal(decoded.descriptor.steps[1].programmatic.size, 1);
    assert_int_equal(decoded.descriptor.steps[1].cooperative.size, 0);
    descriptor.resources.accumulators = 64;
    text_clear(&newer);
    descriptor_encode(&descriptor, &newer);
    assert_int_equal(newer.data[1], 3);
    assert_ok(decode_descriptor(newer.data, newer.size));
    assert_int_equal(decoded.descriptor.resources.accumulators, 64);
    assert_int_equal(decoded.descriptor.resources.registers, 128);
    assert_int_equal(decoded.descriptor.steps[1].programmatic.size, 1);
    text_free(&bytes);
    text_free(&newer);
}

/* A well-formed record, one field wrong: the line names it. */
static void record_errors_are_exact(void **state)
{
    (void)state;
    struct record record = {0};
    struct rng rng;
    rng_seed(&rng, 5);
    for (int i = 0; i < 2; i++) {
        struct record_entry entry = sample_entry(&rng);
        entry.evidence = (uint8_t)i;
        record_insert(&record, &entry);
    }
    enum { HEAD = 2 + 1 + 8 + 8 + 32, ENTRY = 134 };
    const struct {
        size_t at;
        uint8_t byte;
        const char *line;
    } cases[] = {
        {0, 'D', "record: kind 0x44 where 0x52 belongs"},
        {1, 2, "record: format 2, this program reads 1"},
        {2, 65, "record: 65 entries, at most 64 fit"},
        {2, 3, "record: 323 bytes do not hold 3 entries"},
        {HEAD - 1, 'x', "record: the baseline's name is not terminated"},
        {HEAD + 64, 3, "record: evidence 3 is unknown"},
        {HEAD + 65, 2, "record: verified is 2, neither 0 nor 1"},
        {HEAD + 64, 2, "record: entry 1 is not behind entry 0"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct text bytes = {0};
        record_encode(&record, &bytes);
        assert_int_equal(bytes.size, HEAD + 2 * ENTRY + 4);
        bytes.data[cases[i].at] = (char)cases[i].byte;
        assert_fails(decode_record(bytes.data, bytes.size), STATUS_BAD_DATA,
                     "record: the checksum differs, the value is damaged");
        seal((uint8_t *)bytes.data, bytes.size);
        assert_fails(decode_record(bytes.data, bytes.size), STATUS_BAD_DATA, cases[i].line);
        text_free(&bytes);
    }
    assert_fails(decode_record("R\1", 2), STATUS_BAD_DATA, "record: 2 bytes are too short");
    assert_fails(decode_trial("T\1", 0), STATUS_BAD_DATA, "trial: 0 bytes are too short");
}

static void names_are_those_of_the_tables(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_OK), "ok");
    assert_string_equal(verdict_name(VERDICT_OUT_OF_BOUNDS), "out_of_bounds");
    assert_string_equal(verdict_name(VERDICT_STARTED), "started");
    assert_string_equal(verdict_name(VERDICT_COUNT), "unknown");
    assert_string_equal(evidence_name(EVIDENCE_MEASURED), "measured");
    assert_string_equal(evidence_name(EVIDENCE_DEFAULT), "default");
    assert_string_equal(evidence_name((enum evidence)7), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(fields_arrive),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(mutations_never_read_outside),
        cmocka_unit_test(descriptors_keep_the_oldest_format),
        cmocka_unit_test(record_errors_are_exact),
        cmocka_unit_test(names_are_those_of_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
