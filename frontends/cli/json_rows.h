/* A JSON document whose last member is an array that is too long to be held: printed row by row. Whoever
 * prints one knows beforehand that nothing can fail on the way. */
#ifndef TUNEBOOK_CLI_JSON_ROWS_H
#define TUNEBOOK_CLI_JSON_ROWS_H

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include "tuner/base/status.h"

struct json_rows {
    FILE *to;
    uint64_t n;
    enum status status; /* of the first row that found no memory */
};

void json_rows_add(struct json_rows *rows, cJSON *row); /* deletes it */
/* On stdout: the members of `head`, which is deleted, then the beginning of the array. */
enum status json_rows_begin(cJSON *head, const char *name);
void json_rows_end(void);

#endif
