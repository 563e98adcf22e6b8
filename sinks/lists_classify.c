/* SPDX-License-Identifier: Apache-2.0 */
/* What a record is by today's settings: a candidate for a list, or why not. */
#include "sinks/lists_state.h"

#include "codecs/checks.h"

/* Of several categories the longest age counts, so that an indicator which one
 * of them still vouches for isn't lost to a more impatient one. */
static int64_t find_max_age(const struct slu_lists_options *options,
                            uint32_t sources)
{
    int64_t longest = 0;

    if (sources == 0) {
        return options->config->max_age_ms;
    }
    for (uint32_t rest = sources; rest != 0; rest &= rest - 1) {
        int64_t age = options->category_age_ms[__builtin_ctz(rest)];

        age = age == 0 ? options->config->max_age_ms : age;
        longest = age > longest ? age : longest;
    }
    return longest;
}

static bool has_expired(const struct slu_lists_options *options,
                        const struct slu_record *record)
{
    return (int64_t)record->last_seen * 1000 +
               find_max_age(options, record->sources) <
           options->now * 1000;
}

enum slu_reason slu_lists_classify(const struct slu_lists_options *options,
                                   const struct slu_record *record)
{
    enum slu_reason reason;

    if (has_expired(options, record)) {
        return SLU_REASON_EXPIRED;
    }
    reason = slu_check_wanted(record, options->verdicts, options->min_score);
    if (reason != SLU_REASON_NONE) {
        return reason;
    }
    return slu_record_is_valid(record) ? slu_check_guard(options->guard, record)
                                       : record->reason;
}
