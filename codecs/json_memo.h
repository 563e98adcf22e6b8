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
 * guess is followed by a look into a table of all lines, by the first bytes
 * from that token on, and only what was never met is taken apart. It is a
 * matter of speed only: whatever is remembered, the walk finds the same.
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
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_JSON_MEMO_MAX 511u
#define SLU_JSON_LINE_MAX 64u
#define SLU_JSON_MEMO_BUCKETS 1024u

/* What is known of the text from one value to the next. */
struct slu_json_line {
    char text[SLU_JSON_LINE_MAX];
    uint64_t mask;    /* of the bytes of text that count */
    uint16_t next;    /* what came behind it the last time, or 0 */
    uint16_t sibling; /* another one of the same bucket, or 0 */
    uint8_t before;   /* bytes before the first token */
    uint8_t after;    /* bytes from there to the value */
    uint8_t tokens;   /* so many are passed */
    uint32_t from;    /* node of the object that it begins in */
    uint32_t node;    /* of the object that the value is a member of */
    uint32_t child;   /* of the value: its node, or SLU_JSON_PATH_NONE */
};

struct slu_json_memo {
    const struct slu_alloc *alloc;
    /* Counted from 1; 0 is one that no text equals. */
    struct slu_json_line *lines;
    uint16_t *buckets; /* the first line of each chain, or 0 */
    uint16_t *firsts;  /* of each node of the tree of paths: what came first in
                          its objects the last time, or 0 */
    unsigned line_count;
    unsigned node_count;
    uint16_t nowhere; /* what comes behind a text that has no line */
};

SLU_MUST_CHECK enum slu_err slu_json_memo_init(struct slu_json_memo *self,
                                               const struct slu_alloc *alloc,
                                               unsigned node_count);
void slu_json_memo_fini(struct slu_json_memo *self);

/*
 * The bucket of the lines that begin in an object of that node and whose first
 * token is at `token`, which eight bytes are readable behind. It depends on the
 * name's first eight bytes at most, and not on what is behind the quote that
 * ends it; that is the second quote, whether the token is the first one or a
 * brace. A line that is nothing but a brace may so be kept in several buckets,
 * which costs room alone. The lowest lane is exact (json_read_demand.h), and
 * the order of the lanes doesn't matter.
 */
static inline unsigned slu_json_memo_bucket(unsigned node, const char *token)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word, quotes;

    memcpy(&word, token + 1, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    quotes = word ^ (ones * '"');
    quotes = (quotes - ones) & ~quotes & (ones * 0x80);
    quotes = *token == '"' ? quotes : quotes & (quotes - 1);
    word &= (quotes & (~quotes + 1)) - 1;
    word = (word + node) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(word >> 54);
}

/* Before a text. */
void slu_json_memo_start(struct slu_json_memo *self);

/*
 * The line that has the text at `text`, of before + after bytes, behind which
 * eight more are readable; made like *line if there is none, of which before,
 * after, tokens and the nodes count. 0 if it is too long, or there is no room.
 */
unsigned slu_json_memo_find(struct slu_json_memo *self, const char *text,
                            const struct slu_json_line *line);

#ifdef __cplusplus
}
#endif
#endif
