/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the reader's short way (json_read.cc tries it before simdjson): finds
 * the wanted members of an object that has nothing uncommon on the way to them.
 * Private to the reader, the kernels and their tests.
 *
 * It takes names and strings of plain ASCII without a backslash and whole
 * numbers of at most 18 digits. At the sight of anything else that it would
 * have to look into (white space, an escape in a wanted string, a fraction, a
 * null, a fault) it gives up, and simdjson reads the text from the start. So
 * what is wrong, and where, is said in one place, and every text that is read
 * has the same values both ways. Indented text was tried: to hop over so many
 * blanks took longer than simdjson does.
 *
 * It is part of the scan's kernels: 64 bytes become masks of the structural
 * bytes outside of strings, and the walk hops from one to the next. Unlike
 * simdjson it makes no index of the whole text first, so what lies behind the
 * last wanted member isn't touched at all.
 */
#ifndef SLU_CODECS_JSON_QUICK_H
#define SLU_CODECS_JSON_QUICK_H

#include "codecs/json_paths.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A table of more paths, and a text with more values, is simdjson's. */
#define SLU_JSON_QUICK_MAX 16
/* Wanted members deeper than this are, too. */
#define SLU_JSON_QUICK_DEPTH 8

struct slu_json_quick {
    unsigned count;
    unsigned fields[SLU_JSON_QUICK_MAX];
    struct slu_json_value values[SLU_JSON_QUICK_MAX];
};

/*
 * Reads text, behind which SLU_JSON_PADDING bytes are readable, by paths of
 * which none has "[]". True: *out has the values up to the one that made the
 * set of `wanted` fields (bit i: field i) complete, or up to the text's end.
 * False: *out is of no use, and it says nothing about the text.
 */
typedef bool (*slu_json_quick_fn)(const struct slu_json_paths *paths,
                                  struct slu_view text, uint64_t wanted,
                                  struct slu_json_quick *out);

#ifdef __cplusplus
}
#endif
#endif
