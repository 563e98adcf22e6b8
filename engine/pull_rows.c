/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source of rows hands over: each row's value is brought to its
 * canonical form and held against the guard rails; the row is then made into
 * text at once, for what it points to dies with the call.
 */
#include "codecs/checks.h"
#include "codecs/ipv6.h"
#include "codecs/sha256_text.h"
#include "engine/pull_state.h"

#include <inttypes.h>
#include <stdio.h>

static struct slu_slot *slot_of(struct slu_unit *unit)
{
    return unit->engine;
}

/* ---- checks ---- */

/* By the matcher of lists. A finding names one host: no range, not even one of
 * a single address. */
static enum slu_reason check_listed(const struct slu_guard *guard,
                                    enum slu_kind kind, struct slu_view *value,
                                    char scratch[SLU_VALUE_MAX])
{
    struct slu_record record = {0};
    enum slu_reason reason;

    if (kind == SLU_KIND_IP && value->len > 0 &&
        memchr(value->ptr, '/', value->len) != NULL) {
        return SLU_REASON_IP_SYNTAX;
    }
    reason = slu_check_value(kind, *value, scratch, &record);
    if (reason == SLU_REASON_NONE) {
        reason = slu_check_guard(guard, &record);
    }
    if (kind == SLU_KIND_DOMAIN) {
        *value = record.key;
    }
    return reason;
}

static enum slu_reason check_ipv6(const struct slu_guard *guard,
                                  struct slu_view *value,
                                  char scratch[SLU_VALUE_MAX])
{
    unsigned char address[SLU_IPV6_LEN];
    enum slu_reason reason = slu_ipv6_match(*value, address);

    if (reason == SLU_REASON_NONE) {
        *value = slu_view_make(scratch, slu_ipv6_format(address, scratch));
        reason = slu_guard_check_ipv6(guard, address);
    }
    return reason;
}

static enum slu_reason check_sha256(struct slu_view *value,
                                    char scratch[SLU_VALUE_MAX])
{
    enum slu_reason reason = slu_sha256_match(*value, scratch);

    if (reason == SLU_REASON_NONE) {
        *value = slu_view_make(scratch, SLU_SHA256_TEXT_LEN);
    }
    return reason;
}

/* Makes the value canonical. */
static enum slu_reason check_row(const struct slu_guard *guard,
                                 struct slu_row *row,
                                 char scratch[SLU_VALUE_MAX])
{
    switch (row->kind) {
    case SLU_ROW_IPV4:
        return check_listed(guard, SLU_KIND_IP, &row->value, scratch);
    case SLU_ROW_IPV6:
        return check_ipv6(guard, &row->value, scratch);
    case SLU_ROW_DOMAIN:
        return check_listed(guard, SLU_KIND_DOMAIN, &row->value, scratch);
    case SLU_ROW_SHA256:
        break;
    }
    return check_sha256(&row->value, scratch);
}

/* ---- the port ---- */

enum slu_err slu_pull_finding(void *ctx, struct slu_unit *unit,
                              const struct slu_finding_key *key)
{
    (void)ctx;
    return slu_row_batch_finding(slot_of(unit)->rows, key);
}

enum slu_err slu_pull_row(void *ctx, struct slu_unit *unit,
                          const struct slu_row *row)
{
    struct slu_pull *self = ctx;
    const struct slu_options *callbacks = self->options->callbacks;
    struct slu_slot *slot = slot_of(unit);
    struct slu_answer_counts *counts = &slot->answer.counts;
    struct slu_row checked = *row;
    uint64_t sample = slu_profile_sample_begin(slot->loop->profile);
    char scratch[SLU_VALUE_MAX];
    enum slu_reason reason = check_row(self->options->guard, &checked, scratch);

    slu_profile_sample_end(slot->loop->profile, sample);
    counts->items++;
    if (reason != SLU_REASON_NONE) {
        counts->reasons[reason]++;
        return SLU_ERR_OK;
    }
    if (callbacks->on_row != NULL) {
        slu_pull_enter_callback(self);
        callbacks->on_row(callbacks->row_ctx, &checked);
        slu_pull_leave_callback(self);
    }
    return slu_row_batch_add(slot->rows, &checked);
}

/* ---- commit ---- */

enum slu_err slu_pull_commit_rows(struct slu_pull *self, struct slu_slot *slot)
{
    struct slu_profile *profile = self->options->profile;
    enum slu_stage before = slu_profile_enter(profile, SLU_STAGE_WRITE);
    enum slu_err err =
        slu_rows_commit(self->options->rows, slot->rows, &slot->answer);

    slu_profile_leave(profile, before);
    if (err != SLU_ERR_OK) {
        slu_pull_fail(self, slu_rows_error(self->options->rows));
    }
    return err;
}

static uint64_t sum(const uint64_t *counts, unsigned count)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < count; i++) {
        total += counts[i];
    }
    return total;
}

/* The words of the Netskope plugin, 1.1.0, which people's alerts look for. */
void slu_pull_tell_rows(struct slu_pull *self,
                        const struct slu_answer_counts *counts)
{
    const uint64_t *rows = counts->rows;
    char ipv6[40] = "";

    if (counts->findings == 0 && counts->items == 0) {
        return;
    }
    self->pages++;
    if (rows[SLU_ROW_IPV6] > 0) {
        (void)snprintf(ipv6, sizeof(ipv6), ", IPv6=%" PRIu64,
                       rows[SLU_ROW_IPV6]);
    }
    slu_logger_print(
        &self->options->logger, SLU_LOG_INFO,
        "Successfully fetched %" PRIu64 " indicator(s) and skipped %" PRIu64
        " indicator(s) in page %" PRIu64 ". Pull Stats: SHA256=%" PRIu64
        ", IPv4=%" PRIu64 ", Domain=%" PRIu64
        "%s. Total indicator(s) fetched: %" PRIu64,
        sum(rows, SLU_ROW_KIND_COUNT),
        sum(counts->reasons, SLU_REASON_COUNT) + counts->duplicates,
        self->pages, rows[SLU_ROW_SHA256], rows[SLU_ROW_IPV4],
        rows[SLU_ROW_DOMAIN], ipv6, sum(self->counts.rows, SLU_ROW_KIND_COUNT));
}
