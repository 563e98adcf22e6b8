/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of an answer. A good one is committed. A void one is asked for
 * again after a back-off with full jitter, unless its unit has waited
 * limits.max_wait in all; a unit that failed is the source's affair.
 *
 * While no answer at all of a lane gets through (the server is down, the quota
 * is used up), the units' accounts would add up: a thousand units would each
 * wait for max_wait, and each would knock. So each lane keeps an account of its
 * own, from the first bad answer after the last good one, and until the server
 * has answered well, at the start or again, its requests go one at a time with
 * a back-off between any two. When that has lasted for max_wait, or the server
 * names a time beyond it, the lane is hopeless and every unit that is left of
 * it is given up without a request. Where connections are refused and nothing
 * has answered in this run, limits.refused_wait is enough: nobody may have
 * started the server.
 */
#include "codecs/time_text.h"
#include "engine/clock.h"
#include "engine/pull_state.h"

#include <stdio.h>

#define WARN_EVERY_MS 1000
#define OUTAGE_AT_START 3
#define GIVEN_UP_SHOWN 3
/* Of the source's sentence, when a unit is given up: what follows has to fit
 * into an error, too. */
#define TOLD_MAX 180

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

/* When one unit is given up, many are: the first few are news. When all are,
 * the sync ends with an error that says the same. */
static enum slu_log_level count_given_up(struct slu_pull *self,
                                         const struct slu_lane *lane)
{
    self->given_up++;
    if (self->given_up > GIVEN_UP_SHOWN) {
        return SLU_LOG_DEBUG;
    }
    return slu_lane_is_hopeless(lane) ? SLU_LOG_WARN : SLU_LOG_ERROR;
}

/* What is left of the time for attempts. */
struct patience {
    const char *limit; /* the key in limits */
    int64_t max_ms;
    uint64_t used_ms;
};

static int64_t left_of(const struct patience *patience)
{
    uint64_t max_ms = (uint64_t)patience->max_ms;

    return patience->used_ms < max_ms ? (int64_t)(max_ms - patience->used_ms)
                                      : 0;
}

static void give_up(struct slu_pull *self, struct slu_slot *slot,
                    const struct slu_step *step,
                    const struct patience *patience)
{
    struct slu_unit *unit = slot->unit;
    struct slu_error error;
    char name[SLU_UNIT_NAME_MAX + 2];

    (void)name_before(unit, &step->error, name);
    (void)slu_error_set(
        &error, step->error.code,
        "%s%.*s; gave up after %u attempt(s), limits.%s is %lld s", name,
        (int)(TOLD_MAX - strlen(name)), step->error.text, unit->attempts + 1,
        patience->limit, (long long)(patience->max_ms / 1000));
    error.http_status = step->error.http_status;
    if (step->throttled || step->daily_quota) {
        add_quota_reset(&error);
    }
    slu_logger_print(&self->options->logger, count_given_up(self, slot->lane),
                     "%s; run again later, nothing is lost", error.text);
    self->options->ops->give_up(self->source, unit, &error);
}

void slu_pull_give_up(struct slu_pull *self, struct slu_unit *unit,
                      const struct slu_lane *lane)
{
    self->given_up++;
    slu_logger_print(&self->options->logger, SLU_LOG_DEBUG,
                     "%s: given up without a request, for no answer gets "
                     "through",
                     unit->name);
    unit->attempts = SLU_PULL_GIVEN_UP;
    self->options->ops->give_up(self->source, unit, &lane->hopeless);
}

void slu_pull_tell_given_up(const struct slu_pull *self)
{
    if (self->given_up > GIVEN_UP_SHOWN) {
        slu_logger_print(&self->options->logger, SLU_LOG_WARN,
                         "%llu unit(s) were given up in all (the rest are "
                         "shown at level debug); run again later, nothing is "
                         "lost",
                         (unsigned long long)self->given_up);
    }
}

/* Of an outage, also for how long: someone may be watching. */
static void warn_of_retry(struct slu_pull *self, struct slu_slot *slot,
                          const struct slu_step *step, int64_t wait_ms,
                          const struct patience *outage)
{
    const struct slu_unit *unit = slot->unit;
    uint64_t now_ms = slu_clock_mono_ms();
    struct slu_lane *lane = slot->lane;
    enum slu_log_level level = SLU_LOG_DEBUG;
    char name[SLU_UNIT_NAME_MAX + 2];
    char most[48] = "";

    if (outage != NULL) {
        (void)snprintf(most, sizeof(most), ", for %.1f s at most",
                       (double)left_of(outage) / 1000);
    }
    /* Sixty-four requests fail together: one of them is news. */
    if (lane->warned_at_ms == 0 ||
        now_ms - lane->warned_at_ms >= WARN_EVERY_MS) {
        level = SLU_LOG_WARN;
        lane->warned_at_ms = now_ms;
    }
    slu_logger_print(&self->options->logger, level,
                     "%s%s; asking again in %.1f s%s",
                     name_before(unit, &step->error, name), step->error.text,
                     (double)wait_ms / 1000, most);
}

/* The wait before the next attempt, cut to what is left; -1 when nothing is, or
 * the server names a time beyond it. */
static int64_t choose_wait(struct slu_pull *self, const struct slu_slot *slot,
                           bool throttled, unsigned attempt,
                           const struct patience *patience)
{
    int64_t retry_after_ms = slot->retry_after_ms;
    int64_t left_ms = left_of(patience);
    int64_t wait_ms =
        slu_lane_backoff_ms(slot->lane, throttled, attempt, retry_after_ms,
                            slu_random_next(&self->random));

    if (left_ms == 0 || retry_after_ms > left_ms) {
        return -1;
    }
    return wait_ms < left_ms ? wait_ms : left_ms;
}

static void ask_later(struct slu_pull *self, struct slu_slot *slot,
                      const struct slu_step *step, int64_t wait_ms,
                      const struct patience *outage)
{
    self->retries++;
    warn_of_retry(self, slot, step, wait_ms, outage);
    slot->unit->attempts++;
    slot->unit->not_before_ms = slu_clock_mono_ms() + (uint64_t)wait_ms;
}

static struct patience unit_patience(const struct slu_pull *self,
                                     uint64_t used_ms)
{
    return (struct patience){"max_wait", self->options->limits->max_wait_ms,
                             used_ms};
}

/* A server that answers no longer will be back; where connections are refused
 * and nothing has ever answered, there may be none. */
static struct patience outage_patience(struct slu_pull *self,
                                       const struct slu_slot *slot,
                                       uint64_t bad_ms)
{
    struct patience patience = unit_patience(self, bad_ms);
    struct patience refused = {
        "refused_wait", self->options->limits->refused_wait_ms,
        slu_lane_note_refused(slot->lane, slot->refused, slu_clock_mono_ms())};

    return slot->refused && left_of(&refused) < left_of(&patience) ? refused
                                                                   : patience;
}

/* One unit's own trouble. */
static void retry_unit(struct slu_pull *self, struct slu_slot *slot,
                       const struct slu_step *step)
{
    struct slu_unit *unit = slot->unit;
    struct patience patience = unit_patience(self, unit->waited_ms);
    int64_t wait_ms =
        choose_wait(self, slot, step->throttled, unit->attempts, &patience);

    if (wait_ms < 0) {
        give_up(self, slot, step, &patience);
        return;
    }
    unit->waited_ms += (uint64_t)wait_ms;
    ask_later(self, slot, step, wait_ms, NULL);
}

/* Everybody's: the lane's account counts, and its knocks set the pace (after a
 * 429 the limiter does). What was in flight when it began is no knock. */
static void retry_all(struct slu_pull *self, struct slu_slot *slot,
                      const struct slu_step *step, uint64_t bad_ms)
{
    struct slu_lane *lane = slot->lane;
    unsigned attempt = step->throttled ? slot->unit->attempts : lane->knocks;
    struct patience patience = outage_patience(self, slot, bad_ms);
    int64_t wait_ms =
        choose_wait(self, slot, step->throttled, attempt, &patience);

    if (wait_ms < 0) {
        if (step->throttled || lane->bad_count >= OUTAGE_AT_START) {
            lane->hopeless = step->error;
        }
        lane->quiet_until_ms = 0;
        give_up(self, slot, step, &patience);
        return;
    }
    if (!step->throttled) {
        lane->quiet_until_ms = slu_clock_mono_ms() + (uint64_t)wait_ms;
        lane->knocks += lane->busy == 0;
    }
    ask_later(self, slot, step, wait_ms, step->throttled ? NULL : &patience);
}

static void retry(struct slu_pull *self, struct slu_slot *slot,
                  const struct slu_step *step)
{
    struct patience patience = unit_patience(self, 0);
    uint64_t bad_ms;

    if (slot->unsent) {
        /* Signing in has had its own retries. */
        give_up(self, slot, step, &patience);
        return;
    }
    bad_ms = slu_lane_note_bad(slot->lane, slu_clock_mono_ms());

    if (step->throttled || !slot->lane->welcome) {
        retry_all(self, slot, step, bad_ms);
    } else {
        retry_unit(self, slot, step);
    }
}

/* A good answer of one operation shows that the server is there and takes our
 * key, which its other operations then need not find out one by one. */
static void note_good(struct slu_pull *self, struct slu_lane *lane)
{
    unsigned group = self->access.lane_group > 0 ? self->access.lane_group : 1;
    unsigned first = (unsigned)(lane - self->lanes) / group * group;
    unsigned end = first + group;

    slu_lane_note_good(lane);
    for (unsigned i = first; i < end && i < self->lane_count; i++) {
        slu_lane_greet(&self->lanes[i]);
    }
}

static enum slu_err commit(struct slu_pull *self, struct slu_slot *slot,
                           bool distinct)
{
    struct slu_answer *answer = &slot->answer;
    enum slu_err err;

    if (self->options->tell != NULL) {
        slu_pull_fail_source(self, "commits although it was to check");
        return SLU_ERR_OK;
    }
    err = slot->rows == NULL ? SLU_ERR_OK : slu_pull_commit_rows(self, slot);
    if (err == SLU_ERR_OK && self->options->store != NULL) {
        err = slu_answer_commit(answer, distinct ? NULL : &self->seen);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_answer_counts_add(&self->counts, &answer->counts);
    if (slot->rows != NULL) {
        slu_pull_tell_rows(self, &answer->counts);
    }
    note_good(self, slot->lane);
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

enum slu_err slu_pull_part(void *ctx, struct slu_unit *unit)
{
    struct slu_pull *self = ctx;
    struct slu_slot *slot = unit->engine;
    enum slu_err err = commit(self, slot, false);

    if (err != SLU_ERR_OK) {
        fail_store(self, err);
        return err;
    }
    slu_answer_begin(&slot->answer);
    if (slot->rows != NULL) {
        slu_row_batch_clear(slot->rows);
    }
    return SLU_ERR_OK;
}

void slu_pull_settle(struct slu_pull *self, struct slu_slot *slot,
                     const struct slu_step *step)
{
    enum slu_err err = SLU_ERR_OK;

    if (step->kind == SLU_STEP_COMMIT) {
        err = commit(self, slot, step->distinct);
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
        if (!slot->unsent) {
            slu_lane_note_good(slot->lane);
        }
        break;
    case SLU_STEP_DENIED:
        slu_pull_fail(self, &step->error);
        break;
    case SLU_STEP_COMMIT:
        break;
    }
}
