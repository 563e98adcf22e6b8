/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the `filter` of the stream and the `query` of the lists: terms joined
 * by single spaces, each `name:value`, each name once (two dates, if one looks
 * up and one down). Strict: whatever is not of the documented grammar is
 * refused with a sentence for the 400.
 */
#ifndef SIM_FILTER_H
#define SIM_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "notices.h"
#include "options.h"

#define SIM_MESSAGE_CAP 400

/* The list's filter. */
struct sim_item_query {
    int64_t score_from;
    int64_t score_to;
    int64_t positives_from;
    int64_t positives_to;
    unsigned has; /* bits as in sim_relationships: any of these */
    bool scored;
    bool counted;
};

/* Narrows `query`, which holds the widest window. `entity` (SIM_VALUE_CAP)
   keeps the text of an entity_id term. False: `message` says why. */
bool sim_filter_stream(const struct sim_options *options, const char *text,
                       struct sim_notice_query *query, char *entity,
                       char *message);

bool sim_filter_list(const struct sim_options *options, const char *text,
                     struct sim_item_query *query, char *message);

#endif
