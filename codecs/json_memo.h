/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what stood between the values of the last texts, for the walk
 * (json_walk_loop.h) to guess what comes next. Texts of one array have mostly
 * the same members in the same order, with the same white space, so a guess is
 * one comparison of up to 64 bytes, from the end of one value to the next one
 * that something is to be done with:
 *
 *     text   ..."VERDICT_BENIGN"}, "threat_score": {"value": 12}, ...
 *     line                      }, "threat_score": {"value":_
 *                               before             after
 *                               the first token
 *
 * A line that is equal tells what objects end and begin, that commas and colons
 * are where they must be, what the name is and where the value begins. A wrong
 * guess costs the look-up that there would have been without it. It is a matter
 * of speed only: whatever is remembered, the walk finds the same.
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

/* What is known of the text from one value to the next. */
struct slu_json_line {
    char text[SLU_JSON_LINE_MAX];
    uint64_t mask;    /* of the bytes of text that count */
    uint16_t next;    /* what came behind it the last time, or 0 */
    uint16_t sibling; /* another one of the same node, or 0 */
    uint8_t before;   /* bytes before the first token */
    uint8_t after;    /* bytes from there to the value */
    uint8_t tokens;   /* so many are passed */
    uint32_t node;    /* of the object that the value is a member of */
    uint32_t child;   /* of the value: its node, or SLU_JSON_PATH_NONE */
};

/* Of one node of the tree of paths: the lines that begin in its objects. Lines
 * are counted from 1; 0 is one that no text equals. */
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
    uint16_t nowhere; /* what comes behind a text that has no line */
};

SLU_MUST_CHECK enum slu_err slu_json_memo_init(struct slu_json_memo *self,
                                               const struct slu_alloc *alloc,
                                               unsigned node_count);
void slu_json_memo_fini(struct slu_json_memo *self);

/* Before a text. */
void slu_json_memo_start(struct slu_json_memo *self);

/*
 * The line that begins in an object of that node and has the text at `text`, of
 * before + after bytes; made like *line if there is none, of which before,
 * after, tokens, node and child count. 0 if it is too long, or there is no
 * room.
 */
unsigned slu_json_memo_find(struct slu_json_memo *self, unsigned node,
                            const char *text, const struct slu_json_line *line);

#ifdef __cplusplus
}
#endif
#endif
