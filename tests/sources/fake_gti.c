/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/fake_gti.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What one request asks for, after percent-decoding. */
struct query {
    char path[200];
    char filter[400];
    char terms[400]; /* "query" of the lists */
    char cursor[400];
    char type[40];
    long limit;
    bool ascending;
};

/* xorshift64*: seeded, so that a failure can be run again. */
uint64_t fake_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

void fake_init(struct fake_gti *self, size_t count, uint64_t seed)
{
    *self = (struct fake_gti){
        .items = calloc(count + 1, sizeof(struct fake_item)),
        .count = count,
        .random = seed * 2 + 1,
        .poisoned = FAKE_NEVER,
        .hole = FAKE_NEVER,
        .not_yet = FAKE_NEVER,
    };
}

void fake_fini(struct fake_gti *self)
{
    free(self->items);
}

size_t fake_index(const char *value, size_t len)
{
    char text[64] = "";
    unsigned part[3];
    size_t index;

    memcpy(text, value, len < sizeof(text) - 1 ? len : sizeof(text) - 1);
    if (sscanf(text, "d%zu.example", &index) == 1) {
        return index;
    }
    if (sscanf(text, "10.%u.%u.%u", &part[0], &part[1], &part[2]) == 3) {
        return part[0] * 65536u + part[1] * 256u + part[2];
    }
    return SIZE_MAX;
}

/* ---- the request ---- */

static void decode(const char *text, size_t len, char *out, size_t out_len)
{
    size_t written = 0;

    for (size_t i = 0; i < len && written + 1 < out_len; i++) {
        if (text[i] == '%' && i + 2 < len) {
            char hex[3] = {text[i + 1], text[i + 2], 0};

            out[written++] = (char)strtol(hex, NULL, 16);
            i += 2;
        } else {
            /* A raw "+" is a space, as on every web server. */
            out[written++] = text[i] == '+' ? ' ' : text[i];
        }
    }
    out[written] = '\0';
}

static void set_parameter(struct query *query, const char *name,
                          const char *value)
{
    if (strcmp(name, "limit") == 0) {
        query->limit = strtol(value, NULL, 10);
    } else if (strcmp(name, "order") == 0) {
        query->ascending = strcmp(value, "date+") == 0;
    } else if (strcmp(name, "filter") == 0) {
        (void)snprintf(query->filter, sizeof(query->filter), "%s", value);
    } else if (strcmp(name, "query") == 0) {
        (void)snprintf(query->terms, sizeof(query->terms), "%s", value);
    } else if (strcmp(name, "cursor") == 0) {
        (void)snprintf(query->cursor, sizeof(query->cursor), "%s", value);
    } else if (strcmp(name, "type") == 0) {
        (void)snprintf(query->type, sizeof(query->type), "%.39s", value);
    }
}

static void read_target(struct query *query, const char *target, size_t len)
{
    char *copy = strndup(target, len);
    char *save = NULL;
    char *mark = strchr(copy, '?');

    memset(query, 0, sizeof(*query));
    (void)snprintf(query->path, sizeof(query->path), "%.*s",
                   (int)(mark != NULL ? mark - copy : (long)len), copy);
    for (char *part = mark != NULL ? strtok_r(mark + 1, "&", &save) : NULL;
         part != NULL; part = strtok_r(NULL, "&", &save)) {
        char value[400];
        char *equals = strchr(part, '=');

        if (equals == NULL) {
            continue;
        }
        *equals = '\0';
        decode(equals + 1, strlen(equals + 1), value, sizeof(value));
        set_parameter(query, part, value);
    }
    free(copy);
}

/* True when the number satisfies every "<name>:<number>+" and "-" in terms. */
static bool satisfies(const struct fake_gti *self, const char *terms,
                      const char *name, int64_t number)
{
    size_t name_len = strlen(name);

    for (const char *at = strstr(terms, name); at != NULL;
         at = strstr(at + 1, name)) {
        char sign = 0;
        int64_t bound = 0;

        if (at[name_len] != ':' ||
            sscanf(at + name_len + 1, "%" SCNd64 "%c", &bound, &sign) != 2) {
            continue;
        }
        if (sign == '+' &&
            (self->from_exclusive ? number <= bound : number < bound)) {
            return false;
        }
        if (sign == '-' &&
            (self->until_inclusive ? number > bound : number >= bound)) {
            return false;
        }
    }
    return true;
}

/* ---- the answer ---- */

static void say(struct fake_answer *answer, const char *format, ...)
{
    va_list args;
    int len;

    if (answer->capacity - answer->len < 1024) {
        answer->capacity = answer->capacity * 2 + 4096;
        answer->body = realloc(answer->body, answer->capacity);
    }
    va_start(args, format);
    len = vsnprintf(answer->body + answer->len, 1024, format, args);
    va_end(args);
    answer->len += (size_t)len;
}

static void refuse(struct fake_answer *answer, int status, const char *code,
                   const char *message)
{
    answer->status = status;
    answer->len = 0;
    say(answer, "{\"error\":{\"message\":\"%s\",\"code\":\"%s\"}}", message,
        code);
}

static void say_item(const struct fake_gti *self, size_t index,
                     struct fake_answer *answer)
{
    const struct fake_item *item = &self->items[index];

    if (item->domain) {
        say(answer, "{\"type\":\"domain\",\"id\":\"d%zu.example\"", index);
    } else {
        say(answer, "{\"id\":\"10.%zu.%zu.%zu\",\"type\":\"ip_address\"",
            index >> 16 & 255, index >> 8 & 255, index & 255);
    }
    if (item->score >= 0) {
        say(answer,
            ",\"attributes\":{\"last_modification_date\":%" PRId64
            ",\"gti_assessment\":{\"verdict\":{\"value\":"
            "\"VERDICT_MALICIOUS\"},\"threat_score\":{\"value\":%d}}}",
            (item->date - 100) * (self->milliseconds ? 1000 : 1), item->score);
    } else {
        say(answer, ",\"attributes\":{}");
    }
    if (item->list < 0) {
        say(answer,
            ",\"context_attributes\":{\"notification_id\":\"%zu\","
            "\"notification_date\":%" PRId64 ",\"hunting_info\":null}",
            index * 7919 % 100003, item->date);
    }
    say(answer, "}");
}

static bool has_list_item(const struct fake_gti *self,
                          const struct query *query, size_t index, int list,
                          int64_t hour)
{
    static const char *const names[] = {"has:malware_families", "has:campaigns",
                                        "has:reports", "has:threat_actors"};
    const struct fake_item *item = &self->items[index];

    if (item->list != list || item->date != hour ||
        (!self->ignore_type &&
         item->domain != (strcmp(query->type, "domain") == 0))) {
        return false;
    }
    if (self->ignore_query) {
        return true;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (strstr(query->terms, names[i]) != NULL &&
            (item->has & 1u << i) == 0) {
            return false;
        }
    }
    if (self->unscored_apart && item->score < 0 &&
        strstr(query->terms, "gti_score") != NULL) {
        return false;
    }
    return satisfies(self, query->terms, "gti_score", item->score) &&
           satisfies(self, query->terms, "positives", item->positives);
}

static int find_list(const struct fake_gti *self, const char *id)
{
    for (int i = 0; i < FAKE_LISTS_MAX; i++) {
        if (self->lists[i] != NULL && strcmp(self->lists[i], id) == 0) {
            return i;
        }
    }
    return -1;
}

static void answer_list(struct fake_gti *self, const struct query *query,
                        struct fake_answer *answer)
{
    char id[80];
    struct tm tm = {0};
    int64_t hour;
    int list;
    long left = self->more_than_limit ? 1000000 : query->limit;
    const char *comma = "";

    if (sscanf(query->path, "/api/v3/threat_lists/%79[^/]/%4d%2d%2d%2d", id,
               &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour) != 5) {
        refuse(answer, 404, "NotFoundError", "URL not found");
        return;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    hour = timegm(&tm);
    list = find_list(self, id);
    if (list < 0 || hour == self->hole) {
        refuse(answer, 404, "NotFoundError", "no such package");
    } else if (self->forbidden[list]) {
        refuse(answer, 403, "ForbiddenError", "You are not authorized");
    } else if (hour >= self->not_yet) {
        refuse(answer, 400, "NotAvailableYet", "Package is not available");
    } else {
        say(answer, "{\"iocs\":[");
        for (size_t i = 0; i < self->count && left > 0; i++) {
            if (has_list_item(self, query, i, list, hour)) {
                say(answer, "%s{\"data\":", comma);
                say_item(self, i, answer);
                say(answer, "}");
                comma = ",";
                left--;
            }
        }
        say(answer, "]}");
    }
}

static bool has_stream_item(const struct fake_gti *self,
                            const struct query *query, size_t index)
{
    const struct fake_item *item = &self->items[index];
    bool domain = strstr(query->filter, "entity_type:domain") != NULL;

    return item->list < 0 && (self->ignore_type || item->domain == domain) &&
           (self->ignore_date ||
            satisfies(self, query->filter, "date", item->date));
}

static const struct fake_gti *sorted;

static int compare_items(const void *a, const void *b)
{
    const struct fake_item *left = &sorted->items[*(const size_t *)a];
    const struct fake_item *right = &sorted->items[*(const size_t *)b];

    if (left->date != right->date) {
        return left->date < right->date ? -1 : 1;
    }
    return (left->order > right->order) - (left->order < right->order);
}

/* The matching items in the order of the answer. */
static size_t find_matches(const struct fake_gti *self,
                           const struct query *query, size_t *out)
{
    size_t count = 0;

    for (size_t i = 0; i < self->count; i++) {
        if (has_stream_item(self, query, i)) {
            out[count++] = i;
        }
    }
    sorted = self;
    qsort(out, count, sizeof(*out), compare_items);
    if (self->newest_first || !query->ascending) {
        for (size_t i = 0; i < count / 2; i++) {
            size_t swap = out[i];

            out[i] = out[count - 1 - i];
            out[count - 1 - i] = swap;
        }
    }
    return count;
}

static bool is_poisoned(const struct fake_gti *self, size_t index)
{
    int64_t date = self->items[index].date;

    return date == self->poisoned ||
           (date > self->poisoned && date <= self->poisoned_to);
}

/* A cursor is bound to its filter, and has characters that must be encoded. */
static unsigned long hash_filter(const char *filter)
{
    unsigned long hash = 5381;

    for (; *filter != '\0'; filter++) {
        hash = hash * 33 + (unsigned char)*filter;
    }
    return hash & 0xffffff;
}

static void say_page(struct fake_gti *self, const struct query *query,
                     const size_t *matches, size_t count, size_t from,
                     struct fake_answer *answer)
{
    size_t to = from + (size_t)query->limit;

    to = to > count ? count : to;
    say(answer, "{");
    if (to > from || (!self->null_data && !self->no_data)) {
        say(answer, "\"data\":[");
        for (size_t i = from; i < to; i++) {
            say(answer, "%s", i > from ? "," : "");
            say_item(self, matches[i], answer);
        }
        say(answer, "],");
    } else if (self->null_data) {
        say(answer, "\"data\":null,");
    }
    say(answer, "\"meta\":{");
    if (!self->no_count) {
        say(answer, "\"count\":%zu%s", count, to < count ? "," : "");
    }
    if (to < count && self->repeat_cursor > 0 && query->cursor[0] != '\0' &&
        --self->repeat_cursor == 0) {
        say(answer, "\"cursor\":\"%s\"", query->cursor);
    } else if (to < count) {
        say(answer, "\"cursor\":\"%lx/+=%zu\"", hash_filter(query->filter), to);
    }
    say(answer, "},\"links\":{\"self\":\"x\"}}");
}

static void answer_stream(struct fake_gti *self, const struct query *query,
                          struct fake_answer *answer)
{
    size_t *matches = calloc(self->count + 1, sizeof(*matches));
    size_t count = find_matches(self, query, matches);
    unsigned long hash = 0;
    size_t from = 0;
    bool bad = self->reject_all || query->limit > 40;

    self->stream_requests++;
    self->first_pages += query->cursor[0] == '\0';
    if (!self->endless && query->cursor[0] != '\0' &&
        (sscanf(query->cursor, "%lx/+=%zu", &hash, &from) != 2 ||
         hash != hash_filter(query->filter))) {
        bad = true;
    }
    if (from >= 80 && self->dead_cursors > 0) {
        self->dead_cursors--;
        bad = true;
    }
    for (size_t i = from; i < count && i < from + (size_t)query->limit; i++) {
        bad = bad || is_poisoned(self, matches[i]);
    }
    if (bad) {
        refuse(answer, self->dead_is_404 ? 404 : 400, "BadRequestError",
               "this page is not to be had");
    } else if (self->endless) {
        say(answer, "{\"data\":[],\"meta\":{\"cursor\":\"%zu\"}}",
            self->requests);
    } else {
        say_page(self, query, matches, count, from, answer);
    }
    free(matches);
}

static void spoil(struct fake_gti *self, struct fake_answer *answer)
{
    switch (fake_random(&self->random) % 5) {
    case 0:
        refuse(answer, 429, "QuotaExceededError", "Quota exceeded");
        break;
    case 1:
        refuse(answer, 503, "TransientError", "try again");
        break;
    case 2:
        answer->status = 429;
        answer->len = 0;
        say(answer, "<title>429</title>429 Too Many Requests");
        break;
    case 3:
        answer->status = 0;
        break;
    default:
        answer->cut = true;
        answer->len = answer->len * (fake_random(&self->random) % 100) / 100;
        break;
    }
}

void fake_ask(struct fake_gti *self, const char *target, size_t target_len,
              struct fake_answer *answer)
{
    struct query query;

    read_target(&query, target, target_len);
    self->requests++;
    answer->status = 200;
    answer->cut = false;
    answer->len = 0;
    if (self->status != 0) {
        refuse(answer, self->status, "Error", "as you wish");
    } else if (self->html) {
        say(answer, "<html>welcome to the captive portal</html>");
    } else if (strcmp(query.path, "/api/v3/ioc_stream") == 0) {
        answer_stream(self, &query, answer);
    } else {
        answer_list(self, &query, answer);
    }
    if (fake_random(&self->random) % 100 < self->fault_percent) {
        spoil(self, answer);
    }
}
