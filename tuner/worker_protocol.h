/* Frames on a stream socket between a program and its worker children: kind, size, checksum, bytes.
 *
 * A channel carries a nonce that both ends know: bytes that a candidate writes on the descriptor are told
 * from a frame. */
#ifndef TUNEBOOK_WORKER_PROTOCOL_H
#define TUNEBOOK_WORKER_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"
#include "tuner/base/text.h"

enum { FRAME_BYTES_MAX = 128 << 20 };

struct channel {
    int socket; /* -1: closed */
    uint64_t nonce;
    struct text received; /* bytes that came and are not dropped yet */
    size_t taken;         /* of them, in the frame that was handed out last */
};

struct frame {
    uint32_t kind;
    const uint8_t *bytes; /* valid until the next receive on the channel */
    size_t size;
};

enum channel_news {
    CHANNEL_FRAME,
    CHANNEL_NOTHING, /* time is up, or an interrupted wait */
    CHANNEL_END,     /* the other end is closed */
    CHANNEL_GARBAGE  /* what came is no frame */
};

/* A connected pair of sockets, closed on exec. STATUS_IO. */
enum status channel_pair(int sockets[2]);
void channel_open(struct channel *channel, int socket, uint64_t nonce);
void channel_close(struct channel *channel);

/* Sends one frame; blocks until it is in the socket. STATUS_IO if the other end is gone. */
enum status channel_send(const struct channel *channel, uint32_t kind, const void *bytes, size_t size);
/* The same without a word, for signal handlers. */
bool channel_post(const struct channel *channel, uint32_t kind, const void *bytes, size_t size);

/* Takes the next frame, waiting at most timeout_ms (-1: for ever). */
enum channel_news channel_receive(struct channel *channel, int timeout_ms, struct frame *out);

/* Fields in a frame: a length and the bytes. */
void field_put(struct text *out, const void *bytes, size_t size);
void field_put_string(struct text *out, const char *string);
/* Takes the next field of a frame; false if there is none. A string is terminated inside the frame. */
struct fields {
    const uint8_t *next, *end;
};
bool field_take(struct fields *fields, const void **bytes, size_t *size);
bool field_take_string(struct fields *fields, const char **string);
bool field_take_exact(struct fields *fields, void *out, size_t size);

#endif
