/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a sort of IPv4 addresses that drops repeats, in linear time: first by
 * the top bits, then each of those buckets by itself, where it fits the cache.
 */
#ifndef SLU_CODECS_IPV4_SORT_H
#define SLU_CODECS_IPV4_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Ascending and unique; returns how many are left. `scratch` has room for
 * `count` and is left with anything. */
size_t slu_ipv4_sort(uint32_t *addresses, size_t count, uint32_t *scratch);

#endif
