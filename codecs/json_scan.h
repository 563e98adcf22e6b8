/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inner loop of the record splitter: runs over a JSON string or
 * container, 64 bytes at a time, to the byte that closes it. Private to
 * json_split.c and its tests.
 *
 * Each block becomes a handful of 64-bit masks (one bit a byte: quotes,
 * backslashes, brackets, ...), and the rest is arithmetic on them. What one
 * block leaves for the next is kept by bit position: a tail of n < 64 bytes
 * ends at bit n, so a text may be cut anywhere without padding being read as
 * text.
 *
 * Three kernels give the same answers: AVX-512, AVX2 and portable C. The
 * loops are written once, in json_scan_loop.h.
 */
#ifndef SLU_CODECS_JSON_SCAN_H
#define SLU_CODECS_JSON_SCAN_H

#include "codecs/json_index.h"
#include "codecs/json_walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum slu_json_scan_status {
    SLU_JSON_SCAN_MORE,     /* used up, not closed yet */
    SLU_JSON_SCAN_CLOSED,   /* the last byte taken closed it */
    SLU_JSON_SCAN_CONTROL,  /* a raw control character in a string */
    SLU_JSON_SCAN_UTF8,     /* invalid UTF-8 */
    SLU_JSON_SCAN_MISMATCH, /* a bracket closes one of the other kind */
    SLU_JSON_SCAN_DEPTH,    /* deeper than SLU_JSON_SCAN_DEPTH_MAX */
};

/* What one block hands to the next. */
struct slu_json_scan {
    enum slu_json_scan_status status;
    uint64_t escaped;   /* 1: a backslash before escapes the next byte */
    uint64_t in_string; /* all ones inside a string, else 0 */
    uint64_t kinds;     /* stack of open brackets, newest in bit 0; 1: curly */
    unsigned depth;     /* open brackets, those around the value included */
    unsigned base;      /* the value is closed when depth is back at this */
    unsigned utf8_need; /* bit i: the i-th byte from here is a continuation */
    unsigned utf8_lead; /* SLU_JSON_LEAD_*: the last byte narrows the next */
};

#define SLU_JSON_LEAD_E0 1u
#define SLU_JSON_LEAD_ED 2u
#define SLU_JSON_LEAD_F0 4u
#define SLU_JSON_LEAD_F4 8u

/*
 * Takes bytes until the value closes, a fault is met or len is used up, and
 * says which in self->status. Returns the number of bytes taken; for a fault,
 * the index of the byte that shows it.
 */
typedef size_t (*slu_json_scan_fn)(struct slu_json_scan *self, const char *ptr,
                                   size_t len);

struct slu_json_kernel {
    const char *name;
    slu_json_scan_fn container; /* begins at the opening bracket */
    slu_json_scan_fn string;    /* begins behind the opening quote */
    /* All three or none: without them simdjson is faster. */
    slu_json_index_fn index;
    slu_json_depth_fn find_depth;
    slu_json_walk_fn walk; /* the reader's short way */
};

/* The fastest one that this CPU can run. */
const struct slu_json_kernel *slu_json_kernel_best(void);

/* The index-th one that this CPU can run, fastest first; NULL behind the last;
 * the last one is the portable one. */
const struct slu_json_kernel *slu_json_kernel_at(unsigned index);

/* Before the first byte of a value that lies in `depth` open brackets. */
void slu_json_scan_init(struct slu_json_scan *self, unsigned depth);

extern const struct slu_json_kernel slu_json_kernel_portable;
#if defined(__x86_64__)
extern const struct slu_json_kernel slu_json_kernel_avx2;
extern const struct slu_json_kernel slu_json_kernel_avx512;
#endif

#ifdef __cplusplus
}
#endif
#endif
