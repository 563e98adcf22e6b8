/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: which names the objects of the last texts had, and in what order, for
 * the walk (json_walk_loop.h) to guess the next one. Texts of one array have
 * mostly the same members in the same order, with the same white space, so a
 * guess is one comparison of up to 64 bytes:
 *
 *     text   ...1760000000,\n      "last_analysis_date": 1760...
 *     line                ,\n      "last_analysis_date":_
 *                         before    after
 *
 * A line that is equal tells that there is one comma, what the name is, that a
 * colon follows, and where the value begins. A wrong guess costs the look-up
 * that there would have been without it. It is a matter of speed only: whatever
 * is remembered, the walk finds the same.
 *
 * Life cycle: init, any number of walks, fini; both safe on a zeroed struct.
 * Limits: SLU_JSON_MEMO_MAX lines. When they are full, all are forgotten, but
 * not in the middle of a text.
 */
#ifndef SLU_CODECS_JSON_MEMO_H
#define SLU_CODECS_JSON_MEMO_H

#include "codecs/alloc.h"
#include <sluice/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_JSON_MEMO_MAX 511u
#define SLU_JSON_LINE_MAX 64u

/* Lines are counted from 1; 0 is a line that no text equals. */
struct slu_json_line {
    char text[SLU_JSON_LINE_MAX];
    uint64_t mask;    /* of the bytes of text that count */
    uint16_t next;    /* what came behind it the last time, or 0 */
    uint16_t sibling; /* another one of the same node, or 0 */
    uint8_t before;   /* bytes before the name's opening quote */
    uint8_t after;    /* bytes from there to the value */
    uint32_t child;   /* node of the name, or SLU_JSON_PATH_NONE */
};

/* Of one node of the tree of paths: its objects' names. */
struct slu_json_memo_node {
    uint16_t first; /* what came first the last time, or 0 */
    uint16_t lines; /* the chain of all, by sibling */
};

struct slu_json_memo {
    const struct slu_alloc *alloc;
    struct slu_json_line *lines;
    struct slu_json_memo_node *nodes;
    unsigned line_count;
    unsigned node_count;
    uint16_t nowhere; /* what comes behind a name that has no line */
};

SLU_MUST_CHECK enum slu_err slu_json_memo_init(struct slu_json_memo *self,
                                               const struct slu_alloc *alloc,
                                               unsigned node_count);
void slu_json_memo_fini(struct slu_json_memo *self);

/* Before a text. */
void slu_json_memo_start(struct slu_json_memo *self);

/*
 * The line of a node's name, of which text has `before` bytes before the
 * opening quote at `name` and `after` from there to the value; made if there is
 * none. 0 if it is too long, or there is no room.
 */
unsigned slu_json_memo_find(struct slu_json_memo *self, unsigned node,
                            const char *name, size_t before, size_t after,
                            unsigned child);

#ifdef __cplusplus
}
#endif
#endif
