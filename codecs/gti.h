/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the messages of Google Threat Intelligence: one item of the IOC Stream,
 * one of a threat list, the `meta` member, the error body, and the text of
 * NotAvailableYet. Any member may be absent or null, in any order.
 * Source: the GTI reference pages "Get objects from the IoC Stream", "Get
 * hourly threat list", "Errors".
 */
#ifndef SLU_CODECS_GTI_H
#define SLU_CODECS_GTI_H

#include "codecs/alloc.h"
#include "codecs/json_split.h"
#include <sluice/err.h>
#include <sluice/indicator.h>

#define SLU_GTI_CURSOR_MAX 4096

/* Which of the two shapes an element has. */
enum slu_gti_shape {
    SLU_GTI_STREAM_ITEM, /* element of `data` */
    SLU_GTI_LIST_ITEM,   /* element of `iocs`: {"data": {...}} */
};

enum slu_gti_type {
    SLU_GTI_OTHER, /* file, url, or anything else */
    SLU_GTI_IP_ADDRESS,
    SLU_GTI_DOMAIN,
};

/* Strings die with the next read. Absent numbers are 0 unless said. */
struct slu_gti_item {
    enum slu_gti_type type;
    struct slu_view id;              /* the indicator, as received */
    enum slu_verdict verdict;        /* NONE when there is no assessment */
    uint8_t score;                   /* 0-100, clamped */
    int64_t last_modification_date;  /* seconds, or 0 */
    struct slu_view notification_id; /* stream only; empty when absent */
    int64_t notification_date;       /* stream only; 0 when absent */
};

struct slu_gti_meta {
    bool has_count;
    int64_t count;
    bool has_cursor;
    struct slu_view cursor; /* opaque; an empty string counts as absent */
};

enum slu_gti_error_code {
    SLU_GTI_ERROR_UNKNOWN, /* not JSON, or a code not named here */
    SLU_GTI_ERROR_BAD_REQUEST,
    SLU_GTI_ERROR_INVALID_ARGUMENT,
    SLU_GTI_ERROR_NOT_AVAILABLE_YET,
    SLU_GTI_ERROR_AUTHENTICATION_REQUIRED,
    SLU_GTI_ERROR_WRONG_CREDENTIALS,
    SLU_GTI_ERROR_USER_NOT_ACTIVE,
    SLU_GTI_ERROR_FORBIDDEN,
    SLU_GTI_ERROR_NOT_FOUND,
    SLU_GTI_ERROR_QUOTA_EXCEEDED,
    SLU_GTI_ERROR_TOO_MANY_REQUESTS, /* with or without "Error" behind it */
    SLU_GTI_ERROR_TRANSIENT,
    SLU_GTI_ERROR_DEADLINE_EXCEEDED,
};

struct slu_gti_error {
    enum slu_gti_error_code code;
    char message[200]; /* the server's words, control bytes replaced, cut */
};

struct slu_gti_reader; /* the compiled path tables and their scratch */

struct slu_gti_reader *slu_gti_reader_new(const struct slu_alloc *alloc);
void slu_gti_reader_free(struct slu_gti_reader *self);

/* record: an event of the splitter, of which text and tokens count (so a text
 * with padding behind it will do). MALFORMED when it is not an object or a
 * visited member has a fault. */
SLU_MUST_CHECK enum slu_err
slu_gti_read_item(struct slu_gti_reader *self, enum slu_gti_shape shape,
                  const struct slu_json_event *record,
                  struct slu_gti_item *out_item, struct slu_error *out_error);

/* text: the `meta` member. null is allowed and has neither. */
SLU_MUST_CHECK enum slu_err slu_gti_read_meta(struct slu_gti_reader *self,
                                              struct slu_view text,
                                              struct slu_gti_meta *out_meta,
                                              struct slu_error *out_error);

/* The first bytes of an error answer's body, JSON or not, no padding needed.
 * Never fails: what it can't read is UNKNOWN. */
void slu_gti_read_error(struct slu_gti_reader *self, struct slu_view body,
                        struct slu_gti_error *out_error);

#endif
