/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of a pull, shared by the files that make it up: pull.c (its
 * life), pull_loops.c (loops and threads), pull_send.c (what is sent),
 * pull_exchange.c (one request), pull_signed.c (one that is signed),
 * pull_port.c and pull_rows.c (what the source hands over), and pull_retry.c
 * (what becomes of an answer).
 *
 * Threads: all of it is home's, but for a slot whose loop is another one, from
 * pull_loops.h's post to post_end: then the fields marked with a star, and what
 * on_head, on_body and the port do, are that loop's.
 */
#ifndef SLU_ENGINE_PULL_STATE_H
#define SLU_ENGINE_PULL_STATE_H

#include "engine/lane.h"
#include "engine/pull_loops.h"
#include "engine/pull_session.h"
#include "engine/random.h"
#include "engine/report.h"

#include <event2/util.h>
#include <limits.h>

struct event;
struct slu_pull;

enum slu_slot_state {
    SLU_SLOT_SENT,   /* an answer will come */
    SLU_SLOT_AWAITS, /* credentials, to be sent again */
    SLU_SLOT_ENDS,   /* with slot->error, at the loop's next turn */
};

/* An error answer to a signed request, kept from the source until it is known
 * whether the request is sent again. */
#define SLU_KEPT_BODY_MAX (64u * 1024)
struct slu_kept {
    bool active;
    bool lost;      /* there was no memory for it */
    int64_t date_s; /* of the server; 0: it named none */
    size_t error_type_len;
    size_t region_len;
    size_t etag_len;
    char error_type[120];
    char region[64];
    char etag[120];
    struct slu_buf body; /* its first bytes */
};

/* One request in flight, or free (unit is NULL). */
struct slu_slot {
    struct slu_pull *pull;
    struct slu_unit *unit;
    struct slu_pull_loop *loop; /* that the present request runs on */
    struct slu_pull_mail mail;  /* itself, on its way to a loop or home */
    enum slu_slot_state state;
    struct slu_lane *lane; /* its request's */
    struct slu_request request;
    bool acquired;       /* counted by its lane */
    bool unsent;         /* ends without an answer: it can't be signed */
    bool renewed;        /* sent again with other credentials */
    bool clock_set;      /* sent again by the server's clock */
    uint64_t generation; /* of the credentials */
    int64_t obtained_s;  /* the same: since when they are */
    int64_t offset_s;    /* of the clock that signed it */
    struct slu_buf copy; /* of the request, for another loop */
    struct slu_http_request copied;
    struct slu_error error;        /* *: of SLU_SLOT_ENDS, or of a mailed end */
    bool unstarted;                /* *: it could not be */
    struct slu_kept kept;          /* * */
    struct slu_transfer *transfer; /* *: NULL: none under way */
    struct slu_local_read *read;   /* *: the same, of a file or folder */
    struct slu_answer answer;      /* * */
    struct slu_row_batch *rows;    /* *: NULL: a pull of sightings */
    int status;                    /* *: 0 before the head */
    int64_t retry_after_ms;        /* *: -1: the server named nothing */
    uint64_t place;                /* its server's, of places.h */
    bool refused;                  /* the connection, and nothing has answered
                                      there in this run */
    bool paused;                   /* *: in its loop's row of such */
    struct slu_slot *next_paused;  /* * */
};

struct slu_pull {
    const struct slu_pull_options *options;
    struct slu_source *source;
    struct slu_source_port port;
    struct slu_source_access access;
    struct slu_secret api_key; /* access.api_key, when the options have it */
    struct slu_pull_session *session; /* of the options, or own_session */
    struct slu_pull_session own_session;
    struct slu_http_stats others; /* of the session, before this pull */
    struct slu_pull_loop *loops;  /* the first is home's */
    unsigned loop_count;
    struct slu_pull_home home; /* with several loops */
    struct event *timer;       /* the next time that something may be sent */
    unsigned starts_left;      /* in this turn of the loop */
    bool ended_some;           /* since it began */
    struct event *progress;    /* four times a second */
    struct event *on_stop;
    struct event *on_room;
    struct event *on_ends;  /* some slot is SLU_SLOT_ENDS */
    bool sign_in_waits;     /* the source has been told that an identity isn't
                               ready */
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
    unsigned busy_max;
    struct slu_request held; /* handed out, not yet sent; unit NULL: none */
    struct slu_report *report;
    struct slu_answer_counts counts;
    uint64_t pages; /* committed answers that had findings */
    uint64_t began_us;
    uint64_t retries;
    uint64_t given_up;      /* units */
    bool cut_short;         /* what was in flight was dropped */
    bool ended;             /* the source is done, or the pull is over */
    struct slu_error fatal; /* set: the pull has failed */
};

struct slu_now slu_pull_now(void);

/* Ends the loop with this error (the first one counts). */
void slu_pull_fail(struct slu_pull *self, const struct slu_error *error);

/* The same; the source is at fault. */
void slu_pull_fail_source(struct slu_pull *self, const char *fault);

/* pull_send.c: sends what may be sent now. */
void slu_pull_pump(struct slu_pull *self);

/* Before it, whenever the loop turns for its sake. */
void slu_pull_begin_turn(struct slu_pull *self);

/* pull_send.c: what the source is told of a lane (port->may_send). */
bool slu_pull_may_send(struct slu_pull *self, unsigned lane, unsigned identity);

/* True: no answer has room in the store now. On that loop. */
bool slu_pull_is_full(const struct slu_pull_loop *loop);

/* pull_exchange.c: a free slot for the held request; send it then, or end it.
 */
struct slu_slot *slu_pull_take_slot(struct slu_pull *self);
void slu_pull_free_slot(struct slu_slot *slot);

/* Sends the slot's request. One that can't be signed now is left as AWAITS, one
 * that never can as ENDS. */
void slu_pull_send(struct slu_slot *slot);

/* Starts the slot's transfer or read on its loop, which is the one that calls.
 * `request` is for HTTP. */
SLU_MUST_CHECK enum slu_err
slu_pull_start_here(struct slu_slot *slot,
                    const struct slu_http_request *request);
void slu_pull_explain_start(enum slu_err err, struct slu_error *out_error);

/* The exchange has ended with slot->error, on another loop. */
void slu_pull_end_exchange(struct slu_slot *slot);

/* After a pause, on its loop; and without an end, of loop 0. */
void slu_pull_resume_slot(struct slu_slot *slot);
void slu_pull_cancel_slot(struct slu_slot *slot);

/* The request ends with that error, from the loop. */
void slu_pull_end_unsent(struct slu_slot *slot, const struct slu_error *error);
void slu_pull_on_ends(evutil_socket_t fd, short what, void *ctx);

/* pull_signed.c: an identity became ready or failed: some request may go now,
 * or end. */
void slu_pull_signed_go_on(struct slu_pull *self);

/* Whether a request of that identity could be signed now. FAILED: *out_error.
 */
enum slu_credential_state slu_pull_signed_state(struct slu_pull *self,
                                                unsigned identity,
                                                struct slu_error *out_error);

/* The slot's request for http, signed; the signer is to be wiped when it has
 * been copied. FAILED: *out_error. */
enum slu_credential_state
slu_pull_signed_make(struct slu_slot *slot, struct slu_http_request *out_http,
                     struct slu_error *out_error);

/* Keeps an error answer to a signed request from the source; false: the answer
 * is none. */
bool slu_pull_signed_keep_head(struct slu_slot *slot,
                               const struct slu_http_head *head);
enum slu_http_flow slu_pull_signed_keep_body(struct slu_slot *slot,
                                             struct slu_view bytes);

/* The kept answer has ended with *error. True: it is forgotten, and the request
 * shall be sent again. False: the source has been told head and body. */
bool slu_pull_signed_settle(struct slu_slot *slot, struct slu_error *error);

/* pull_port.c */
void slu_pull_port_init(struct slu_pull *self);

/* pull_rows.c: what a source of rows hands over (port->finding, port->row). */
enum slu_err slu_pull_finding(void *ctx, struct slu_unit *unit,
                              const struct slu_finding_key *key);
enum slu_err slu_pull_row(void *ctx, struct slu_unit *unit,
                          const struct slu_row *row);

/* pull_rows.c: writes the rows of the answer, which is then to be committed.
 * After a failure the pull has failed, with its sentence. */
SLU_MUST_CHECK enum slu_err slu_pull_commit_rows(struct slu_pull *self,
                                                 struct slu_slot *slot);
/* pull_rows.c: the line about an answer that is committed and counted. */
void slu_pull_tell_rows(struct slu_pull *self,
                        const struct slu_answer_counts *counts);

/* pull_retry.c: the source has said what the answer is worth. Frees nothing:
 * the slot is the caller's. */
void slu_pull_settle(struct slu_pull *self, struct slu_slot *slot,
                     const struct slu_step *step);

/* pull_retry.c: port->part. */
enum slu_err slu_pull_part(void *ctx, struct slu_unit *unit);

/* Gives the unit up because its lane is hopeless, and marks it. */
#define SLU_PULL_GIVEN_UP UINT_MAX /* its `attempts` */
void slu_pull_give_up(struct slu_pull *self, struct slu_unit *unit,
                      const struct slu_lane *lane);

/* The last line about what was given up. */
void slu_pull_tell_given_up(const struct slu_pull *self);

#endif
