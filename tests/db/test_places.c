/* Places that fail: a full disk, a read-only file system, a network file system, its scratch folder full.
 * Each operation of operations.h either does all of its work or says in one line why not, and what was there
 * before is as it was. */
#include <sched.h>
#include <sys/mount.h>
#include "tests/db/operations.h"

enum { SMALL_BYTES = 8 << 10, STEP_NUMERATOR = 3, STEP_DENOMINATOR = 2 };

static bool can_mount;

/* A mount namespace of our own, if that is allowed: with root's rights, or in a user namespace. */
static bool enter_namespace(void)
{
    if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWNS | CLONE_NEWUSER)) return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool mount_small(size_t bytes)
{
    char options[64];
    snprintf(options, sizeof options, "size=%zu", bytes);
    return mount("none", in_place("small"), "tmpfs", 0, options) == 0;
}

static int begin(void **state)
{
    (void)state;
    can_mount = enter_namespace();
    place_begin(400, 4);
    mkdir(in_place("small"), 0755);
    mkdir(in_place("scratch"), 0755);
    mkdir(in_place("share"), 0755);
    can_mount = can_mount && mount_small(1 << 20);
    if (can_mount) umount(in_place("small"));
    if (!can_mount) print_message("skipped: no file system may be mounted here\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    place_end();
    return 0;
}

/* Refused with exit code 5 and one line that names `named`; all is as before. */
static void is_refused(const struct operation *operation, int code, const char *named)
{
    const char *line = talk();
    const char *end = strchr(line, '\n');
    if (code != 5) fail_msg("%s: exit code %d: %s", operation->name, code, line);
    if (strncmp(line, "autotune: ", 10) || !strstr(line, named) || !end || end[1])
        fail_msg("%s: no one line that names %s: %s", operation->name, named, line);
    if (!target_is_before(operation)) fail_msg("%s: refused, but something is changed", operation->name);
    target_is_sound(operation);
}

static off_t size_of(const char *leaf)
{
    struct stat info;
    return leaf && stat(in_place(leaf), &info) == 0 ? info.st_size : 0;
}

/* From a disk that holds nothing to one that is large enough. */
static void full_disks(void **state)
{
    (void)state;
    if (!can_mount) skip();
    set_target("small/target");
    for (size_t i = 0; i < N_OF(operations); i++) {
        const struct operation *operation = &operations[i];
        int refused = 0, code = 5;
        size_t room = SMALL_BYTES;
        for (; code; room = room * STEP_NUMERATOR / STEP_DENOMINATOR) {
            assert_true(mount_small((size_t)size_of(operation->from) + room));
            prepare(operation);
            code = finish(start(operation));
            if (code) is_refused(operation, code, "small/target");
            refused += code != 0;
            assert_int_equal(leftovers(in_place("small")), 0);
            if (!code) assert_true(target_is_after(operation));
            unlink(place.target);
            assert_int_equal(umount(in_place("small")), 0);
        }
        print_message("%s: %d disks were too small\n", operation->name, refused);
        assert_true(refused > 0);
    }
}

static void read_only(void **state)
{
    (void)state;
    if (!can_mount) skip();
    set_target("small/target");
    for (size_t i = 0; i < N_OF(operations); i++) {
        const struct operation *operation = &operations[i];
        assert_true(mount_small(16 << 20));
        prepare(operation);
        assert_int_equal(mount(NULL, in_place("small"), NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        int code = finish(start(operation));
        if (!strstr(talk(), "Read-only file system")) fail_msg("%s: %s", operation->name, talk());
        is_refused(operation, code, "small/target");
        assert_int_equal(umount(in_place("small")), 0);
    }
}

/* Everything works where the target's file system is one of a network: in a scratch folder, by publication.
 */
static void network(void **state)
{
    (void)state;
    set_target("share/target");
    for (size_t i = 0; i < N_OF(operations); i++) {
        const struct operation *operation = &operations[i];
        prepare(operation);
        pretend_network(true, "scratch");
        int code = finish(start(operation));
        pretend_network(false, NULL);
        if (operation->makes == A_LOCAL_BOOK)
            assert_true(code == 2 && strstr(talk(), "on a network file system"));
        else if (code || !target_is_after(operation))
            fail_msg("%s: %d %s", operation->name, code, talk());
        assert_int_equal(leftovers(in_place("share")), 0);
    }
}

/* The local folder to work in is full. */
static void full_scratch(void **state)
{
    (void)state;
    if (!can_mount) skip();
    set_target("share/target");
    for (size_t i = 0; i < N_OF(operations); i++) {
        const struct operation *operation = &operations[i];
        if (operation->makes == A_LOCAL_BOOK) continue;
        assert_true(mount_small(8 << 10));
        prepare(operation);
        pretend_network(true, "small");
        int code = finish(start(operation));
        pretend_network(false, NULL);
        is_refused(operation, code, "No space left on device");
        assert_int_equal(leftovers(in_place("share")), 0);
        assert_int_equal(umount(in_place("small")), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_disks),
        cmocka_unit_test(read_only),
        cmocka_unit_test(network),
        cmocka_unit_test(full_scratch),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
