/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/random.h"
#include "engine/clock.h"

#include <sys/random.h>

void slu_random_init(struct slu_random *self)
{
    if (getrandom(&self->state, sizeof(self->state), GRND_NONBLOCK) !=
        (long)sizeof(self->state)) {
        /* Early at boot the kernel has none yet: the clock will do. */
        self->state = slu_clock_mono_us();
    }
}

uint64_t slu_random_next(struct slu_random *self)
{
    uint64_t z = self->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
