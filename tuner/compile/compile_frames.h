/* What compile_pool.c and its worker children say to each other. */
#ifndef TUNEBOOK_COMPILE_FRAMES_H
#define TUNEBOOK_COMPILE_FRAMES_H

/* Request, in fields: compiler, source name, definitions, target, folder for temporary files, deadline_ms
 * (uint32_t), source. Answer: status (uint32_t), message, code, log. */
enum { COMPILE_REQUEST = 1, COMPILE_ANSWER = 2 };

#endif
