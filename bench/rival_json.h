/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: P, the rival of every reading: simdjson On-Demand takes the wanted
 * members of a page that is in memory as a whole, as its documentation advises
 * it: one forward pass over each object, dispatch on the raw key, one parser
 * used again. Members: type, id, verdict, score, last_modification_date, and of
 * the stream notification_date.
 */
#ifndef SLU_BENCH_RIVAL_JSON_H
#define SLU_BENCH_RIVAL_JSON_H

#include <sluice/view.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What two ways of reading must agree on. */
struct slu_bench_json_tally {
    uint64_t records;
    uint64_t malicious; /* verdicts */
    uint64_t sum;       /* of the ids' bytes and lengths, scores and dates */
};

/* One id as it goes into the sum: cheap, and other for most other texts. */
static inline uint64_t slu_bench_json_id(const char *ptr, size_t len)
{
    return len * 31 + (unsigned char)ptr[0] * 7 + (unsigned char)ptr[len - 1];
}

struct slu_bench_json_rival;

/* NULL when out of memory. */
struct slu_bench_json_rival *slu_bench_json_rival_new(void);
void slu_bench_json_rival_free(struct slu_bench_json_rival *self);

/* Adds what is in the page, with SLU_JSON_PADDING readable bytes behind it.
 * False when it isn't readable. */
bool slu_bench_json_rival_read(struct slu_bench_json_rival *self,
                               struct slu_view page, bool stream,
                               struct slu_bench_json_tally *io_tally);

#ifdef __cplusplus
}
#endif
#endif
