/* From a record's key back to its problem (tuner/launch/problem_key.h is the way there). */
#ifndef TUNEBOOK_KEY_PROBLEM_H
#define TUNEBOOK_KEY_PROBLEM_H

#include "db/key.h"
#include "templates/op.h"

/* The problem of a key; false for a target's defaults, for ops this program does not know, and for keys that
 * problem_key would not write. */
bool key_problem(const char *key, struct problem *out);

/* The same of parts, whose sizes may be any. */
enum status key_parts_problem(const struct key_parts *parts, struct problem *out);

/* The op of a key or its head; NULL if unknown. */
const struct op *key_op(const char *head);

#endif
