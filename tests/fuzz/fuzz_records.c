/* Any bytes as a file of records without code: reading ends, and what it took is sound. */
#include <stdlib.h>
#include <string.h>
#include "tuner/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct records records;
    if (records_read("fuzz", (const char *)data, size, &records) == STATUS_OK)
        for (size_t i = 0; i < records.n_records; i++) {
            const struct records_record *record = &records.records[i];
            if (record->n_entries > RECORDS_ENTRIES_MAX || !strchr(record->class_text, ':')) abort();
            for (size_t e = 0; e < record->n_entries; e++)
                if (!record->entries[e].template_name || !record->entries[e].environment) abort();
        }
    records_free(&records);
    return 0;
}
