/* SPDX-License-Identifier: Apache-2.0 */
/* What: random bits for jitter (splitmix64, seeded by the kernel). Not for
 * secrets. */
#ifndef SLU_ENGINE_RANDOM_H
#define SLU_ENGINE_RANDOM_H

#include <stdint.h>

struct slu_random {
    uint64_t state;
};

void slu_random_init(struct slu_random *self);
uint64_t slu_random_next(struct slu_random *self);

#endif
