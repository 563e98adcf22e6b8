/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: the clock, the page, and giving up. */
#ifndef SLU_BENCH_MEASURE_H
#define SLU_BENCH_MEASURE_H

#include "codecs/json_split.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

constexpr size_t piece_size = 64 * 1024; /* as libcurl hands bodies on */
constexpr size_t record_max = 1000000;

[[noreturn]] inline void give_up(const char *what)
{
    (void)fprintf(stderr, "sluice-bench: %s\n", what);
    exit(1);
}

/* Members that are absent or of another kind count as nothing. */
template <typename error>
void accept(error)
{
}

/* CPU time of this process: another one on the machine counts for little. */
inline double cpu_seconds()
{
    return (double)std::clock() / CLOCKS_PER_SEC;
}

/* The file, with the padding behind it that the reader wants. */
inline std::string read_page(const char *path, size_t *out_len)
{
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)),
                     std::istreambuf_iterator<char>());

    *out_len = text.size();
    text.append(SLU_JSON_PADDING, '\0');
    return text;
}

#endif
