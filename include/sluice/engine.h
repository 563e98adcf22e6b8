/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the engine's handle, for programs that embed sluice and for sluice's
 * own command line.
 *
 * Life cycle: open (reads and checks the configuration; touches neither
 * network nor disk beyond it), then check, sync or status any number of times,
 * then close.
 *
 * Threads: one thread calls these functions, but slu_engine_stop may be called
 * from any thread and from a signal handler. Callbacks come on the calling
 * thread, from inside sync and check; only on_indicator and on_row may come on
 * other threads, when limits.threads is not 1: never two of them at once, and
 * none after sync has returned. Each of them is then held up by the others.
 *
 * Ownership: what a callback is handed dies with the call. Reports are plain
 * data; their strings live until close or the next call on the handle.
 *
 * Errors: slu_engine_error() has the sentence. slu_exit_code() maps a result
 * to the exit codes of the command line: 0 done; 1 a unit failed or is
 * incomplete, safe to run again; 2 usage, configuration, a missing file; 3 the
 * sign-in was refused.
 */
#ifndef SLU_ENGINE_H
#define SLU_ENGINE_H

#include <sluice/alloc.h>
#include <sluice/api.h>
#include <sluice/check.h>
#include <sluice/err.h>
#include <sluice/indicator.h>
#include <sluice/log.h>
#include <sluice/profile.h>
#include <sluice/row.h>

#ifdef __cplusplus
extern "C" {
#endif

struct slu_engine;
struct slu_report;

/* Zeroed means default for every member but config. */
struct slu_options {
    const char *config_path; /* a YAML file, or */
    const char *config_text; /* its text; exactly one of the two is set */
    const struct slu_alloc *alloc;
    slu_log_fn on_log; /* NULL: no log */
    void *log_ctx;
    enum slu_log_level log_level; /* lines below it are not made; the zero
                                     value is SLU_LOG_DEBUG */
    /* Every valid indicator whose verdict and score are wanted and that no
     * guard rail holds back, as it is read. An indicator may come several
     * times (from several lists, or again after a failed answer). */
    void (*on_indicator)(void *ctx, const struct slu_indicator *indicator);
    void *indicator_ctx;
    /* Every valid row of findings that no guard rail holds back, as it is
     * read; it may come several times, as an indicator may. */
    void (*on_row)(void *ctx, const struct slu_row *row);
    void *row_ctx;
    /* Called about four times a second during a sync. */
    void (*on_progress)(void *ctx, const struct slu_report *report);
    void *progress_ctx;
    /* Publish also a list that would lose more than publish.max_shrink of its
     * lines, and a content that GuardDuty refused before. */
    bool force;
    bool profile; /* the report of a sync says where its time went */
};

#define SLU_REPORT_FILES_MAX 24
#define SLU_REPORT_REASONS_MAX 48
#define SLU_REPORT_CATEGORIES_MAX 32

/* One file of the output folder. */
struct slu_report_file {
    const char *path; /* below output_dir */
    uint64_t lines;
    uint64_t bytes;
    bool changed; /* written by this run */
    bool sent;    /* to the bucket, by this run */
};

/* What became of the indicators of one category; one of several counts in
 * each. */
struct slu_report_category {
    const char *name; /* "stream", "malware", ... */
    uint64_t listed;
    uint64_t exceeded;       /* over capacity */
    const char *cut_verdict; /* of the best that was left out; NULL: none was */
    unsigned cut_score;
};

/* One list in GuardDuty, in one region. */
struct slu_report_set {
    const char *region;
    const char *path;   /* of the list */
    const char *name;   /* of the set; "": none */
    const char *status; /* "active", "unchanged", "pending", "deactivated",
                           "restored" (the last good content, after an error),
                           "error", "limit", "skipped", "failed" */
    bool created;
    bool activated;     /* asked for, by this run */
    const char *detail; /* one sentence, or "" */
};

struct slu_report_reason {
    const char *reason; /* "ip_leading_zero"; see the README's table */
    uint64_t count;
};

/* What a sync did. */
struct slu_report {
    const char *flow; /* its name in the configuration */
    uint64_t requests;
    uint64_t retries;
    uint64_t wire_bytes; /* bodies as received */
    uint64_t body_bytes; /* decoded */
    unsigned in_flight;  /* requests, now */
    unsigned in_flight_max;
    double seconds;
    double pull_seconds; /* of them, until the last answer was durable */
    bool profiled;       /* of options.profile: */
    double stage_seconds[SLU_STAGE_COUNT]; /* they add up to `seconds` */

    uint64_t items;                    /* elements read */
    uint64_t accepted[SLU_KIND_COUNT]; /* sightings read that may be listed */
    uint64_t duplicates;               /* repeats dropped within this run */
    bool has_rows; /* a flow of findings: what follows up to `exceeded` is of
                      lists only, and stays 0 */
    uint64_t findings;                 /* read, with or without a row */
    uint64_t barren_findings;          /* of them: no indicator for a row */
    uint64_t rows[SLU_ROW_KIND_COUNT]; /* written by this run */
    uint64_t listed[SLU_KIND_COUNT];   /* lines on the lists now */
    uint64_t added[SLU_KIND_COUNT];    /* lines that were not there before */
    uint64_t removed[SLU_KIND_COUNT];  /* lines that left */
    uint64_t revoked[SLU_KIND_COUNT];  /* of them: verdict or score now */
    uint64_t expired[SLU_KIND_COUNT];  /* of them: not seen for max_age */
    uint64_t exceeded[SLU_KIND_COUNT]; /* over capacity now */
    unsigned
        reason_count; /* sightings read that were not accepted, by reason */
    struct slu_report_reason reasons[SLU_REPORT_REASONS_MAX];
    unsigned file_count;
    struct slu_report_file files[SLU_REPORT_FILES_MAX];
    unsigned category_count; /* those that some indicator has */
    struct slu_report_category categories[SLU_REPORT_CATEGORIES_MAX];
    uint64_t merged;    /* IP entries that stand in a wider line */
    uint64_t folded;    /* names that stand in "*.parent" */
    const char *bucket; /* "s3://bucket/prefix", NULL: no sink s3 */
    unsigned objects_sent;
    unsigned objects_held; /* by the shrink guard, or refused before */
    unsigned set_count;    /* lists that have, had or should have a set */
    const struct slu_report_set *sets; /* valid until the next call on the
                                          handle */
    unsigned units;
    unsigned failed_units;
    unsigned incomplete_units;
    const char *output_dir;
};

/* What status shows. */
struct slu_status_entry {
    const char *key;   /* "stream/domain", "list/malware" */
    const char *value; /* "2025-08-07T05:00:00Z" */
};
struct slu_status_run {
    int64_t started; /* seconds since 1970, UTC */
    int64_t ended;   /* 0: it did not come to its end */
    int exit_code;   /* -1: it did not come to its end */
    const char *flow;
    const char *summary;
};
/* A list in GuardDuty, in one region, as the last sync left it. */
struct slu_status_set {
    const char *region;
    const char *path;
    const char *id;
    const char *status; /* as of struct slu_explained_set */
    bool refused;       /* some content was, and is held back or asked again */
};
struct slu_status {
    const char *state_dir;
    const char *output_dir;
    unsigned checkpoint_count;
    const struct slu_status_entry *checkpoints;
    unsigned unit_count; /* begun and not finished; the next sync goes on */
    unsigned file_count;
    struct slu_report_file files[SLU_REPORT_FILES_MAX];
    unsigned run_count; /* newest first */
    const struct slu_status_run *runs;
    unsigned object_count; /* of the bucket, that something is known of */
    unsigned set_count;
    const struct slu_status_set *sets;
};

/*
 * CONFIG (key, line and expectation in *out_error), NOT_FOUND (the file), IO,
 * NOMEM. *out_engine is NULL on failure. out_error may be NULL.
 */
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_open(const struct slu_options *options,
                struct slu_engine **out_engine, struct slu_error *out_error);

SLU_API void slu_engine_close(struct slu_engine *self);

/* Number of flows in the configuration, and their names; NULL past the end. */
SLU_API unsigned slu_engine_flow_count(const struct slu_engine *self);
SLU_API const char *slu_engine_flow_name(const struct slu_engine *self,
                                         unsigned flow);
/* True when what the flow makes are lists, which can be planned; false past the
 * end. */
SLU_API bool slu_engine_flow_has_lists(const struct slu_engine *self,
                                       unsigned flow);

/* One pass of one flow, checkpointed. *out_report (may be NULL) is filled on
 * failure too. */
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_sync(struct slu_engine *self, unsigned flow,
                struct slu_report *out_report);

/* Validates credentials, permissions, folders: on_line for each finding. */
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_check(struct slu_engine *self, slu_check_fn on_line, void *ctx);

/* Reads checkpoints, lists and last runs; NOT_FOUND when nothing ran yet. */
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_status(struct slu_engine *self, struct slu_status *out_status);

/* ---- plan ---- */

enum slu_plan_kind {
    SLU_PLAN_LIST, /* a list file: path, added, removed, lines, bytes, action
                      "unchanged", "send", "held" or (without a bucket) "write"
                    */
    SLU_PLAN_LINE, /* behind its list: name is a line that comes ("add") or goes
                      ("remove") */
    SLU_PLAN_SET,  /* a set: region, path, name, action "create", "activate",
                      "deactivate", "wait", "none" */
    SLU_PLAN_CALL, /* one request: action is its operation ("PutObject") */
};

struct slu_plan_row {
    enum slu_plan_kind kind;
    const char *region; /* "" where there is none */
    const char *path;
    const char *name;
    const char *action;
    const char *text; /* why, or "" */
    uint64_t added;
    uint64_t removed;
    uint64_t lines; /* as it would be */
    uint64_t bytes;
};
typedef void (*slu_plan_fn)(void *ctx, const struct slu_plan_row *row);

/*
 * What a sync of that flow would do now: pulls into a copy of the state that is
 * thrown away, asks bucket and GuardDuty how things are, and sends nothing that
 * writes. Of a flow of lists only; CONFIG for another.
 */
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_plan(struct slu_engine *self, unsigned flow, slu_plan_fn on_row,
                void *ctx, struct slu_report *out_report);

/* ---- what is stored ---- */

/* A set of GuardDuty that was made of a list. */
struct slu_explained_set {
    const char *region;
    const char *id;
    const char *status; /* "active" with the content that the bucket has,
                           "pending": another one was asked for, "old": active
                           with an earlier one, "error": the bucket's content
                           was refused, "inactive" */
};

/* Why an indicator is where it is. */
struct slu_explanation {
    struct slu_indicator indicator; /* as stored; value is canonical, or as
                                       received where it is no valid one */
    bool known;                     /* the state has it */
    const char *path;   /* of the list file it is in; NULL: in none */
    uint64_t line;      /* in that file, from 1 */
    const char *reason; /* why it is in none: "exceeded", "expired",
                           "verdict", "pending" (the next sync lists it),
                           "covered" (by the wider line), or a code of the
                           README's table; NULL: it is in one, or not known */
    char text[256];     /* the whole in one sentence */
    /* A wider line that lists it all the same ("203.0.113.0/24",
     * "*.example.com"), or "". */
    char covered_by[256];
    const char *covered_path;
    uint64_t covered_line;
    /* Of the list file it is in, else of the wider line's: the object that a
     * sync has stored of it ("s3://bucket/path"; NULL: none), whether that has
     * the file's content of now, and the sets made of it. */
    const char *object;
    bool object_current;
    unsigned set_count;
    const struct slu_explained_set *sets;
};

/* Of a value as a user writes it: an IP, CIDR or domain, also in the harmless
 * form "1[.]2[.]3[.]4", or an invalid value as it was received; by the state
 * and the list files, without network. CONFIG: it is none. An unknown value is
 * OK with known false. NOT_FOUND when nothing ran yet. *out lives until the
 * next call on the handle. */
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_explain(struct slu_engine *self, const char *value,
                   struct slu_explanation *out);

struct slu_filter {
    const char *source; /* "stream", "malware", ...; NULL: any */
    const char *type;   /* "ip" or "domain"; NULL: both */
    int64_t since;      /* last seen at or after; seconds since 1970 */
    const char *list;   /* path of a list file, or its last component's stem
                           ("threat-ip-1"); "none": in no list; NULL: any. An
                           indicator that stands in a wider line alone
                           (lists.merge_cidrs, lists.fold_domains) is in none */
};

/* Every stored valid indicator that the filter lets pass, in the order of type
 * and value; `path` is that of its list file or NULL. CONFIG: a source, type or
 * list that is none. NOT_FOUND when nothing ran yet. */
typedef void (*slu_indicator_fn)(void *ctx,
                                 const struct slu_indicator *indicator,
                                 const char *path);
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_indicators(struct slu_engine *self, const struct slu_filter *filter,
                      slu_indicator_fn on_indicator, void *ctx);

enum slu_indicator_format {
    SLU_INDICATOR_TEXT,   /* the bare values */
    SLU_INDICATOR_NDJSON, /* value, type, sources, verdict, score, first_seen,
                             last_seen, assessed_at, list */
    SLU_INDICATOR_CSV,    /* the same, RFC 4180 */
};

/* Takes bytes that are whole lines; false ends it. */
typedef bool (*slu_write_fn)(void *ctx, const char *bytes, size_t len);

/* The same indicators as text. STOPPED when `write` has returned false. */
SLU_API SLU_MUST_CHECK enum slu_err slu_engine_write_indicators(
    struct slu_engine *self, const struct slu_filter *filter,
    enum slu_indicator_format format, slu_write_fn write, void *ctx);

/* Seconds since 1970 of "2026-01-31T08:00:00Z", "2026-01-31", or of a time back
 * from now: "4h", "7d". CONFIG: it is none. */
SLU_API SLU_MUST_CHECK enum slu_err
slu_engine_since(struct slu_engine *self, const char *text, int64_t *out_since);

/* Ends a sync soon: answers under way are dropped, what is committed stays.
 * The sync under way, or else the next one, returns STOPPED; the one after it
 * runs. Lists that are being written are finished first. Safe in a signal
 * handler. */
SLU_API void slu_engine_stop(struct slu_engine *self);

/* Detail of the last failure on this handle. */
SLU_API const struct slu_error *slu_engine_error(const struct slu_engine *self);

/* 0, 1, 2 or 3. */
SLU_API int slu_exit_code(enum slu_err err);

/* The name of one bit of an indicator's `sources`: "stream", "taken_over", the
 * id of a threat list, or "list" for a list that is none of GTI's own seven. */
SLU_API const char *slu_source_name(uint32_t bit);

/* "1.0.0" */
SLU_API const char *slu_version(void);

/* Writes the reference of all configuration keys as commented YAML through
 * `write`, piece by piece. */
SLU_API void slu_config_reference(void (*write)(void *ctx, const char *text),
                                  void *ctx);

#ifdef __cplusplus
}
#endif
#endif
