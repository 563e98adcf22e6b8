/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One identity's sign-in, from the timer that starts it to the set that it
 * gives or the failure that it ends in.
 *
 *     |<------------- lifetime ------------->|
 *     obtained            refresh     last   expires
 *     |-----------------------|---------|----|
 *         the set is used ............ |  nothing is handed out
 *                             |<-margin----->|   15 min, a fifth at most
 *
 * A failed refresh is tried again behind a back-off; what it means depends on
 * whether the old set still serves.
 */
#include "engine/credentials_state.h"

#include "codecs/time_text.h"
#include "engine/backoff.h"
#include "engine/clock.h"

#include <assert.h>

#define MARGIN_S 900
#define MARGIN_PART 5  /* of the lifetime, at most */
#define JITTER_PART 10 /* of the margin: so much earlier, at most */
#define RETRY_MS 500   /* added to every back-off */
#define AGAIN_PART 10  /* of the margin: between questions for a newer set */

/* A rejected set that came again from the place it is from is all there is: so
 * long it is handed out as it is, and who gets it refused has his answer. */
#define CONFIRMED_MS 60000

/* How often a base that its server refused is replaced for an account. */
#define BASE_TRIES 3

static void set_timer(struct slu_identity *self, uint64_t wait_ms)
{
    struct timeval wait = {.tv_sec = (time_t)(wait_ms / 1000),
                           .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000)};

    (void)event_add(&self->timer, &wait);
}

static void set_due(struct slu_identity *self, uint64_t wait_ms)
{
    self->phase = SLU_IDENTITY_DUE;
    set_timer(self, wait_ms);
}

void slu_identity_want(struct slu_identity *self)
{
    if (self->failed.code == SLU_ERR_OK &&
        (self->phase == SLU_IDENTITY_IDLE ||
         (self->phase == SLU_IDENTITY_DUE && !self->is_backing_off))) {
        set_due(self, 0);
    }
}

static void tell_change(struct slu_credential_pool *pool)
{
    if (pool->options.on_change != NULL) {
        pool->options.on_change(pool->options.ctx);
    }
}

static const char *name_of(const struct slu_identity *self)
{
    return self->index == 0 ? "the sign-in"
                            : self->pool->options.accounts[self->index - 1].id;
}

/* Starts those that wait for a place, or for the base. */
static void start_waiting(struct slu_credential_pool *pool,
                          enum slu_identity_phase phase)
{
    for (unsigned i = 0; i < pool->count; i++) {
        if (pool->identities[i].phase == phase) {
            set_due(&pool->identities[i], 0);
        }
    }
}

static void leave_running(struct slu_identity *self)
{
    slu_identity_stop(self);
    self->phase = SLU_IDENTITY_IDLE;
    self->pool->running--;
    start_waiting(self->pool, SLU_IDENTITY_LINED_UP);
}

/* ---- a new set ---- */

static int64_t margin_of(const struct slu_credentials *set)
{
    int64_t margin_ms = (set->expires_s - set->obtained_s) * 1000 / MARGIN_PART;

    return margin_ms > MARGIN_S * 1000 ? MARGIN_S * 1000 : margin_ms;
}

static void plan_refresh(struct slu_identity *self)
{
    struct slu_credential_pool *pool = self->pool;
    int64_t margin_ms = margin_of(&self->set);
    int64_t wait_ms;

    if (self->set.expires_s == 0) {
        return;
    }
    wait_ms =
        (self->set.expires_s - slu_credentials_wall_s(pool)) * 1000 - margin_ms;
    wait_ms -= (int64_t)(slu_random_next(&pool->random) %
                         (uint64_t)(margin_ms / JITTER_PART + 1));
    self->is_backing_off = false;
    set_due(self, wait_ms < RETRY_MS ? RETRY_MS : (uint64_t)wait_ms);
}

static void log_set(const struct slu_identity *self)
{
    char text[SLU_ISO_TEXT_LEN + 1] = "never";

    if (self->set.expires_s != 0) {
        slu_time_format_iso(self->set.expires_s, text);
    }
    slu_logger_print(&self->pool->options.logger, SLU_LOG_DEBUG,
                     "%s: credentials of %s, which expire: %.*s", name_of(self),
                     slu_signin_origin(self->signin), SLU_ISO_TEXT_LEN, text);
}

/* The set that is there came again: it is not newer. */
static bool is_same(const struct slu_identity *self,
                    const struct slu_credentials *set)
{
    return self->set.access_key_id != NULL &&
           strcmp(self->set.access_key_id, set->access_key_id) == 0 &&
           strcmp(self->set.session_token, set->session_token) == 0;
}

static void fail_attempt(struct slu_identity *self,
                         const struct slu_error *error);

/* Who hands them out has no newer set yet: the metadata service makes one only
 * five minutes before the end. Asked again soon, and nothing is wrong. */
static void ask_later(struct slu_identity *self)
{
    int64_t wait_ms = margin_of(&self->set) / AGAIN_PART;

    slu_logger_print(&self->pool->options.logger, SLU_LOG_DEBUG,
                     "%s: %s has no newer credentials yet", name_of(self),
                     slu_signin_origin(self->signin));
    self->is_backing_off = false;
    set_due(self, wait_ms < RETRY_MS ? RETRY_MS : (uint64_t)wait_ms);
}

static void use_set(struct slu_identity *self, struct slu_credentials set)
{
    slu_credentials_fini(&self->set);
    self->set = set;
    self->generation++;
    self->is_rejected = false;
    self->failures = 0;
    self->failing_since_ms = 0;
    plan_refresh(self);
    log_set(self);
    if (self->index == 0) {
        start_waiting(self->pool, SLU_IDENTITY_NO_BASE);
    }
    tell_change(self->pool);
}

static void take_set(struct slu_identity *self)
{
    static const struct slu_error no_newer = {
        .code = SLU_ERR_SERVER, .text = "there are no newer credentials yet"};
    struct slu_credentials set;
    bool same;

    slu_signin_take(self->signin, &set);
    leave_running(self);
    same = is_same(self, &set);
    if (same && self->is_rejected) {
        self->confirmed_until_ms = slu_clock_mono_ms() + CONFIRMED_MS;
    } else if (same && set.expires_s == self->set.expires_s) {
        slu_credentials_fini(&set);
        if (slu_identity_is_valid(self)) {
            ask_later(self);
        } else {
            fail_attempt(self, &no_newer);
        }
        return;
    }
    use_set(self, set);
}

/* ---- a failure ---- */

/* For good. Whoever waits for the base fails by it at its own turn, unless it
 * has a set that still serves. */
static void give_up(struct slu_identity *self, const struct slu_error *error)
{
    struct slu_credential_pool *pool = self->pool;

    self->failed = *error;
    self->phase = SLU_IDENTITY_IDLE;
    if (self->index == 0) {
        start_waiting(pool, SLU_IDENTITY_NO_BASE);
    }
    tell_change(pool);
}

static int64_t patience_ms(const struct slu_identity *self)
{
    const struct slu_credential_pool_options *options = &self->pool->options;

    return self->exchange.refused && !self->is_answered &&
                   options->refused_wait_ms < options->max_wait_ms
               ? options->refused_wait_ms
               : options->max_wait_ms;
}

static bool is_hopeless(const struct slu_identity *self,
                        const struct slu_error *error)
{
    uint64_t failing_ms = slu_clock_mono_ms() - self->failing_since_ms;

    if (slu_identity_is_valid(self)) {
        return false;
    }
    if (slu_signin_base_refused(self->signin) && self->failures < BASE_TRIES) {
        return false;
    }
    return slu_err_retry_class(error->code) != SLU_RETRY_BACKOFF ||
           failing_ms >= (uint64_t)patience_ms(self);
}

static void log_failure(const struct slu_identity *self,
                        const struct slu_error *error)
{
    char text[SLU_ISO_TEXT_LEN];

    if (!slu_identity_is_valid(self)) {
        slu_logger_print(&self->pool->options.logger, SLU_LOG_WARN,
                         "%s failed and is tried again: %s", name_of(self),
                         error->text);
        return;
    }
    slu_time_format_iso(self->set.expires_s, text);
    slu_logger_print(&self->pool->options.logger, SLU_LOG_WARN,
                     "%s: its credentials cannot be refreshed and are used on "
                     "until %.*s: %s",
                     name_of(self), SLU_ISO_TEXT_LEN, text, error->text);
}

/* The sign-in has been left. */
static void fail_attempt(struct slu_identity *self,
                         const struct slu_error *error)
{
    struct slu_credential_pool *pool = self->pool;
    int64_t wait_ms;

    if (self->failures == 0) {
        self->failing_since_ms = slu_clock_mono_ms();
    }
    self->failures++;
    if (is_hopeless(self, error)) {
        give_up(self, error);
        return;
    }
    log_failure(self, error);
    wait_ms = RETRY_MS + slu_backoff_ms(self->failures, -1,
                                        slu_random_next(&pool->random));
    self->is_backing_off = true;
    set_due(self, (uint64_t)wait_ms);
    if (slu_signin_base_refused(self->signin)) {
        slu_credential_pool_reject(pool, 0, self->base_generation);
    }
}

/* ---- driving ---- */

/* True: a place is taken and the machine has been started. */
static bool begin(struct slu_identity *self)
{
    struct slu_credential_pool *pool = self->pool;
    struct slu_identity *base = &pool->identities[0];

    self->is_backing_off = false;
    if (self != base && base->failed.code != SLU_ERR_OK &&
        !slu_identity_is_valid(base)) {
        self->phase = SLU_IDENTITY_IDLE;
        fail_attempt(self, &base->failed);
        return false;
    }
    if (self != base && !slu_identity_is_valid(base)) {
        self->phase = SLU_IDENTITY_NO_BASE;
        slu_identity_want(base);
        return false;
    }
    if (pool->running >= SLU_CREDENTIALS_RUNNING_MAX) {
        self->phase = SLU_IDENTITY_LINED_UP;
        return false;
    }
    pool->running++;
    self->phase = SLU_IDENTITY_RUNNING;
    self->base_generation = base->generation;
    slu_signin_start(self->signin, self == base ? NULL : &base->set,
                     slu_credentials_now(pool));
    return true;
}

/* What can't be sent is the answer. */
static void answer_at_once(struct slu_identity *self,
                           const struct slu_error *error)
{
    const struct slu_signin_answer answer = {.err = error->code,
                                             .error = error};

    slu_signin_answer(self->signin, &answer, slu_credentials_now(self->pool));
}

static void wait_until(struct slu_identity *self, uint64_t until_ms)
{
    uint64_t now_ms = slu_clock_mono_ms();

    set_timer(self, until_ms > now_ms ? until_ms - now_ms : 0);
}

/* One turn of the machine; true: another one follows at once. */
static bool turn(struct slu_identity *self)
{
    struct slu_signin_need need;
    struct slu_error error = {0};
    enum slu_signin_turn kind =
        slu_signin_next(self->signin, slu_credentials_now(self->pool), &need);

    if (need.note != NULL) {
        slu_logger_print(&self->pool->options.logger, SLU_LOG_WARN, "%s: %s",
                         name_of(self), need.note);
    }
    switch (kind) {
    case SLU_SIGNIN_REQUEST:
    case SLU_SIGNIN_PROCESS:
        if (kind == SLU_SIGNIN_REQUEST
                ? slu_identity_send(self, &need, &error)
                : slu_identity_run(self, &need, &error)) {
            return false;
        }
        answer_at_once(self, &error);
        return true;
    case SLU_SIGNIN_WAIT:
        wait_until(self, need.wait_until_ms);
        return false;
    case SLU_SIGNIN_READY:
        take_set(self);
        return false;
    default:
        error = need.error;
        leave_running(self);
        fail_attempt(self, &error);
        return false;
    }
}

void slu_identity_drive(struct slu_identity *self)
{
    assert(self->phase == SLU_IDENTITY_DUE ||
           self->phase == SLU_IDENTITY_RUNNING);
    if (self->phase == SLU_IDENTITY_DUE && !begin(self)) {
        return;
    }
    while (turn(self)) {
    }
}
