/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the interface of a source: a sans-I/O state machine that says what to
 * ask next and makes indicators of the answers. It plans *units*, independent
 * resumable pieces of pull, each with its own cursor, at most one request of a
 * unit in flight.
 *
 * The engine drives it:
 *
 *     new -> load(key, value)* -> start(now)
 *     loop:  next_request(now)      REQUEST: send it; on_head, on_body*,
 *                                   on_end come later for request.unit
 *                                   WAIT: ask again at *out_wait_until_ms or
 *                                         after the next on_end
 *                                   DONE: nothing more will come
 *     finish -> checkpoint -> free
 *
 * Effects go through the port that new is given; the port's functions may be
 * called from on_body and on_end only (log: from anywhere). What a unit emits
 * or puts belongs to the answer under way: the engine makes it durable in one
 * transaction when on_end says COMMIT, and forgets it when on_end says RETRY
 * or FAILED. So nothing half-read is ever kept, and a source may be careless.
 *
 * Threads: all calls come from one thread, at home, but for on_head and on_body
 * of a source whose table says `parallel`. Those may come on another of
 * port.loops loops, unit->loop, for different units at the same time; never for
 * one unit at once, and always behind the next_request that handed it out and
 * before its on_end, which sees all that they did. They may touch the unit's
 * own (its page, what it counts), what is their loop's own (a reader with its
 * scratch: one for each loop, made by create), what never changes after start,
 * and the port's emit, finding, row, count, put and log. What several units
 * share waits for on_end, or goes through port.at_home. A folder
 * (SLU_CHANNEL_FOLDER) is always read at home.
 *
 * Limits: a key is at most 200 bytes, a stored value at most 8 KiB.
 */
#ifndef SLU_SOURCES_SOURCE_H
#define SLU_SOURCES_SOURCE_H

#include "codecs/alloc.h"
#include "codecs/checkpoint.h"
#include "codecs/exchange.h"
#include "codecs/field.h"
#include "codecs/reason.h"
#include <sluice/check.h>
#include <sluice/err.h>
#include <sluice/indicator.h>
#include <sluice/log.h>
#include <sluice/row.h>

/* What a source says at its end. */
struct slu_source_result {
    unsigned failed_units;     /* failed, or given up by the engine */
    unsigned incomplete_units; /* ended with a known gap */
    unsigned denied_units;     /* 403 on something the user named */
    unsigned units;            /* ended in all */
    bool all_denied;           /* nothing was let in: 401 or 403 for all */
    bool unknown_name;         /* a configured name does not exist: exit 2 */
    struct slu_error first;    /* the first failure, in one sentence */
};

/*
 * A sighting, before the checks: the value is as received. The engine
 * validates it, and stores it (or its rejection) with the answer.
 */
struct slu_sighting {
    enum slu_kind kind;
    struct slu_view value;
    enum slu_verdict verdict;
    uint8_t score;
    uint32_t source; /* one bit, see codecs/record.h */
    uint32_t seen;   /* seconds since 1970 */
    uint32_t assessed_at;
};

/* Which finding the rows that follow belong to. */
struct slu_finding_key {
    struct slu_view id;
    int64_t updated_ms; /* since 1970; its version. Claims older than the
                           source's horizon are forgotten */
};

typedef enum slu_err (*slu_at_home_fn)(void *arg);

struct slu_source_port {
    void *ctx;
    unsigned loops; /* that on_head and on_body may come on; at least 1 */
    enum slu_err (*emit)(void *ctx, struct slu_unit *unit,
                         const struct slu_sighting *sighting);
    /* A finding was read, which may have no row at all. The rows that follow,
     * until the next call or the end of the answer, are of this version of it.
     * When the answer is committed and an
     * answer committed before had the same version (another view of it, a page
     * read again), they are dropped and counted as duplicates. */
    enum slu_err (*finding)(void *ctx, struct slu_unit *unit,
                            const struct slu_finding_key *key);
    /* One row; its value is as received, and of a length that only the answer
     * bounds. The engine checks it (matcher, guard rails) and counts. */
    enum slu_err (*row)(void *ctx, struct slu_unit *unit,
                        const struct slu_row *row);
    /* An item that is not for any list: counted under its reason. */
    void (*count)(void *ctx, struct slu_unit *unit, enum slu_reason reason);
    /* Stores value under key with the answer; an empty value deletes it. */
    enum slu_err (*put)(void *ctx, struct slu_unit *unit, struct slu_view key,
                        struct slu_view value);
    /* Commits what the unit has emitted and put so far, of an answer that goes
     * on: for one without bound, of which a source stores how far it got. A
     * source calls it between two findings, at home, and not in a check. */
    enum slu_err (*part)(void *ctx, struct slu_unit *unit);
    void (*log)(void *ctx, enum slu_log_level level, const char *text);
    /* From on_body: has fn(arg) run at home, between two calls to the source,
     * and returns what it returned, when it has; STOPPED without running it
     * when the pull ends. For what is rare: the loop waits for it. */
    enum slu_err (*at_home)(void *ctx, slu_at_home_fn fn, void *arg);
    /* True when a request of that lane for that identity would be sent now: a
     * source with more than one lane asks before it hands out a request, and
     * hands out none for a lane that says false; it is asked again when that
     * may have changed. True also when the request would be answered at once
     * with an end of AUTH or DENIED (the identity can't be signed in). A source
     * with one lane need not ask. */
    bool (*may_send)(void *ctx, unsigned lane, unsigned identity);
    /* For `sluice check`: one line of what was found. NULL: this is a sync. A
     * source that is given one only proves what a sync would need, in as few
     * requests as it can; it never says COMMIT, and emits nothing. */
    slu_check_fn tell;
    struct slu_view aws_region;      /* where none is named; of access.aws */
    struct slu_view own_list_prefix; /* of our own lists' names: echoes */
    size_t record_bytes;  /* limits.record_bytes: the largest element that a
                             source may hold in memory */
    unsigned connections; /* limits.connections: requests that may be in flight
                             at once; 0: the default, 64 */
};

struct slu_account; /* sources/aws_config.h */

/* What the engine must know of a source's configuration to run it. */
struct slu_source_access {
    struct slu_view base_url;         /* "https://host[:port]" */
    const struct slu_secret *api_key; /* for SLU_AUTH_API_KEY */
    unsigned lanes;                   /* 0 means 1 */
    unsigned lane_group; /* so many lanes in a row are one server's, which needs
                            to show only once that it is there; 0 means 1 */
    bool aws;            /* it needs the section aws */
    const struct slu_account *accounts; /* identities 1, 2, ... */
    unsigned account_count;
    int64_t requests_per_minute; /* of each lane; 0: adaptive only */
    uint32_t verdicts;           /* bit set of 1 << enum slu_verdict */
    uint8_t min_score;
};

/* A request that proves one permission, for `sluice check`. */
struct slu_probe {
    char name[SLU_UNIT_NAME_MAX]; /* what it proves: "IOC Stream (domain)" */
    char target[512];             /* path and query */
    bool required; /* false: a refusal is a warning, not a failure */
};

struct slu_refusal {
    bool not_yet;      /* what was asked for will be there later */
    char message[200]; /* "" when the body says nothing */
};

struct slu_source; /* the instance: each source's own */

struct slu_source_ops {
    const char *name;    /* "gti": of flows, and before its stored keys */
    const char *section; /* of the configuration; what `config` is */
    bool rows;           /* it emits rows, not sightings */
    bool parallel;       /* on_head and on_body may come on several loops */
    void (*access)(const void *config, struct slu_source_access *out_access);
    /* The index-th probe, from 0; false past the last. NULL with explain: the
     * source checks by itself, through port->tell. */
    bool (*probe)(const void *config, unsigned index, struct slu_now now,
                  struct slu_probe *out_probe);
    /* The server's words in the body of an error answer. */
    void (*explain)(const struct slu_alloc *alloc, struct slu_view body,
                    struct slu_refusal *out_refusal);
    enum slu_err (*create)(const struct slu_alloc *alloc, const void *config,
                           const struct slu_source_port *port,
                           struct slu_source **out_source,
                           struct slu_error *out_error);
    void (*destroy)(struct slu_source *self);

    /* One stored (key, value) of an earlier run. */
    enum slu_err (*load)(struct slu_source *self, struct slu_view key,
                         struct slu_view value);
    /* A checkpoint found in the output folder: used only for what load did not
     * bring. NULL when there is none. Then plans. */
    enum slu_err (*start)(struct slu_source *self,
                          const struct slu_checkpoint *found,
                          struct slu_now now, struct slu_error *out_error);

    enum slu_turn (*next_request)(struct slu_source *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms);
    void (*on_head)(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_answer_head *head);
    enum slu_body_verdict (*on_body)(struct slu_source *self,
                                     struct slu_unit *unit,
                                     struct slu_view bytes);
    void (*on_end)(struct slu_source *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step);
    /* The engine will not retry this unit any more (limits.max_wait, or the
     * run is being stopped): it is over, its checkpoint stays where it is. */
    void (*give_up)(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_error *error);

    void (*result)(const struct slu_source *self,
                   struct slu_source_result *out_result);
    /* Rows: claims of versions that were updated before this (milliseconds
     * since 1970) are no longer needed, since nothing older will be read again.
     * NULL: claims need not outlive the run. */
    int64_t (*horizon)(const struct slu_source *self);
    /* The newest point up to which everything is committed; NULL: the output
     * folder has no such file. */
    void (*checkpoint)(const struct slu_source *self,
                       struct slu_checkpoint *out_checkpoint);
};

/* One line for the port's log, cut to SLU_ERROR_TEXT_MAX + 255 bytes. */
void slu_source_log(const struct slu_source_port *port,
                    enum slu_log_level level, const char *format, ...)
    SLU_PRINTF(3, 4);

#endif
