/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the tokens of a JSON text, found by a kernel 64 bytes at a time in one
 * pass without branches on what they are. The splitter makes them of the piece
 * at hand and hands those of a record out with it, the reader walks over them:
 * so a byte is looked at once. Private to the splitter, the reader, the kernels
 * and their tests.
 *
 *     text     { " a " : [ 1 , "b" ] , " c " : { } }
 *     starts   0 1       5     8  11    13      17 18 19   where it begins
 *     bytes    { "       [     "  ]     "       {  }  }    its first byte
 *     depths   1         2        2             2  2  1    brackets only
 *
 * A token is a bracket outside of strings, or the quote that opens a string. A
 * bracket that closes has the depth of the one that it closes, so a container
 * is skipped by looking for its depth among those behind it, 64 at a time.
 *
 * Only what is right is told: brackets that match and are at most
 * SLU_JSON_SCAN_DEPTH_MAX deep, strings without control characters, UTF-8. At
 * the sight of anything else the index ends before it, with `failed`, and
 * whoever wants to know what is wrong, and where, uses the scan (json_scan.h).
 *
 * Life cycle: init, then for every text: start, and run until enough is there;
 * fini. init and fini are safe on a zeroed struct.
 * Limits: SLU_JSON_INDEX_MAX tokens at once.
 * Ownership: the tokens are the index's, the text somebody else's.
 * Errors: NOMEM (in reserve).
 */
#ifndef SLU_CODECS_JSON_INDEX_H
#define SLU_CODECS_JSON_INDEX_H

#include "codecs/alloc.h"
#include <sluice/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_JSON_SCAN_DEPTH_MAX 64

/* At once. They are 24 KB then, so that the first level cache holds them and
 * the text that they are of. */
#define SLU_JSON_INDEX_MAX 4096u
/* A kernel writes so many behind the last one. */
#define SLU_JSON_INDEX_SLACK 64u
/* The depth of what is no bracket. */
#define SLU_JSON_NO_DEPTH 0xffu

struct slu_json_index {
    const struct slu_alloc *alloc;
    uint32_t *starts; /* counted from base */
    uint8_t *bytes;
    uint8_t *depths; /* those of the first `judged` tokens */
    unsigned count;
    unsigned judged; /* tokens whose brackets are known to match */
    bool failed;     /* nothing comes behind `judged` */
    bool backslash;  /* there was one */

    const char *base;
    size_t done; /* bytes taken, from base */
    /* What one block leaves for the next, and what 64 tokens do. */
    uint64_t escaped;
    uint64_t in_string;
    unsigned utf8_need;
    unsigned utf8_lead;
    unsigned depth;     /* open brackets */
    unsigned depth_low; /* of the outermost bracket that can occur */
    unsigned depth_top; /* none so far was deeper */
    /* All ones where the open bracket of that depth is curly, else 0. */
    uint64_t curly[SLU_JSON_SCAN_DEPTH_MAX + 1];
};

/*
 * Goes on until `len` bytes from base are taken, there is no room for the
 * tokens of another block, or a fault is met. Reads up to SLU_JSON_PADDING
 * bytes behind base + len. len must be a whole number of blocks (64 bytes)
 * beyond what was taken before, unless nothing is to follow.
 */
typedef void (*slu_json_index_fn)(struct slu_json_index *self, size_t len);

/* The first token at or behind `from`, and before the last one judged, of that
 * depth; else the number of tokens judged. */
typedef unsigned (*slu_json_depth_fn)(const struct slu_json_index *self,
                                      unsigned from, unsigned depth);

void slu_json_index_init(struct slu_json_index *self,
                         const struct slu_alloc *alloc);
void slu_json_index_fini(struct slu_json_index *self);

/* Gets the room for the tokens, once. */
SLU_MUST_CHECK enum slu_err slu_json_index_reserve(struct slu_json_index *self);

/* Before the first byte of a text, at base, that lies in `depth` brackets: at
 * most two, of which the outer one is curly. */
void slu_json_index_start(struct slu_json_index *self, const char *base,
                          unsigned depth);

/* Forgets all tokens before that one. */
void slu_json_index_drop(struct slu_json_index *self, unsigned first);

#ifdef __cplusplus
}
#endif
#endif
