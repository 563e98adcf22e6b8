/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/checks.h"

#include "codecs/domain.h"

#include <assert.h>

static enum slu_reason check_ip(struct slu_view value, char *scratch,
                                struct slu_record *record)
{
    struct slu_cidr cidr;
    enum slu_reason reason = slu_ipv4_match(value, &cidr, NULL);

    record->kind = SLU_RECORD_INVALID_IP;
    if (reason == SLU_REASON_NONE) {
        record->kind = SLU_RECORD_IP;
        slu_record_key_from_cidr(cidr, scratch);
        record->key = slu_view_make(scratch, SLU_RECORD_IP_KEY_LEN);
    }
    return reason;
}

static enum slu_reason check_domain(struct slu_view value, char *scratch,
                                    struct slu_record *record)
{
    size_t len;
    enum slu_reason reason = slu_domain_match(value, scratch, &len);

    record->kind = SLU_RECORD_INVALID_DOMAIN;
    if (reason == SLU_REASON_NONE) {
        record->kind = SLU_RECORD_DOMAIN;
        record->key = slu_view_make(scratch, len);
    }
    return reason;
}

enum slu_reason slu_check_value(enum slu_kind kind, struct slu_view value,
                                char scratch[SLU_VALUE_MAX],
                                struct slu_record *record)
{
    record->reason = kind == SLU_KIND_IP ? check_ip(value, scratch, record)
                                         : check_domain(value, scratch, record);
    if (record->reason != SLU_REASON_NONE) {
        record->key = slu_view_make(value.ptr, value.len < SLU_RECORD_KEY_MAX
                                                   ? value.len
                                                   : SLU_RECORD_KEY_MAX);
    }
    return record->reason;
}

enum slu_reason slu_check_guard(const struct slu_guard *guard,
                                const struct slu_record *record)
{
    assert(record->kind == SLU_RECORD_IP || record->kind == SLU_RECORD_DOMAIN);
    return record->kind == SLU_RECORD_IP
               ? slu_guard_check_ip(guard, slu_record_cidr(record))
               : slu_guard_check_domain(guard, record->key);
}

enum slu_reason slu_check_wanted(const struct slu_record *record,
                                 uint32_t verdicts, uint8_t min_score)
{
    enum slu_verdict verdict = record->verdict;

    if (verdict == SLU_VERDICT_NONE) {
        if ((record->sources & SLU_SOURCE_TAKEN_OVER) != 0) {
            return SLU_REASON_NONE;
        }
        verdict = SLU_VERDICT_UNKNOWN;
    }
    if ((verdicts >> verdict & 1) == 0) {
        return SLU_REASON_VERDICT;
    }
    return record->score < min_score ? SLU_REASON_SCORE : SLU_REASON_NONE;
}
