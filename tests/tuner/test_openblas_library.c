/* OpenBLAS's kernels for the CPU at hand: asked for where it does not know the CPU, and never against the
 * user's wish. */
#include <dlfcn.h>
#include <stdlib.h>
#include "tests/tuner/support.h"
#include "tuner/base/cpu_facts.h"
#include "tuner/vendor/openblas_library.h"

static void test_better_cores(void **state)
{
    (void)state;
    assert_string_equal(openblas_better_core("Prescott", "x86-64-v4"), "SkylakeX");
    assert_string_equal(openblas_better_core("Nehalem", "x86-64-v3"), "Haswell");
    assert_string_equal(openblas_better_core("sandybridge", "x86-64-v3"), "Haswell");
    assert_null(
        openblas_better_core("Prescott", "x86-64-v2")); /* has nothing that Prescott's would not use */
    assert_null(openblas_better_core("Haswell", "x86-64-v3"));
    assert_null(openblas_better_core("Zen", "x86-64-v4"));
    assert_null(openblas_better_core("SapphireRapids", "x86-64-v4"));
    assert_null(openblas_better_core("ARMV8", "armv8-a"));
    assert_null(openblas_better_core("", "x86-64-v4"));
}

static void test_library(void **state)
{
    (void)state;
    unsetenv("OPENBLAS_CORETYPE");
    void *library = openblas_library();
    if (!library) skip();
    assert_null(openblas_better_core(openblas_core(library), cpu_target()));
    dlclose(library);

    setenv("OPENBLAS_CORETYPE", "Nehalem", 1);
    library = openblas_library();
    assert_non_null(library);
    assert_string_equal(getenv("OPENBLAS_CORETYPE"), "Nehalem");
    dlclose(library);
    unsetenv("OPENBLAS_CORETYPE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_better_cores), cmocka_unit_test(test_library)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
