/* SPDX-License-Identifier: Apache-2.0 */
/* What: how a case starts the server of pages that don't exist
 * (bench/page_server.c), and how many packages bring so many IOCs. */
#ifndef SLU_BENCH_PAGE_CLIENT_H
#define SLU_BENCH_PAGE_CLIENT_H

#include "bench/bench.h"

struct slu_bench_stream {
    int64_t from; /* seconds since 1970, UTC */
    int64_t span; /* seconds */
    uint64_t count;
};

/* stream may be NULL. */
struct slu_bench_server *
slu_bench_page_server(struct slu_bench *bench, unsigned hours, unsigned items,
                      unsigned item_bytes,
                      const struct slu_bench_stream *stream, char out_base[64]);

/* A pull of both types of some lists, or all. */
struct slu_bench_package_plan {
    unsigned lists; /* 1 to 7 */
    unsigned days;  /* of look-back */
    unsigned hours; /* that the server is to tell apart */
    unsigned items; /* of a package: fewer than the limit, at which it would be
                       divided */
    unsigned item_bytes;
};

/* About so many IOCs in pages of about so many bytes: of the fewest lists and
 * days that hold them, so that pages are full, however few there are. */
struct slu_bench_package_plan slu_bench_package_plan(uint64_t iocs,
                                                     unsigned page_bytes);

/* The configuration for it. */
void slu_bench_package_config(const struct slu_bench_package_plan *plan,
                              const char *base, char *out, size_t size);

#endif
