#include "db/pin.h"

#include "db/bytes.h"
#include "db/pin_rows.h"
#include "tuner/base/clock.h"

/* Control characters become spaces: a line stays one. */
static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = ' ';
}

/* At most capacity - 1 bytes, and no character of several bytes cut in two. */
static void copy_cut(const char *text, char *out, size_t capacity)
{
    size_t length = strnlen(text, capacity - 1);
    while (length && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
    memcpy(out, text, length);
    memset(out + length, 0, capacity - length);
}

void pin_describe(struct pin *pin)
{
    struct text line = {0};
    char date[21];
    clean(pin->who);
    clean(pin->because);
    clock_format_utc(pin->pinned_at_s, date);
    text_format(&line, "pinned by %s on %.10s%s%s", *pin->who ? pin->who : "somebody", date,
                *pin->because ? ": " : "", pin->because);
    copy_cut(text_string(&line), pin->line, sizeof pin->line);
    text_free(&line);
}

static void take_string(struct reader *reader, char *out, size_t capacity)
{
    const char *text = reader_string(reader);
    size_t length = strlen(text);
    if (length >= capacity) {
        reader->bad = true;
        length = 0;
    }
    memcpy(out, text, length);
    memset(out + length, 0, capacity - length);
}

enum status pin_decode(const void *bytes, size_t size, struct pin *out)
{
    struct reader reader;
    TRY(envelope_open("pin", 'P', VALUE_FORMAT, bytes, size, &reader));
    take_string(&reader, out->line, sizeof out->line);
    struct blob record = reader_blob(&reader);
    take_string(&reader, out->who, sizeof out->who);
    take_string(&reader, out->because, sizeof out->because);
    out->pinned_at_s = reader_u64(&reader);
    TRY(envelope_finish("pin", &reader));
    TRY(record_decode(record.bytes, record.size, &out->record));
    if (out->record.n_entries != 1)
        return status_fail(STATUS_BAD_DATA, "pin: %u entries where one belongs", out->record.n_entries);
    return STATUS_OK;
}

int pin_compare(const MDB_val *a, const MDB_val *b)
{
    struct pin pins[2];
    bool sound[2] = {pin_decode(a->mv_data, a->mv_size, &pins[0]) == STATUS_OK,
                     pin_decode(b->mv_data, b->mv_size, &pins[1]) == STATUS_OK};
    if (sound[0] != sound[1]) return sound[0] ? 1 : -1;
    if (sound[0] && pins[0].pinned_at_s != pins[1].pinned_at_s)
        return pins[0].pinned_at_s > pins[1].pinned_at_s ? 1 : -1;
    size_t shorter = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    int order = memcmp(a->mv_data, b->mv_data, shorter);
    return order ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}
