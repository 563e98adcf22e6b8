/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/places.h"

#include <xxhash.h>

uint64_t slu_place_of(struct slu_view origin)
{
    return XXH3_64bits(origin.ptr, origin.len);
}

static bool is_there(const struct slu_places *self, uint64_t place)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (self->answered[i] == place) {
            return true;
        }
    }
    return false;
}

void slu_places_note(struct slu_places *self, uint64_t place)
{
    if (self->count < SLU_PLACES_MAX && !is_there(self, place)) {
        self->answered[self->count++] = place;
    }
}

bool slu_places_have(const struct slu_places *self, uint64_t place)
{
    return self->count == SLU_PLACES_MAX || is_there(self, place);
}
