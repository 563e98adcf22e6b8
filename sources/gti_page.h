/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the lanes of the source "gti" share, and the reading of one
 * answer: splitter, reader, cursor, the error body, and the judgement that
 * turns a status into a step.
 *
 * Life cycle: acquire when a request is handed out, head, body..., judge when
 * it has ended, release. Pages are pooled, so that in steady state neither a
 * page nor a record allocates.
 * Limits: a record limits.record_bytes, a target 16 KiB, a cursor 4 KiB, an
 * error body 4 KiB.
 */
#ifndef SLU_SOURCES_GTI_PAGE_H
#define SLU_SOURCES_GTI_PAGE_H

#include "codecs/buf.h"
#include "codecs/gti.h"
#include "sources/gti.h"
#include "sources/json_page.h"

#define SLU_GTI_TARGET_MAX (16u << 10)
#define SLU_GTI_KEY_MAX 200

/* One answer under way. */
struct slu_gti_page {
    struct slu_gti_page *next_free;
    enum slu_gti_shape shape;
    struct slu_json_page json;
    struct slu_buf target;
    uint64_t items; /* elements, of whatever type */
    bool has_count;
    int64_t count;         /* meta.count */
    struct slu_buf cursor; /* meta.cursor; empty: none */
};

enum slu_gti_unit_kind {
    SLU_GTI_WINDOW, /* of a stream */
    SLU_GTI_PART,   /* of a package of a list */
};

/* The head of both kinds of unit. */
struct slu_gti_unit {
    struct slu_unit head; /* first, for the engine has its address */
    enum slu_gti_unit_kind kind;
    bool dropped; /* nobody waits for the answer under way any more */
    struct slu_gti_page *page; /* while a request is under way */
};

/* What the lanes share. */
struct slu_gti_context {
    const struct slu_alloc *alloc;
    const struct slu_gti_config *config;
    struct slu_source_port port;
    struct slu_gti_reader **readers; /* one for each loop */
    unsigned loops;
    struct slu_gti_page *free_pages[2]; /* by shape */
    struct slu_checkpoint known;        /* loaded or found, then committed */
    struct slu_source_result result;
    uint64_t answers;  /* with a status */
    uint64_t refused;  /* of them 401 or 403 */
    bool unauthorised; /* one of them was a 401 */
    bool broken;       /* out of memory: nothing more is asked or committed */
};

typedef enum slu_err (*slu_gti_item_fn)(struct slu_gti_unit *unit,
                                        const struct slu_gti_item *item);

enum slu_gti_answer {
    SLU_GTI_ANSWER_PAGE,      /* 200, read whole */
    SLU_GTI_ANSWER_VOID,      /* *out_step says RETRY, FAILED or DENIED */
    SLU_GTI_ANSWER_FORBIDDEN, /* 403; these have their sentence in the step */
    SLU_GTI_ANSWER_NOT_FOUND, /* 404 */
    SLU_GTI_ANSWER_NOT_YET,   /* 400 NotAvailableYet */
    SLU_GTI_ANSWER_REJECTED,  /* any other 4xx */
};

/* Makes the readers. */
SLU_MUST_CHECK enum slu_err slu_gti_context_init(struct slu_gti_context *ctx);

/* Hands out an empty page with an empty target; NULL when out of memory. */
struct slu_gti_page *slu_gti_page_acquire(struct slu_gti_context *ctx,
                                          enum slu_gti_shape shape);
/* Takes unit->page back, if there is one. */
void slu_gti_page_release(struct slu_gti_context *ctx,
                          struct slu_gti_unit *unit);

enum slu_body_verdict slu_gti_page_body(struct slu_gti_context *ctx,
                                        struct slu_gti_unit *unit,
                                        struct slu_view bytes,
                                        slu_gti_item_fn on_item);

/* Fills *out_step for all but PAGE; counts the answer. */
enum slu_gti_answer slu_gti_page_judge(struct slu_gti_context *ctx,
                                       struct slu_gti_unit *unit,
                                       const struct slu_answer_end *end,
                                       struct slu_step *out_step);

/* Counts an item that is for no list. */
void slu_gti_context_count(struct slu_gti_context *ctx,
                           struct slu_gti_unit *unit, enum slu_reason reason);

/* Hands an item on as a sighting at `seen`. */
enum slu_err slu_gti_context_emit(struct slu_gti_context *ctx,
                                  struct slu_gti_unit *unit,
                                  const struct slu_gti_item *item,
                                  uint32_t source, int64_t seen);

/* Stores (an empty value deletes) with the unit's answer. */
SLU_MUST_CHECK enum slu_err slu_gti_context_put(struct slu_gti_context *ctx,
                                                struct slu_gti_unit *unit,
                                                const char *key,
                                                struct slu_view value);

/* Warns of a checkpoint so far ahead that nothing will be pulled for long;
 * `what` and `name` say whose: "IOC Stream", "domain". */
void slu_gti_context_warn_of_future(const struct slu_gti_context *ctx,
                                    const char *what, const char *name,
                                    int64_t known, int64_t wall_s);

/* Warns of a checkpoint older than the look-back; lost: "what came". */
void slu_gti_context_warn_of_loss(const struct slu_gti_context *ctx,
                                  const char *what, const char *name,
                                  const char *lost, int64_t from, int64_t to);

/* Keeps the first failure for the result. */
void slu_gti_context_note(struct slu_gti_context *ctx,
                          const struct slu_error *error);

/* Out of memory: the step fails, and nothing is asked or committed after it. */
void slu_gti_context_break(struct slu_gti_context *ctx,
                           struct slu_step *out_step, enum slu_err err);

void slu_gti_context_fini(struct slu_gti_context *ctx);

#endif
