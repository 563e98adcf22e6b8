/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake_network.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/queue.h>

struct slu_transfer {
    struct slu_http *http;
    LIST_ENTRY(slu_transfer) link;
    struct event *timer;
    struct slu_http_handler handler;
    void *ctx;
    uint64_t dice;
    int status;
    size_t len;
    size_t at;
    size_t cut; /* where a fault ends it; SIZE_MAX: none */
    bool begun;
    bool paused;
    bool resumed; /* while on_body ran */
    char body[FAKE_NETWORK_BODY_MAX];
};

struct slu_http {
    const struct slu_alloc *alloc;
    struct event_base *base;
    struct fake_network *network;
    unsigned index;
    struct event *ticker; /* of a loop that is never idle */
    LIST_HEAD(, slu_transfer) running;
    struct slu_http_stats stats;
};

static uint32_t roll(uint64_t *dice, uint32_t below)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    return (uint32_t)(*dice >> 32) % below;
}

static void free_transfer(struct slu_transfer *transfer)
{
    LIST_REMOVE(transfer, link);
    transfer->http->stats.in_flight--;
    event_free(transfer->timer);
    slu_alloc_put(transfer->http->alloc, transfer, sizeof(*transfer));
}

static void wake(struct slu_transfer *transfer, unsigned us)
{
    struct timeval delay = {0, (suseconds_t)us};

    (void)event_add(transfer->timer, &delay);
}

static void end(struct slu_transfer *transfer, enum slu_err err)
{
    struct slu_http_handler handler = transfer->handler;
    void *ctx = transfer->ctx;
    struct slu_error error = {0};

    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&error, err, "the network was cut");
    }
    free_transfer(transfer);
    handler.on_end(ctx, &error);
}

static void hand_piece(struct slu_transfer *transfer)
{
    struct fake_network *network = transfer->http->network;
    size_t most = transfer->cut < transfer->len ? transfer->cut : transfer->len;
    size_t len = most - transfer->at;
    enum slu_http_flow flow;

    if (network->piece_max > 0 && len > network->piece_max) {
        len = 1 + roll(&transfer->dice, network->piece_max);
    }
    transfer->resumed = false;
    transfer->http->stats.body_bytes += len;
    transfer->http->stats.wire_bytes += len;
    flow = transfer->handler.on_body(
        transfer->ctx, slu_view_make(transfer->body + transfer->at, len));
    transfer->at += len;
    if (flow == SLU_HTTP_ERROR) {
        end(transfer, SLU_ERR_STOPPED);
        return;
    }
    transfer->paused = flow == SLU_HTTP_PAUSE && !transfer->resumed;
    if (!transfer->paused) {
        wake(transfer, 0);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_transfer *transfer = ctx;
    struct slu_http_head head = {.status = transfer->status,
                                 .http_version = 11};

    (void)fd;
    (void)what;
    if (!transfer->begun) {
        transfer->begun = true;
        transfer->handler.on_head(transfer->ctx, &head);
        wake(transfer, 0);
    } else if (transfer->at >= transfer->cut) {
        atomic_fetch_add(&transfer->http->network->faults, 1);
        end(transfer, SLU_ERR_NETWORK);
    } else if (transfer->at == transfer->len) {
        end(transfer, SLU_ERR_OK);
    } else {
        hand_piece(transfer);
    }
}

/* ---- the table ---- */

static void note_request(struct slu_http *self,
                         const struct slu_http_request *request)
{
    struct fake_network *network = self->network;

    self->stats.requests++;
    self->stats.in_flight++;
    if (self->stats.in_flight > self->stats.in_flight_max) {
        self->stats.in_flight_max = self->stats.in_flight;
    }
    atomic_fetch_add(&network->started[self->index], 1);
    if (atomic_fetch_add(&network->serial, 1) == 0 &&
        request->header_count > 0) {
        (void)snprintf(
            network->last_header, sizeof(network->last_header), "%.*s",
            SLU_VIEW_ARGS(request->headers[request->header_count - 1].value));
        (void)snprintf(network->last_target, sizeof(network->last_target),
                       "%.*s", SLU_VIEW_ARGS(request->target));
    }
}

static enum slu_err start(struct slu_http *self,
                          const struct slu_http_request *request,
                          const struct slu_http_handler *handler, void *ctx,
                          struct slu_transfer **out_transfer)
{
    struct fake_network *network = self->network;
    struct slu_transfer *transfer =
        network->fails_to_start
            ? NULL
            : slu_alloc_zero(self->alloc, sizeof(*transfer));

    if (transfer == NULL) {
        return SLU_ERR_NOMEM;
    }
    transfer->timer = evtimer_new(self->base, on_timer, transfer);
    if (transfer->timer == NULL) {
        slu_alloc_put(self->alloc, transfer, sizeof(*transfer));
        return SLU_ERR_NOMEM;
    }
    transfer->http = self;
    transfer->handler = *handler;
    transfer->ctx = ctx;
    note_request(self, request);
    transfer->dice =
        UINT64_C(0x9e3779b97f4a7c15) * (atomic_load(&network->serial) + 1u);
    transfer->status =
        network->answer(network->ctx, request->target, transfer->body);
    transfer->len = strlen(transfer->body);
    transfer->cut = roll(&transfer->dice, 1000) < network->fault_of_1000
                        ? roll(&transfer->dice, (uint32_t)transfer->len + 1)
                        : SIZE_MAX;
    LIST_INSERT_HEAD(&self->running, transfer, link);
    wake(transfer, network->delay_us);
    *out_transfer = transfer;
    return SLU_ERR_OK;
}

static void resume(struct slu_transfer *transfer)
{
    transfer->resumed = true;
    if (transfer->paused) {
        transfer->paused = false;
        wake(transfer, 0);
    }
}

static void get_stats(const struct slu_http *self,
                      struct slu_http_stats *out_stats)
{
    *out_stats = self->stats;
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    static const struct timeval at_once = {0, 0};
    struct slu_http *self = ctx;

    (void)fd;
    (void)what;
    (void)event_add(self->ticker, &at_once);
}

static void free_all(struct slu_http *self)
{
    if (self == NULL) {
        return;
    }
    if (self->ticker != NULL) {
        event_free(self->ticker);
    }
    while (!LIST_EMPTY(&self->running)) {
        free_transfer(LIST_FIRST(&self->running));
    }
    atomic_fetch_add(&self->network->freed, 1);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

static enum slu_err open_network(const struct slu_transport_ops *self,
                                 const struct slu_transport_options *options,
                                 struct slu_http **out_http,
                                 struct slu_error *out_error)
{
    struct slu_http *http = slu_alloc_zero(options->alloc, sizeof(*http));

    if (http == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    http->alloc = options->alloc;
    http->base = options->base;
    http->network = (struct fake_network *)(uintptr_t)self;
    http->index =
        atomic_fetch_add(&http->network->opened, 1) % FAKE_NETWORK_LOOPS_MAX;
    LIST_INIT(&http->running);
    *out_http = http;
    if (!http->network->keeps_busy) {
        return SLU_ERR_OK;
    }
    http->ticker = evtimer_new(http->base, on_tick, http);
    if (http->ticker == NULL) {
        return SLU_ERR_NOMEM;
    }
    on_tick(-1, 0, http);
    return SLU_ERR_OK;
}

void fake_network_init(struct fake_network *self,
                       int (*answer)(void *ctx, struct slu_view target,
                                     char body[FAKE_NETWORK_BODY_MAX]),
                       void *ctx)
{
    *self = (struct fake_network){
        .ops = {.open = open_network,
                .free = free_all,
                .start = start,
                .resume = resume,
                .cancel = free_transfer,
                .get_stats = get_stats},
        .answer = answer,
        .ctx = ctx,
    };
}
