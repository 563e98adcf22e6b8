/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the messages of GuardDuty's ThreatIntelSets (IPs) and ThreatEntitySets
 * (domains): the bodies of Create and Update, and the answers of List, Get and
 * Create; of detectors too, whose List and Create have the same form. Members
 * and statuses that are not known are accepted.
 * Source: GuardDuty API reference, 2017-11-28.
 * Ownership: an answer's text needs SLU_JSON_PADDING readable bytes behind it.
 * Errors: MALFORMED with a sentence, LIMIT, NOMEM.
 */
#ifndef SLU_CODECS_THREAT_SET_H
#define SLU_CODECS_THREAT_SET_H

#include "codecs/buf.h"
#include "codecs/json_split.h"
#include "codecs/s3_location.h"

/* The API's own limits. */
#define SLU_THREAT_SET_ID_MAX 300
#define SLU_THREAT_SET_NAME_MAX 300
#define SLU_THREAT_SET_PAGE 50
#define SLU_THREAT_SET_TOKEN_MAX 4096 /* of a nextToken: ours */

enum slu_threat_noun {
    SLU_THREAT_INTEL_SET,
    SLU_THREAT_ENTITY_SET,
    SLU_THREAT_DETECTOR,
};
#define SLU_THREAT_NOUN_COUNT 3

/* "threatintelset", as in a path; "ThreatIntelSet", as in an operation. */
const char *slu_threat_noun_path(enum slu_threat_noun noun);
const char *slu_threat_noun_name(enum slu_threat_noun noun);

enum slu_threat_status {
    SLU_THREAT_UNKNOWN, /* one that is newer than this program */
    SLU_THREAT_INACTIVE,
    SLU_THREAT_ACTIVATING,
    SLU_THREAT_ACTIVE,
    SLU_THREAT_DEACTIVATING,
    SLU_THREAT_ERROR,
    SLU_THREAT_DELETE_PENDING,
    SLU_THREAT_DELETED,
};

#define SLU_THREAT_WORD_MAX 40

/* What Get says; texts are fit for a log, "" where nothing was said. */
struct slu_threat_set {
    enum slu_threat_status status;
    char status_text[SLU_THREAT_WORD_MAX];
    char format[SLU_THREAT_WORD_MAX];
    char name[SLU_THREAT_SET_NAME_MAX + 1];
    char location[SLU_S3_LOCATION_MAX + 1];
    char error_details[SLU_ERROR_TEXT_MAX];
};

struct slu_threat_set_create {
    const char *name;
    const char *location;
    const char *owner; /* expectedBucketOwner; "": none */
    const char *token; /* clientToken */
};

/* {"name":...,"format":"TXT","location":...,"activate":true,...} */
SLU_MUST_CHECK enum slu_err
slu_threat_set_write_create(struct slu_buf *out,
                            const struct slu_threat_set_create *create);

/* {"location":...,"activate":...}; location and owner may be "". */
SLU_MUST_CHECK enum slu_err slu_threat_set_write_update(struct slu_buf *out,
                                                        const char *location,
                                                        const char *owner,
                                                        bool activate);

/* {"enable":true,"clientToken":...} */
SLU_MUST_CHECK enum slu_err
slu_threat_detector_write_create(struct slu_buf *out, const char *token);

/* Appends each id with a zero byte to out_ids, and replaces out_token by the
 * nextToken, unescaped; empty where there is none or it is "". */
SLU_MUST_CHECK enum slu_err
slu_threat_set_read_list(const struct slu_alloc *alloc,
                         enum slu_threat_noun noun, struct slu_view text,
                         struct slu_buf *out_ids, struct slu_buf *out_token,
                         struct slu_error *out_error);

/* The answer of Create: its id. */
SLU_MUST_CHECK enum slu_err
slu_threat_set_read_created(const struct slu_alloc *alloc,
                            enum slu_threat_noun noun, struct slu_view text,
                            char out_id[SLU_THREAT_SET_ID_MAX + 1],
                            struct slu_error *out_error);

/* MALFORMED where there is no status; all else may be missing. */
SLU_MUST_CHECK enum slu_err
slu_threat_set_read_get(const struct slu_alloc *alloc, struct slu_view text,
                        struct slu_threat_set *out_set,
                        struct slu_error *out_error);

#endif
