/* Who signed a bundle, as db/bundle.h asks and db/sign.h answers. */
#ifndef TUNEBOOK_CLI_BUNDLE_TRUST_H
#define TUNEBOOK_CLI_BUNDLE_TRUST_H

#include "db/bundle.h"
#include "db/trust.h"
#include "frontends/cli/options.h"

struct bundle_trust {
    const char *path;
    bool named; /* the keys are those of --trust: one of them must have signed */
    struct sign_hash hash;
    struct trust keys;
    struct sign_verdict verdict;
    struct bundle_verifier verifier;
};
/* The keys of --trust, or else those that the user trusts. bundle_trust_free even after a failure. */
enum status bundle_trust_begin(const struct settings *settings, const char *path, struct bundle_trust *out);
void bundle_trust_free(struct bundle_trust *trust);

#endif
