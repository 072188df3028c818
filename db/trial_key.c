#include <endian.h>
#include <string.h>
#include "db/book_internal.h"

struct trial_key trial_key(const char *record_key, const char *configuration, uint64_t sequence)
{
    struct trial_key key;
    struct hash record = sha256_of(record_key, strlen(record_key));
    struct hash choice = sha256_of(configuration, strlen(configuration));
    sequence = htobe64(sequence);
    memcpy(key.bytes, record.bytes, TRIAL_HASH_BYTES);
    memcpy(key.bytes + TRIAL_HASH_BYTES, choice.bytes, TRIAL_HASH_BYTES);
    memcpy(key.bytes + 2 * TRIAL_HASH_BYTES, &sequence, sizeof sequence);
    return key;
}

uint64_t trial_key_sequence(const void *key)
{
    uint64_t sequence;
    memcpy(&sequence, (const uint8_t *)key + 2 * TRIAL_HASH_BYTES, sizeof sequence);
    return be64toh(sequence);
}

void book_key_hash(const char *record_key, char out[33])
{
    struct hash hash = sha256_of(record_key, strlen(record_key));
    text_hex(hash.bytes, TRIAL_HASH_BYTES, out);
}
