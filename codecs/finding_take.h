/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: takes one value that a path led to, by what the table says it yields.
 * Private to finding.c.
 */
#ifndef SLU_CODECS_FINDING_TAKE_H
#define SLU_CODECS_FINDING_TAKE_H

#include "codecs/buf.h"
#include "codecs/finding_paths.h"
#include "codecs/json_read.h"

/* "2025-08-07T05:00:00.000Z" and its end */
#define SLU_FINDING_TIME_MAX 25

/* What a finding points to; kept from one to the next. */
struct slu_finding_room {
    struct slu_buf indicators; /* struct slu_finding_indicator */
    struct slu_buf tags;       /* struct slu_view */
    struct slu_buf sources;    /* struct slu_view */
    char times[3][SLU_FINDING_TIME_MAX];
};

/* What is known of one finding while it is read. */
struct slu_finding_pass {
    const struct slu_finding_path *const *wanted;
    struct slu_finding_room *room;
    const struct slu_finding_options *options;
    struct slu_finding *finding;
    struct slu_view info_text;
    bool has_action;
    bool has_known_action;
    bool has_file;  /* the last indicator is the file at hand */
    unsigned times; /* texts made */
    enum slu_err err;
};

/* Sets pass->err when out of memory. */
void slu_finding_take(struct slu_finding_pass *pass,
                      const struct slu_finding_path *path,
                      const struct slu_json_value *value);

/* true, or the string "true". */
bool slu_finding_is_true(const struct slu_json_value *value);

/* Keeps the first name that begins with options.own_list_prefix. */
void slu_finding_note_list(struct slu_finding_pass *pass,
                           const struct slu_json_value *value);

#endif
