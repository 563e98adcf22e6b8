/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the loops of a pull. Loop 0 is the caller's thread, *home*: there the
 * source decides, requests are signed, answers are settled and committed, and
 * some transfers run. Each other loop has a thread, an event_base, connections
 * and local reads of its own, and does nothing but transfers: it is given a
 * slot to start, calls on_head and on_body, and posts the end back.
 *
 *     home                                    loop k
 *     take_slot, sign, copy    --inbox-->     start
 *                                             on_head, on_body* (splitter,
 *                                             reader, checks, records)
 *     on_end, commit           <--mail---     end
 *
 * A slot belongs to one thread at a time: to loop k from the inbox's push to
 * the mail's, else to home. So nothing in it is locked.
 *
 * Life cycle: open; start once the source is ready; stop (joins); close. With
 * one loop none of them does anything but keep account, and mail is not used.
 * Limits: limits.threads loops, never more than connections.
 */
#ifndef SLU_ENGINE_PULL_LOOPS_H
#define SLU_ENGINE_PULL_LOOPS_H

#include "engine/local_read.h"
#include "engine/mailbox.h"
#include "engine/profile.h"
#include "engine/transport.h"
#include "sources/source.h"

struct event;
struct slu_pull;
struct slu_slot;

#define SLU_PULL_LOOPS_MAX 64

/* To home, one of: the end of slot's exchange, what a loop asks to have run,
 * and that a loop is idle. */
struct slu_pull_mail {
    struct slu_letter letter; /* first */
    struct slu_slot *slot;
    struct slu_pull_ask *ask;
    struct slu_pull_loop *loop;
};

/* What progress shows of a loop's transport, told after each of its turns and
 * with the end of each exchange. */
struct slu_pull_loop_stats {
    atomic_uint_fast64_t requests;
    atomic_uint_fast64_t wire_bytes;
    atomic_uint_fast64_t body_bytes;
    atomic_uint_fast64_t connects;
    atomic_uint in_flight;
    atomic_uint in_flight_max;
};

struct slu_pull_loop {
    struct slu_pull *pull;
    unsigned index;
    unsigned busy;   /* slots that are its own now: home's account */
    unsigned window; /* slots that it may have now: the same (pull_share.c) */
    bool asked;      /* to tell when it is idle: the same */
    struct event *on_idle; /* NULL with one loop */
    unsigned running;      /* transfers and reads under way: the loop's own */
    bool waits;            /* and idle for want of bytes: told to home */
    struct event_base *base;
    struct slu_http *http;
    struct slu_local *local;     /* made when a file is first asked for */
    struct slu_slot *paused;     /* those that wait for room, linked */
    struct slu_profile *profile; /* NULL: none is wanted */
    /* Of all but loop 0: */
    struct slu_mailbox inbox; /* slots to be started */
    struct event *on_mail;
    struct slu_pull_mail told; /* that it is idle */
    atomic_bool wanted;        /* that shall be told */
    atomic_bool room;          /* the store has some: resume what is paused */
    atomic_bool stops;         /* end, and leave everything as it is */
    struct slu_pull_loop_stats stats;
    struct slu_profile own_profile;
    pthread_t thread;
    bool started;
};

struct slu_pull_home {
    pthread_t thread;
    struct slu_mailbox mail;
    struct event *on_mail;
    pthread_mutex_t mutex; /* guards `closing`, and what asks are told */
    pthread_cond_t told;
    bool closing;
    atomic_int idle; /* enum slu_stage: what a loop without work waits for */
    uint64_t spent[SLU_STAGE_COUNT]; /* by the profile, before start */
    pthread_mutex_t callbacks; /* on_indicator and on_row: one at a time */
    bool open;
};

/* Loop 0 has the session's base and http. */
SLU_MUST_CHECK enum slu_err slu_pull_loops_open(struct slu_pull *self,
                                                struct slu_error *out_error);
SLU_MUST_CHECK enum slu_err slu_pull_loops_start(struct slu_pull *self,
                                                 struct slu_error *out_error);
/* Who asks is told STOPPED; then no loop but home's runs any more. */
void slu_pull_loops_stop(struct slu_pull *self);
/* Before the source goes: what was under way may send from its memory. */
void slu_pull_loops_close(struct slu_pull *self);

static inline bool slu_pull_loop_is_home(const struct slu_pull_loop *self)
{
    return self->index == 0;
}

/* Adds what the other loops' transports have counted. */
void slu_pull_loops_add_stats(const struct slu_pull *self,
                              struct slu_http_stats *total);

/* The store has room again, or has failed. */
void slu_pull_loops_resume(struct slu_pull *self);

/* What home's waiting counts as from now on, and that of loops without work. */
void slu_pull_loops_set_idle(struct slu_pull *self, enum slu_stage stage);

/* Hands the slot to its loop, to be started there; the request's views but its
 * body's are copied. NOMEM, LIMIT. */
SLU_MUST_CHECK enum slu_err
slu_pull_loops_post(struct slu_slot *slot,
                    const struct slu_http_request *request);

/* The other way: the slot's exchange has ended with slot->error. */
void slu_pull_loops_post_end(struct slu_slot *slot);

/* port->at_home. */
enum slu_err slu_pull_at_home(void *ctx, slu_at_home_fn fn, void *arg);

/* Around a call of the embedder's that any loop may make. */
void slu_pull_enter_callback(struct slu_pull *self);
void slu_pull_leave_callback(struct slu_pull *self);

/* ---- pull_share.c ---- */

/* A base whose events may be told from those for when it is idle. */
struct event_base *slu_pull_share_new_base(void);
SLU_MUST_CHECK enum slu_err slu_pull_share_open(struct slu_pull_loop *loop);
void slu_pull_share_close(struct slu_pull_loop *loop);

/* Those that a loop may have in use at most. */
unsigned slu_pull_share_connections(const struct slu_pull *self,
                                    unsigned index);

/* Whether any loop may have another slot now. If not, the pump is called when
 * that changes. */
bool slu_pull_share_has_room(const struct slu_pull *self);

/* The loop for the next request, which counts as its own from now on. */
struct slu_pull_loop *slu_pull_share_take(struct slu_pull *self,
                                          enum slu_channel channel);

/* Lets it have more: what it has is not under way. */
void slu_pull_share_widen(struct slu_pull_loop *loop);

/* On its loop, when it has taken what was posted. */
void slu_pull_share_listen(struct slu_pull_loop *loop);

/* At home: the loop has told that it is idle. */
void slu_pull_share_on_idle(struct slu_pull_loop *loop);

#endif
