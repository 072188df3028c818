#include "db/bytes.h"

enum status trial_decode(const void *bytes, size_t size, struct trial *out)
{
    struct reader reader;
    TRY(envelope_open("trial", 'T', VALUE_FORMAT, bytes, size, &reader));
    struct trial trial = {0};
    trial.verdict = reader_u8(&reader);
    trial.attempts = reader_u8(&reader);
    reader_hash(&reader, &trial.kernel);
    reader_hash(&reader, &trial.environment);
    reader_timing(&reader, &trial.timing);
    trial.compile_ns = reader_u64(&reader);
    trial.finished_at_s = reader_u64(&reader);
    trial.owner = reader_u64(&reader);
    trial.configuration = reader_string(&reader);
    trial.detail = reader_string(&reader);
    TRY(envelope_finish("trial", &reader));
    if (trial.verdict >= VERDICT_COUNT)
        return status_fail(STATUS_BAD_DATA, "trial: verdict %u is unknown", trial.verdict);
    *out = trial;
    return STATUS_OK;
}
