/* Where a file is made before it appears under its name: a folder beside it, PATH.work.XXXXXX, which its
 * maker holds by flock. One that nobody holds was left by a maker that was killed: it is removed when a file
 * of the same path is made the next time. The lock, and not a process id, says who lives: it outlives no
 * process, and means the same in every container. */
#ifndef TUNEBOOK_DB_WORK_FOLDER_H
#define TUNEBOOK_DB_WORK_FOLDER_H

#include "tuner/base/status.h"
#include "tuner/base/text.h"

struct work_folder {
    int fd;
    struct text path; /* of size 0: none */
};
/* Removes what dead makers of `path` left, then makes a folder. */
enum status work_folder_begin(const char *path, struct work_folder *out);
/* PATH.work.XXXXXX/LEAF. */
enum status work_folder_file(const struct work_folder *work, const char *leaf, struct text *out);
/* Removes it and what is still in it. Ending twice, or what was zeroed and never begun, is fine. */
void work_folder_end(struct work_folder *work);

#endif
