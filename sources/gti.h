/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the source "gti": the IOC Stream and the Categorised Threat Lists of
 * Google Threat Intelligence, as one source whose units share one API key.
 * Streams and lists run at the same time and take turns (round robin), so that
 * none starves.
 *
 * Stored keys: "stream/<type>" = newest committed notification date;
 * "stream/<type>/<lo>-<hi>" = a window under way ("cursor <cursor>", "serial
 * <cursor>" or "done <newest date seen>"); "asked/<type>" = up to when a run
 * finished the stream; "list/<id>" = newest hour up to
 * which all is committed; "list/<id>/<hour>/ <type>" = "done" beyond it.
 */
#ifndef SLU_SOURCES_GTI_H
#define SLU_SOURCES_GTI_H

#include "codecs/field.h"
#include "sources/source.h"

#define SLU_GTI_STREAM_LIMIT 40
#define SLU_GTI_LIST_LIMIT 4000

struct slu_gti_config {
    const char *base_url;
    struct slu_secret api_key;
    struct slu_strings streams;      /* "domain", "ip_address" */
    struct slu_strings threat_lists; /* ids, or all */
    struct slu_strings verdicts;     /* "VERDICT_MALICIOUS", ... */
    int64_t min_score;               /* 0-100 */
    int64_t lookback_days;           /* 1-5 unless allow_long_lookback */
    bool allow_long_lookback;
    int64_t requests_per_minute; /* 0: adaptive only */
    int64_t package_delay_ms;    /* hour H is served from H + this; 2h */
    int64_t stream_overlap_ms;   /* re-read before the checkpoint; 5m */
    int64_t threat_list_limit;   /* 1-4000 */
};

extern const struct slu_section slu_gti_section;
extern const struct slu_source_ops slu_gti_source;

/* The three members of the table that need no instance (gti_access.c). */
void slu_gti_access(const void *config, struct slu_source_access *out_access);
bool slu_gti_probe(const void *config, unsigned index, struct slu_now now,
                   struct slu_probe *out_probe);
void slu_gti_explain(const struct slu_alloc *alloc, struct slu_view body,
                     struct slu_refusal *out_refusal);

/* The categories that can hold IP addresses or domains, in the order of their
 * source bits (SLU_SOURCE_LIST_FIRST << index); NULL past the end. */
const char *slu_gti_category(unsigned index);

/* "stream", "taken_over", a category, or "list" for one that is none of the
 * table's; bit is one bit. */
const char *slu_gti_source_name(uint32_t bit);

#endif
