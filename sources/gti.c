/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source "gti": the lanes (one for each stream and each list), taking
 * turns, and the table of operations. Streams of types that aren't configured
 * are kept too, without being asked, so that their checkpoints stay in the
 * output.
 */
#include "codecs/time_text.h"
#include "codecs/view_take.h"
#include "sources/gti_lists.h"
#include "sources/gti_stream.h"

#define LOOKBACK_DAYS_MAX 5

struct slu_source {
    struct slu_gti_config config; /* the user's, look-back clamped */
    struct slu_gti_context ctx;
    struct slu_gti_stream streams[SLU_KIND_COUNT];
    struct slu_gti_list *lists;
    unsigned list_count;
    unsigned turn; /* the lane that goes first */
};

static bool is_list_id(const char *id)
{
    size_t len = strlen(id);

    for (size_t i = 0; i < len; i++) {
        bool ok = (id[i] >= 'a' && id[i] <= 'z') ||
                  (id[i] >= '0' && id[i] <= '9') || id[i] == '-' ||
                  id[i] == '_';

        if (!ok) {
            return false;
        }
    }
    return len > 0 && len < SLU_CHECKPOINT_LIST_ID_MAX;
}

static enum slu_err check_lists(const struct slu_strings *lists,
                                struct slu_error *out_error)
{
    if (lists->count > SLU_CHECKPOINT_LISTS_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "gti.threat_lists has %u ids, at most %d are "
                             "allowed",
                             lists->count, SLU_CHECKPOINT_LISTS_MAX);
    }
    for (unsigned i = 0; i < lists->count; i++) {
        if (!is_list_id(lists->items[i])) {
            return slu_error_set(out_error, SLU_ERR_CONFIG,
                                 "gti.threat_lists: \"%.80s\" is not the id of "
                                 "a list: expected a name like \"malware\"",
                                 lists->items[i]);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(lists->items[i], lists->items[j]) == 0) {
                return slu_error_set(out_error, SLU_ERR_CONFIG,
                                     "gti.threat_lists names %s twice",
                                     lists->items[i]);
            }
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err check_config(const struct slu_gti_config *config,
                                 struct slu_error *out_error)
{
    if (config->lookback_days <= 0) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "gti.lookback_days is %lld, expected 1 to %d",
                             (long long)config->lookback_days,
                             LOOKBACK_DAYS_MAX);
    }
    if (config->threat_list_limit < 1 ||
        config->threat_list_limit > SLU_GTI_LIST_LIMIT) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "gti.threat_list_limit is %lld, expected 1 to %d",
                             (long long)config->threat_list_limit,
                             SLU_GTI_LIST_LIMIT);
    }
    return config->threat_lists.all
               ? SLU_ERR_OK
               : check_lists(&config->threat_lists, out_error);
}

static unsigned count_lists(const struct slu_strings *lists)
{
    unsigned count = 0;

    if (!lists->all) {
        return lists->count;
    }
    while (slu_gti_category(count) != NULL) {
        count++;
    }
    return count;
}

static void destroy(struct slu_source *self)
{
    const struct slu_alloc *alloc;

    if (self == NULL) {
        return;
    }
    alloc = self->ctx.alloc;
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_gti_stream_fini(&self->streams[kind]);
    }
    for (unsigned i = 0; i < self->list_count; i++) {
        slu_gti_list_fini(&self->lists[i]);
    }
    if (self->lists != NULL) {
        slu_alloc_put(alloc, self->lists,
                      self->list_count * sizeof(struct slu_gti_list));
    }
    slu_gti_context_fini(&self->ctx);
    slu_alloc_put(alloc, self, sizeof(*self));
}

static enum slu_err make_lists(struct slu_source *self)
{
    const struct slu_strings *names = &self->config.threat_lists;
    unsigned count = count_lists(names);

    if (count == 0) {
        return SLU_ERR_OK;
    }
    self->lists =
        slu_alloc_zero(self->ctx.alloc, count * sizeof(struct slu_gti_list));
    if (self->lists == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->list_count = count;
    for (unsigned i = 0; i < count; i++) {
        const char *id = names->all ? slu_gti_category(i) : names->items[i];

        slu_gti_list_init(&self->lists[i], &self->ctx, slu_view_str(id));
    }
    return SLU_ERR_OK;
}

static enum slu_err create(const struct slu_alloc *alloc, const void *config,
                           const struct slu_source_port *port,
                           struct slu_source **out_source,
                           struct slu_error *out_error)
{
    struct slu_source *self;
    enum slu_err err = check_config(config, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    self = slu_alloc_zero(alloc, sizeof(*self));
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->config = *(const struct slu_gti_config *)config;
    self->ctx.alloc = alloc;
    self->ctx.config = &self->config;
    self->ctx.port = *port;
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_gti_stream_init(&self->streams[kind], &self->ctx,
                            (enum slu_kind)kind);
    }
    if (slu_gti_context_init(&self->ctx) != SLU_ERR_OK ||
        make_lists(self) != SLU_ERR_OK) {
        destroy(self);
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    *out_source = self;
    return SLU_ERR_OK;
}

/* ---- what an earlier run stored ---- */

static struct slu_gti_list *find_list(struct slu_source *self,
                                      struct slu_view id)
{
    for (unsigned i = 0; i < self->list_count; i++) {
        if (slu_view_equal_str(id, self->lists[i].id)) {
            return &self->lists[i];
        }
    }
    return NULL;
}

/* key: what follows "list/". Entries of lists that aren't configured any more
 * are left alone, but for their checkpoint, which the output goes on telling.
 */
static enum slu_err load_list(struct slu_source *self, struct slu_view key,
                              struct slu_view value)
{
    struct slu_gti_list *list;
    struct slu_view id;
    int64_t hour;

    if (!slu_view_take_until(&key, '/', &id)) {
        return slu_time_parse_hour(value, &hour)
                   ? slu_checkpoint_set_list(&self->ctx.known, key, hour)
                   : SLU_ERR_STATE;
    }
    list = find_list(self, id);
    return list == NULL ? SLU_ERR_OK : slu_gti_list_load(list, key, value);
}

static enum slu_err load_asked(struct slu_source *self, struct slu_view key,
                               struct slu_view value)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (slu_view_equal_str(key, slu_kind_name((enum slu_kind)kind))) {
            return slu_gti_stream_load_asked(&self->streams[kind], value);
        }
    }
    return SLU_ERR_STATE;
}

static enum slu_err load(struct slu_source *self, struct slu_view key,
                         struct slu_view value)
{
    if (slu_view_take_prefix(&key, "list/")) {
        return load_list(self, key, value);
    }
    if (slu_view_take_prefix(&key, "asked/")) {
        return load_asked(self, key, value);
    }
    if (!slu_view_take_prefix(&key, "stream/")) {
        return SLU_ERR_STATE;
    }
    if (slu_view_take_prefix(&key, "domain")) {
        return slu_gti_stream_load(&self->streams[SLU_KIND_DOMAIN], key, value);
    }
    if (slu_view_take_prefix(&key, "ip_address")) {
        return slu_gti_stream_load(&self->streams[SLU_KIND_IP], key, value);
    }
    return SLU_ERR_STATE;
}

/* ---- start ---- */

/* What the output folder tells counts only where the store tells nothing. */
static enum slu_err take_found(struct slu_source *self,
                               const struct slu_checkpoint *found)
{
    struct slu_checkpoint *known = &self->ctx.known;

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (known->stream[kind] == 0 && found->stream[kind] > 0) {
            known->stream[kind] = found->stream[kind];
        }
    }
    for (unsigned i = 0; i < found->list_count; i++) {
        struct slu_view id = slu_view_str(found->lists[i].id);

        if (slu_checkpoint_list_hour(known, id) == 0) {
            enum slu_err err =
                slu_checkpoint_set_list(known, id, found->lists[i].hour);

            if (err != SLU_ERR_OK) {
                return err;
            }
        }
    }
    return SLU_ERR_OK;
}

static void clamp_lookback(struct slu_source *self)
{
    if (self->config.lookback_days > LOOKBACK_DAYS_MAX &&
        !self->config.allow_long_lookback) {
        slu_source_log(&self->ctx.port, SLU_LOG_WARN,
                       "gti.lookback_days is %lld and is taken as %d; for "
                       "more, set gti.allow_long_lookback: true",
                       (long long)self->config.lookback_days,
                       LOOKBACK_DAYS_MAX);
        self->config.lookback_days = LOOKBACK_DAYS_MAX;
    }
    slu_source_log(&self->ctx.port, SLU_LOG_INFO, "Using lookback days: %lld",
                   (long long)self->config.lookback_days);
}

static enum slu_err start_streams(struct slu_source *self, int64_t wall_s)
{
    const struct slu_strings *names = &self->config.streams;

    for (unsigned i = 0; i < names->count; i++) {
        enum slu_kind kind = strcmp(names->items[i], "domain") == 0
                                 ? SLU_KIND_DOMAIN
                                 : SLU_KIND_IP;
        enum slu_err err = SLU_ERR_OK;

        if (!self->streams[kind].active) {
            err = slu_gti_stream_start(&self->streams[kind], wall_s);
        }
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err start(struct slu_source *self,
                          const struct slu_checkpoint *found,
                          struct slu_now now, struct slu_error *out_error)
{
    enum slu_err err = found != NULL ? take_found(self, found) : SLU_ERR_OK;

    clamp_lookback(self);
    if (err == SLU_ERR_OK) {
        err = start_streams(self, now.wall_s);
    }
    for (unsigned i = 0; i < self->list_count && err == SLU_ERR_OK; i++) {
        err = slu_gti_list_start(&self->lists[i], now.wall_s);
    }
    return err == SLU_ERR_OK
               ? err
               : slu_error_set(out_error, err,
                               "the pull from GTI can't be planned: %s",
                               slu_err_sentence(err));
}

/* ---- requests ---- */

static enum slu_err ask_lane(struct slu_source *self, unsigned lane,
                             uint64_t mono_ms, enum slu_turn *out_turn,
                             struct slu_gti_unit **out_unit,
                             uint64_t *out_wait_until_ms)
{
    if (lane < SLU_KIND_COUNT) {
        return slu_gti_stream_next(&self->streams[lane], mono_ms, out_turn,
                                   out_unit, out_wait_until_ms);
    }
    return slu_gti_list_next(&self->lists[lane - SLU_KIND_COUNT], mono_ms,
                             out_turn, out_unit, out_wait_until_ms);
}

static void fill_request(struct slu_gti_unit *unit,
                         struct slu_request *out_request)
{
    *out_request = (struct slu_request){
        .unit = &unit->head,
        .target = slu_buf_view(&unit->page->target),
        .accept = SLU_VIEW_LITERAL("application/json"),
        .auth = SLU_AUTH_API_KEY,
    };
}

static enum slu_turn next_request(struct slu_source *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    unsigned lanes = SLU_KIND_COUNT + self->list_count;
    enum slu_turn answer = SLU_TURN_DONE;

    *out_wait_until_ms = UINT64_MAX;
    for (unsigned i = 0; i < lanes && !self->ctx.broken; i++) {
        unsigned lane = (self->turn + i) % lanes;
        struct slu_gti_unit *unit = NULL;
        enum slu_turn turn = SLU_TURN_DONE;
        struct slu_step step;
        enum slu_err err =
            ask_lane(self, lane, now.mono_ms, &turn, &unit, out_wait_until_ms);

        if (err != SLU_ERR_OK) {
            slu_gti_context_break(&self->ctx, &step, err);
        } else if (turn == SLU_TURN_REQUEST) {
            fill_request(unit, out_request);
            self->turn = (lane + 1) % lanes;
            return turn;
        } else if (turn == SLU_TURN_WAIT) {
            answer = turn;
        }
    }
    return self->ctx.broken ? SLU_TURN_DONE : answer;
}

static void on_head(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    (void)self;
    ((struct slu_gti_unit *)unit)->page->json.status = head->status;
}

static enum slu_body_verdict
on_body(struct slu_source *self, struct slu_unit *unit, struct slu_view bytes)
{
    struct slu_gti_unit *mine = (struct slu_gti_unit *)unit;

    return slu_gti_page_body(&self->ctx, mine, bytes,
                             mine->kind == SLU_GTI_WINDOW ? slu_gti_stream_item
                                                          : slu_gti_list_item);
}

static void on_end(struct slu_source *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct slu_gti_unit *mine = (struct slu_gti_unit *)unit;

    (void)now;
    if (self->ctx.broken) {
        *out_step = (struct slu_step){.kind = SLU_STEP_FAILED,
                                      .error = self->ctx.result.first};
    } else if (mine->kind == SLU_GTI_WINDOW) {
        slu_gti_stream_end(mine, end, out_step);
    } else {
        slu_gti_list_end(mine, end, out_step);
    }
    slu_gti_page_release(&self->ctx, mine);
}

static void give_up(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_error *error)
{
    struct slu_gti_unit *mine = (struct slu_gti_unit *)unit;

    if (!self->ctx.broken && mine->kind == SLU_GTI_WINDOW) {
        slu_gti_stream_give_up(mine, error);
    } else if (!self->ctx.broken) {
        slu_gti_list_give_up(mine, error);
    }
    slu_gti_page_release(&self->ctx, mine);
}

/* A lane that had nothing to ask was not refused either: else two lists outside
 * of the licence would fail a run in which the others were up to date. */
static bool is_all_denied(const struct slu_source *self)
{
    if (self->ctx.refused == 0 || self->ctx.refused != self->ctx.answers) {
        return false;
    }
    if (self->ctx.unauthorised) {
        return true;
    }
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (self->streams[kind].active && !self->streams[kind].over) {
            return false;
        }
    }
    for (unsigned i = 0; i < self->list_count; i++) {
        if (!self->lists[i].denied) {
            return false;
        }
    }
    return true;
}

static void result(const struct slu_source *self,
                   struct slu_source_result *out_result)
{
    *out_result = self->ctx.result;
    out_result->all_denied = is_all_denied(self);
}

static void checkpoint(const struct slu_source *self,
                       struct slu_checkpoint *out_checkpoint)
{
    *out_checkpoint = self->ctx.known;
}

const struct slu_source_ops slu_gti_source = {
    .name = "gti",
    .section = "gti",
    .parallel = true,
    .access = slu_gti_access,
    .probe = slu_gti_probe,
    .explain = slu_gti_explain,
    .create = create,
    .destroy = destroy,
    .load = load,
    .start = start,
    .next_request = next_request,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .give_up = give_up,
    .result = result,
    .checkpoint = checkpoint,
};
