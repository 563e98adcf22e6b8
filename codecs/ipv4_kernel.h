/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the kernels of the IPv4 matcher, which give the same answers: SSE4.2
 * and portable C. Private to ipv4*.c, tests and benchmarks.
 * There is none for AVX2 or AVX-512: an address is one vector of 16 bytes, and
 * the newer encoding of the same instructions was measured to gain nothing. A
 * masked load would take more instructions than the two plain ones do.
 */
#ifndef SLU_CODECS_IPV4_KERNEL_H
#define SLU_CODECS_IPV4_KERNEL_H

#include "codecs/ipv4.h"

/* As slu_ipv4_match(), which is the best of them. */
typedef enum slu_reason (*slu_ipv4_match_fn)(struct slu_view text,
                                             struct slu_cidr *out_cidr,
                                             bool *out_normalised);

struct slu_ipv4_kernel {
    const char *name;
    slu_ipv4_match_fn match;
};

/* The index-th one that this CPU can run, fastest first; its name is NULL
 * behind the last one, which is the portable one. */
struct slu_ipv4_kernel slu_ipv4_kernel_at(unsigned index);

enum slu_reason slu_ipv4_match_portable(struct slu_view text,
                                        struct slu_cidr *out_cidr,
                                        bool *out_normalised);
#if defined(__x86_64__)
enum slu_reason slu_ipv4_match_sse42(struct slu_view text,
                                     struct slu_cidr *out_cidr,
                                     bool *out_normalised);
#endif

/* Why a text is neither an address nor a CIDR; it must be neither. */
enum slu_reason slu_ipv4_explain(struct slu_view text);

#endif
