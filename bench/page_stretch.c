/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/page_stretch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH_BYTES ((size_t)256 * 1024)
#define NAME_LEN 15 /* eleven letters and ".com" */
#define DATE_LEN 10
#define RENDER_ROOM 1024

/* ---- values: the i-th of each kind, none twice, scattered ---- */

static void put_digits(char *out, unsigned octet)
{
    out[0] = (char)('0' + octet / 100);
    out[1] = (char)('0' + octet / 10 % 10);
    out[2] = (char)('0' + octet % 10);
}

/* Octets of three digits each; the first one never has a range that isn't
 * global. */
static void put_address(char *out, uint64_t i)
{
    static const uint8_t left_out[] = {127, 169, 172, 192, 198, 203};
    static const uint64_t low = 156 * 156 * 156; /* 100 to 255, three times */
    static const uint64_t high = 117;            /* 101 to 223, without those */
    uint64_t place = i * 2654435761u % (low * high); /* a prime */
    unsigned first = 101 + (unsigned)(place / low);

    for (size_t at = 0; at < sizeof(left_out); at++) {
        first += first >= left_out[at];
    }
    place %= low;
    put_digits(out, first);
    put_digits(out + 4, 100 + (unsigned)(place / (156 * 156)));
    put_digits(out + 8, 100 + (unsigned)(place / 156 % 156));
    put_digits(out + 12, 100 + (unsigned)(place % 156));
}

static void put_name(char *out, uint64_t i)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    /* The golden ratio leaves such gaps that none comes twice in the 55 bits
     * that are shown. */
    uint64_t place = i * 0x9e3779b97f4a7c15u;

    for (int at = 0; at < NAME_LEN - 4; at++) {
        out[at] = digits[place >> (64 - 5 * (at + 1)) & 31];
    }
}

static void put_date(char *out, int64_t date)
{
    for (int at = DATE_LEN; at > 0; at--) {
        out[at - 1] = (char)('0' + date % 10);
        date /= 10;
    }
}

/* ---- items ---- */

static const char *const openings[SLU_STRETCH_SHAPES] = {
    [SLU_STRETCH_LIST] = "{\"data\":{\"type\":\"%s\",\"id\":\"%s\",",
    [SLU_STRETCH_STREAM] = "{\"type\":\"%s\",\"id\":\"%s\",",
};
static const char assessment[] =
    "\"attributes\":{\"gti_assessment\":{\"verdict\":{\"value\":"
    "\"VERDICT_MALICIOUS\"},\"threat_score\":{\"value\":80},\"severity\":"
    "{\"value\":\"SEVERITY_HIGH\"}},\"last_modification_date\":1700000000,"
    "\"last_analysis_results\":{";
static const char *const endings[SLU_STRETCH_SHAPES] = {
    [SLU_STRETCH_LIST] = "}},\"relationships\":{},\"context_attributes\":{"
                         "\"threat_list_id\":\"malware\"}}},",
    [SLU_STRETCH_STREAM] =
        "}},\"context_attributes\":{\"notification_id\":\"23000000000\","
        "\"notification_date\":1700000000,\"origin\":\"subscriptions\","
        "\"sources\":[],\"tags\":[],\"hunting_info\":null}},",
};

/* About as large as wanted; out has room for 1 KB more. */
static size_t render_item(enum slu_stretch_shape shape, int kind, size_t wanted,
                          char *out)
{
    static const char engine[] =
        "%s\"Engine %04u\":{\"method\":\"blacklist\",\"category\":"
        "\"harmless\",\"result\":\"clean\"}";
    size_t end_len = strlen(endings[shape]);
    size_t len = (size_t)sprintf(
        out, openings[shape], slu_kind_name((enum slu_kind)kind),
        kind == SLU_KIND_IP ? "100.100.100.100" : "aaaaaaaaaaa.com");

    len += (size_t)sprintf(out + len, "%s", assessment);
    for (unsigned i = 0; len + end_len + sizeof(engine) / 2 < wanted; i++) {
        len += (size_t)sprintf(out + len, engine, i == 0 ? "" : ",", i);
    }
    memcpy(out + len, endings[shape], end_len + 1);
    return len + end_len;
}

bool slu_stretch_make(struct slu_stretch *self, enum slu_stretch_shape shape,
                      enum slu_kind kind, size_t item_bytes,
                      const struct slu_stretch_dates *dates)
{
    char *item = malloc(item_bytes + RENDER_ROOM);
    const char *date;

    if (item == NULL) {
        return false;
    }
    self->stride = render_item(shape, kind, item_bytes, item);
    self->count = STRETCH_BYTES / self->stride + 1;
    self->value_at = (size_t)(strstr(item, "\"id\":\"") - item) + 6;
    date = strstr(item, "\"notification_date\":");
    self->date_at = date == NULL ? 0 : (size_t)(date - item) + 20;
    self->domains = kind == SLU_KIND_DOMAIN;
    self->dates = dates;
    self->bytes = malloc(self->count * self->stride);
    for (size_t i = 0; self->bytes != NULL && i < self->count; i++) {
        memcpy(self->bytes + i * self->stride, item, self->stride);
    }
    free(item);
    return self->bytes != NULL;
}

int64_t slu_stretch_date(const struct slu_stretch_dates *dates, uint64_t item)
{
    return dates->from + (int64_t)(item * (uint64_t)dates->span / dates->count);
}

void slu_stretch_write(struct slu_stretch *self, uint64_t first, size_t count)
{
    char *at = self->bytes;

    for (uint64_t i = first; i < first + count; i++) {
        if (self->domains) {
            put_name(at + self->value_at, i);
        } else {
            put_address(at + self->value_at, i);
        }
        if (self->date_at != 0) {
            put_date(at + self->date_at, slu_stretch_date(self->dates, i));
        }
        at += self->stride;
    }
}
