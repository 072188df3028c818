/* A timing as members of a JSON object. */
#ifndef TUNEBOOK_CLI_TIMING_JSON_H
#define TUNEBOOK_CLI_TIMING_JSON_H

#include <cjson/cJSON.h>
#include "db/schema.h"

void timing_json_add(cJSON *object, const struct timing *timing);

#endif
