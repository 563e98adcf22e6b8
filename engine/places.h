/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the places (scheme, host and port) that have answered in this run,
 * whatever the answer was. A server that goes away is waited for as long as
 * limits.max_wait says; where connections are refused from the first one on,
 * nobody may ever have listened, and limits.refused_wait is enough.
 *
 * Limits: SLU_PLACES_MAX places; when there are more, all have answered.
 */
#ifndef SLU_ENGINE_PLACES_H
#define SLU_ENGINE_PLACES_H

#include <sluice/view.h>

#include <stdbool.h>
#include <stdint.h>

/* Three services of AWS in forty regions. */
#define SLU_PLACES_MAX 128

/* Zeroed: none has answered. */
struct slu_places {
    unsigned count;
    uint64_t answered[SLU_PLACES_MAX]; /* slu_place_of */
};

uint64_t slu_place_of(struct slu_view origin);

void slu_places_note(struct slu_places *self, uint64_t place);

bool slu_places_have(const struct slu_places *self, uint64_t place);

#endif
