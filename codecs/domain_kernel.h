/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the kernels of the domain matcher, which give the same answers:
 * AVX-512, AVX2, SSE2 (which every x86-64 has) and portable C. Private to
 * domain*.c, tests and benchmarks.
 */
#ifndef SLU_CODECS_DOMAIN_KERNEL_H
#define SLU_CODECS_DOMAIN_KERNEL_H

#include "codecs/domain.h"

/* As slu_domain_match(), which is the best of them. */
typedef enum slu_reason (*slu_domain_match_fn)(struct slu_view text,
                                               char out[SLU_VALUE_MAX],
                                               size_t *out_len);

struct slu_domain_kernel {
    const char *name;
    slu_domain_match_fn match;
};

/* The index-th one that this CPU can run, fastest first; its name is NULL
 * behind the last one, which is the portable one. */
struct slu_domain_kernel slu_domain_kernel_at(unsigned index);

enum slu_reason slu_domain_match_portable(struct slu_view text,
                                          char out[SLU_VALUE_MAX],
                                          size_t *out_len);
#if defined(__x86_64__)
enum slu_reason slu_domain_match_sse2(struct slu_view text,
                                      char out[SLU_VALUE_MAX], size_t *out_len);
enum slu_reason slu_domain_match_avx2(struct slu_view text,
                                      char out[SLU_VALUE_MAX], size_t *out_len);
enum slu_reason slu_domain_match_avx512(struct slu_view text,
                                        char out[SLU_VALUE_MAX],
                                        size_t *out_len);
#endif

/* What no kernel takes: a name without its "*." that is short, long or not
 * ASCII. min_labels is 2, or 1 behind a "*.". */
enum slu_reason slu_domain_match_rest(struct slu_view name, unsigned min_labels,
                                      char *out, size_t *out_len);

#endif
