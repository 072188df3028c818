/* T4 results and Kernel Tuner caches: a space as another tool tried it, of a problem that only the user
 * knows. The reader is search's own. */
#include <stdio.h>
#include <string.h>
#include "search/recording.h"
#include "tuner/foreign_parts.h"

static void name_configuration(const struct recording *recording, const struct configuration *configuration,
                               char out[FOREIGN_BY_BYTES])
{
    size_t used = 0;
    *out = '\0';
    for (uint32_t p = 0; p < recording->spec.n_parameters && used < FOREIGN_BY_BYTES; p++)
        used += (size_t)snprintf(out + used, FOREIGN_BY_BYTES - used, "%s%s=%s", p ? "," : "",
                                 recording->spec.parameters[p].name,
                                 recording->texts[p][configuration->index[p]]);
}

static size_t best_of(const struct recording *recording)
{
    size_t best = 0;
    for (size_t i = 1; i < recording->n; i++)
        if (recording->entries[i].valid &&
            (!recording->entries[best].valid ||
             recording->entries[i].objective_ns < recording->entries[best].objective_ns))
            best = i;
    return best;
}

static struct foreign_row row_of(const struct foreign_source *source, const struct recording *recording,
                                 size_t i)
{
    struct foreign_row row = foreign_row_of(0);
    struct configuration configuration;
    uint32_t gbps;
    space_at(recording->space, i, &configuration);
    name_configuration(recording, &configuration, row.by);
    row.ns = recording->entries[i].objective_ns;
    /* What we write ourselves calls the device by its class. */
    if (class_parse(recording->device, row.target, &row.units, &gbps) != STATUS_OK)
        *row.target = '\0', row.units = 0;
    if (source->problem)
        row.problem = *source->problem;
    else
        foreign_refuse(&row, "%.40s took %.4g us; --problem=PROBLEM says what it computes",
                       *recording->kernel ? recording->kernel : "its best configuration", row.ns / 1e3);
    return row;
}

enum status foreign_read_recording(const struct foreign_source *source, foreign_visit *visit, void *context)
{
    struct recording *recording;
    TRY(recording_read(source->name, source->bytes, source->size, &recording));
    bool go_on = true;
    for (size_t i = 0; i < recording->n && go_on && source->problem; i++) {
        if (!recording->entries[i].valid) continue;
        struct foreign_row row = row_of(source, recording, i);
        go_on = visit(context, &row);
    }
    if (!source->problem) {
        struct foreign_row row = row_of(source, recording, best_of(recording));
        visit(context, &row);
    }
    recording_free(recording);
    return STATUS_OK;
}
