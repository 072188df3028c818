/* Bundles that want to do harm, or are damaged: each is refused by name, and the book stays as it was. */
#include "tests/db/hostile_bundle.h"

static char *folder;
static struct hash before;

static int set_up(void **state)
{
    (void)state;
    folder = folder_begin();
    make_sample_book(in_folder(folder, "a.book"), false);
    export_to(in_folder(folder, "a.book"), in_folder(folder, "good.bundle"), false);
    struct book *book = open_book(in_folder(folder, "b.book"), BOOK_WRITE);
    put_sample_environment(book, 9);
    put_numbered_kernel(book, 2, "gfx942");
    assert_ok(book_close(book));
    before = content_of(in_folder(folder, "b.book"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static void assert_book_unchanged(void)
{
    struct hash after = content_of(in_folder(folder, "b.book"));
    assert_memory_equal(before.bytes, after.bytes, sizeof after.bytes);
}

static void assert_file_refused(const char *why)
{
    struct bundle_report report;
    enum status status =
        import_from(in_folder(folder, "x.bundle"), in_folder(folder, "b.book"), false, &report);
    if (status != STATUS_BAD_DATA || !strstr(status_message(), why))
        fail_msg("'%s' expected, got %s: %s", why, status_name(status), status_message());
    assert_book_unchanged();
    /* Neither does a book appear where none was. */
    assert_int_equal(import_from(in_folder(folder, "x.bundle"), in_folder(folder, "c.book"), false, &report),
                     STATUS_BAD_DATA);
    assert_int_equal(access(in_folder(folder, "c.book"), F_OK), -1);
}

static void assert_refused(const struct bundle_parts *parts, const char *why)
{
    parts_write(parts, in_folder(folder, "x.bundle"));
    assert_file_refused(why);
}

static void good(struct bundle_parts *parts)
{
    parts_read(in_folder(folder, "good.bundle"), parts);
}

/* The generator itself makes what is taken. */
static void test_unchanged_is_taken(void **state)
{
    (void)state;
    static struct bundle_parts parts;
    struct bundle_report report;
    good(&parts);
    parts_mend(&parts);
    parts_write(&parts, in_folder(folder, "x.bundle"));
    assert_ok(import_from(in_folder(folder, "x.bundle"), in_folder(folder, "taken.book"), false, &report));
    assert_same_content(in_folder(folder, "a.book"), in_folder(folder, "taken.book"));
    parts_free(&parts);
}

static void test_members(void **state)
{
    (void)state;
    static struct bundle_parts parts;
    const struct {
        const char *name, *why;
    } names[] = {{"../../etc/cron.d/x", "leads out of the bundle"},
                 {"/etc/passwd", "leads out of the bundle"},
                 {"code/../../x", "leads out of the bundle"},
                 {"code/x", "is not in its manifest"},
                 {"manifest.json", "member 'manifest.json' a second time"},
                 {"environments.jsonl", "member 'environments.jsonl' a second time"},
                 {"records.jsonl", "member 'records.jsonl' a second time"}};
    for (size_t at = 3; at < 8; at += 4)
        for (size_t i = 0; i < N_OF(names); i++) {
            good(&parts);
            part_insert(&parts, at, names[i].name, "x");
            assert_refused(&parts, names[i].why);
            parts_free(&parts);
        }
    good(&parts);
    part_insert(&parts, parts.n, "extra", "x");
    assert_refused(&parts, "is not in its manifest");
    parts_free(&parts);
    good(&parts);
    parts.n--;
    assert_refused(&parts, "is missing");
    parts.n++;
    parts_free(&parts);
    good(&parts);
    struct member first = parts.members[1];
    parts.members[1] = parts.members[2], parts.members[2] = first;
    assert_refused(&parts, "member 'records.jsonl' where 'environments.jsonl' belongs");
    parts_free(&parts);
    good(&parts);
    first = parts.members[0];
    parts.members[0] = parts.members[1], parts.members[1] = first;
    assert_refused(&parts, "stands first, where manifest.json belongs");
    parts_free(&parts);
}

static void test_links_and_devices(void **state)
{
    (void)state;
    static struct bundle_parts parts;
    const struct {
        unsigned type;
        const char *link, *why;
        char link_kind;
    } kinds[] = {{AE_IFLNK, "/etc/passwd", "is a symbolic link", 's'},
                 {0, "manifest.json", "is a hard link", 0},
                 {AE_IFDIR, NULL, "is a folder", 0},
                 {AE_IFCHR, NULL, "is a device", 0},
                 {AE_IFBLK, NULL, "is a device", 0},
                 {AE_IFIFO, NULL, "is no plain file", 0}};
    for (size_t i = 0; i < N_OF(kinds); i++)
        for (size_t at = 0; at < 6; at += 3) {
            good(&parts);
            struct member *member = &parts.members[at];
            member->type = kinds[i].type, member->link = kinds[i].link,
            member->link_kind = kinds[i].link_kind;
            assert_refused(&parts, kinds[i].why);
            parts_free(&parts);
        }
}

/* ---- what texts say; sizes and hashes are put right ---- */

struct edit {
    const char *member, *from, *to, *why;
};

static void assert_edits_refused(const struct edit *edits, size_t n)
{
    static struct bundle_parts parts;
    for (size_t i = 0; i < n; i++) {
        good(&parts);
        text_replace(&part(&parts, edits[i].member)->bytes, edits[i].from, edits[i].to);
        if (strcmp(edits[i].member, "manifest") != 0) parts_mend(&parts);
        assert_refused(&parts, edits[i].why);
        parts_free(&parts);
    }
}

static void test_manifests(void **state)
{
    (void)state;
    static const struct edit edits[] = {
        {"manifest", "tunebook-bundle", "other-bundle", "format 'other-bundle'"},
        {"manifest", "\"version\":1", "\"version\":2", "version 2, this program reads 1; update Tunebook"},
        {"manifest", "\"version\":1", "\"version\":0", "version 0, this program reads 1"},
        {"manifest", "\"schema\":1", "\"schema\":7", "schema 7, this program reads 1; update Tunebook"},
        {"manifest", "\"code\":true", "\"code\":false", "\"code\" is false, with 6 code objects"},
        {"manifest", "\"code\":true", "\"coda\":true", "unknown field 'coda'; did you mean 'code'?"},
        {"manifest", "\"code\":true,", "", "field 'counts' where 'code' belongs"},
        {"manifest", "\"code\":true", "\"schema\":1", "field 'schema' a second time"},
        {"manifest", "\"code\":true", "\"code\": true", "neither true nor false"},
        {"manifest", "\"records\":40", "\"records\":41", "40 records, the manifest says 41"},
        {"manifest", "\"entries\":100", "\"entries\":99", "100 entries, the manifest says 99"},
        {"manifest", "\"environments\":3", "\"environments\":4", "3 environments, the manifest says 4"},
        {"manifest", "\"environments\":3", "\"environments\":2", "more environments than the manifest says"},
        {"manifest", "\"environments\":3", "\"environments\":99999999", "99999999 environments in"},
        {"manifest", "\"codes\":6", "\"codes\":5", "6 members code/ where 5 belong"},
        {"manifest", "\"descriptors\":6", "\"descriptors\":18446744073709551615", "members descriptors/"},
        {"manifest", "\"descriptors\":6", "\"descriptors\":18446744073709551616", "larger than"},
        {"manifest", "{\"name\":\"records.jsonl\",\"bytes\":", "{\"name\":\"records.jsonl\",\"bytes\":1",
         "member 'records.jsonl' has"},
        {"manifest", "{\"name\":\"records.jsonl\",\"bytes\":", "{\"name\":\"records.jsonl\",\"bytes\":999",
         "claims to unpack to"},
        {"manifest", "{\"name\":\"records.jsonl\",\"bytes\":",
         "{\"name\":\"records.jsonl\",\"bytes\":99999999", "larger than 8589934591"},
        {"manifest", "{\"name\":\"records.jsonl\"", "{\"name\":\"environments.jsonl\"",
         "member 'environments.jsonl' a second time"},
        {"manifest", "{\"name\":\"environments.jsonl\"", "{\"name\":\"../x\"",
         "no name of a bundle's member"},
        {"manifest", "{\"name\":\"code/", "{\"name\":\"descriptors/", "member 'descriptors/"},
        {"manifest", "\"members\":[", "\"members\":[,", "no field 'name'"},
        {"manifest", "]}\n", "]}\n\n", "1 bytes left over"},
    };
    assert_edits_refused(edits, N_OF(edits));
    static struct bundle_parts parts;
    good(&parts);
    part_set(&parts.members[0], "");
    assert_refused(&parts, "manifest.json, column 1: no field 'format'");
    parts_free(&parts);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct edit edits[] = {
        {"records", "\"baseline\"", "\"base\"", "line 1, column"},
        {"records", "\"baseline\":", "\"colour\":", "unknown field 'colour'"},
        {"records", ",\"default_ns\":205", "", "field 'entries' where 'default_ns' belongs"},
        {"records", "\"verified\":", "\"flags\":", "out of order"},
        {"records", "\"verified\":", "\"evidence\":", "field 'evidence' a second time"},
        {"records", "\"samples\":", "\"samples\": ", "no whole number"},
        {"records", "\"samples\":", "\"samples\":0", "a number with a leading zero"},
        {"records", "\"samples\":", "\"samples\":-", "no whole number"},
        {"records", "\"samples\":", "\"samples\":99999999999", "larger than 4294967295"},
        {"records", "\"median_ns\":", "\"median_ns\":99999999999999999999", "larger than"},
        {"records", "\"evidence\":\"", "\"evidence\":\"un", "unknown evidence 'un"},
        {"records", "\"kernel\":\"", "\"kernel\":\"A", "no SHA-256"},
        {"records", "\"launches\":20", "\"launches\":1e1", "no field"},
        {"records", "}]}\n", "},]}\n", "no field 'kernel'"},
        {"records", "}]}\n", "}]} \n", "bytes left over"},
        {"records", "}]}\n", "}]}\n\n", "line 2, column 1: no field 'key'"},
        {"records", "n=0000000016", "n=16", "a size is not NAME=0123456789"},
        {"records", "@gfx942", "gfx942", "record key"},
        {"records", "vendor ", "vendor\t", "not printable ASCII"},
        {"records", "vendor ", "vendor\\n", "an escape but"},
        {"records", "vendor ", "vendor that has a name too long for this", "more than 31 characters"},
        {"records", "\"attention/", "\"zzz/", "a second time, or out of order"},
        {"environments", "\"facts\":{", "\"facts\":{ ", "another SHA-256"},
        {"environments", "\"facts\":", "\"fact\":", "unknown field 'fact'; did you mean 'facts'?"},
        {"environments", "\"facts\":{\"device\":\"sample\"", "\"facts\":[\"device\"", "no object"},
    };
    assert_edits_refused(edits, N_OF(edits));
}

/* ---- what texts refer to ---- */

static void test_references(void **state)
{
    (void)state;
    static struct bundle_parts parts;
    /* Each hash that a first entry names becomes another one. */
    for (int k = 0; k < 2; k++) {
        good(&parts);
        struct text *records = &part(&parts, "records")->bytes;
        char *at = strstr(records->data, k ? "\"environment\":\"" : "\"kernel\":\"") + (k ? 15 : 10);
        memset(at, 'a', 64);
        parts_mend(&parts);
        assert_refused(&parts, k ? "environment aaaa" : "kernel aaaa");
        parts_free(&parts);
    }
    good(&parts);
    part_set(part(&parts, "code/"), "other code");
    parts_mend(&parts);
    assert_refused(&parts, "its name is not its SHA-256");
    parts_free(&parts);
    good(&parts);
    struct text *descriptor = &part(&parts, "descriptors/")->bytes;
    descriptor->data[descriptor->size / 2] ^= 1;
    parts_mend(&parts);
    assert_refused(&parts, "the checksum differs");
    parts_free(&parts);
    /* The manifest's hashes are asked too. */
    const char *const members[] = {"environments", "records", "descriptors/", "sources/", "code/"};
    for (size_t i = 0; i < N_OF(members); i++) {
        good(&parts);
        struct text *manifest = &parts.members[0].bytes;
        char name[64];
        snprintf(name, sizeof name, "{\"name\":\"%s", members[i]);
        char *hash = strstr(strstr(manifest->data, name), "\"sha256\":\"") + 10;
        *hash = *hash == '0' ? '1' : '0';
        assert_refused(&parts,
                       i == 4 ? "its name is not its SHA-256" : "has another SHA-256 than the manifest says");
        parts_free(&parts);
    }
}

/* A kernel that no record names hides nothing useful. */
static void test_unnamed(void **state)
{
    (void)state;
    static struct bundle_parts parts;
    good(&parts);
    part_set(part(&parts, "records"), "");
    text_replace(&parts.members[0].bytes, "\"records\":40,\"entries\":100", "\"records\":0,\"entries\":0");
    parts_mend(&parts);
    assert_refused(&parts, "no entry names this kernel");
    parts_free(&parts);
}

/* ---- bombs, and what follows ---- */

static void test_bombs(void **state)
{
    (void)state;
    static struct bundle_parts parts;
    struct text zeros = {0}, tar, packed;
    char *block = calloc(1, 1 << 20);
    good(&parts);
    tar = tar_of(&parts, false);
    /* A hundred mebibytes of zeros behind a good archive. */
    text_append_bytes(&zeros, tar.data, tar.size);
    for (int i = 0; i < 100; i++) text_append_bytes(&zeros, block, 1 << 20);
    packed = zstd_of(&zeros);
    write_sealed(in_folder(folder, "x.bundle"), &packed);
    assert_file_refused("unpacks to more than");
    text_free(&packed);
    /* A manifest that never ends. */
    text_clear(&zeros);
    size_t all = parts.n;
    parts.n = 1;
    text_clear(&parts.members[0].bytes);
    for (int i = 0; i < 80; i++) text_append_bytes(&parts.members[0].bytes, block, 1 << 20);
    assert_refused(&parts, "a manifest of 83886080 bytes");
    parts.n = all;
    /* Zstd in zstd. */
    packed = zstd_of(&tar);
    struct text twice = zstd_of(&packed);
    write_sealed(in_folder(folder, "x.bundle"), &twice);
    assert_file_refused("compressed more than once");
    text_free(&packed), text_free(&twice);
    /* Something behind the last member. */
    text_append_bytes(&tar, block, 512);
    text_append(&tar, "more");
    packed = zstd_of(&tar);
    write_sealed(in_folder(folder, "x.bundle"), &packed);
    assert_file_refused("data behind its last member");
    text_free(&packed), text_free(&tar), text_free(&zeros);
    parts_free(&parts);
    free(block);
}

static void test_other_files(void **state)
{
    (void)state;
    struct bundle_report report;
    char path[4096]; /* in_folder's texts do not live long */
    snprintf(path, sizeof path, "%s", in_folder(folder, "x.bundle"));
    struct text bytes = content(in_folder(folder, "good.bundle"));
    text_append(&bytes, "x");
    assert_ok(file_publish(path, bytes.data, bytes.size, 0644));
    assert_file_refused("no seal at its end: cut off, or something was appended");
    text_free(&bytes);
    assert_ok(file_publish(path, "", 0, 0644));
    assert_file_refused("no bundle: 0 bytes");
    struct text words = {0};
    for (int i = 0; i < 99; i++) text_append(&words, "only words ");
    assert_ok(file_publish(path, words.data, words.size, 0644));
    assert_file_refused("no bundle (not compressed by zstd); what another tool wrote needs --format");
    text_free(&words);
    words = (struct text){0};
    text_append(&words, "no tar archive");
    struct text packed = zstd_of(&words);
    write_sealed(path, &packed);
    assert_file_refused("x.bundle: ");
    text_free(&words), text_free(&packed);
    assert_int_equal(import_from(folder, in_folder(folder, "b.book"), false, &report), STATUS_BAD_DATA);
    assert_int_equal(import_from(in_folder(folder, "none"), in_folder(folder, "b.book"), false, &report),
                     STATUS_IO);
}

/* ---- damage ---- */

/* Bits flipped and ends cut off; a quarter of them sealed anew, so that the seal is not what finds them. */
static void test_damage(void **state)
{
    (void)state;
    struct rng rng;
    struct bundle_report report;
    struct text whole = content(in_folder(folder, "good.bundle"));
    char *path = strdup(in_folder(folder, "x.bundle")), *to = strdup(in_folder(folder, "b.book"));
    size_t n = test_scaled(10000), taken = 0;
    rng_seed(&rng, 3);
    for (size_t i = 0; i < n; i++) {
        struct text bytes = {0};
        text_append_bytes(&bytes, whole.data, whole.size);
        bool sealed = i % 4 == 0;
        if (sealed) bytes.size -= BUNDLE_SEAL_BYTES;
        if (i % 5 == 0)
            bytes.size = (size_t)rng_below(&rng, bytes.size);
        else
            bytes.data[rng_below(&rng, bytes.size)] ^= (char)(1 << rng_below(&rng, 8));
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        if (sealed) {
            uint8_t seal[BUNDLE_SEAL_BYTES];
            struct hash hash = sha256_of(bytes.data, bytes.size);
            bundle_seal(&hash, seal);
            text_append_bytes(&bytes, seal, sizeof seal);
        }
        fwrite(bytes.data, 1, bytes.size, file);
        fclose(file);
        text_free(&bytes);
        /* What is sealed anew may be another spelling of the same content. */
        enum status status = import_from(path, to, sealed, &report);
        if (status == STATUS_OK && sealed && report.counts.records == SAMPLE_RECORDS)
            taken++;
        else
            assert_int_equal(status, STATUS_BAD_DATA);
        if (i % 100 == 0) assert_book_unchanged();
    }
    assert_true(taken < n / 40);
    assert_book_unchanged();
    text_free(&whole);
    free(path), free(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged_is_taken),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_links_and_devices),
        cmocka_unit_test(test_manifests),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_unnamed),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
