/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of a pull, shared by the files that make it up: pull.c (the
 * loop), pull_send.c (what is sent), pull_exchange.c (one request), pull_port.c
 * (what the source hands over), and pull_retry.c (what becomes of an answer).
 */
#ifndef SLU_ENGINE_PULL_STATE_H
#define SLU_ENGINE_PULL_STATE_H

#include "engine/lane.h"
#include "engine/pull.h"
#include "engine/random.h"
#include "engine/report.h"

#include <limits.h>

struct event;
struct event_base;
struct slu_pull;

/* One request in flight, or free (unit is NULL). */
struct slu_slot {
    struct slu_pull *pull;
    struct slu_unit *unit;
    struct slu_lane *lane; /* its request's */
    struct slu_transfer *transfer;
    struct slu_answer answer;
    int status;             /* 0 before the head */
    int64_t retry_after_ms; /* -1: the server named nothing */
    bool paused;
};

struct slu_pull {
    const struct slu_pull_options *options;
    struct slu_source *source;
    struct slu_source_port port;
    struct slu_source_access access;
    struct event_base *base;
    struct slu_http *http;
    struct event *timer;    /* the next time that something may be sent */
    struct event *progress; /* four times a second */
    struct event *on_stop;
    struct event *on_room;
    struct slu_lane *lanes; /* access.lanes */
    unsigned lane_count;
    uint64_t now_ms;      /* of the present pump */
    uint64_t opens_at_ms; /* of the lanes that the source has been told are
                             closed, the first to open */
    struct slu_random random;
    struct slu_fingerprints seen;
    struct slu_slot *slots; /* limits.connections */
    unsigned slot_count;
    unsigned busy;
    struct slu_request held; /* handed out, not yet sent; unit NULL: none */
    struct slu_report *report;
    struct slu_answer_counts counts;
    uint64_t began_us;
    uint64_t retries;
    uint64_t given_up;      /* units */
    bool ended;             /* the source is done, or the pull is over */
    struct slu_error fatal; /* set: the pull has failed */
};

struct slu_source_now slu_pull_now(void);

/* Ends the loop with this error (the first one counts). */
void slu_pull_fail(struct slu_pull *self, const struct slu_error *error);

/* pull_send.c: sends what may be sent now. */
void slu_pull_pump(struct slu_pull *self);

/* pull_send.c: what the source is told of a lane (port->may_send). */
bool slu_pull_may_send(struct slu_pull *self, unsigned lane, unsigned identity);

/* pull_exchange.c: sends the held request in a free slot. */
SLU_MUST_CHECK enum slu_err slu_pull_send_held(struct slu_pull *self);
void slu_pull_free_slot(struct slu_slot *slot);

/* pull_port.c */
void slu_pull_port_init(struct slu_pull *self);

/* pull_retry.c: the source has said what the answer is worth. Frees nothing:
 * the slot is the caller's. */
void slu_pull_settle(struct slu_pull *self, struct slu_slot *slot,
                     const struct slu_step *step);

/* Gives the unit up because its lane is hopeless, and marks it. */
#define SLU_PULL_GIVEN_UP UINT_MAX /* its `attempts` */
void slu_pull_give_up(struct slu_pull *self, struct slu_unit *unit,
                      const struct slu_lane *lane);

/* The last line about what was given up. */
void slu_pull_tell_given_up(const struct slu_pull *self);

#endif
