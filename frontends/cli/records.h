/* Records without code as commands write and read them (tuner/records.h). */
#ifndef TUNEBOOK_CLI_RECORDS_H
#define TUNEBOOK_CLI_RECORDS_H

#include "db/book.h"
#include "frontends/cli/options.h"
#include "frontends/cli/template_set.h"

/* `autotune export --format=records`: the measured records of a book, a file CLASS.jsonl for each device
 * class in the folder, or all of the only class to a file or standard output. */
enum status records_export(const struct settings *settings, struct book *book);

/* `autotune freeze --records=FILE...`: compiles what the files name into the book, and says what was left
 * out. */
enum status records_import(const struct settings *settings, const struct template_set *templates,
                           struct book *book);

#endif
