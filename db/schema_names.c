#include "db/schema.h"

const char *evidence_name(enum evidence evidence)
{
    static const char *const names[] = {
        [EVIDENCE_MEASURED] = "measured", [EVIDENCE_PREDICTED] = "predicted", [EVIDENCE_DEFAULT] = "default"};
    return (unsigned)evidence < EVIDENCE_COUNT ? names[evidence] : "unknown";
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
#define VERDICT(enumerator, name) name,
        VERDICT_TABLE(VERDICT)
#undef VERDICT
    };
    return (unsigned)verdict < VERDICT_COUNT ? names[verdict] : "unknown";
}
