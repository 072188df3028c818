/* What strategy_auto asks of the surrogate model beyond strategy.h. */
#ifndef TUNEBOOK_SEARCH_STRATEGY_MODEL_H
#define TUNEBOOK_SEARCH_STRATEGY_MODEL_H

#include "search/strategy.h"

extern const struct strategy_api strategy_model;

/* By how much its last proposal was expected to be faster than the best, as a share of the best's speed;
 * INFINITY before there was one by the model. */
double strategy_model_expected_gain(const void *state);

#endif
