/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: gti-checkpoint.json in the Lambda's form:
 * {"domain_last_notification_date": 1705766400,
 *  "ip_address_last_notification_date": 1705766400,
 *  "threat_lists": {"malware": "2024012015"}}
 * Numbers may come as strings, members may be absent or null; members that we
 * don't know are ignored.
 */
#ifndef SLU_CODECS_CHECKPOINT_H
#define SLU_CODECS_CHECKPOINT_H

#include "codecs/buf.h"
#include <sluice/indicator.h>

#define SLU_CHECKPOINT_LISTS_MAX 32
#define SLU_CHECKPOINT_LIST_ID_MAX 64

struct slu_checkpoint_list {
    char id[SLU_CHECKPOINT_LIST_ID_MAX];
    int64_t hour; /* seconds since 1970 of the hour's start */
};

struct slu_checkpoint {
    int64_t stream[SLU_KIND_COUNT]; /* seconds since 1970; 0: none */
    unsigned list_count;
    struct slu_checkpoint_list lists[SLU_CHECKPOINT_LISTS_MAX];
};

/* CONFIG, with what was expected, when the text is not such a document: a
 * damaged checkpoint must not silently start a full pull. */
SLU_MUST_CHECK enum slu_err slu_checkpoint_parse(struct slu_checkpoint *self,
                                                 const struct slu_alloc *alloc,
                                                 struct slu_view text,
                                                 struct slu_error *out_error);

/* Appends the document; a stream without a date is left out. */
SLU_MUST_CHECK enum slu_err
slu_checkpoint_format(const struct slu_checkpoint *self, struct slu_buf *buf);

/* Sets a list's hour (adds it if need be); LIMIT when the table is full. */
SLU_MUST_CHECK enum slu_err slu_checkpoint_set_list(struct slu_checkpoint *self,
                                                    struct slu_view id,
                                                    int64_t hour);
/* 0 when the list is not in it. */
int64_t slu_checkpoint_list_hour(const struct slu_checkpoint *self,
                                 struct slu_view id);

#endif
