#include "frontends/cli/arch.h"

#include <string.h>
#include "frontends/cli/talk.h"
#include "tuner/base/gpu_features.h"

enum status arch_settle(struct settings *settings)
{
    static char target[64];
    char otherwise[GPU_FEATURE_BYTES];
    if (!settings->arch || !strchr(settings->arch, ':')) return STATUS_OK;
    TRY(status_prefix(gpu_features_split(settings->arch, target, sizeof target, otherwise), "--arch=%s",
                      settings->arch));
    if (*otherwise)
        talk_note("--arch=%s: code is made for either setting of each feature, and runs with %s, too; a "
                  "compiler told of it would make other code",
                  settings->arch, otherwise);
    settings->arch = target;
    return STATUS_OK;
}
