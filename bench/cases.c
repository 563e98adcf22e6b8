/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases, in the order in which they are shown. A new one is its line here
 * and its file in CMakeLists.txt. (C++ needs `extern "C"` around its
 * definition.)
 */
#include "bench/bench.h"

#include <stddef.h>

/* clang-format off */
#define CASES(X) \
    X(json) \
    X(matchers) \
    X(fingerprints) \
    X(ipv4_set) \
    X(pack) \
    X(sigv4) \
    X(start) \
    X(pull) \
    X(stream) \
    X(threads) \
    X(backfill) \
    X(store) \
    X(extract) \
    X(findings) \
    X(publish) \
    X(memory) \
    X(scaling)
/* clang-format on */

#define DECLARE(name) extern const struct slu_bench_case slu_bench_case_##name;
CASES(DECLARE)
#undef DECLARE

#define POINT(name) &slu_bench_case_##name,
const struct slu_bench_case *const slu_bench_cases[] = {CASES(POINT) NULL};
#undef POINT
