/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <assert.h>
#include <string.h>

#include "mix.h"

void sim_json_init(struct sim_json *json, struct sim_text *text)
{
    memset(json, 0, sizeof(*json));
    json->text = text;
}

void sim_json_fini(struct sim_json *json)
{
    sim_text_fini(&json->scratch);
}

/* The comma before an element; members get theirs from sim_json_key(). */
static void begin_value(struct sim_json *json)
{
    struct sim_json_frame *frame;

    if (json->depth == 0) {
        return;
    }
    frame = &json->frame[json->depth - 1];
    if (!frame->object) {
        sim_text_byte(json->text, ',');
        frame->count++;
    }
}

static void open_container(struct sim_json *json, bool object)
{
    struct sim_json_frame *frame;

    begin_value(json);
    assert(json->depth < SIM_JSON_DEPTH);
    frame = &json->frame[json->depth++];
    frame->start = json->text->len;
    frame->object = object;
    frame->count = 0;
}

void sim_json_object(struct sim_json *json)
{
    open_container(json, true);
}

void sim_json_array(struct sim_json *json)
{
    open_container(json, false);
}

/* Rewrites the members of `frame` in an order drawn from json->shuffle and
   the object's size, which differs from object to object (Fisher-Yates). */
static void shuffle_members(struct sim_json *json,
                            const struct sim_json_frame *frame)
{
    struct sim_text *text = json->text;
    unsigned order[SIM_JSON_MEMBERS];
    uint64_t chance = sim_mix2(json->shuffle, text->len - frame->start);

    for (unsigned i = 0; i < frame->count; i++) {
        order[i] = i;
    }
    for (unsigned i = frame->count; i > 1; i--) {
        unsigned j = (unsigned)(chance % i);
        unsigned keep = order[i - 1];

        order[i - 1] = order[j];
        order[j] = keep;
        chance = sim_mix(chance);
    }
    sim_text_clear(&json->scratch);
    for (unsigned i = 0; i < frame->count; i++) {
        size_t from = frame->member[order[i]];
        size_t to = order[i] + 1 < frame->count ? frame->member[order[i] + 1]
                                                : text->len;

        sim_text_add(&json->scratch, text->data + from, to - from);
    }
    memcpy(text->data + frame->start, json->scratch.data, json->scratch.len);
}

void sim_json_end(struct sim_json *json)
{
    struct sim_json_frame *frame = &json->frame[--json->depth];

    if (frame->count == 0) {
        bool null = !frame->object && json->null_arrays;

        sim_text_str(json->text, frame->object ? "{}" : null ? "null" : "[]");
        return;
    }
    if (frame->object && json->shuffle != 0) {
        shuffle_members(json, frame);
    }
    json->text->data[frame->start] = frame->object ? '{' : '[';
    sim_text_byte(json->text, frame->object ? '}' : ']');
}

void sim_json_key(struct sim_json *json, const char *name)
{
    struct sim_json_frame *frame = &json->frame[json->depth - 1];

    assert(json->depth > 0 && frame->object);
    assert(frame->count < SIM_JSON_MEMBERS);
    frame->member[frame->count++] = json->text->len;
    sim_text_add(json->text, ",\"", 2);
    sim_text_str(json->text, name);
    sim_text_add(json->text, "\":", 2);
}

/* One code point of two or three bytes as \uXXXX; returns the bytes taken.
   Our own data holds no longer ones and no broken ones. */
static size_t escape_code_point(struct sim_text *text, const char *from)
{
    const unsigned char *byte = (const unsigned char *)from;

    if (byte[0] < 0xe0) {
        sim_text_printf(text, "\\u%04x",
                        (byte[0] & 0x1fu) << 6 | (byte[1] & 0x3fu));
        return 2;
    }
    sim_text_printf(text, "\\u%04x",
                    (byte[0] & 0x0fu) << 12 | (byte[1] & 0x3fu) << 6 |
                        (byte[2] & 0x3fu));
    return 3;
}

static bool is_plain(const struct sim_json *json, unsigned char byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\' &&
           (!json->escaped || (byte < 0x80 && byte != '/'));
}

static void write_escaped(struct sim_json *json, const char *value)
{
    struct sim_text *text = json->text;

    while (*value != '\0') {
        unsigned char byte;
        size_t run = 0;

        while (is_plain(json, (unsigned char)value[run])) {
            run++;
        }
        sim_text_add(text, value, run);
        value += run;
        byte = (unsigned char)*value;
        if (byte == '"' || byte == '\\' || byte == '/') {
            sim_text_byte(text, '\\');
            sim_text_byte(text, *value++);
        } else if (byte >= 0x80) {
            value += escape_code_point(text, value);
        } else if (byte != '\0') {
            sim_text_printf(text, "\\u%04x", byte);
            value++;
        }
    }
}

void sim_json_string(struct sim_json *json, const char *value)
{
    begin_value(json);
    sim_text_byte(json->text, '"');
    write_escaped(json, value);
    sim_text_byte(json->text, '"');
}

void sim_json_int(struct sim_json *json, int64_t value)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[24];
    char *at = digits + sizeof(digits);

    begin_value(json);
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--at = '-';
    }
    sim_text_add(json->text, at, (size_t)(digits + sizeof(digits) - at));
}

void sim_json_raw(struct sim_json *json, const char *value)
{
    begin_value(json);
    sim_text_str(json->text, value);
}

void sim_json_put_string(struct sim_json *json, const char *name,
                         const char *value)
{
    sim_json_key(json, name);
    sim_json_string(json, value);
}

void sim_json_put_int(struct sim_json *json, const char *name, int64_t value)
{
    sim_json_key(json, name);
    sim_json_int(json, value);
}

void sim_json_put_raw(struct sim_json *json, const char *name,
                      const char *value)
{
    sim_json_key(json, name);
    sim_json_raw(json, value);
}
