/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "json.h"

struct sim_blob *sim_blob_new(const void *data, size_t len)
{
    struct sim_blob *blob = sim_alloc(sizeof(*blob) + len);

    blob->refs = 1;
    blob->len = len;
    memcpy(blob->data, len > 0 ? data : "", len);
    return blob;
}

void sim_blob_release(struct sim_blob *blob)
{
    if (blob != NULL && --blob->refs == 0) {
        free(blob);
    }
}

void sim_answer_fini(struct sim_answer *answer)
{
    sim_blob_release(answer->blob);
    if (answer->in_flight != NULL) {
        (*answer->in_flight)--;
    }
    if (answer->feed != NULL) {
        answer->feed->free(answer->feed);
    }
    memset(answer, 0, sizeof(*answer));
}

void sim_answer_text(struct sim_answer *answer, int status,
                     const char *content_type, const char *body)
{
    sim_blob_release(answer->blob);
    answer->status = status;
    answer->content_type = content_type;
    answer->gzip = false;
    answer->blob = sim_blob_new(body, strlen(body));
}

void sim_answer_take_json(struct sim_answer *answer, struct sim_json *take_json,
                          struct sim_text *take_text)
{
    sim_text_str(take_text, "\n");
    sim_text_byte(take_text, '\0');
    sim_answer_text(answer, 200, "application/json", take_text->data);
    sim_json_fini(take_json);
    sim_text_fini(take_text);
}

void sim_answer_gateway_timeout(struct sim_answer *answer,
                                const char *content_type)
{
    sim_answer_text(answer, 504, content_type,
                    "<html><head><title>504 Gateway Time-out</title>"
                    "</head><body>504</body></html>\n");
}

void sim_answer_error(struct sim_answer *answer, int status, const char *code,
                      const char *message)
{
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_key(&json, "error");
    sim_json_object(&json);
    /* Both orders are documented; the text's length picks one. */
    if (strlen(message) % 2 == 0) {
        sim_json_put_string(&json, "code", code);
        sim_json_put_string(&json, "message", message);
    } else {
        sim_json_put_string(&json, "message", message);
        sim_json_put_string(&json, "code", code);
    }
    sim_json_end(&json);
    sim_json_end(&json);
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, status, "application/json; charset=utf-8",
                    text.data);
    sim_json_fini(&json);
    sim_text_fini(&text);
}

/* The first byte inside a string value at or after `from`: of an id, if there
   is one, for that is a member that every client reads. */
static char *find_string(struct sim_text *json, size_t from)
{
    static const char *const marks[] = {"\"id\":\"", ":\""};

    for (size_t i = 0; i < 2 && from < json->len; i++) {
        char *found = memmem(json->data + from, json->len - from, marks[i],
                             strlen(marks[i]));

        if (found != NULL &&
            found + strlen(marks[i]) < json->data + json->len) {
            return found + strlen(marks[i]);
        }
    }
    return NULL;
}

bool sim_answer_spoil(enum sim_fault_kind kind, struct sim_text *json,
                      size_t from)
{
    char *at = NULL;

    if (kind == SIM_FAULT_UNBALANCED) {
        at = from < json->len ? memchr(json->data + from, '}', json->len - from)
                              : NULL;
    } else {
        at = find_string(json, from);
    }
    if (at == NULL) {
        return false;
    }
    *at = kind == SIM_FAULT_UNBALANCED ? ']'
          : kind == SIM_FAULT_BAD_UTF8 ? (char)0xff
                                       : '\x01';
    return true;
}

static bool spoils_content(enum sim_fault_kind kind)
{
    return kind == SIM_FAULT_UNBALANCED || kind == SIM_FAULT_BAD_UTF8 ||
           kind == SIM_FAULT_CONTROL_CHAR;
}

/* The whole text as one gzip member; level 1, for a simulator's CPU is the
   client's on a shared machine. */
static struct sim_blob *compress_blob(const struct sim_text *text)
{
    z_stream stream = {0};
    struct sim_text out = {0};
    struct sim_blob *blob;

    deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    sim_text_reserve(&out, deflateBound(&stream, text->len));
    stream.next_in = (Bytef *)text->data;
    stream.avail_in = (uInt)text->len;
    stream.next_out = (Bytef *)out.data;
    stream.avail_out = (uInt)out.cap;
    deflate(&stream, Z_FINISH);
    out.len = stream.total_out;
    deflateEnd(&stream);
    blob = sim_blob_new(out.data, out.len);
    sim_text_fini(&out);
    return blob;
}

void sim_answer_settle(struct sim_answer *answer)
{
    enum sim_fault_kind kind =
        answer->fault != NULL ? answer->fault->kind : SIM_FAULT_NONE;
    struct sim_text text = {0};

    if (answer->feed == NULL || answer->feed->estimate > SIM_SMALL_PAGE) {
        return;
    }
    while (answer->feed->next(answer->feed, &text)) {
    }
    answer->feed->free(answer->feed);
    answer->feed = NULL;
    if (kind == SIM_FAULT_TRUNCATED_JSON) {
        text.len /= 2;
    } else if (spoils_content(kind) &&
               !sim_answer_spoil(kind, &text, text.len / 2)) {
        sim_answer_spoil(kind, &text, 0);
    }
    answer->blob =
        answer->gzip ? compress_blob(&text) : sim_blob_new(text.data, text.len);
    if (kind == SIM_FAULT_GZIP_CUT && answer->gzip) {
        answer->blob->len = answer->blob->len * 3 / 5;
    }
    sim_text_fini(&text);
}

struct bomb {
    struct sim_feed feed;
    int64_t left;
    int64_t all;
};

static bool next_of_bomb(struct sim_feed *feed, struct sim_text *out)
{
    struct bomb *bomb = (struct bomb *)feed;

    if (bomb->left == bomb->all) {
        sim_text_str(out, "{\"data\":[{\"id\":\"");
    }
    if (bomb->left == 0) {
        sim_text_str(out, "\"}],\"iocs\":[]}");
        return false;
    }
    memset(sim_text_reserve(out, 1 << 20), ' ', 1 << 20);
    out->len += 1 << 20;
    bomb->left--;
    return true;
}

static void rewind_bomb(struct sim_feed *feed)
{
    struct bomb *bomb = (struct bomb *)feed;

    bomb->left = bomb->all;
}

static void free_bomb(struct sim_feed *feed)
{
    free(feed);
}

struct sim_feed *sim_answer_bomb(int64_t megabytes)
{
    struct bomb *bomb = sim_alloc(sizeof(*bomb));

    bomb->feed = (struct sim_feed){next_of_bomb, rewind_bomb, free_bomb,
                                   (uint64_t)megabytes << 20};
    bomb->left = megabytes;
    bomb->all = megabytes;
    return &bomb->feed;
}
