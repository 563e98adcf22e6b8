/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests on the wire: GuardDuty's REST API, 2017-11-28.
 *
 *     GET  /detector?maxResults=50[&nextToken=T]      POST /detector
 *     GET  /detector/D/threatintelset?maxResults=50[&nextToken=T]
 *     POST /detector/D/threatintelset                 Create
 *     GET  /detector/D/threatintelset/ID
 *     POST /detector/D/threatintelset/ID              Update
 */
#include "sinks/sets_parts.h"

#include "codecs/url.h"

#include <inttypes.h>
#include <stdio.h>

/* Made for this; see RFC 9562, 5.5. */
static const unsigned char token_space[SLU_UUID_LEN] = {
    0x3e, 0x91, 0x0c, 0x52, 0x7b, 0x64, 0x4d, 0xa8,
    0x9a, 0x1f, 0xd0, 0x2b, 0x65, 0xc7, 0x18, 0xe4};

/* The same for every attempt of one Create, and another for any other. */
static void make_token(const struct slu_sets_unit *unit,
                       char out[SLU_UUID_TEXT_LEN + 1])
{
    const struct slu_sets *self = unit->region->sets;
    char name[SLU_SETS_REGION_NAME_MAX + SLU_OBJECT_PATH_MAX + 64];
    int len = snprintf(
        name, sizeof(name), "%016" PRIx64 "/%s/%u/%s", self->token_seed,
        unit->region->name, unit->entry == NULL ? 0 : unit->entry->creates,
        unit->entry == NULL ? "detector" : unit->entry->list->path);

    slu_uuid5_format(token_space, slu_view_make(name, (size_t)len), out);
    out[SLU_UUID_TEXT_LEN] = '\0';
}

static enum slu_err append_part(struct slu_buf *target, const char *part)
{
    enum slu_err err = slu_buf_append_str(target, "/");

    return err != SLU_ERR_OK
               ? err
               : slu_url_append_encoded(target, slu_view_str(part));
}

static const char *find_id(const struct slu_sets_unit *unit)
{
    return unit->entry != NULL ? unit->entry->set->id
                               : unit->region->ids.ptr + unit->region->ids_at;
}

static enum slu_err write_path(struct slu_sets_unit *unit)
{
    struct slu_buf *target = &unit->target;
    enum slu_sets_operation operation = unit->operation;
    enum slu_err err = slu_buf_append_str(target, "/detector");

    if (operation == SLU_SETS_LIST_DETECTORS ||
        operation == SLU_SETS_CREATE_DETECTOR) {
        return err;
    }
    if (err == SLU_ERR_OK) {
        err = append_part(target, unit->region->detector);
    }
    if (err == SLU_ERR_OK) {
        err = append_part(target, slu_threat_noun_path(
                                      slu_sets_noun(slu_sets_unit_kind(unit))));
    }
    if (err == SLU_ERR_OK &&
        (operation == SLU_SETS_GET || operation == SLU_SETS_UPDATE)) {
        err = append_part(target, find_id(unit));
    }
    return err;
}

static enum slu_err write_page(struct slu_sets_unit *unit)
{
    struct slu_buf *target = &unit->target;
    enum slu_err err =
        slu_buf_printf(target, "?maxResults=%d", SLU_THREAT_SET_PAGE);

    if (err == SLU_ERR_OK && unit->region->token.len > 0) {
        err = slu_buf_append_str(target, "&nextToken=");
        if (err == SLU_ERR_OK) {
            err = slu_url_append_encoded(target,
                                         slu_buf_view(&unit->region->token));
        }
    }
    return err;
}

static enum slu_err write_body(struct slu_sets_unit *unit)
{
    const struct slu_sets *self = unit->region->sets;
    const struct slu_sets_entry *entry = unit->entry;
    char token[SLU_UUID_TEXT_LEN + 1];
    struct slu_sets_decision decision;

    make_token(unit, token);
    if (entry == NULL) {
        return slu_threat_detector_write_create(&unit->body, token);
    }
    if (unit->operation == SLU_SETS_CREATE) {
        struct slu_threat_set_create create = {.name = entry->list->name,
                                               .location =
                                                   entry->list->location,
                                               .owner = self->owner,
                                               .token = token};

        return slu_threat_set_write_create(&unit->body, &create);
    }
    decision = slu_sets_decide(entry);
    return slu_threat_set_write_update(
        &unit->body, decision.moves ? entry->list->location : "",
        entry->list->want.lines > 0 ? self->owner : "",
        entry->list->want.lines > 0);
}

static bool has_body(enum slu_sets_operation operation)
{
    return operation == SLU_SETS_CREATE_DETECTOR ||
           operation == SLU_SETS_CREATE || operation == SLU_SETS_UPDATE;
}

enum slu_err slu_sets_request_write(struct slu_sets_unit *unit)
{
    enum slu_err err;

    slu_buf_clear(&unit->target);
    slu_buf_clear(&unit->body);
    slu_buf_clear(&unit->answer);
    unit->status = 0;
    unit->error_type[0] = '\0';
    slu_sets_name_unit(unit);
    err = write_path(unit);
    if (err == SLU_ERR_OK && (unit->operation == SLU_SETS_LIST ||
                              unit->operation == SLU_SETS_LIST_DETECTORS)) {
        err = write_page(unit);
    }
    if (err == SLU_ERR_OK && has_body(unit->operation)) {
        err = write_body(unit);
    }
    return err;
}

void slu_sets_request_fill(struct slu_sets_unit *unit,
                           struct slu_request *out_request)
{
    bool posts = has_body(unit->operation);

    *out_request = (struct slu_request){
        .unit = &unit->head,
        .channel = SLU_CHANNEL_HTTP,
        .method = posts ? SLU_METHOD_POST : SLU_METHOD_GET,
        .target = slu_buf_view(&unit->target),
        .accept = SLU_VIEW_LITERAL("application/json"),
        .body = slu_buf_view(&unit->body),
        .once = unit->operation == SLU_SETS_UPDATE,
        .auth = SLU_AUTH_SIGV4,
        .aws = {.service = SLU_VIEW_LITERAL("guardduty"),
                .region = slu_view_str(unit->region->name)},
        .lane = unit->region->index,
    };
    if (posts) {
        out_request->content_type =
            (struct slu_view)SLU_VIEW_LITERAL("application/json");
    }
}
