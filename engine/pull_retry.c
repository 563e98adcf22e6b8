/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of an answer. A good one is committed. A void one is asked for
 * again after a back-off with full jitter, unless its unit has waited
 * limits.max_wait in all; a unit that failed is the source's affair.
 *
 * While no answer at all gets through (the server is down, the quota is used
 * up), the units' accounts would add up: a thousand units would each wait for
 * max_wait. So the pull keeps an account of its own, from the first bad answer
 * after the last good one; when that exceeds max_wait, or a 429 names a time
 * beyond it, the pull is hopeless and every unit that is left is given up
 * without a request.
 */
#include "codecs/time_text.h"
#include "engine/backoff.h"
#include "engine/clock.h"
#include "engine/pull_state.h"

#include <stdio.h>

#define WARN_EVERY_MS 1000
#define OUTAGE_AT_START 3
#define GIVEN_UP_SHOWN 3
/* Of the source's sentence, when a unit is given up: what follows has to fit
 * into an error, too. */
#define TOLD_MAX 180

static void note_good(struct slu_pull *self)
{
    self->bad_since_ms = 0;
    self->bad_count = 0;
    self->welcome = true;
}

/* How long nothing has got through, with this answer. */
static uint64_t note_bad(struct slu_pull *self, uint64_t now_ms)
{
    if (self->bad_since_ms == 0) {
        self->bad_since_ms = now_ms;
    }
    self->bad_count++;
    return now_ms - self->bad_since_ms;
}

/* "...; the daily quota is reset at 2025-08-08T00:00:00Z (00:00 UTC)" */
static void add_quota_reset(struct slu_error *error)
{
    int64_t day = 86400;
    int64_t reset = (slu_clock_wall_s() / day + 1) * day;
    char iso[SLU_ISO_TEXT_LEN];
    size_t len = strlen(error->text);

    slu_time_format_iso(reset, iso);
    (void)snprintf(error->text + len, sizeof(error->text) - len,
                   "; a daily quota is reset at 00:00 UTC, next at %.*s",
                   SLU_ISO_TEXT_LEN, iso);
}

/* What goes before the text so that the sentence names the unit once: most
 * sources' texts do so themselves. */
static const char *name_before(const struct slu_unit *unit,
                               const struct slu_error *error,
                               char out[SLU_UNIT_NAME_MAX + 2])
{
    out[0] = '\0';
    if (strstr(error->text, unit->name) == NULL) {
        (void)snprintf(out, SLU_UNIT_NAME_MAX + 2, "%s: ", unit->name);
    }
    return out;
}

/* When one unit is given up, many are: the first few are news. */
static enum slu_log_level count_given_up(struct slu_pull *self)
{
    self->given_up++;
    return self->given_up <= GIVEN_UP_SHOWN ? SLU_LOG_ERROR : SLU_LOG_DEBUG;
}

static void give_up(struct slu_pull *self, struct slu_unit *unit,
                    const struct slu_step *step)
{
    struct slu_error error;
    char name[SLU_UNIT_NAME_MAX + 2];

    (void)name_before(unit, &step->error, name);
    (void)slu_error_set(
        &error, step->error.code,
        "%s%.*s; gave up after %u attempt(s), limits.max_wait is %lld s", name,
        (int)(TOLD_MAX - strlen(name)), step->error.text, unit->attempts + 1,
        (long long)(self->options->limits->max_wait_ms / 1000));
    error.http_status = step->error.http_status;
    if (step->throttled || step->daily_quota) {
        add_quota_reset(&error);
    }
    slu_logger_print(&self->options->logger, count_given_up(self),
                     "%s; run again later, nothing is lost", error.text);
    self->options->ops->give_up(self->source, unit, &error);
}

void slu_pull_give_up(struct slu_pull *self, struct slu_unit *unit)
{
    slu_logger_print(&self->options->logger, count_given_up(self),
                     "%s: given up without a request, for no answer gets "
                     "through",
                     unit->name);
    unit->attempts = SLU_PULL_GIVEN_UP;
    self->options->ops->give_up(self->source, unit, &self->hopeless);
}

void slu_pull_tell_given_up(const struct slu_pull *self)
{
    if (self->given_up > GIVEN_UP_SHOWN) {
        slu_logger_print(&self->options->logger, SLU_LOG_ERROR,
                         "%llu unit(s) were given up in all (the rest are "
                         "shown at level debug); run again later, nothing is "
                         "lost",
                         (unsigned long long)self->given_up);
    }
}

static void warn_of_retry(struct slu_pull *self, const struct slu_unit *unit,
                          const struct slu_step *step, int64_t wait_ms,
                          uint64_t now_ms)
{
    enum slu_log_level level = SLU_LOG_DEBUG;
    char name[SLU_UNIT_NAME_MAX + 2];

    /* Sixty-four requests fail together: one of them is news. */
    if (self->warned_at_ms == 0 ||
        now_ms - self->warned_at_ms >= WARN_EVERY_MS) {
        level = SLU_LOG_WARN;
        self->warned_at_ms = now_ms;
    }
    slu_logger_print(&self->options->logger, level,
                     "%s%s; asking again in %.1f s",
                     name_before(unit, &step->error, name), step->error.text,
                     (double)wait_ms / 1000);
}

/* A 429 is meant for the whole key; any other bad answer may be one unit's own
 * trouble, until as many in a row as can be in flight are bad; at the start,
 * when one is in flight at a time, until three are. */
static bool is_outage(const struct slu_pull *self, const struct slu_step *step)
{
    unsigned most = self->welcome ? self->slot_count : OUTAGE_AT_START;

    return step->throttled || self->bad_count >= most;
}

static void retry(struct slu_pull *self, struct slu_slot *slot,
                  const struct slu_step *step)
{
    struct slu_unit *unit = slot->unit;
    uint64_t now_ms = slu_clock_mono_ms();
    uint64_t max_ms = (uint64_t)self->options->limits->max_wait_ms;
    int64_t wait_ms = slu_backoff_ms(unit->attempts, slot->retry_after_ms,
                                     slu_random_next(&self->random));
    uint64_t bad_ms = note_bad(self, now_ms);

    if (is_outage(self, step) && bad_ms + (uint64_t)wait_ms > max_ms) {
        self->hopeless = step->error;
        give_up(self, unit, step);
        return;
    }
    if (unit->waited_ms + (uint64_t)wait_ms > max_ms) {
        give_up(self, unit, step);
        return;
    }
    self->retries++;
    warn_of_retry(self, unit, step, wait_ms, now_ms);
    unit->waited_ms += (uint64_t)wait_ms;
    unit->attempts++;
    unit->not_before_ms = now_ms + (uint64_t)wait_ms;
}

static enum slu_err commit(struct slu_pull *self, struct slu_slot *slot)
{
    struct slu_answer *answer = &slot->answer;
    enum slu_err err = slu_answer_commit(answer, &self->seen);

    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_answer_counts_add(&self->counts, &answer->counts);
    note_good(self);
    slot->unit->attempts = 0;
    slot->unit->waited_ms = 0;
    return SLU_ERR_OK;
}

static void fail_store(struct slu_pull *self, enum slu_err err)
{
    struct slu_error error = *slu_store_error(self->options->store);

    if (error.code == SLU_ERR_OK) {
        (void)slu_error_set(&error, err, "cannot store an answer: %s",
                            slu_err_sentence(err));
    }
    slu_pull_fail(self, &error);
}

void slu_pull_settle(struct slu_pull *self, struct slu_slot *slot,
                     const struct slu_step *step)
{
    enum slu_err err = SLU_ERR_OK;

    if (step->kind == SLU_STEP_COMMIT) {
        err = commit(self, slot);
    } else {
        err = slu_answer_abandon(&slot->answer);
    }
    if (err != SLU_ERR_OK) {
        fail_store(self, err);
        return;
    }
    switch (step->kind) {
    case SLU_STEP_RETRY:
        retry(self, slot, step);
        break;
    case SLU_STEP_FAILED:
        /* The server is there and answered: it is no outage. */
        note_good(self);
        break;
    case SLU_STEP_DENIED:
        slu_pull_fail(self, &step->error);
        break;
    case SLU_STEP_COMMIT:
        break;
    }
}
