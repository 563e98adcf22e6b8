/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list that the Lambda wrote, or that an earlier run did whose state is gone,
 * is read back as what it says and nothing more: each line was listed, in this
 * file and at this line. So the first run rewrites no file that needn't change,
 * and the lines are the first to make room, for they have no assessment (R6).
 * A line that is not in canonical form ("/32", capitals) becomes the canonical
 * record, and a second spelling merges with the first, which has the smaller
 * seat.
 */
#include "sinks/lists.h"

#include "codecs/checks.h"
#include "codecs/list_text.h"

enum slu_err slu_lists_take_over(const struct slu_take_over *options,
                                 struct slu_view text)
{
    struct slu_view line;
    uint32_t seat = 0;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && slu_list_next_line(&text, &line)) {
        char scratch[SLU_VALUE_MAX];
        struct slu_record record = {
            .sources = SLU_SOURCE_TAKEN_OVER,
            .first_seen = (uint32_t)options->now,
            .last_seen = (uint32_t)options->now,
        };

        if (slu_check_value(options->kind, line, scratch, &record) ==
            SLU_REASON_NONE) {
            record.place_file = (uint8_t)(options->index + 1);
            record.place_seat = seat;
        }
        seat++;
        err = options->on_record(options->ctx, &record);
    }
    return err;
}
