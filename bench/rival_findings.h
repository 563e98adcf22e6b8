/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: simdjson On-Demand over a page of findings that is in memory as a
 * whole. It makes no rows: it says how long reading alone takes.
 */
#ifndef SLU_BENCH_RIVAL_FINDINGS_H
#define SLU_BENCH_RIVAL_FINDINGS_H

#include <sluice/view.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct slu_bench_findings_rival;

/* NULL when out of memory. */
struct slu_bench_findings_rival *slu_bench_findings_rival_new(void);
void slu_bench_findings_rival_free(struct slu_bench_findings_rival *self);

/* Takes id, type and severity of each finding of {"findings":[...]}, or walks
 * through all that it has; SLU_JSON_PADDING bytes behind the page are readable.
 * *out_bytes: of the ids, 0 when it walks. False when it isn't readable. */
bool slu_bench_findings_rival_read(struct slu_bench_findings_rival *self,
                                   struct slu_view page, bool all,
                                   uint64_t *out_findings, uint64_t *out_bytes);

#ifdef __cplusplus
}
#endif
#endif
