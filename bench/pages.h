/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: pages of Google Threat Intelligence made from a seed, as the two
 * endpoints send them (compact JSON, members in the order of live samples,
 * about as large): a threat list's package of one type, or a page of the IOC
 * Stream. Page `number` is always the same page, whatever was made before it.
 *
 * Clean pages: every item is valid, malicious, and seen only once in all pages.
 * Else a mix as in live pages: verdicts of all kinds and none (of 100 items 72
 * malicious), 3 of 100 repeat an item that stands at most 31 before, 2 of 100
 * have a value that is for no list (private, IPv6, no domain).
 *
 * Limits: 3.4 billion items; item_bytes from 650 (a list) and 850 (a stream).
 * A repeat refers to an item of its group of 32: the tally is right when the
 * pages from 0 on were all made.
 */
#ifndef SLU_BENCH_PAGES_H
#define SLU_BENCH_PAGES_H

#include "bench/bench.h"
#include "codecs/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

struct slu_bench_pages {
    uint64_t seed;
    bool stream;  /* {"data": ...}, else {"iocs": ...} */
    bool domains; /* else addresses */
    bool clean;
    unsigned items;      /* of a page */
    unsigned item_bytes; /* on average, within some percent */
    const char *list;    /* "malware"; lists only */
    int64_t newest_s;    /* of notifications and assessments; the stream goes
                            back one second an item */
};

/* Of all pages made with it. */
struct slu_bench_pages_tally {
    uint64_t items;
    uint64_t accepted; /* by the default settings: valid, malicious */
    uint64_t unique;   /* of them, by value */
    uint64_t bytes;
};

/* Appends one. cursor: that of the next page, or NULL; the stream only. */
void slu_bench_page(struct slu_bench *bench,
                    const struct slu_bench_pages *pages, uint64_t number,
                    const char *cursor, struct slu_buf *out,
                    struct slu_bench_pages_tally *io_tally);

/* The i-th address that is global, and the i-th name: none comes twice. */
uint32_t slu_bench_address(uint64_t seed, uint64_t i);
#define SLU_BENCH_NAME_MAX 64
size_t slu_bench_name(uint64_t seed, uint64_t i, char out[SLU_BENCH_NAME_MAX]);

#ifdef __cplusplus
}
#endif
#endif
