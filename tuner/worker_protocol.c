#include "tuner/worker_protocol.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/base/crc32c.h"

struct header {
    uint64_t nonce;
    uint64_t size;
    uint32_t kind;
    uint32_t crc; /* of the bytes */
};

enum status channel_pair(int sockets[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return status_fail_errno(STATUS_IO, "cannot make a channel for a worker process");
    return STATUS_OK;
}

void channel_open(struct channel *channel, int socket, uint64_t nonce)
{
    *channel = (struct channel){.socket = socket, .nonce = nonce};
}

void channel_close(struct channel *channel)
{
    if (channel->socket > 0) close(channel->socket);
    channel->socket = -1;
    text_free(&channel->received);
}

static bool send_all(int socket, const void *bytes, size_t size)
{
    for (const char *next = bytes; size > 0;) {
        ssize_t sent = send(socket, next, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool channel_post(const struct channel *channel, uint32_t kind, const void *bytes, size_t size)
{
    struct header header = {.nonce = channel->nonce, .size = size, .kind = kind, .crc = crc32c(bytes, size)};
    return send_all(channel->socket, &header, sizeof header) && send_all(channel->socket, bytes, size);
}

enum status channel_send(const struct channel *channel, uint32_t kind, const void *bytes, size_t size)
{
    if (channel_post(channel, kind, bytes, size)) return STATUS_OK;
    return status_fail_errno(STATUS_IO, "cannot write to a worker process");
}

/* Looks for a whole frame in what has come. */
static enum channel_news take_frame(struct channel *channel, struct frame *out)
{
    struct header header;
    if (channel->received.size < sizeof header) return CHANNEL_NOTHING;
    memcpy(&header, channel->received.data, sizeof header);
    if (header.nonce != channel->nonce || header.size > FRAME_BYTES_MAX) return CHANNEL_GARBAGE;
    if (channel->received.size - sizeof header < header.size) return CHANNEL_NOTHING;
    const uint8_t *bytes = (const uint8_t *)channel->received.data + sizeof header;
    if (crc32c(bytes, header.size) != header.crc) return CHANNEL_GARBAGE;
    *out = (struct frame){.kind = header.kind, .bytes = bytes, .size = header.size};
    channel->taken = sizeof header + header.size;
    return CHANNEL_FRAME;
}

static void drop_taken(struct channel *channel)
{
    struct text *received = &channel->received;
    if (!channel->taken) return;
    memmove(received->data, received->data + channel->taken, received->size - channel->taken);
    received->size -= channel->taken;
    channel->taken = 0;
}

static enum channel_news read_more(struct channel *channel, int timeout_ms)
{
    struct pollfd wait = {.fd = channel->socket, .events = POLLIN};
    int ready = poll(&wait, 1, timeout_ms);
    if (ready <= 0) return CHANNEL_NOTHING;
    char bytes[65536];
    ssize_t got = recv(channel->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return CHANNEL_NOTHING;
    if (got <= 0) return CHANNEL_END;
    text_append_bytes(&channel->received, bytes, (size_t)got);
    return channel->received.failed ? CHANNEL_END : CHANNEL_FRAME;
}

enum channel_news channel_receive(struct channel *channel, int timeout_ms, struct frame *out)
{
    if (channel->socket < 0) return CHANNEL_END;
    drop_taken(channel);
    uint64_t deadline = clock_ns() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000000u;
    for (;;) {
        enum channel_news news = take_frame(channel, out);
        if (news != CHANNEL_NOTHING) return news;
        uint64_t now = clock_ns();
        int left = timeout_ms < 0 ? -1 : now >= deadline ? 0 : (int)((deadline - now + 999999u) / 1000000u);
        news = read_more(channel, left);
        if (news == CHANNEL_END) return news;
        if (news == CHANNEL_NOTHING && timeout_ms >= 0 && clock_ns() >= deadline) return news;
    }
}

void field_put(struct text *out, const void *bytes, size_t size)
{
    uint64_t length = size;
    text_append_bytes(out, &length, sizeof length);
    text_append_bytes(out, bytes, size);
}

void field_put_string(struct text *out, const char *string)
{
    field_put(out, string, strlen(string) + 1);
}

bool field_take(struct fields *fields, const void **bytes, size_t *size)
{
    uint64_t length;
    if ((size_t)(fields->end - fields->next) < sizeof length) return false;
    memcpy(&length, fields->next, sizeof length);
    if (length > (size_t)(fields->end - fields->next) - sizeof length) return false;
    *bytes = fields->next + sizeof length;
    *size = length;
    fields->next += sizeof length + length;
    return true;
}

bool field_take_string(struct fields *fields, const char **string)
{
    const void *bytes;
    size_t size;
    if (!field_take(fields, &bytes, &size) || size == 0 || ((const char *)bytes)[size - 1] != '\0')
        return false;
    *string = bytes;
    return true;
}

bool field_take_exact(struct fields *fields, void *out, size_t size)
{
    const void *bytes;
    size_t got;
    if (!field_take(fields, &bytes, &got) || got != size) return false;
    memcpy(out, bytes, size);
    return true;
}
