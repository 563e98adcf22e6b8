/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the files of the source "guardduty" share. Private to them.
 *
 *     target     account x region: detector unknown, pulled, over
 *     detector   its windows; what is planned and stored of it
 *     window     [from, to) of updatedAt in milliseconds; its List requests
 *     mirror     the List of a wide window's newest page, beside that of its
 *                oldest
 *     get        the ids of one List page, and their GetFindings request; of
 *                several pages, when they end their windows and are not full
 *     page       one answer under way, of whatever operation
 *
 * Life cycle: windows, gets and pages are pooled, so that in steady state
 * nothing is allocated. One whose unit has ended waits in the graveyard until
 * the next next_request, for the engine may still look at the unit.
 * Limits: at SLU_GUARDDUTY_WINDOWS_MAX windows none is divided any more; a
 * token 8 KiB; an id 300 bytes; a record limits.record_bytes.
 */
#ifndef SLU_SOURCES_GUARDDUTY_PULL_H
#define SLU_SOURCES_GUARDDUTY_PULL_H

#include "codecs/aws_error.h"
#include "codecs/buf.h"
#include "sources/guardduty.h"
#include "sources/json_page.h"

#define SLU_GUARDDUTY_WINDOWS_MAX 65536u
#define SLU_GUARDDUTY_TOKEN_MAX (8u << 10)
#define SLU_GUARDDUTY_TOKENS_MAX 65536u /* followed in one window */
#define SLU_GUARDDUTY_DETECTOR_PAGES_MAX 100
#define SLU_GUARDDUTY_ID_MAX 300          /* of a finding */
#define SLU_GUARDDUTY_DETECTOR_MAX 100    /* a stored key holds it */
#define SLU_GUARDDUTY_GETS_WAITING_MAX 64 /* of a target, that divide */
#define SLU_GUARDDUTY_LEAVES_MAX 64       /* waiting, of a target, and */
#define SLU_GUARDDUTY_ALL_LEAVES_MAX 256  /* of all: no List before */
#define SLU_GUARDDUTY_KEPT_MS (INT64_C(90) * 86400 * 1000)

enum slu_guardduty_operation {
    SLU_GUARDDUTY_DETECTORS, /* ListDetectors */
    SLU_GUARDDUTY_LIST,      /* ListFindings */
    SLU_GUARDDUTY_GET,       /* GetFindings */
    SLU_GUARDDUTY_OPERATIONS,
};

/* The head of all three kinds of unit. */
struct slu_guardduty_unit {
    struct slu_unit head; /* first, for the engine has its address */
    enum slu_guardduty_operation operation;
    struct slu_guardduty_target *target;
    struct slu_guardduty_page *page; /* while a request is under way */
    struct slu_guardduty_unit *next; /* in a queue or a pool */
};

struct slu_guardduty_queue {
    struct slu_guardduty_unit *first;
    struct slu_guardduty_unit *last;
    unsigned count;
};

struct slu_guardduty_window {
    struct slu_guardduty_unit unit; /* first: its List */
    struct slu_guardduty_detector *detector;
    struct slu_guardduty_window *before; /* of the detector */
    struct slu_guardduty_window *after;
    int64_t from;
    int64_t to;
    int64_t listed_to; /* it is listed up to here: more than `to` when the rest
                          is listed beside it */
    bool unbounded;    /* asked without `to`, which is then only nominal */
    bool tail;         /* of the second pass: not stored */
    bool stored;       /* its key is in the state */
    bool covered;   /* of an earlier run, and a part of a new one: not asked */
    bool chained;   /* followed by its token, not divided */
    bool listed;    /* no List of it will follow */
    bool restarted; /* once, for a token that led nowhere */
    bool failed;
    bool asking; /* counted by its detector: it has Lists to come, or parts */
    unsigned pages;
    unsigned gets;     /* not committed */
    unsigned expected; /* findings still to be listed, about; 0: not known */
    double density;    /* a millisecond, as pages before it told; 0: unknown */
    /* Its newest page: */
    struct slu_guardduty_window *mirrored; /* of a mirror; NULL: needed no more
                                            */
    bool mirrors;                          /* it is a mirror */
    struct slu_guardduty_window *mirror;   /* its List, not answered */
    struct slu_guardduty_get *newest;      /* its get, not answered */
    struct slu_guardduty_get *divider; /* its oldest page, which waits for it */
    int64_t had_from;     /* all from here on is had; INT64_MAX: none is */
    double had_density;   /* findings a millisecond, there */
    struct slu_buf token; /* JSON text; empty: the first page */
    struct slu_buf seen;  /* hashes of the tokens followed */
    unsigned listings;    /* of an instant: before this one */
    uint64_t ids;         /* of this one: the sum of their hashes */
    uint64_t ids_before;  /* of the listing before */
};

struct slu_guardduty_get {
    struct slu_guardduty_unit unit; /* first */
    struct slu_guardduty_window *window;
    bool divides; /* what it tells divides its window */
    bool alone;   /* joins no other: together they were refused */
    struct slu_guardduty_get *joined; /* whose ids are behind its own */
    size_t own_len;                   /* of ids, when others are joined */
    int64_t listed_ms; /* when its ids were listed, by our clock */
    unsigned page_number;
    unsigned count;
    struct slu_buf ids; /* JSON texts, joined by commas */
    uint16_t starts[SLU_GUARDDUTY_PAGE];
    uint16_t lens[SLU_GUARDDUTY_PAGE];
    int64_t updated_ms[SLU_GUARDDUTY_PAGE]; /* INT64_MIN: not known */
};

struct slu_guardduty_detector {
    struct slu_guardduty_target *target;
    struct slu_guardduty_detector *next;
    char id[SLU_GUARDDUTY_DETECTOR_MAX + 1];
    struct slu_guardduty_window *windows; /* that are not done */
    bool has_planned;                     /* of an earlier run */
    int64_t planned;                      /* ms */
    bool active;                          /* the account has it now */
    bool stored; /* what was planned in this run is in the state */
    bool tail_begun;
    bool failed;     /* one of its windows */
    bool heeds;      /* bounds: a window had no more than a page */
    unsigned asking; /* windows */
    unsigned lists;  /* answered in this run */
};

enum slu_guardduty_outcome {
    SLU_GUARDDUTY_OPEN,        /* not ended */
    SLU_GUARDDUTY_DONE,        /* everything it had */
    SLU_GUARDDUTY_EMPTY,       /* no detector */
    SLU_GUARDDUTY_UNDECIDED,   /* the region refuses a sign-in */
    SLU_GUARDDUTY_NOT_ENABLED, /* as was found when the others were known */
    SLU_GUARDDUTY_DENIED,      /* no permission */
    SLU_GUARDDUTY_NO_SIGN_IN,  /* the identity has no credentials */
    SLU_GUARDDUTY_FAILED,
};

/* One account in one region. */
struct slu_guardduty_target {
    struct slu_guardduty_unit unit; /* first: its ListDetectors */
    struct slu_guardduty_context *ctx;
    unsigned index;
    unsigned first; /* target of its identity; they are together */
    unsigned end;   /* behind the last of them */
    unsigned identity;
    const char *region;   /* "": aws.region */
    const char *account;  /* its id; "": the base identity's own */
    struct slu_buf token; /* of ListDetectors: JSON text */
    uint64_t token_hash;
    unsigned pages; /* of ListDetectors */
    struct slu_guardduty_detector *detectors;
    struct slu_guardduty_queue waiting[SLU_GUARDDUTY_OPERATIONS];
    struct slu_guardduty_queue leaves; /* gets that end their windows */
    unsigned busy;                     /* requests in flight */
    bool works;                        /* a request of it was granted */
    enum slu_guardduty_outcome outcome;
    struct slu_error error; /* why it is not done */
};

/* One answer under way. */
struct slu_guardduty_page {
    struct slu_guardduty_page *next_free;
    enum slu_guardduty_operation operation;
    struct slu_json_page json;
    struct slu_buf target;
    struct slu_buf body;
    struct slu_buf token;          /* nextToken: JSON text; empty: none */
    struct slu_buf names;          /* DETECTORS: ids, each ended by zero */
    struct slu_guardduty_get *get; /* LIST: filled by the answer */
    char error_type[128];
};

struct slu_guardduty_context {
    const struct slu_alloc *alloc;
    const struct slu_guardduty_config *config;
    struct slu_source_port port;
    struct slu_extract *extract;
    struct slu_guardduty_target *targets;
    unsigned target_count;
    unsigned turn; /* the target that goes first */
    int64_t start_ms;
    struct slu_guardduty_page *free_pages[SLU_GUARDDUTY_OPERATIONS];
    struct slu_guardduty_unit *free_units[SLU_GUARDDUTY_OPERATIONS];
    struct slu_guardduty_unit *graveyard;
    struct slu_guardduty_unit *flying; /* handed out, not ended */
    unsigned windows;                  /* that live */
    unsigned asking;                   /* of them, with Lists to come */
    uint64_t expected;                 /* of those, together */
    unsigned leaves;                   /* gets, of all targets */
    bool settled;                      /* the end was told */
    bool broken; /* out of memory, say: nothing more is asked or committed */
    struct slu_source_result result;
};

/* ---- guardduty_page.c ---- */

/* An empty page; NULL when out of memory. */
struct slu_guardduty_page *
slu_guardduty_page_acquire(struct slu_guardduty_context *ctx,
                           enum slu_guardduty_operation operation);
/* Takes unit->page back, if there is one, and what it had filled. */
void slu_guardduty_page_release(struct slu_guardduty_unit *unit);
void slu_guardduty_pages_fini(struct slu_guardduty_context *ctx);

void slu_guardduty_page_head(struct slu_guardduty_page *self,
                             const struct slu_answer_head *head);
enum slu_body_verdict slu_guardduty_page_body(struct slu_guardduty_unit *unit,
                                              struct slu_view bytes);

/* The token without its JSON form, behind what *out has. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_token_plain(const struct slu_guardduty_context *ctx,
                          struct slu_view token, struct slu_buf *out);

/* Of a token; equal ones only are met again. */
uint64_t slu_guardduty_token_hash(struct slu_view token);

/* ---- guardduty_judge.c ---- */

enum slu_guardduty_answer {
    SLU_GUARDDUTY_ANSWER_PAGE,       /* 200, read whole */
    SLU_GUARDDUTY_ANSWER_RETRY,      /* *out_step is filled */
    SLU_GUARDDUTY_ANSWER_NO_SIGN_IN, /* these have their sentence in the step */
    SLU_GUARDDUTY_ANSWER_DENIED,
    SLU_GUARDDUTY_ANSWER_NOT_ENABLED,
    SLU_GUARDDUTY_ANSWER_BAD_REQUEST,
    SLU_GUARDDUTY_ANSWER_FAILED,
};

enum slu_guardduty_answer slu_guardduty_judge(struct slu_guardduty_unit *unit,
                                              const struct slu_answer_end *end,
                                              struct slu_step *out_step);

/* ---- guardduty_request.c ---- */

/* Fills the page with target and body of the unit's next request. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_request_write(struct slu_guardduty_unit *unit);
void slu_guardduty_request_fill(const struct slu_guardduty_unit *unit,
                                struct slu_request *out_request);

/* ---- guardduty_flight.c ---- */

/* Fills *out_request with what the unit asks next. False: the run is broken,
 * as the result then tells. */
bool slu_guardduty_flight_begin(struct slu_guardduty_unit *unit,
                                uint64_t mono_ms,
                                struct slu_request *out_request);
/* Its answer has come. */
void slu_guardduty_flight_end(struct slu_guardduty_unit *unit,
                              const struct slu_answer_end *end, int64_t now_ms,
                              struct slu_step *out_step);
/* The engine will not ask for its target again; it may be in flight or not. */
void slu_guardduty_flight_give_up(struct slu_guardduty_unit *unit,
                                  const struct slu_error *error);
/* What never ended, when the source is destroyed. */
void slu_guardduty_flights_free(struct slu_guardduty_context *ctx);

/* ---- guardduty_windows.c ---- */

/* NULL when out of memory. Not queued yet. */
struct slu_guardduty_window *
slu_guardduty_window_new(struct slu_guardduty_detector *detector, int64_t from,
                         int64_t to);
/* It stays open for the next run. */
void slu_guardduty_window_fail(struct slu_guardduty_window *self,
                               const struct slu_error *error);
/* It is done or dropped: to the graveyard. */
void slu_guardduty_window_bury(struct slu_guardduty_window *self);
/* Writes or deletes its key with the unit's answer. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_window_put(struct slu_guardduty_window *self,
                         struct slu_unit *unit, bool open);
/* Stores, once, what is planned for the detector in this run. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_detector_store(struct slu_guardduty_detector *self,
                             struct slu_unit *unit);
/* What an earlier run stored, behind "planned/" or "open/". STATE when it can't
 * be read. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_load_planned(struct slu_guardduty_context *ctx,
                           struct slu_view key, struct slu_view value);
SLU_MUST_CHECK enum slu_err
slu_guardduty_load_open(struct slu_guardduty_context *ctx, struct slu_view key);
/* Queues its List: before those that less is expected of, behind all others if
 * it is of the second pass. */
void slu_guardduty_window_ask(struct slu_guardduty_window *self);
/* So many of its findings were listed. */
void slu_guardduty_window_count(struct slu_guardduty_window *self,
                                unsigned listed);
/* It was to end with the page that was just listed, and didn't: its last third
 * becomes a window of its own, that need not wait for this page's Get. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_window_split(struct slu_guardduty_window *self);
/* Nothing more is to be listed of it. False: it had been told before. */
bool slu_guardduty_window_asked(struct slu_guardduty_window *self);
/* Makes, or finds, the target's detector and plans its windows. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_detector_start(struct slu_guardduty_target *target,
                             const char *id);
/* The second pass, from the start of the run. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_detector_begin_tail(struct slu_guardduty_detector *self,
                                  int64_t now_ms);
int64_t slu_guardduty_horizon(const struct slu_guardduty_context *ctx);

/* ---- guardduty_mirror.c ---- */

/* Lists the newest page of a window beside its oldest, if it is wide. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_mirror_make(struct slu_guardduty_window *window);
/* Its List was answered, whatever with. The window it belonged to; NULL when
 * that is over. */
struct slu_guardduty_window *
slu_guardduty_mirror_end(struct slu_guardduty_window *self);
/* The window has no use for its mirror: takes it back, or leaves it alone. */
void slu_guardduty_mirror_drop(struct slu_guardduty_window *window);
/* What the newest page tells, in the order of its ids: had_from, had_density.
 */
void slu_guardduty_mirror_note(struct slu_guardduty_window *window,
                               const struct slu_guardduty_get *get);
/* True: what the window waits for to be divided is known. */
bool slu_guardduty_mirror_is_done(const struct slu_guardduty_window *window);

/* ---- guardduty_join.c ---- */

/* Adds the ids of other leaves that wait to those of this one, which is about
 * to be sent. */
SLU_MUST_CHECK enum slu_err slu_guardduty_join(struct slu_guardduty_get *get,
                                               uint64_t mono_ms);
/* Refused together: each waits alone. False: it had none joined. */
bool slu_guardduty_unjoin(struct slu_guardduty_get *get);
/* To the graveyard, with those that are joined. */
void slu_guardduty_get_bury(struct slu_guardduty_get *get);

/* ---- guardduty_divide.c ---- */

#define SLU_GUARDDUTY_PARTS_MAX 258

struct slu_guardduty_division {
    bool chained; /* not divided: follow the token */
    unsigned count;
    unsigned expected; /* findings of each part, about; 0: not known */
    double density;    /* of them */
    /* Part i is [bounds[i], bounds[i + 1]). */
    int64_t bounds[SLU_GUARDDUTY_PARTS_MAX + 1];
};

/*
 * How the window is divided whose first page is `get`, of which the updatedAt
 * are known by now. parts_max >= 1. See the top of the file.
 */
void slu_guardduty_divide(const struct slu_guardduty_window *window,
                          const struct slu_guardduty_get *get, int64_t now_ms,
                          unsigned parts_max,
                          struct slu_guardduty_division *out_division);

/* ---- guardduty_chain.c ---- */

/* The next page of a window that is not divided. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_chain_follow(struct slu_guardduty_window *window);
/* A page of the window was listed. */
void slu_guardduty_chain_note(struct slu_guardduty_window *window,
                              const struct slu_guardduty_get *get);
/* True: this listing's ids are not got. */
bool slu_guardduty_chain_only_compares(
    const struct slu_guardduty_window *window);
/* Its last page was listed. True: it is queued to be listed once more, or has
 * failed. */
bool slu_guardduty_chain_again(struct slu_guardduty_window *window);
/* The server took the window's token ill: begin again, once. If that has been
 * tried, the window has failed. */
void slu_guardduty_chain_restart(struct slu_guardduty_window *window,
                                 const struct slu_error *error);

/* ---- guardduty_answer.c ---- */

/* What the answer of a page changes; of detectors the step may become FAILED.
 * NOMEM and the port's errors end the run. */
SLU_MUST_CHECK enum slu_err
slu_guardduty_take_detectors(struct slu_guardduty_target *target,
                             struct slu_step *out_step);
SLU_MUST_CHECK enum slu_err
slu_guardduty_take_list(struct slu_guardduty_window *window, int64_t now_ms);
SLU_MUST_CHECK enum slu_err
slu_guardduty_take_mirror(struct slu_guardduty_window *mirror, int64_t now_ms);
SLU_MUST_CHECK enum slu_err
slu_guardduty_take_get(struct slu_guardduty_get *get, int64_t now_ms);
/* A get of it was refused for its ids alone: the window stays open for the next
 * run, and others go on. */
void slu_guardduty_get_fail(struct slu_guardduty_get *get,
                            const struct slu_error *error);

/* ---- guardduty_target.c ---- */

/* home is aws.region; empty: the partition with the most regions, aws. */
unsigned slu_guardduty_target_total(const struct slu_guardduty_config *config,
                                    struct slu_view home);
SLU_MUST_CHECK enum slu_err
slu_guardduty_targets_make(struct slu_guardduty_context *ctx,
                           struct slu_error *out_error);
void slu_guardduty_targets_free(struct slu_guardduty_context *ctx);

/* "account 111122223333 in us-east-1". */
#define SLU_GUARDDUTY_PLACE_MAX 80
const char *slu_guardduty_place(const struct slu_guardduty_target *self,
                                char out[SLU_GUARDDUTY_PLACE_MAX]);

bool slu_guardduty_target_is_over(const struct slu_guardduty_target *self);
/* It ends with an outcome that is not DONE; the first one stays. */
void slu_guardduty_target_end(struct slu_guardduty_target *self,
                              enum slu_guardduty_outcome outcome,
                              const struct slu_error *error);
/* No credentials: every target of this one's identity ends. */
void slu_guardduty_identity_end(const struct slu_guardduty_target *target,
                                const struct slu_error *error);
/* Ends it as DONE when nothing is left to do. */
void slu_guardduty_target_look(struct slu_guardduty_target *self);
/* When all have ended: decides what was undecided, tells and counts, once. */
void slu_guardduty_settle(struct slu_guardduty_context *ctx);

/* ---- guardduty_pools.c ---- */

void slu_guardduty_queue_push(struct slu_guardduty_queue *self,
                              struct slu_guardduty_unit *unit);
void slu_guardduty_queue_push_front(struct slu_guardduty_queue *self,
                                    struct slu_guardduty_unit *unit);
/* A window: before those that less is expected of. */
void slu_guardduty_queue_insert(struct slu_guardduty_queue *self,
                                struct slu_guardduty_window *window);
/* The first that may go now, taken out; else NULL, and *out_wait_until_ms is
 * lowered to when one may. */
struct slu_guardduty_unit *
slu_guardduty_queue_take(struct slu_guardduty_queue *self, uint64_t mono_ms,
                         uint64_t *out_wait_until_ms);
/* It is in the queue. */
void slu_guardduty_queue_remove(struct slu_guardduty_queue *self,
                                struct slu_guardduty_unit *unit);
/* True when one may go now. */
bool slu_guardduty_queue_is_ready(const struct slu_guardduty_queue *self,
                                  uint64_t mono_ms,
                                  uint64_t *out_wait_until_ms);

/* A zeroed window or get but for its buffers; NULL when out of memory. */
struct slu_guardduty_unit *
slu_guardduty_unit_acquire(struct slu_guardduty_context *ctx,
                           enum slu_guardduty_operation operation);
/* Nobody needs it after the next next_request. */
void slu_guardduty_unit_bury(struct slu_guardduty_context *ctx,
                             struct slu_guardduty_unit *unit);
/* Never handed out: at once. */
void slu_guardduty_unit_release(struct slu_guardduty_context *ctx,
                                struct slu_guardduty_unit *unit);
void slu_guardduty_graveyard_clear(struct slu_guardduty_context *ctx);
void slu_guardduty_pools_fini(struct slu_guardduty_context *ctx);
void slu_guardduty_unit_free(struct slu_guardduty_context *ctx,
                             struct slu_guardduty_unit *unit);

static inline struct slu_guardduty_window *
slu_guardduty_window_of(struct slu_guardduty_unit *unit)
{
    return (struct slu_guardduty_window *)unit;
}

static inline struct slu_guardduty_get *
slu_guardduty_get_of(struct slu_guardduty_unit *unit)
{
    return (struct slu_guardduty_get *)unit;
}

#endif
