/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one answer of a JSON API on its way in: cut into its events, or, where
 * it is a refusal, its first bytes kept for the sentence. Whatever goes wrong
 * in reading is kept until the end of the exchange, and weighed there against
 * how the exchange ended.
 *
 * Life cycle: init, then for each answer: reset, `status` set by the head,
 * read..., failure; fini.
 */
#ifndef SLU_SOURCES_JSON_PAGE_H
#define SLU_SOURCES_JSON_PAGE_H

#include "codecs/json_split.h"
#include "sources/source.h"

#define SLU_JSON_PAGE_ERROR_MAX 4096

struct slu_json_page {
    struct slu_json_split *split;
    int status;             /* HTTP; 0: none has come */
    struct slu_error error; /* why reading stopped */
    size_t refusal_len;
    char refusal_body[SLU_JSON_PAGE_ERROR_MAX];
};

/* An element or a member of the answer. What it
 * returns ends the reading unless it is OK; a sentence goes into page->error.
 */
typedef enum slu_err (*slu_json_page_fn)(void *ctx,
                                         const struct slu_json_event *event);

SLU_MUST_CHECK enum slu_err
slu_json_page_init(struct slu_json_page *self,
                   const struct slu_json_split_options *options);
void slu_json_page_fini(struct slu_json_page *self);
void slu_json_page_reset(struct slu_json_page *self);

enum slu_body_verdict slu_json_page_read(struct slu_json_page *self,
                                         struct slu_view bytes,
                                         slu_json_page_fn on_event, void *ctx);

/* What of a refusal was kept. */
struct slu_view slu_json_page_refusal(const struct slu_json_page *self);

/* Why the answer can't be used: reading stopped, the exchange failed below
 * HTTP, or the document of a 200 isn't whole. NULL: it can. */
const struct slu_error *slu_json_page_failure(struct slu_json_page *self,
                                              const struct slu_answer_end *end);

#endif
