/* What stands between a user and AMD's GPUs, from folders that look like /dev and /sys. */
#include "tests/base/check.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/device/amd_nodes.h"

static char root[64];

static void shell(const char *command)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "cd '%s' && %s", root, command);
    assert_int_equal(system(whole), 0);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/tunebook-nodes-XXXXXX");
    return mkdtemp(root) ? 0 : 1;
}

static int remove_root(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static struct amd_nodes_words look(const struct amd_who *who, enum amd_nodes_state expected)
{
    struct amd_nodes nodes;
    struct amd_nodes_words words;
    amd_nodes_look(root, who, &nodes);
    assert_int_equal(nodes.state, expected);
    amd_nodes_tell(&nodes, &words);
    return words;
}

#define GPU                                                                                      \
    "d=sys/bus/pci/devices/0000:05:00.0; mkdir -p $d; echo 0x1002 > $d/vendor; echo 0x120000 > " \
    "$d/class"

static void test_no_gpu(void **state)
{
    (void)state;
    shell(
        "d=sys/bus/pci/devices/0000:01:00.0; mkdir -p $d; echo 0x10de > $d/vendor; echo 0x030000 > $d/class");
    shell(
        "d=sys/bus/pci/devices/0000:00:14.0; mkdir -p $d; echo 0x1002 > $d/vendor; echo 0x0c0500 > $d/class");
    struct amd_nodes_words words = look(NULL, AMD_NODES_NO_GPU);
    assert_string_equal(words.found, "");
    assert_string_equal(words.advice, "");
}

static void test_no_driver(void **state)
{
    (void)state;
    shell(GPU);
    struct amd_nodes_words words = look(NULL, AMD_NODES_NO_DRIVER);
    assert_string_equal(words.found, "1 AMD GPU, and the kernel's driver amdgpu is not loaded");
    assert_non_null(strstr(words.advice, "amdgpu-dkms"));
}

/* The driver is the host's, the nodes are the container's. */
static void test_container(void **state)
{
    (void)state;
    shell(GPU "; mkdir -p sys/module/amdgpu");
    struct amd_nodes_words words = look(NULL, AMD_NODES_NO_KFD);
    assert_non_null(strstr(words.advice, "CONFIG_HSA_AMD"));
    assert_non_null(strstr(words.advice, "--device=/dev/kfd --device=/dev/dri --group-add render"));
    shell("touch .dockerenv");
    words = look(NULL, AMD_NODES_NO_KFD);
    assert_string_equal(words.advice, "start the container with --device=/dev/kfd --device=/dev/dri "
                                      "--group-add video --group-add render");
    shell("mkdir dev; touch dev/kfd");
    words = look(NULL, AMD_NODES_NO_RENDER);
    assert_non_null(strstr(words.found, "no /dev/dri/renderD*"));
}

static void test_denied(void **state)
{
    const gid_t own[] = {4242};
    const struct amd_who who = {4242, own, 1}, super = {0, own, 1};
    struct amd_nodes_words words;
    char expected[256];
    (void)state;
    shell(GPU
          "; mkdir -p sys/module/amdgpu dev/dri; touch dev/kfd dev/dri/renderD128 dev/dri/renderD129; chmod "
          "660 dev/kfd dev/dri/*");
    shell("d=sys/class/drm/renderD129/device; mkdir -p $d; echo 0x10de > $d/vendor; chmod 0 "
          "dev/dri/renderD129");
    shell("echo 6.12.12 > sys/module/amdgpu/version");
    words = look(&who, AMD_NODES_DENIED);
    const struct group *group = getgrgid(getgid());
    assert_non_null(group);
    snprintf(expected, sizeof expected, "/dev/kfd: permission denied; group %s owns it", group->gr_name);
    assert_string_equal(words.found, expected);
    snprintf(expected, sizeof expected,
             "add yourself to group %s: usermod -aG %s USER as root, then log in again", group->gr_name,
             group->gr_name);
    assert_string_equal(words.advice, expected);
    look(&super, AMD_NODES_FINE);
    look(NULL, AMD_NODES_FINE);
    const gid_t joined[] = {4242, getgid()};
    const struct amd_who member = {4242, joined, 2};
    words = look(&member, AMD_NODES_FINE); /* NVIDIA's node is not asked */
    assert_string_equal(words.found, "");
    shell("chmod 666 dev/kfd; chmod 640 dev/dri/renderD128");
    words = look(&member, AMD_NODES_DENIED);
    assert_non_null(strstr(words.found, "/dev/dri/renderD128: permission denied"));
}

/* As Debian has it, and in a container where the number has no name. */
static void test_groups(void **state)
{
    struct amd_nodes nodes = {.state = AMD_NODES_DENIED, .node = "/dev/kfd", .group = "render"};
    struct amd_nodes_words words;
    (void)state;
    amd_nodes_tell(&nodes, &words);
    assert_string_equal(
        words.advice,
        "add yourself to group render: usermod -aG render,video USER as root, then log in again");
    strcpy(nodes.group, "109");
    amd_nodes_tell(&nodes, &words);
    assert_non_null(strstr(words.advice, "groupadd -g 109 render"));
    nodes.in_container = true;
    amd_nodes_tell(&nodes, &words);
    assert_string_equal(words.advice, "start the container with --group-add 109");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_gpu, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_no_driver, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_container, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_denied, make_root, remove_root),
        cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
