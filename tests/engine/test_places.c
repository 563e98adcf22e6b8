/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/places.h"

#include <criterion/criterion.h>

Test(places, remembers_what_has_answered)
{
    struct slu_places places = {0};
    uint64_t one = slu_place_of(slu_view_str("http://127.0.0.1:1"));
    uint64_t other = slu_place_of(slu_view_str("http://127.0.0.1:2"));

    cr_assert_not(slu_places_have(&places, one));
    slu_places_note(&places, one);
    slu_places_note(&places, one);
    cr_assert_eq(places.count, 1);
    cr_assert(slu_places_have(&places, one));
    cr_assert_not(slu_places_have(&places, other));
    slu_places_note(&places, other);
    cr_assert(slu_places_have(&places, other));
    cr_assert(slu_places_have(&places, one));
}

Test(places, takes_all_for_known_when_there_is_no_room_left)
{
    struct slu_places places = {0};

    for (uint64_t i = 1; i < SLU_PLACES_MAX; i++) {
        slu_places_note(&places, i);
    }
    cr_assert_not(slu_places_have(&places, 7000));
    slu_places_note(&places, SLU_PLACES_MAX);
    cr_assert(slu_places_have(&places, 7000));
    slu_places_note(&places, 7000);
    cr_assert_eq(places.count, SLU_PLACES_MAX);
}
