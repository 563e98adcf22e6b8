/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the one source of chance in the simulator. Every fact that it serves
 * is a pure function of the seed and of coordinates (type, hour, rank), made
 * with the finaliser of SplitMix64 (Steele, Lea, Flood, 2014), so that two
 * processes, started at any time, see the same past.
 */
#ifndef SIM_MIX_H
#define SIM_MIX_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t sim_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t sim_mix2(uint64_t a, uint64_t b)
{
    return sim_mix(sim_mix(a) ^ (b * 0xd6e8feb86659fd93u));
}

static inline uint64_t sim_mix3(uint64_t a, uint64_t b, uint64_t c)
{
    return sim_mix2(sim_mix2(a, b), c);
}

/* FNV-1a over bytes, then mixed: for keys and identities, not for secrets. */
static inline uint64_t sim_mix_bytes(uint64_t seed, const void *data,
                                     size_t len)
{
    const unsigned char *byte = data;
    uint64_t hash = 0xcbf29ce484222325u ^ seed;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    }
    return sim_mix(hash);
}

/* True for one in `n` of all values of `hash`. */
static inline int sim_one_in(uint64_t hash, uint64_t n)
{
    return n > 0 && hash % n == 0;
}

#endif
