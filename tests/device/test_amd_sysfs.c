/* What Linux tells of AMD's GPUs in files, from folders that look like /sys. */
#include "tests/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/device/amd_sysfs.h"

static char root[] = "/tmp/tunebook-sysfs-XXXXXX";

/* A file with its folders. */
static void put(const char *path, const char *text)
{
    char command[1024];
    snprintf(command, sizeof command, "f='%s/%s'; mkdir -p \"$(dirname \"$f\")\" && printf '%s' > \"$f\"",
             root, path, text);
    assert_int_equal(system(command), 0);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/tunebook-sysfs-XXXXXX");
    return mkdtemp(root) ? 0 : 1;
}

static int remove_root(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static void put_node(unsigned number, const char *gpu_id, const char *properties)
{
    char path[128];
    snprintf(path, sizeof path, "sys/class/kfd/kfd/topology/nodes/%u/gpu_id", number);
    put(path, gpu_id);
    snprintf(path, sizeof path, "sys/class/kfd/kfd/topology/nodes/%u/properties", number);
    put(path, properties);
}

static void put_process(unsigned pid, const char *gpu_id, const char *units)
{
    char path[128];
    snprintf(path, sizeof path, "sys/class/kfd/kfd/proc/%u/stats_%s/cu_occupancy", pid, gpu_id);
    put(path, units);
}

static void test_partition(void **state)
{
    struct amd_partition partition;
    (void)state;
    assert_false(amd_partition_read(root, "0000:05:00.0", &partition));
    put("sys/bus/pci/devices/0000:05:00.0/current_compute_partition", "CPX\\n");
    assert_true(amd_partition_read(root, "0000:05:00.0", &partition));
    assert_string_equal(partition.compute, "CPX");
    assert_string_equal(partition.memory, "");
    assert_int_equal(partition.memory_parts, 0);
    put("sys/bus/pci/devices/0000:05:00.0/current_memory_partition", "NPS4\\n");
    assert_true(amd_partition_read(root, "0000:05:00.0", &partition));
    assert_string_equal(partition.memory, "NPS4");
    assert_int_equal(partition.memory_parts, 4);
    put("sys/bus/pci/devices/0000:05:00.0/current_memory_partition", "UNKNOWN\\n");
    assert_true(amd_partition_read(root, "0000:05:00.0", &partition));
    assert_int_equal(partition.memory_parts, 0);
    assert_false(amd_partition_read(root, "0000:06:00.0", &partition));
}

/* A CPU and two GPUs; 0x0500 is the place 05:00.0. */
static void test_foreign(void **state)
{
    (void)state;
    put_node(0, "0\\n", "simd_count 0\\nlocation_id 0\\n");
    put_node(1, "111\\n", "simd_count 1216\\nsimd_per_cu 4\\nlocation_id 1280\\ndomain 0\\n");
    put_node(2, "222\\n", "simd_count 1216\\nsimd_per_cu 4\\nlocation_id 1280\\ndomain 1\\n");
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.0", 10), 0); /* nobody is on it */
    put_process(10, "111", "304\\n");
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.0", 10), 0); /* we are */
    put_process(11, "111", "76\\n");
    put_process(12, "111", "38\\n");
    put_process(13, "222", "304\\n");
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.0", 10), 375);
    assert_int_equal(amd_foreign_permille(root, "0001:05:00.0", 13), 0);
    put_process(14, "111", "300\\n");
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.0", 10), 1000);
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.0", 99), 0); /* a container: we are not there */
    assert_int_equal(amd_foreign_permille(root, "0000:09:00.0", 10), 0);
    assert_int_equal(amd_foreign_permille(root, "nonsense", 10), 0);
    assert_int_equal(amd_foreign_permille("/nonexistent", "0000:05:00.0", 10), 0);
}

/* Parts of one GPU: with the number in the function they are told apart, with it in bits 31 to 28 they are
 * not. */
static void test_foreign_of_a_part(void **state)
{
    (void)state;
    put_node(0, "300\\n", "simd_count 152\\nsimd_per_cu 4\\nlocation_id 1280\\ndomain 0\\n");
    put_node(1, "301\\n", "simd_count 152\\nsimd_per_cu 4\\nlocation_id 1281\\ndomain 0\\n");
    put_process(10, "301", "5\\n");
    put_process(11, "301", "19\\n");
    put_process(12, "300", "38\\n");
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.1", 10), 500);
    put_node(1, "301\\n", "simd_count 152\\nsimd_per_cu 4\\nlocation_id 268436736\\ndomain 0\\n");
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.0", 12), 0);
    assert_int_equal(amd_foreign_permille(root, "0000:05:00.1", 10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_partition, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_foreign, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_foreign_of_a_part, make_root, remove_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
