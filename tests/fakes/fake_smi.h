/* What the fakes of AMD's management libraries say, from $TUNEBOOK_FAKE_SMI: "clock=2100;temperature=55;
 * power=650;rocm=7", of the GPU at 0000:01:00.0. "no_amd_smi" and "no_rocm_smi" make one of no use; rocm is
 * the version whose structs they have. */
#ifndef TUNEBOOK_TESTS_FAKES_FAKE_SMI_H
#define TUNEBOOK_TESTS_FAKES_FAKE_SMI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_SMI_EXPORT __attribute__((visibility("default")))

static inline bool fake_smi_says(const char *word)
{
    const char *text = getenv("TUNEBOOK_FAKE_SMI");
    return text && strstr(text, word);
}

/* 0 where it is not said. */
static inline uint32_t fake_smi_number(const char *key)
{
    const char *text = getenv("TUNEBOOK_FAKE_SMI"), *found = text ? strstr(text, key) : NULL;
    return found ? (uint32_t)strtoul(found + strlen(key), NULL, 10) : 0;
}

#endif
