/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake_source.h"
#include "sources/aws_config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct slu_source {
    struct fake_world world;
};

static struct fake_world *world_of(struct slu_source *self)
{
    return &self->world;
}

static void get_access(const void *config, struct slu_source_access *out_access)
{
    const struct fake_world *world = config;

    static const struct slu_account accounts[8];

    *out_access = (struct slu_source_access){
        .aws = world->service != NULL,
        .accounts = accounts,
        .account_count = world->identities > 0 ? world->identities - 1 : 0,
        .base_url = slu_view_str(world->base_url),
        .api_key = &world->key,
        .lanes = world->lanes,
        .lane_group = world->lane_group,
        .requests_per_minute = world->requests_per_minute,
        .verdicts = 1u << SLU_VERDICT_MALICIOUS,
        .min_score = 50,
    };
}

static enum slu_err create(const struct slu_alloc *alloc, const void *config,
                           const struct slu_source_port *port,
                           struct slu_source **out_source,
                           struct slu_error *out_error)
{
    /* The test reads the world afterwards, so it is the instance. */
    struct fake_world *world = (struct fake_world *)(uintptr_t)config;

    (void)alloc;
    if (world->create_err != SLU_ERR_OK) {
        return slu_error_set(out_error, world->create_err, "no such source");
    }
    world->port = port;
    *out_source = (struct slu_source *)world;
    return SLU_ERR_OK;
}

static void destroy(struct slu_source *self)
{
    struct fake_world *world = world_of(self);

    world->destroyed = true;
    for (unsigned i = 0; i < world->unit_count; i++) {
        world->engine_left |= world->units[i].head.engine != NULL;
    }
}

static enum slu_err load(struct slu_source *self, struct slu_view key,
                         struct slu_view value)
{
    (void)value;
    assert(key.len > 2 && memcmp(key.ptr, "u/", 2) == 0);
    world_of(self)->loaded++;
    return SLU_ERR_OK;
}

static enum slu_err start(struct slu_source *self,
                          const struct slu_checkpoint *found,
                          struct slu_now now, struct slu_error *out_error)
{
    struct fake_world *world = world_of(self);

    (void)found;
    (void)now;
    for (unsigned i = 0; i < world->unit_count; i++) {
        (void)snprintf(world->units[i].head.name, SLU_UNIT_NAME_MAX,
                       "unit %02u", i);
    }
    return world->start_err == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_error_set(out_error, world->start_err, "cannot plan");
}

static void sign(const struct fake_world *world, unsigned index,
                 struct slu_request *request)
{
    request->method = SLU_METHOD_POST;
    request->content_type = slu_view_str("application/json");
    request->body = slu_view_str("{\"maxResults\":50}");
    request->auth = SLU_AUTH_SIGV4;
    request->aws = (struct slu_aws_scope){
        .service = slu_view_str(world->service),
        .region = SLU_VIEW_LITERAL("eu-west-1"),
        .bucket = slu_view_str(world->bucket),
        .identity = world->identities > 0 ? index % world->identities : 0,
    };
}

static enum slu_turn hand_out(struct fake_world *world, unsigned index,
                              struct slu_request *out_request)
{
    struct fake_unit *unit = &world->units[index];

    (void)snprintf(unit->target, sizeof(unit->target), "/u/%u/%u", index,
                   unit->page);
    unit->asked = true;
    unit->asks++;
    unit->status = 0;
    unit->broken = SLU_ERR_OK;
    unit->line_len = 0;
    world->under_way++;
    if (world->under_way > world->under_way_max) {
        world->under_way_max = world->under_way;
    }
    *out_request = (struct slu_request){
        .unit = &unit->head,
        .target = slu_view_str(unit->target),
        .accept = SLU_VIEW_LITERAL("text/plain"),
        .auth = SLU_AUTH_API_KEY,
        .lane = world->lanes > 0 ? index % world->lanes : 0,
    };
    unit->said_len = 0;
    if (world->service != NULL) {
        sign(world, index, out_request);
    }
    if (world->path != NULL) {
        out_request->channel = SLU_CHANNEL_FILE;
        out_request->target = slu_view_str(world->path);
    }
    return SLU_TURN_REQUEST;
}

static bool may_send(const struct fake_world *world, unsigned index)
{
    return world->lanes == 0 ||
           world->port->may_send(
               world->port->ctx, index % world->lanes,
               world->identities > 0 ? index % world->identities : 0);
}

static enum slu_turn next_request(struct slu_source *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    struct fake_world *world = world_of(self);
    enum slu_turn turn = SLU_TURN_DONE;

    *out_wait_until_ms = UINT64_MAX;
    if (world->waits_for_nothing) {
        return SLU_TURN_WAIT;
    }
    for (unsigned i = 0; i < world->unit_count; i++) {
        struct fake_unit *unit = &world->units[i];

        if (unit->over) {
            continue;
        }
        turn = SLU_TURN_WAIT;
        if (unit->asked) {
            continue;
        }
        if (unit->head.not_before_ms <= now.mono_ms) {
            if (!may_send(world, i)) {
                continue;
            }
            return hand_out(world, i, out_request);
        }
        if (unit->head.not_before_ms < *out_wait_until_ms) {
            *out_wait_until_ms = unit->head.not_before_ms;
        }
    }
    return turn;
}

static void on_head(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    struct fake_unit *fake = (struct fake_unit *)unit;

    (void)self;
    fake->status = head->status;
    fake->heads++;
    (void)snprintf(fake->error_type, sizeof(fake->error_type), "%.*s",
                   SLU_VIEW_ARGS(head->error_type));
    (void)snprintf(fake->region, sizeof(fake->region), "%.*s",
                   SLU_VIEW_ARGS(head->region));
}

static struct slu_view cut_at(struct slu_view *rest, char at)
{
    const char *found = memchr(rest->ptr, at, rest->len);
    struct slu_view part = *rest;

    if (found != NULL) {
        part.len = (size_t)(found - rest->ptr);
        *rest = slu_view_make(found + 1, rest->len - part.len - 1);
    } else {
        *rest = slu_view_make(NULL, 0);
    }
    return part;
}

static enum slu_err take_row(struct fake_world *world, struct fake_unit *unit)
{
    static const struct slu_view tag = SLU_VIEW_LITERAL("GuardDuty-public");
    static const char kinds[] = "46nh";
    const struct slu_source_port *port = world->port;
    struct slu_view rest = slu_view_make(unit->line + 1, unit->line_len - 1);
    struct slu_view value = cut_at(&rest, '|');
    struct slu_finding_key key = {.id = value};
    struct slu_row row = {
        .value = value,
        .ce_type = unit->line[0] == 'h' ? "sha256" : "url",
        .severity = "high",
        .reputation = 5,
        .tags = &tag,
        .tag_count = 1,
        .comments = rest,
        .first_seen = SLU_VIEW_LITERAL("2025-08-07T05:00:00.000Z"),
        .last_seen = SLU_VIEW_LITERAL("2025-08-07T06:00:00.000Z"),
        .finding_id = slu_view_str(unit->finding),
        .finding_arn = SLU_VIEW_LITERAL("arn"),
        .finding_type = SLU_VIEW_LITERAL("type"),
        .account = SLU_VIEW_LITERAL("111122223333"),
        .region = SLU_VIEW_LITERAL("eu-west-1"),
    };

    if (unit->line[0] == 'F') {
        char digits[24] = "";

        memcpy(digits, rest.ptr, rest.len);
        key.updated_ms = atoll(digits);
        (void)snprintf(unit->finding, sizeof(unit->finding), "%.*s",
                       SLU_VIEW_ARGS(value));
        return port->finding(port->ctx, &unit->head, &key);
    }
    row.kind = (enum slu_row_kind)(strchr(kinds, unit->line[0]) - kinds);
    return port->row(port->ctx, &unit->head, &row);
}

static enum slu_err take_line(struct fake_world *world, struct fake_unit *unit)
{
    const struct slu_source_port *port = world->port;
    char kind =
        unit->line_len > 0 && !world->emits_nothing ? unit->line[0] : '\0';
    struct slu_sighting sighting = {
        .kind = kind == 'i' ? SLU_KIND_IP : SLU_KIND_DOMAIN,
        .value = slu_view_make(unit->line + 1, unit->line_len - 1),
        .verdict = kind == 's' ? SLU_VERDICT_SUSPICIOUS : SLU_VERDICT_MALICIOUS,
        .score = 90,
        .source = 4,
        .seen = 1000,
        .assessed_at = 1000,
    };

    switch (kind) {
    case 'd':
    case 'i':
    case 's':
        return port->emit(port->ctx, &unit->head, &sighting);
    case 'F':
    case '4':
    case '6':
    case 'n':
    case 'h':
        return take_row(world, unit);
    case 'c':
        port->count(port->ctx, &unit->head, SLU_REASON_OTHER_TYPE);
        return SLU_ERR_OK;
    default:
        return SLU_ERR_OK;
    }
}

static enum slu_body_verdict
on_body(struct slu_source *self, struct slu_unit *head, struct slu_view bytes)
{
    struct fake_world *world = world_of(self);
    struct fake_unit *unit = (struct fake_unit *)head;

    atomic_fetch_add(&world->taken, bytes.len);
    if (unit->status >= 300) {
        (void)snprintf(unit->said, sizeof(unit->said), "%.*s",
                       (int)(bytes.len < 60 ? bytes.len : 60), bytes.ptr);
        unit->said_len += bytes.len;
        return SLU_BODY_MORE;
    }
    for (size_t i = 0; i < bytes.len && unit->broken == SLU_ERR_OK; i++) {
        if (bytes.ptr[i] != '\n') {
            assert(unit->line_len < FAKE_LINE_MAX);
            unit->line[unit->line_len++] = bytes.ptr[i];
            continue;
        }
        unit->broken = take_line(world, unit);
        unit->line_len = 0;
    }
    return unit->broken == SLU_ERR_OK ? SLU_BODY_MORE : SLU_BODY_ERROR;
}

static void finish_page(struct fake_world *world, struct fake_unit *unit,
                        struct slu_step *out_step)
{
    char key[16];
    char value[16];
    enum slu_err err;

    (void)snprintf(key, sizeof(key), "u/%ld", (long)(unit - world->units));
    (void)snprintf(value, sizeof(value), "%u", unit->page);
    err = world->port->put(world->port->ctx, &unit->head, slu_view_str(key),
                           slu_view_str(value));
    if (err != SLU_ERR_OK) {
        out_step->kind = SLU_STEP_RETRY;
        (void)slu_error_set(&out_step->error, err, "no room for an entry");
        return;
    }
    unit->page++;
    unit->over = unit->page == world->pages;
    out_step->distinct = world->distinct;
}

static void judge_refusal(struct fake_world *world, struct fake_unit *unit,
                          struct slu_step *out_step)
{
    int status = unit->status;

    if (status == 429) {
        *out_step =
            (struct slu_step){.kind = SLU_STEP_RETRY, .throttled = true};
        (void)slu_error_set(&out_step->error, SLU_ERR_QUOTA,
                            "HTTP 429 for %s: slower, please", unit->head.name);
        return;
    }
    if (status >= 500) {
        *out_step = (struct slu_step){.kind = SLU_STEP_RETRY};
        (void)slu_error_set(&out_step->error, SLU_ERR_SERVER, "HTTP %d: down",
                            status);
        return;
    }
    unit->over = true;
    world->failed++;
    out_step->kind = status == 401 ? SLU_STEP_DENIED : SLU_STEP_FAILED;
    (void)slu_error_set(&out_step->error,
                        status == 401 ? SLU_ERR_AUTH : SLU_ERR_REJECTED,
                        "HTTP %d: refused", status);
}

static void on_end(struct slu_source *self, struct slu_unit *head,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct fake_world *world = world_of(self);
    struct fake_unit *unit = (struct fake_unit *)head;

    (void)now;
    assert(unit->asked);
    unit->asked = false;
    unit->head.not_before_ms = 0;
    world->under_way--;
    unit->ended = end->err;
    if (world->tells != NULL && world->port->tell != NULL) {
        world->port->tell(world->port->ctx, SLU_CHECK_WARN, world->tells);
        unit->over = true;
        out_step->kind = SLU_STEP_FAILED;
        return;
    }
    if (end->err == SLU_ERR_AUTH || end->err == SLU_ERR_CONFIG) {
        unit->over = true;
        world->failed++;
        world->last = *end->error;
        out_step->kind = SLU_STEP_FAILED;
        out_step->error = *end->error;
    } else if (end->err != SLU_ERR_OK) {
        out_step->kind = SLU_STEP_RETRY;
        out_step->error = *end->error;
        out_step->error.code = end->err;
    } else if (unit->status == 200) {
        finish_page(world, unit, out_step);
    } else {
        judge_refusal(world, unit, out_step);
    }
}

static void give_up(struct slu_source *self, struct slu_unit *head,
                    const struct slu_error *error)
{
    struct fake_world *world = world_of(self);
    struct fake_unit *unit = (struct fake_unit *)head;

    if (unit->asked) {
        world->under_way--;
    }
    unit->asked = false;
    unit->over = !world->forgets;
    unit->given_up = true;
    world->given_up++;
    world->last = *error;
}

static void result(const struct slu_source *self,
                   struct slu_source_result *out_result)
{
    const struct fake_world *world = &self->world;

    *out_result = (struct slu_source_result){
        .units = world->unit_count,
        .failed_units = world->failed + world->given_up,
        .first = world->last,
    };
}

static void checkpoint(const struct slu_source *self,
                       struct slu_checkpoint *out_checkpoint)
{
    (void)self;
    *out_checkpoint = (struct slu_checkpoint){.stream = {7, 8}};
}

static int64_t horizon(const struct slu_source *self)
{
    return self->world.horizon_ms;
}

const struct slu_source_ops fake_rows_source = {
    .name = "fake",
    .section = "fake",
    .parallel = true,
    .rows = true,
    .access = get_access,
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
    .horizon = horizon,
};

const struct slu_source_ops fake_source = {
    .name = "fake",
    .section = "fake",
    .parallel = true,
    .access = get_access,
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
