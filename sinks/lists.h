/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the lists: which records are on a list, which of them stay when there
 * is not room for all, and in which file and seat each stands (rules R4, R5,
 * R7, R8, R9, R10). Pure: the engine scans the store, in key order, twice:
 *
 *     new -> consider(record)*         first scan, every record of every kind
 *         -> decide
 *         -> settle(record)*           second scan, the same records in the
 *                                      same order: says what becomes of each,
 *                                      and writes the side files on the way
 *         -> finish                    the side files are complete
 *         -> file(kind, i)*            the text of each list file
 *         -> free
 *
 * Placement: an entry that stays keeps its file and seat. A newcomer, best
 * first, takes the seat of an entry that left, lowest (file, seat) first, else
 * the next seat of the first file with room. Over capacity the best stay:
 * verdict, score, last seen, number of sources, then value (smaller first).
 *
 * Limits: memory is bounded by the lists' capacity (at most twice as many
 * candidates as there are seats, 6 x 250,000 and 6 x 1,000; with fold_domains
 * 32 times as many names), not by the number of records. Side files are cut at
 * side_bytes, which is counted and said.
 */
#ifndef SLU_SINKS_LISTS_H
#define SLU_SINKS_LISTS_H

#include "codecs/field.h"
#include "codecs/guard.h"
#include "codecs/record.h"

#define SLU_LIST_FILES_MAX 6
#define SLU_LIST_IP_LINES_MAX 250000
#define SLU_LIST_DOMAIN_LINES_MAX 1000
#define SLU_LIST_BYTES_MAX 35000000

/* The section `lists` of the configuration. */
struct slu_lists_config {
    struct slu_strings ip_files;     /* 0-6 paths below output_dir; 0: the */
    struct slu_strings entity_files; /* default ones. See config_files() */
    uint64_t ip_file_lines;
    uint64_t entity_file_lines;
    uint64_t file_bytes;
    uint64_t side_file_bytes;
    int64_t max_age_ms;
    const char *allow_file; /* "" for none */
    bool allow_non_global;
    bool allow_public_suffixes;
    int64_t cidr_min_prefix;
    const char *set_name_prefix; /* of the sets that the lists become */
    const char *bucket;          /* "": none; else where sink s3 puts them */
    const char *prefix;          /* "" or "dir/", as it stands before a path */
    const char *bucket_owner;    /* "": any; else 12 digits */
    const char *kms_key_id;      /* "": as the bucket encrypts */
    struct slu_maps max_ages;    /* struct slu_list_age: other ages than
                                    max_age_ms for some categories */
    bool merge_cidrs;            /* write IPs as the fewest CIDRs that cover
                                    exactly the same addresses */
    int64_t fold_domains;        /* 0: never; n: n or more names directly below
                                    a parent become "*.parent" */
};

/* How long an indicator of one category stays. Of several categories the
 * longest counts. */
struct slu_list_age {
    const char *category; /* "stream", a threat list's id, "taken_over" */
    int64_t max_age_ms;
};

extern const struct slu_section slu_lists_section;

/* The paths of a kind's files; the default ones when none are configured. */
const struct slu_strings *
slu_lists_config_files(const struct slu_lists_config *self, enum slu_kind kind);

/*
 * What no single field can say: CONFIG when a path is absolute, has an empty,
 * "." or ".." component, is another file's name (a side file's, the
 * checkpoint's, another list's), or when there are more than six; a bucket that
 * is none, a prefix that begins with a slash, ends without one or has an empty,
 * "." or ".." component, an owner that is not 12 digits; a path that S3 or
 * GuardDuty can't take behind that prefix; a category of max_ages without a
 * name or given twice; fold_domains 1.
 */
SLU_MUST_CHECK enum slu_err
slu_lists_config_check(const struct slu_lists_config *self,
                       struct slu_error *out_error);

enum slu_side_file {
    SLU_SIDE_INVALID_IP,
    SLU_SIDE_INVALID_DOMAIN,
    SLU_SIDE_EXCEEDED_IP,
    SLU_SIDE_EXCEEDED_DOMAIN,
    SLU_SIDE_REASONS,
};
#define SLU_SIDE_FILE_COUNT 5

/* "invalid_iocs/invalid_ip_address.txt" and so on. */
const char *slu_side_file_path(enum slu_side_file file);

#define SLU_LISTS_CATEGORIES_MAX 32 /* the bits of `sources` */

struct slu_lists_options {
    const struct slu_alloc *alloc;
    const struct slu_lists_config *config;
    const struct slu_guard *guard;
    uint32_t verdicts; /* bit set of 1 << enum slu_verdict that are wanted */
    uint8_t min_score;
    int64_t now; /* seconds since 1970, UTC */
    /* By the index of a bit of `sources`: how long its indicators stay; 0:
     * config->max_age_ms. The engine makes it of config->max_ages. */
    int64_t category_age_ms[SLU_LISTS_CATEGORIES_MAX];
    /* Bit i: file i may have lines; the others are emptied, and their entries
     * compete for the places of the usable ones. 0: all are usable. A bit of a
     * file that is not configured counts for nothing, so a mask of such bits
     * alone leaves no usable file. */
    uint32_t usable[SLU_KIND_COUNT];
    void *ctx; /* of write_side */
    /* Appends bytes (whole lines) to a side file. */
    enum slu_err (*write_side)(void *ctx, enum slu_side_file file,
                               struct slu_view bytes);
};

/* Why a record is not a candidate for a list, whatever room there is; NONE: it
 * is one. Reads verdicts, min_score, now, guard and the ages, no more. A record
 * of a valid kind that was on a list until now is called REVOKED elsewhere for
 * what is VERDICT or SCORE here. */
enum slu_reason slu_lists_classify(const struct slu_lists_options *options,
                                   const struct slu_record *record);

enum slu_lists_action {
    SLU_LISTS_KEEP,   /* as it is */
    SLU_LISTS_UPDATE, /* its place has changed: store it again */
    SLU_LISTS_DROP,   /* expired: delete it */
};

/* What became of the indicators of one source bit, of both kinds together. One
 * of several categories counts in each. */
struct slu_lists_category {
    uint64_t listed;
    uint64_t exceeded;
    /* Of the best that was left out: it would be the next to be listed. */
    bool has_cut;
    enum slu_verdict cut_verdict;
    uint8_t cut_score;
};

/*
 * Indicators, not lines. With merge_cidrs or fold_domains a line may hold
 * several: all of them are listed. It ranks like the best of them and keeps its
 * seat while one of them is left that can have it; the place is stored with one
 * member, the others have none.
 */
struct slu_lists_counts {
    uint64_t listed[SLU_KIND_COUNT];
    uint64_t exceeded[SLU_KIND_COUNT];
    uint64_t added[SLU_KIND_COUNT];     /* have a place and had none: who comes
                                           into another's line isn't counted */
    uint64_t removed[SLU_KIND_COUNT];   /* had a place and are on no list:
                                           evicted, expired, ... */
    uint64_t revoked[SLU_KIND_COUNT];   /* of them: no longer wanted */
    uint64_t expired[SLU_KIND_COUNT];   /* of them: too old */
    uint64_t reasons[SLU_REASON_COUNT]; /* current state, by record */
    uint64_t side_omitted[SLU_SIDE_FILE_COUNT]; /* lines over the cap */
    struct slu_lists_category categories[SLU_LISTS_CATEGORIES_MAX];
    uint64_t merged; /* IP entries that stand in a wider line (merge_cidrs) */
    uint64_t folded; /* names that stand in "*.parent" (fold_domains) */
};

struct slu_lists;

/* NULL when out of memory. Copies the options; config and guard outlive it. */
SLU_MUST_CHECK struct slu_lists *
slu_lists_new(const struct slu_lists_options *options);
void slu_lists_free(struct slu_lists *self);

SLU_MUST_CHECK enum slu_err slu_lists_consider(struct slu_lists *self,
                                               const struct slu_record *record);
SLU_MUST_CHECK enum slu_err slu_lists_decide(struct slu_lists *self);

/* May change record->place_file and place_seat, then says UPDATE. */
SLU_MUST_CHECK enum slu_err slu_lists_settle(struct slu_lists *self,
                                             struct slu_record *record,
                                             enum slu_lists_action *out_action);

/*
 * Ends the second scan and hands on the last lines of the side files; the
 * counts are final. STATE when the second scan was not the same as the first.
 * slu_lists_file does it where the caller has not; a second call does nothing.
 */
SLU_MUST_CHECK enum slu_err slu_lists_finish(struct slu_lists *self);

/* Number of files of a kind, from the configuration (1-6), and their paths. */
unsigned slu_lists_file_count(const struct slu_lists *self, enum slu_kind kind);
const char *slu_lists_file_path(const struct slu_lists *self,
                                enum slu_kind kind, unsigned index);

/* Replaces buf's content by the whole text of a list file, index from 0; after
 * the second scan. *out_lines is their number. */
SLU_MUST_CHECK enum slu_err slu_lists_file(struct slu_lists *self,
                                           enum slu_kind kind, unsigned index,
                                           struct slu_buf *buf,
                                           uint64_t *out_lines);

const struct slu_lists_counts *slu_lists_counts(const struct slu_lists *self);

/*
 * Taking over a list file that stands in the output folder although the state
 * does not know it: calls on_record for every line, as a record with its place
 * (file index + 1, line number), sources TAKEN_OVER, both times = now, no
 * assessment. Lines that are not valid become records of the invalid kinds.
 */
struct slu_take_over {
    enum slu_kind kind;
    unsigned index; /* of the file, from 0 */
    int64_t now;    /* seconds since 1970, UTC */
    void *ctx;      /* of on_record */
    enum slu_err (*on_record)(void *ctx, const struct slu_record *record);
};
SLU_MUST_CHECK enum slu_err
slu_lists_take_over(const struct slu_take_over *options, struct slu_view text);

#endif
