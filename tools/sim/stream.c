/* SPDX-License-Identifier: Apache-2.0 */
/* What: GET /ioc_stream: parameters, the window, one page as a feed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "cursor.h"
#include "filter.h"
#include "mix.h"
#include "render.h"
#include "server.h"

#define LIMIT_MAX 40
#define LIMIT_DEFAULT 10

/* A request whose parameters have all been judged. */
struct stream_request {
    struct sim_notice_query query;
    char entity[SIM_VALUE_CAP];
    const char *filter; /* NULL if absent */
    const char *order;
    const char *cursor;
    int64_t limit;
    bool descriptors_only;
    uint64_t binding;
};

enum piece { PIECE_DATA, PIECE_ITEMS, PIECE_META, PIECE_LINKS, PIECE_END };

struct stream_feed {
    struct sim_feed feed;
    struct sim_render render;
    struct sim_notice notice[LIMIT_MAX];
    size_t count;
    size_t next;
    enum piece piece;
    bool meta_first;
    struct sim_text meta;  /* `"meta":{...}` */
    struct sim_text links; /* `"links":{...}` */
};

static bool refuse(struct sim_answer *answer, const char *message)
{
    sim_refuse(answer, message);
    return false;
}

uint64_t sim_stream_binding(const struct sim_server *server, const char *filter,
                            const char *order)
{
    uint64_t binding = server->options.seed ^ 0xc5;

    binding = sim_mix_bytes(binding, filter != NULL ? filter : "",
                            filter != NULL ? strlen(filter) : 0);
    return sim_mix_bytes(binding, order, strlen(order));
}

static bool read_limit(const struct sim_server *server, const char *text,
                       struct stream_request *request,
                       struct sim_answer *answer)
{
    request->limit = LIMIT_DEFAULT;
    if (text == NULL) {
        return true;
    }
    if (!sim_query_number(text, &request->limit) || request->limit < 1) {
        return refuse(answer, "limit must be a number from 1 to 40");
    }
    if (request->limit > LIMIT_MAX && !server->options.clamp_limit) {
        return refuse(answer, "limit must not exceed 40");
    }
    request->limit = request->limit > LIMIT_MAX ? LIMIT_MAX : request->limit;
    return true;
}

static bool read_order(const struct sim_server *server, const char *text,
                       struct stream_request *request,
                       struct sim_answer *answer)
{
    request->order = text != NULL ? text : "date-";
    if (strcmp(request->order, "date+") != 0 &&
        strcmp(request->order, "date-") != 0) {
        return refuse(answer, "order is not valid. Valid orders are: "
                              "date+,date- (is the + encoded as %2B?)");
    }
    request->query.ascending =
        strcmp(request->order, "date+") == 0 && !server->options.ignore_order;
    return true;
}

static bool read_filter(struct sim_server *server, const char *text,
                        struct stream_request *request,
                        struct sim_answer *answer)
{
    char message[SIM_MESSAGE_CAP];
    int64_t now = sim_server_now(server);

    request->filter = text;
    request->query.from = now - server->options.retention_days * SIM_DAY;
    request->query.to = now;
    request->query.types = (1u << SIM_TYPES) - 1;
    request->query.hunting = -1;
    request->query.source = -1;
    request->query.tag = -1;
    if (text != NULL &&
        !sim_filter_stream(&server->options, text, &request->query,
                           request->entity, message)) {
        return refuse(answer, message);
    }
    return true;
}

static bool read_cursor(struct sim_server *server,
                        struct stream_request *request,
                        struct sim_answer *answer)
{
    int64_t ttl = server->options.cursor_ttl_s;
    struct sim_cursor cursor;

    request->binding =
        sim_stream_binding(server, request->filter, request->order);
    if (request->cursor == NULL) {
        return true;
    }
    if (!sim_cursor_read(request->cursor, request->binding, &cursor) ||
        !sim_notice_order(cursor.id, &request->query.resume_order)) {
        return refuse(answer, "Invalid cursor");
    }
    if (ttl > 0 && cursor.issued + ttl < sim_server_now(server)) {
        return refuse(answer, "Cursor has expired");
    }
    request->query.resume = true;
    request->query.resume_date = cursor.date;
    return true;
}

static bool read_request(struct sim_server *server,
                         struct stream_request *request,
                         struct sim_answer *answer)
{
    const struct sim_query *query = &server->query;
    bool repeated = false;
    const char *limit = sim_query_get(query, "limit", &repeated);
    const char *filter = sim_query_get(query, "filter", &repeated);
    const char *order = sim_query_get(query, "order", &repeated);
    const char *only = sim_query_get(query, "descriptors_only", &repeated);
    const char *format = sim_query_get(query, "output_format", &repeated);

    request->cursor = sim_query_get(query, "cursor", &repeated);
    if (repeated) {
        return refuse(answer, "a parameter is given twice");
    }
    if (only != NULL && strcmp(only, "true") != 0 &&
        strcmp(only, "false") != 0) {
        return refuse(answer, "descriptors_only must be true or false");
    }
    if (format != NULL && strcmp(format, "json") != 0) {
        return refuse(answer, "output_format is not supported");
    }
    request->descriptors_only = only != NULL && strcmp(only, "true") == 0;
    return read_limit(server, limit, request, answer) &&
           read_order(server, order, request, answer) &&
           read_filter(server, filter, request, answer) &&
           read_cursor(server, request, answer);
}

/* The server's own writing of the query: spaces as `+`, all else encoded. */
static void write_next(const struct stream_request *request, const char *host,
                       const char *cursor, struct sim_text *out)
{
    sim_text_printf(out, "http://%s/api/v3/ioc_stream?", host);
    if (request->filter != NULL) {
        sim_text_str(out, "filter=");
        sim_text_urlencode(out, request->filter, 1);
        sim_text_byte(out, '&');
    }
    sim_text_str(out, "cursor=");
    sim_text_urlencode(out, cursor, 1);
    sim_text_printf(out, "&limit=%lld&order=", (long long)request->limit);
    sim_text_urlencode(out, request->order, 1);
    if (request->descriptors_only) {
        sim_text_str(out, "&descriptors_only=true");
    }
}

static void write_cursor(const struct sim_server *server,
                         const struct stream_request *request,
                         const struct sim_notice *last, struct sim_text *out)
{
    struct sim_cursor cursor = {.date = last->date,
                                .issued = sim_server_now(server)};

    snprintf(cursor.id, sizeof(cursor.id), "%llu",
             (unsigned long long)last->id);
    sim_cursor_write(&cursor, request->binding, out);
}

static void write_meta(struct stream_feed *feed, bool counted, uint64_t count,
                       const char *cursor)
{
    struct sim_json json;

    sim_text_str(&feed->meta, "\"meta\":");
    sim_json_init(&json, &feed->meta);
    json.shuffle = feed->render.variant;
    sim_json_object(&json);
    if (counted) {
        sim_json_put_int(&json, "count", (int64_t)count);
    }
    if (cursor != NULL) {
        sim_json_put_string(&json, "cursor", cursor);
    }
    sim_json_end(&json);
    sim_json_fini(&json);
}

static void write_links(struct stream_feed *feed, const char *self,
                        const char *next)
{
    struct sim_json json;

    sim_text_str(&feed->links, "\"links\":");
    sim_json_init(&json, &feed->links);
    sim_json_object(&json);
    sim_json_put_string(&json, "self", self);
    if (next != NULL) {
        sim_json_put_string(&json, "next", next);
    }
    sim_json_end(&json);
    sim_json_fini(&json);
}

/* Meta and links of the page; a next page exists if `more`. */
static void write_tail(struct sim_server *server,
                       const struct stream_request *request,
                       const struct sim_request *http, bool more,
                       struct stream_feed *feed, const struct sim_fault *fault)
{
    const struct sim_options *options = &server->options;
    bool counted = options->count && !(options->count_as_in_2023 && more);
    uint64_t count =
        counted ? sim_notices_count(server->notices, &request->query) : 0;
    struct sim_text cursor = {0};
    struct sim_text next = {0};
    struct sim_text self = {0};

    sim_text_printf(&self, "http://%s%s", http->host, http->target);
    sim_text_byte(&self, '\0');
    if (fault != NULL && fault->kind == SIM_FAULT_REPEATED_CURSOR &&
        request->cursor != NULL) {
        sim_text_str(&cursor, request->cursor);
    } else if (more) {
        write_cursor(server, request, &feed->notice[feed->count - 1], &cursor);
    }
    sim_text_byte(&cursor, '\0');
    more = cursor.len > 1;
    if (more) {
        write_next(request, http->host, cursor.data, &next);
        sim_text_byte(&next, '\0');
    }
    write_meta(feed, counted, count, more ? cursor.data : NULL);
    write_links(feed, self.data, more ? next.data : NULL);
    sim_text_fini(&cursor);
    sim_text_fini(&next);
    sim_text_fini(&self);
}

static void write_data(struct stream_feed *feed, struct sim_text *out)
{
    const struct sim_options *options = feed->render.options;
    bool null = options->data_null || feed->render.null_arrays;

    if (feed->meta_first) {
        sim_text_add(out, feed->meta.data, feed->meta.len);
    }
    if (feed->count == 0 && options->data_absent) {
        feed->piece = PIECE_META;
        return;
    }
    sim_text_str(out, feed->meta_first ? ",\"data\":" : "\"data\":");
    if (feed->count == 0) {
        sim_text_str(out, null ? "null" : "[]");
        feed->piece = PIECE_META;
    } else {
        feed->piece = PIECE_ITEMS;
    }
}

static void write_item(struct stream_feed *feed, struct sim_text *out)
{
    size_t start = out->len;

    sim_render_notice(&feed->render, &feed->notice[feed->next], out);
    if (feed->next == 0) {
        out->data[start] = '[';
    }
    if (++feed->next == feed->count) {
        sim_text_byte(out, ']');
        feed->piece = PIECE_META;
    }
}

static bool next_of_stream(struct sim_feed *base, struct sim_text *out)
{
    struct stream_feed *feed = (struct stream_feed *)base;
    bool absent = feed->count == 0 && feed->render.options->data_absent;

    switch (feed->piece) {
    case PIECE_DATA:
        sim_text_byte(out, '{');
        write_data(feed, out);
        return true;
    case PIECE_ITEMS:
        write_item(feed, out);
        return true;
    case PIECE_META:
        if (!feed->meta_first) {
            sim_text_str(out, absent ? "" : ",");
            sim_text_add(out, feed->meta.data, feed->meta.len);
        }
        feed->piece = PIECE_LINKS;
        return true;
    case PIECE_LINKS:
        sim_text_byte(out, ',');
        sim_text_add(out, feed->links.data, feed->links.len);
        sim_text_byte(out, '}');
        feed->piece = PIECE_END;
        return true;
    case PIECE_END:
        break;
    }
    return false;
}

static void rewind_stream(struct sim_feed *base)
{
    struct stream_feed *feed = (struct stream_feed *)base;

    feed->next = 0;
    feed->piece = PIECE_DATA;
}

static void free_stream(struct sim_feed *base)
{
    struct stream_feed *feed = (struct stream_feed *)base;

    sim_text_fini(&feed->meta);
    sim_text_fini(&feed->links);
    free(feed);
}

/* Bytes to fill each item up to, of a page that holds `limit` of them. */
static int64_t pad_bytes(const struct sim_options *options, int64_t limit)
{
    int64_t bytes = options->item_bytes;

    if (bytes == 0 && options->page_bytes > 0) {
        bytes = options->page_bytes / limit;
        bytes =
            bytes > options->item_bytes_max ? options->item_bytes_max : bytes;
    }
    return bytes;
}

static struct stream_feed *new_feed(struct sim_server *server,
                                    const struct stream_request *request)
{
    const struct sim_options *options = &server->options;
    struct stream_feed *feed = sim_alloc(sizeof(*feed));
    uint64_t variant = server->stats.requests & 1;

    feed->feed =
        (struct sim_feed){next_of_stream, rewind_stream, free_stream, 0};
    feed->render = (struct sim_render){
        .options = options,
        .space = {options->seed, (uint64_t)options->odd,
                  (uint64_t)options->hot},
        .variant = variant,
        .descriptors_only = request->descriptors_only,
        .null_arrays = sim_fault_find(&server->options.faults,
                                      SIM_FAULT_NULL_ARRAYS) != NULL,
        .pad_bytes = pad_bytes(options, request->limit)};
    feed->meta_first = options->shuffle && (variant ^ request->binding) & 1;
    return feed;
}

/* The page's key: everything that its bytes depend on. An open window
   depends on the clock, and so does everything when cursors expire. */
static uint64_t cache_key(const struct sim_server *server,
                          const struct stream_request *request,
                          const struct sim_request *http)
{
    int64_t now = sim_server_now(server);
    int64_t oldest = now - server->options.retention_days * SIM_DAY;
    bool open = request->query.to >= now || request->query.from <= oldest ||
                server->options.cursor_ttl_s > 0;
    uint64_t key = sim_mix_bytes(1, http->target, strlen(http->target));

    key = sim_mix_bytes(key, http->host, strlen(http->host));
    return sim_mix3(key, open ? (uint64_t)now : 0,
                    (server->stats.requests & 1) * 2 + (http->gzip ? 1 : 0));
}

static bool is_poisoned(const struct sim_server *server,
                        const struct stream_feed *feed)
{
    for (size_t i = 0; i < feed->count; i++) {
        if (sim_fault_poisons(&server->options.faults, feed->notice[i].date)) {
            return true;
        }
    }
    return false;
}

static void build_page(struct sim_server *server,
                       const struct stream_request *request,
                       const struct sim_request *http,
                       struct sim_answer *answer)
{
    struct stream_feed *feed = new_feed(server, request);
    struct sim_notice found[LIMIT_MAX + 1];
    size_t limit = (size_t)request->limit;
    size_t count =
        sim_notices_page(server->notices, &request->query, found, limit + 1);

    feed->count = count > limit ? limit : count;
    memcpy(feed->notice, found, feed->count * sizeof(*found));
    feed->feed.estimate =
        feed->count * (uint64_t)(feed->render.pad_bytes + 2500);
    answer->feed = &feed->feed;
    if (is_poisoned(server, feed)) {
        server->stats.faults[SIM_FAULT_POISON]++;
        answer->feed->free(answer->feed);
        answer->feed = NULL;
        sim_refuse(answer, "Key path element must not be longer than 500 "
                           "bytes.");
        return;
    }
    write_tail(server, request, http, count > limit, feed, answer->fault);
    sim_answer_settle(answer);
}

void sim_stream_answer(struct sim_server *server,
                       const struct sim_request *http,
                       struct sim_answer *answer)
{
    struct stream_request request = {0};
    uint64_t key;

    if (server->options.stream_forbidden) {
        sim_answer_error(
            answer, 403, "ForbiddenError",
            "You are not authorized to perform the requested operation");
        return;
    }
    answer->status = 200;
    answer->content_type = "application/json; charset=utf-8";
    if (!read_request(server, &request, answer)) {
        return;
    }
    answer->gzip = http->gzip && server->options.gzip;
    key = cache_key(server, &request, http);
    if (answer->fault == NULL) {
        answer->blob = sim_cache_get(server->cache, key);
    } else if (answer->fault->kind == SIM_FAULT_PLAIN_BODY) {
        answer->gzip = false;
    }
    if (answer->blob != NULL) {
        return;
    }
    build_page(server, &request, http, answer);
    if (answer->fault == NULL && answer->blob != NULL &&
        answer->status == 200) {
        sim_cache_put(server->cache, key, answer->blob);
    }
}
