#include "frontends/cli/definition.h"

#include "frontends/cli/talk.h"
#include "search/recording_t1.h"
#include "tuner/base/file.h"

enum { FILE_BYTES_MAX = 1 << 24 };

enum status definition_read(const char *path, struct t1 **out)
{
    struct text content = {0};
    enum status status = file_read_unpacked(path, FILE_BYTES_MAX, &content);
    if (status == STATUS_OK) status = t1_read(path, text_string(&content), content.size, out);
    text_free(&content);
    return status;
}

enum status definition_apply(const struct t1 *definition, struct recording **recording)
{
    struct recording *defined;
    struct recording_fit fit;
    TRY(recording_define(*recording, definition, &defined, &fit));
    recording_free(*recording);
    *recording = defined;
    if (fit.n_absent)
        talk_note("%s: %zu of the %zu configurations of %s are not recorded; they count as invalid",
                  defined->name, fit.n_absent, defined->n, definition->name);
    if (fit.n_left_out)
        talk_note("%s: left out %zu configurations that did not run and that %s forbids", defined->name,
                  fit.n_left_out, definition->name);
    return STATUS_OK;
}
