/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the reader's short way: walks over the tokens of one text
 * (json_index.h) and reports the wanted members. json_read.cc tries it before
 * simdjson. Private to the reader, the kernels and their tests.
 *
 * At the sight of anything that it doesn't know how to read (a name with an
 * escape, a number with very many digits, half a pair of surrogates, a fault)
 * it gives up, and simdjson
 * reads the text from the start, without reporting again what was reported. So
 * what is wrong, and where, is said in one place, and every text that is read
 * has the same values both ways.
 */
#ifndef SLU_CODECS_JSON_WALK_H
#define SLU_CODECS_JSON_WALK_H

#include "codecs/json_index.h"
#include "codecs/json_memo.h"
#include "codecs/json_paths.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A table of more paths without "[]" is simdjson's. */
#define SLU_JSON_WALK_FIELDS_MAX 64

/* Where the strings of a text go when their escapes are undone, asked for once
 * a text: as many bytes as the text has, and SLU_JSON_PADDING. NULL when memory
 * is short. They lie there one behind the other, as simdjson's would. */
typedef char *(*slu_json_room_fn)(void *ctx);

struct slu_json_walk_task {
    const struct slu_json_paths *paths;
    struct slu_json_memo *memo;
    uint64_t wanted; /* bit i: field i; all met: the walk ends. 0: it doesn't */
    slu_json_value_fn on_value;
    void *ctx;
    slu_json_room_fn make_room;
    void *room_ctx;
};

/* Walks the index's tokens from `first`, which opens the text, to the one that
 * closes it. False: it gave up. *out_reported: the values reported so far. */
typedef bool (*slu_json_walk_fn)(const struct slu_json_walk_task *task,
                                 const struct slu_json_index *index,
                                 unsigned first, unsigned *out_reported);

struct slu_json_kernel; /* json_scan.h */

/* For tests: reads by that kernel, or by simdjson alone when it is NULL. */
void slu_json_reader_use(struct slu_json_reader *self,
                         const struct slu_json_kernel *kernel);

#ifdef __cplusplus
}
#endif
#endif
