/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the sources "guardduty" (findings of many accounts and regions through
 * ListFindings and GetFindings) and "guardduty_export" (findings that GuardDuty
 * exported to S3, from a bucket or a local copy). They share the section
 * "guardduty" and the extraction.
 *
 * Stored keys of guardduty: "planned/<account>/<region>/<detector>" = the
 * updatedAt (ms since 1970) up to which windows were planned;
 * "open/<account>/<region>/<detector>/<from>-<to>" = a window that is not done.
 * What is planned and not open is committed. The base identity's own account
 * is "base" there, aws.region "default". Of guardduty_export:
 * "done/<hash of the object's name>" = its ETag, or size and mtime;
 * "part/<the same hash>" = how much of a giant one is committed.
 */
#ifndef SLU_SOURCES_GUARDDUTY_H
#define SLU_SOURCES_GUARDDUTY_H

#include "codecs/field.h"
#include "codecs/finding.h"
#include "sources/aws_config.h"
#include "sources/source.h"

#define SLU_GUARDDUTY_PAGE 50 /* most ids of ListFindings and GetFindings */

struct slu_guardduty_config {
    struct slu_maps accounts;   /* struct slu_account; none: the base
                                   identity's own account */
    struct slu_strings regions; /* or all; none: aws.region */
    const char *detector;       /* "auto", or an id */
    bool create_detector;       /* for lists: where there is none */
    int64_t initial_range_days; /* 1-90 */
    bool include_archived;
    bool include_samples;
    struct slu_strings indicators; /* groups of codecs/finding.h, or all */
    const char *finding_compat;    /* "none", "netskope" */
    int64_t overlap_ms;            /* re-read before the checkpoint, for what
                                      was written late; 5m */
    const char
        *export_from; /* key "export": a folder, or "s3://bucket/prefix" */
    struct slu_strings export_names; /* their endings, or all */
    const char *export_region; /* of the bucket; "": aws.region, then where the
                                  answer says */
};

extern const struct slu_section slu_guardduty_section;
extern const struct slu_source_ops slu_guardduty_source;
extern const struct slu_source_ops slu_guardduty_export_source;

SLU_MUST_CHECK enum slu_err
slu_guardduty_config_check(const struct slu_guardduty_config *self,
                           struct slu_error *out_error);

/* The set of groups that the configuration asks for. */
uint32_t slu_guardduty_groups(const struct slu_guardduty_config *self);

/* The regions of a partition that have GuardDuty, in the order of their names;
 * NULL past the end. `opt_in` tells of those that an account must enable. */
const char *slu_guardduty_region(const char *partition, unsigned index,
                                 bool *out_opt_in);

/* ---- guardduty_extract.c: one finding to rows, common to both ---- */

struct slu_extract;

/* One for all of port->loops: a unit's loop says what of it is used. NULL when
 * out of memory. The port outlives it. */
struct slu_extract *slu_extract_new(const struct slu_alloc *alloc,
                                    const struct slu_guardduty_config *config,
                                    const struct slu_source_port *port);
void slu_extract_free(struct slu_extract *self);

/* From now on the caller tells of what is none, from extracted.fault. */
void slu_extract_leave_telling(struct slu_extract *self);

struct slu_extracted {
    bool known;         /* it has an id and updatedAt */
    int64_t updated_ms; /* when known */
    struct slu_view id; /* dies with the next record; empty: it is none */
    size_t row_bytes;   /* about what its rows take as text */
    char fault[160];    /* why it is none */
};

/*
 * Reads one record (JSON text of a finding, or an EventBridge event with the
 * finding in `detail`) and hands its rows to the port. A finding that is not
 * one (damaged, or without an id) is counted under its reason and told once a
 * unit at WARN, unless the caller tells by itself; only the port's errors and
 * NOMEM are returned.
 */
SLU_MUST_CHECK enum slu_err
slu_extract_record(struct slu_extract *self, struct slu_unit *unit,
                   const struct slu_json_event *record,
                   struct slu_extracted *out);

#endif
