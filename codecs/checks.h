/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: from a value as received to its record key: the matcher of its kind,
 * and the guard rails over a record. Used when an answer is read (to count and
 * to store) and when the lists are settled (to apply today's settings).
 */
#ifndef SLU_CODECS_CHECKS_H
#define SLU_CODECS_CHECKS_H

#include "codecs/guard.h"
#include "codecs/record.h"

/*
 * Sets kind, key and reason of *record from the value. A valid one gets its
 * canonical key in scratch; an invalid one gets the value itself, cut to
 * SLU_RECORD_KEY_MAX, the invalid kind and the reason, which is returned.
 */
enum slu_reason slu_check_value(enum slu_kind kind, struct slu_view value,
                                char scratch[SLU_VALUE_MAX],
                                struct slu_record *record);

/* The guard rails for a record of a valid kind: NONE, GUARD_* or ALLOWED. */
enum slu_reason slu_check_guard(const struct slu_guard *guard,
                                const struct slu_record *record);

/*
 * The verdict filter (R4): NONE when the record is wanted, else VERDICT or
 * SCORE. A record without an assessment counts as VERDICT_UNKNOWN, unless it
 * was taken over from an existing list: that one is wanted, with score 0.
 */
enum slu_reason slu_check_wanted(const struct slu_record *record,
                                 uint32_t verdicts, uint8_t min_score);

#endif
