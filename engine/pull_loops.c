/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pull_loops.h"
#include "engine/http_copy.h"
#include "engine/pull_state.h"

#include <assert.h>
#include <event2/event.h>
#include <sched.h>

/* On the stack of who asks, until it is told. */
struct slu_pull_ask {
    struct slu_pull_mail mail; /* first */
    slu_at_home_fn fn;
    void *arg;
    enum slu_err err;
    bool told;
};

/* ---- another loop ---- */

static void start_slot(struct slu_slot *slot)
{
    enum slu_err err = slu_pull_start_here(slot, &slot->copied);

    slu_http_request_wipe(&slot->copy);
    if (err == SLU_ERR_OK) {
        return;
    }
    slu_pull_explain_start(err, &slot->error);
    slot->unstarted = true;
    slu_pull_loops_post_end(slot);
}

static void resume_paused(struct slu_pull_loop *self)
{
    while (self->paused != NULL) {
        slu_pull_resume_slot(self->paused);
    }
}

static void on_inbox(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull_loop *self = ctx;
    struct slu_letter *letter = slu_mailbox_take(&self->inbox);

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->profile, SLU_STAGE_OTHER);
    while (letter != NULL && !atomic_load(&self->stops)) {
        struct slu_letter *next = letter->next;

        start_slot(((struct slu_pull_mail *)letter)->slot);
        letter = next;
    }
    if (atomic_exchange(&self->room, false)) {
        resume_paused(self);
    }
    if (atomic_load(&self->stops)) {
        /* Busy, it would not come to its end by itself. */
        (void)event_base_loopbreak(self->base);
    }
    slu_pull_share_listen(self);
    slu_profile_sleep(self->profile);
}

static void tell_stats(struct slu_pull_loop *self)
{
    struct slu_http_stats stats;
    struct slu_pull_loop_stats *told = &self->stats;

    self->pull->session->transport->get_stats(self->http, &stats);
    atomic_store_explicit(&told->requests, stats.requests,
                          memory_order_relaxed);
    atomic_store_explicit(&told->wire_bytes, stats.wire_bytes,
                          memory_order_relaxed);
    atomic_store_explicit(&told->body_bytes, stats.body_bytes,
                          memory_order_relaxed);
    atomic_store_explicit(&told->connects, stats.connects,
                          memory_order_relaxed);
    atomic_store_explicit(&told->in_flight, stats.in_flight,
                          memory_order_relaxed);
    atomic_store_explicit(&told->in_flight_max, stats.in_flight_max,
                          memory_order_relaxed);
}

static void *run_thread(void *arg)
{
    struct slu_pull_loop *self = arg;
    struct slu_pull_home *home = &self->pull->home;

    if (self->profile != NULL) {
        slu_profile_start(self->profile);
    }
    while (!atomic_load(&self->stops)) {
        slu_profile_set_idle(self->profile,
                             self->paused != NULL
                                 ? SLU_STAGE_COMMIT
                                 : (enum slu_stage)atomic_load(&home->idle));
        slu_profile_sleep(self->profile);
        (void)event_base_loop(self->base,
                              EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
        tell_stats(self);
    }
    (void)slu_profile_enter(self->profile, SLU_STAGE_OTHER);
    return NULL;
}

/* ---- home ---- */

static void answer_ask(struct slu_pull_home *home, struct slu_pull_ask *ask,
                       enum slu_err err)
{
    (void)pthread_mutex_lock(&home->mutex);
    ask->err = err;
    ask->told = true;
    (void)pthread_cond_broadcast(&home->told);
    (void)pthread_mutex_unlock(&home->mutex);
}

static void take_mail(struct slu_pull *self, struct slu_pull_mail *mail)
{
    struct slu_pull_ask *ask = mail->ask;
    bool good = self->fatal.code == SLU_ERR_OK;

    if (ask != NULL) {
        answer_ask(&self->home, ask,
                   good ? ask->fn(ask->arg) : SLU_ERR_STOPPED);
    } else if (good && mail->loop != NULL) {
        slu_pull_share_on_idle(mail->loop);
    } else if (good) {
        slu_pull_end_exchange(mail->slot);
    }
}

/* After a failure nothing more is settled: what is left of the letters is as
 * much in flight as what is still under way. */
static void on_home(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull *self = ctx;
    struct slu_letter *letter = slu_mailbox_take(&self->home.mail);

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->options->profile, SLU_STAGE_OTHER);
    while (letter != NULL) {
        struct slu_letter *next = letter->next;

        take_mail(self, (struct slu_pull_mail *)letter);
        letter = next;
    }
    slu_profile_sleep(self->options->profile);
}

/* False: the pull is ending. */
static bool post_ask(struct slu_pull_home *home, struct slu_pull_ask *ask)
{
    if (home->closing) {
        return false;
    }
    slu_mailbox_push(&home->mail, &ask->mail.letter);
    while (!ask->told) {
        (void)pthread_cond_wait(&home->told, &home->mutex);
    }
    return true;
}

enum slu_err slu_pull_at_home(void *ctx, slu_at_home_fn fn, void *arg)
{
    struct slu_pull *self = ctx;
    struct slu_pull_home *home = &self->home;
    struct slu_pull_ask ask = {.fn = fn, .arg = arg, .err = SLU_ERR_STOPPED};

    if (!home->open || pthread_equal(pthread_self(), home->thread)) {
        return fn(arg);
    }
    ask.mail.ask = &ask;
    (void)pthread_mutex_lock(&home->mutex);
    (void)post_ask(home, &ask);
    (void)pthread_mutex_unlock(&home->mutex);
    return ask.err;
}

/* Nobody asks any more, and who has is told. */
static void close_home(struct slu_pull_home *home)
{
    struct slu_letter *letter;

    (void)pthread_mutex_lock(&home->mutex);
    home->closing = true;
    (void)pthread_mutex_unlock(&home->mutex);
    letter = slu_mailbox_take(&home->mail);
    while (letter != NULL) {
        struct slu_letter *next = letter->next;
        struct slu_pull_mail *mail = (struct slu_pull_mail *)letter;

        if (mail->ask != NULL) {
            answer_ask(home, mail->ask, SLU_ERR_STOPPED);
        }
        letter = next;
    }
}

void slu_pull_enter_callback(struct slu_pull *self)
{
    if (self->home.open) {
        (void)pthread_mutex_lock(&self->home.callbacks);
    }
}

void slu_pull_leave_callback(struct slu_pull *self)
{
    if (self->home.open) {
        (void)pthread_mutex_unlock(&self->home.callbacks);
    }
}

/* ---- slots on their way ---- */

enum slu_err slu_pull_loops_post(struct slu_slot *slot,
                                 const struct slu_http_request *request)
{
    enum slu_err err =
        request == NULL
            ? SLU_ERR_OK
            : slu_http_request_copy(request, &slot->copy, &slot->copied);

    if (err == SLU_ERR_OK) {
        slu_mailbox_push(&slot->loop->inbox, &slot->mail.letter);
    }
    return err;
}

void slu_pull_loops_post_end(struct slu_slot *slot)
{
    tell_stats(slot->loop);
    slu_mailbox_push(&slot->pull->home.mail, &slot->mail.letter);
}

void slu_pull_loops_resume(struct slu_pull *self)
{
    resume_paused(&self->loops[0]);
    for (unsigned i = 1; i < self->loop_count; i++) {
        atomic_store(&self->loops[i].room, true);
        slu_wake_raise(&self->loops[i].inbox.wake);
    }
}

void slu_pull_loops_add_stats(const struct slu_pull *self,
                              struct slu_http_stats *total)
{
    for (unsigned i = 1; i < self->loop_count; i++) {
        const struct slu_pull_loop_stats *told = &self->loops[i].stats;

        total->requests += atomic_load(&told->requests);
        total->wire_bytes += atomic_load(&told->wire_bytes);
        total->body_bytes += atomic_load(&told->body_bytes);
        total->connects += atomic_load(&told->connects);
        total->in_flight += atomic_load(&told->in_flight);
        total->in_flight_max += atomic_load(&told->in_flight_max);
    }
}

void slu_pull_loops_set_idle(struct slu_pull *self, enum slu_stage stage)
{
    slu_profile_set_idle(self->options->profile, stage);
    atomic_store_explicit(&self->home.idle, (int)stage, memory_order_relaxed);
}

/* ---- life cycle ---- */

/* What this process may run on, which may be less than the machine has. */
static unsigned count_cores(void)
{
    cpu_set_t set;
    int count;

    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return 1;
    }
    count = CPU_COUNT(&set);
    return count < 1 ? 1 : (unsigned)count;
}

/* A check asks little, and tells what it finds in the order of asking. */
static unsigned count_loops(const struct slu_pull_options *options)
{
    unsigned count = (unsigned)options->limits->threads;
    unsigned most = (unsigned)options->limits->connections;

    if (!options->ops->parallel || options->tell != NULL) {
        return 1;
    }
    count = count == 0 ? count_cores() : count;
    most = most < SLU_PULL_LOOPS_MAX ? most : SLU_PULL_LOOPS_MAX;
    return count < most ? count : most;
}

static enum slu_err open_home(struct slu_pull *self)
{
    struct slu_pull_home *home = &self->home;
    enum slu_err err = slu_mailbox_open(&home->mail);

    if (err != SLU_ERR_OK) {
        return err;
    }
    home->thread = pthread_self();
    (void)pthread_mutex_init(&home->mutex, NULL);
    (void)pthread_mutex_init(&home->callbacks, NULL);
    (void)pthread_cond_init(&home->told, NULL);
    home->open = true;
    home->on_mail = event_new(self->session->base, home->mail.wake.fd,
                              EV_READ | EV_PERSIST, on_home, self);
    return home->on_mail == NULL || event_add(home->on_mail, NULL) != 0
               ? SLU_ERR_NOMEM
               : SLU_ERR_OK;
}

static enum slu_err open_loop(struct slu_pull_loop *self,
                              struct slu_error *error)
{
    struct slu_pull *pull = self->pull;
    const struct slu_pull_options *options = pull->options;
    const struct slu_transport_ops *transport = pull->session->transport;
    struct slu_transport_options wanted = {
        .alloc = options->alloc,
        .config = &pull->session->http_config,
        .connections = slu_pull_share_connections(pull, self->index),
    };
    enum slu_err err = slu_mailbox_open(&self->inbox);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (options->profile != NULL) {
        self->profile = &self->own_profile;
    }
    self->base = slu_pull_share_new_base();
    self->on_mail = self->base == NULL
                        ? NULL
                        : event_new(self->base, self->inbox.wake.fd,
                                    EV_READ | EV_PERSIST, on_inbox, self);
    if (self->on_mail == NULL || event_add(self->on_mail, NULL) != 0) {
        return SLU_ERR_NOMEM;
    }
    wanted.base = self->base;
    err = transport->open(transport, &wanted, &self->http, error);
    if (err == SLU_ERR_OK && transport->set_profile != NULL) {
        transport->set_profile(self->http, self->profile);
    }
    return err;
}

enum slu_err slu_pull_loops_open(struct slu_pull *self,
                                 struct slu_error *out_error)
{
    unsigned count = count_loops(self->options);
    enum slu_err err = SLU_ERR_OK;

    self->loops =
        slu_alloc_zero(self->options->alloc, count * sizeof(*self->loops));
    if (self->loops == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->loop_count = count;
    for (unsigned i = 0; i < count; i++) {
        self->loops[i].pull = self;
        self->loops[i].index = i;
    }
    self->loops[0].base = self->session->base;
    self->loops[0].http = self->session->http;
    self->loops[0].profile = self->options->profile;
    if (count > 1) {
        err = open_home(self);
    }
    for (unsigned i = 1; i < count && err == SLU_ERR_OK; i++) {
        err = open_loop(&self->loops[i], out_error);
    }
    for (unsigned i = 0; i < count && err == SLU_ERR_OK; i++) {
        err = slu_pull_share_open(&self->loops[i]);
    }
    return err;
}

enum slu_err slu_pull_loops_start(struct slu_pull *self,
                                  struct slu_error *out_error)
{
    if (self->loop_count > 1 && self->options->profile != NULL) {
        slu_profile_note(self->options->profile, self->home.spent);
    }
    for (unsigned i = 1; i < self->loop_count; i++) {
        struct slu_pull_loop *loop = &self->loops[i];
        int sys = pthread_create(&loop->thread, NULL, run_thread, loop);

        if (sys != 0) {
            out_error->sys = sys;
            return slu_error_set(out_error, SLU_ERR_NOMEM,
                                 "cannot start thread %u of %u "
                                 "(limits.threads): %s",
                                 i + 1, self->loop_count, strerror(sys));
        }
        loop->started = true;
    }
    return SLU_ERR_OK;
}

/* The time of all loops, as that of one. */
static void average_profiles(struct slu_pull *self)
{
    struct slu_profile *profile = self->options->profile;

    for (unsigned i = 1; i < self->loop_count; i++) {
        slu_profile_add(profile, self->loops[i].profile);
    }
    slu_profile_divide(profile, self->home.spent, self->loop_count);
}

void slu_pull_loops_stop(struct slu_pull *self)
{
    bool ran = self->loop_count > 1;

    if (self->home.open) {
        close_home(&self->home);
    }
    for (unsigned i = 1; i < self->loop_count; i++) {
        if (self->loops[i].started) {
            atomic_store(&self->loops[i].stops, true);
            slu_wake_raise(&self->loops[i].inbox.wake);
        }
        ran &= self->loops[i].started;
    }
    for (unsigned i = 1; i < self->loop_count; i++) {
        if (self->loops[i].started) {
            (void)pthread_join(self->loops[i].thread, NULL);
            self->loops[i].started = false;
            tell_stats(&self->loops[i]);
        }
    }
    if (ran && self->options->profile != NULL) {
        average_profiles(self);
    }
}

static void close_loop(struct slu_pull_loop *self)
{
    slu_local_free(self->local);
    slu_pull_share_close(self);
    if (slu_pull_loop_is_home(self)) {
        return; /* the rest is the session's */
    }
    if (self->http != NULL) {
        self->pull->session->transport->free(self->http);
    }
    if (self->on_mail != NULL) {
        event_free(self->on_mail);
    }
    if (self->base != NULL) {
        event_base_free(self->base);
    }
    slu_mailbox_close(&self->inbox);
}

void slu_pull_loops_close(struct slu_pull *self)
{
    struct slu_pull_home *home = &self->home;

    for (unsigned i = 0; i < self->loop_count; i++) {
        assert(!self->loops[i].started);
        close_loop(&self->loops[i]);
    }
    slu_alloc_put(self->options->alloc, self->loops,
                  self->loop_count * sizeof(*self->loops));
    self->loops = NULL;
    self->loop_count = 0;
    if (home->on_mail != NULL) {
        event_free(home->on_mail);
    }
    if (home->open) {
        (void)pthread_cond_destroy(&home->told);
        (void)pthread_mutex_destroy(&home->callbacks);
        (void)pthread_mutex_destroy(&home->mutex);
    }
    slu_mailbox_close(&home->mail);
}
