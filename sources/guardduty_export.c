/* SPDX-License-Identifier: Apache-2.0 */
/* The source "guardduty_export": what is asked next, the ends of the run, and
 * the table of operations. See guardduty_export.h. */
#include "sources/guardduty_export.h"
#include "codecs/aws_endpoint.h"

#include <stdio.h>

/* ---- life cycle ---- */

static void destroy(struct slu_source *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < SLU_EXPORT_OBJECTS_AT_ONCE; i++) {
        slu_export_object_free(self->objects[i], self->alloc);
    }
    slu_export_listing_fini(&self->listing);
    slu_export_queue_fini(&self->queue);
    slu_export_done_fini(&self->done);
    slu_extract_free(self->extract);
    slu_buf_fini(&self->parts);
    slu_buf_fini(&self->place);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

static bool take_scheme(struct slu_view *text)
{
    static const char scheme[] = "s3://";
    size_t len = sizeof(scheme) - 1;

    if (text->len < len || memcmp(text->ptr, scheme, len) != 0) {
        return false;
    }
    *text = slu_view_make(text->ptr + len, text->len - len);
    return true;
}

static enum slu_err take_bucket(struct slu_source *self, struct slu_view rest,
                                struct slu_error *error)
{
    const char *slash = rest.len == 0 ? NULL : memchr(rest.ptr, '/', rest.len);
    struct slu_view bucket = rest;

    if (slash != NULL) {
        bucket.len = (size_t)(slash - rest.ptr);
        self->prefix = slu_view_make(slash + 1, rest.len - bucket.len - 1);
    }
    if (!slu_aws_is_bucket(bucket)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "guardduty.export: found `%.120s`, expected a "
                             "folder or s3://bucket/prefix",
                             self->config.export_from);
    }
    memcpy(self->bucket, bucket.ptr, bucket.len);
    (void)snprintf(self->region, sizeof(self->region), "%.60s",
                   self->config.export_region);
    return slu_buf_printf(&self->place, "s3://%s/", self->bucket);
}

static enum slu_err take_folder(struct slu_source *self, struct slu_view path,
                                struct slu_error *error)
{
    enum slu_err err = slu_buf_append(&self->place, path);

    if (err == SLU_ERR_LIMIT) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "guardduty.export is longer than %u bytes",
                             SLU_EXPORT_NAME_MAX);
    }
    if (err == SLU_ERR_OK && path.ptr[path.len - 1] != '/') {
        err = slu_buf_append_str(&self->place, "/");
    }
    return err;
}

static enum slu_err take_place(struct slu_source *self, struct slu_error *error)
{
    struct slu_view from = slu_view_str(self->config.export_from);

    slu_buf_init(&self->place, self->alloc, SLU_EXPORT_NAME_MAX + 2);
    if (from.len == 0) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "guardduty.export is empty: the source "
                             "guardduty_export reads a folder or "
                             "s3://bucket/prefix");
    }
    self->s3 = take_scheme(&from);
    self->objects_at_once =
        self->s3 ? SLU_EXPORT_OBJECTS_AT_ONCE : SLU_EXPORT_FILES_AT_ONCE;
    return self->s3 ? take_bucket(self, from, error)
                    : take_folder(self, from, error);
}

static enum slu_err create(const struct slu_alloc *alloc, const void *config,
                           const struct slu_source_port *port,
                           struct slu_source **out_source,
                           struct slu_error *out_error)
{
    struct slu_source *self = slu_alloc_zero(alloc, sizeof(*self));
    enum slu_err err;

    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = alloc;
    self->config = *(const struct slu_guardduty_config *)config;
    self->port = *port;
    slu_export_queue_init(&self->queue, alloc);
    slu_buf_init(&self->parts, alloc,
                 SLU_EXPORT_PARTS_MAX * 2 * SLU_EXPORT_VERSION_MAX);
    err = take_place(self, out_error);
    if (err != SLU_ERR_OK) {
        goto fail;
    }
    slu_export_listing_init(&self->listing, self);
    err = slu_export_done_init(&self->done, alloc);
    if (err == SLU_ERR_OK) {
        self->extract = slu_extract_new(alloc, &self->config, &self->port);
        err = self->extract == NULL ? SLU_ERR_NOMEM : SLU_ERR_OK;
    }
    if (err == SLU_ERR_OK) {
        slu_extract_leave_telling(self->extract);
        *out_source = self;
        return err;
    }
fail:
    destroy(self);
    return err == SLU_ERR_NOMEM ? slu_error_set(out_error, err, "out of memory")
                                : err;
}

/* What can't be remembered is read again. */
static enum slu_err load(struct slu_source *self, struct slu_view key,
                         struct slu_view value)
{
    enum slu_err err = slu_export_is_part(key)
                           ? slu_export_parts_add(&self->parts, key, value)
                           : slu_export_done_add(&self->done, key, value);

    if (err != SLU_ERR_LIMIT) {
        return err;
    }
    if (!self->done_full_told) {
        slu_source_log(&self->port, SLU_LOG_WARN,
                       "more than %u objects were read before; the others are "
                       "read again: narrow the prefix of guardduty.export",
                       SLU_EXPORT_DONE_MAX);
    }
    self->done_full_told = true;
    return SLU_ERR_OK;
}

static enum slu_err start(struct slu_source *self,
                          const struct slu_checkpoint *found,
                          struct slu_now now, struct slu_error *out_error)
{
    (void)found;
    (void)now;
    (void)out_error;
    self->result.units = 1;
    if (self->port.tell != NULL) {
        return SLU_ERR_OK;
    }
    slu_source_log(&self->port, SLU_LOG_INFO,
                   "reading the findings exported to %s; "
                   "guardduty.initial_range_days does not apply",
                   self->config.export_from);
    return SLU_ERR_OK;
}

/* ---- requests ---- */

static bool may_send(const struct slu_source *self, enum slu_export_lane lane)
{
    return self->port.may_send == NULL ||
           self->port.may_send(self->port.ctx, lane, 0);
}

static bool is_due(const struct slu_unit *unit, uint64_t mono_ms,
                   uint64_t *out_wait_until_ms)
{
    if (unit->not_before_ms <= mono_ms) {
        return true;
    }
    if (unit->not_before_ms < *out_wait_until_ms) {
        *out_wait_until_ms = unit->not_before_ms;
    }
    return false;
}

/* An object to be asked for again, or the next one of the queue in a free
 * place; NULL: none now. */
static enum slu_err choose_object(struct slu_source *self, uint64_t mono_ms,
                                  uint64_t *out_wait_until_ms,
                                  struct slu_export_object **out_object)
{
    struct slu_export_object **free_place = NULL;
    struct slu_export_entry entry;

    *out_object = NULL;
    for (unsigned i = 0; i < self->objects_at_once; i++) {
        struct slu_export_object *object = self->objects[i];

        if (object == NULL || object->state == SLU_EXPORT_IDLE) {
            free_place = free_place == NULL ? &self->objects[i] : free_place;
        } else if (object->state == SLU_EXPORT_READY &&
                   is_due(&object->unit, mono_ms, out_wait_until_ms)) {
            *out_object = object;
            return SLU_ERR_OK;
        }
    }
    if (free_place == NULL || self->queue.count == 0) {
        return SLU_ERR_OK;
    }
    if (*free_place == NULL) {
        *free_place = slu_export_object_new(self);
    }
    if (*free_place == NULL) {
        return SLU_ERR_NOMEM;
    }
    (void)slu_export_queue_pop(&self->queue, &entry);
    if (self->port.tell != NULL) {
        /* One object proves what all of them need. */
        slu_export_queue_clear(&self->queue);
    }
    *out_object = *free_place;
    return slu_export_object_take(*out_object, self, &entry);
}

static bool is_open(const struct slu_source *self)
{
    bool open = self->listing.state != SLU_EXPORT_OVER || self->queue.count > 0;

    for (unsigned i = 0; i < self->objects_at_once; i++) {
        open |= self->objects[i] != NULL &&
                self->objects[i]->state != SLU_EXPORT_IDLE;
    }
    return open;
}

static void break_off(struct slu_source *self, enum slu_err err)
{
    struct slu_error error;

    self->broken = true;
    (void)slu_error_set(&error, err,
                        "the reading of %s was ended: %s; what was committed "
                        "is kept, run again with more memory",
                        self->config.export_from, slu_err_sentence(err));
    slu_export_note_failure(self, &error);
}

static void warn_of_damage(const struct slu_source *self)
{
    if (self->faults > 0) {
        slu_source_log(&self->port, SLU_LOG_WARN,
                       "%llu line(s) or object(s) of JSON are left out for "
                       "they are no findings; they are in %u place(s), of "
                       "which the first %u are told; what is around them was "
                       "taken, and they are not read again",
                       (unsigned long long)self->faults, self->damaged,
                       self->damaged < 10 ? self->damaged : 10);
    }
}

/* A prefix with a typing error, say. */
static void warn_of_nothing(const struct slu_source *self)
{
    if (self->result.units > 1 || self->known > 0 ||
        self->result.failed_units > 0) {
        return;
    }
    if (self->others == 0) {
        slu_source_log(&self->port, SLU_LOG_WARN,
                       "guardduty.export: nothing is below %s",
                       self->config.export_from);
    } else {
        slu_source_log(&self->port, SLU_LOG_WARN,
                       "guardduty.export: none of the %u name(s) below %s ends "
                       "as guardduty.export_names says",
                       self->others, self->config.export_from);
    }
}

static void sum_up(struct slu_source *self)
{
    if (self->summed_up || self->port.tell != NULL) {
        return;
    }
    self->summed_up = true;
    slu_source_log(&self->port, SLU_LOG_INFO,
                   "%s: %llu finding(s) of %u object(s) read, %u object(s) "
                   "known from an earlier run, %u left out for their names "
                   "(guardduty.export_names)",
                   self->config.export_from, (unsigned long long)self->findings,
                   self->read, self->known, self->others);
    warn_of_damage(self);
    warn_of_nothing(self);
}

/* Every object is refused and none was read: the rest need not be asked. */
static void stop_knocking(struct slu_source *self)
{
    if (self->read > 0 || self->refused < SLU_EXPORT_REFUSALS_MAX ||
        self->queue.count == 0) {
        return;
    }
    slu_source_log(&self->port, SLU_LOG_ERROR,
                   "the first %u objects of %s were all refused; the other "
                   "%llu that were listed are not asked for",
                   self->refused, self->config.export_from,
                   (unsigned long long)self->queue.count);
    self->result.failed_units += (unsigned)self->queue.count;
    slu_export_queue_clear(&self->queue);
    if (self->listing.state == SLU_EXPORT_READY) {
        self->listing.state = SLU_EXPORT_OVER;
    }
}

/* The list first: objects are found while others are read. */
static enum slu_err find_request(struct slu_source *self, uint64_t mono_ms,
                                 struct slu_request *out_request,
                                 uint64_t *out_wait_until_ms)
{
    struct slu_export_object *object = NULL;
    enum slu_err err;

    if (slu_export_listing_wants(&self->listing, self) &&
        is_due(&self->listing.unit, mono_ms, out_wait_until_ms) &&
        may_send(self, SLU_EXPORT_LANE_LIST)) {
        return slu_export_listing_request(&self->listing, self, out_request);
    }
    if (!may_send(self, SLU_EXPORT_LANE_GET)) {
        return SLU_ERR_OK;
    }
    err = choose_object(self, mono_ms, out_wait_until_ms, &object);
    if (err == SLU_ERR_OK && object != NULL) {
        slu_export_object_request(object, self, out_request);
    }
    return err;
}

static enum slu_turn next_request(struct slu_source *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    enum slu_err err;

    *out_wait_until_ms = UINT64_MAX;
    *out_request = (struct slu_request){0};
    if (self->broken) {
        return SLU_TURN_DONE;
    }
    stop_knocking(self);
    err = find_request(self, now.mono_ms, out_request, out_wait_until_ms);
    if (err != SLU_ERR_OK) {
        break_off(self, err);
        return SLU_TURN_DONE;
    }
    if (out_request->unit != NULL) {
        return SLU_TURN_REQUEST;
    }
    if (is_open(self)) {
        return SLU_TURN_WAIT;
    }
    sum_up(self);
    return SLU_TURN_DONE;
}

/* ---- answers ---- */

static struct slu_export_object *object_of(struct slu_source *self,
                                           struct slu_unit *unit)
{
    return unit == &self->listing.unit ? NULL
                                       : (struct slu_export_object *)unit;
}

static void on_head(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    struct slu_export_object *object = object_of(self, unit);

    slu_export_answer_head(
        object == NULL ? &self->listing.answer : &object->answer, head);
}

static enum slu_body_verdict
on_body(struct slu_source *self, struct slu_unit *unit, struct slu_view bytes)
{
    struct slu_export_object *object = object_of(self, unit);
    struct slu_error *error =
        object == NULL ? &self->listing.answer.error : &object->answer.error;
    enum slu_err err =
        object == NULL ? slu_export_listing_body(&self->listing, self, bytes)
                       : slu_export_object_body(object, self, bytes);

    if (err != SLU_ERR_OK && err != SLU_ERR_STOPPED &&
        error->code == SLU_ERR_OK) {
        (void)slu_error_set(error, err, "%s", slu_err_sentence(err));
    }
    return err == SLU_ERR_OK ? SLU_BODY_MORE : SLU_BODY_ERROR;
}

static void on_end(struct slu_source *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct slu_export_object *object = object_of(self, unit);

    (void)now;
    if (object != NULL) {
        slu_export_object_end(object, self, end, out_step);
    } else {
        slu_export_listing_end(&self->listing, self, end, out_step);
    }
    /* A check proves and keeps nothing. */
    if (self->port.tell != NULL && out_step->kind == SLU_STEP_COMMIT) {
        out_step->kind = SLU_STEP_FAILED;
        (void)slu_error_set(&out_step->error, SLU_ERR_STOPPED,
                            "a check keeps nothing of %s", unit->name);
    }
}

static void give_up(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_error *error)
{
    struct slu_export_object *object = object_of(self, unit);

    if (object != NULL) {
        object->state = SLU_EXPORT_IDLE;
    } else {
        self->listing.state = SLU_EXPORT_OVER;
    }
    /* The engine has told it. */
    self->result.failed_units++;
    if (self->result.first.code == SLU_ERR_OK) {
        self->result.first = *error;
    }
    if (self->port.tell != NULL) {
        slu_export_tell(self, SLU_CHECK_FAIL, error->text);
    }
}

static void result(const struct slu_source *self,
                   struct slu_source_result *out_result)
{
    *out_result = self->result;
    /* Listing was granted, but what was to be read was not. */
    out_result->all_denied |=
        self->s3 && self->refused > 0 && self->read == 0 && self->known == 0;
}

static void access(const void *config, struct slu_source_access *out_access)
{
    const struct slu_guardduty_config *guardduty = config;
    struct slu_view from = slu_view_str(guardduty->export_from);

    *out_access = (struct slu_source_access){
        .lanes = SLU_EXPORT_LANES,
        .aws = take_scheme(&from),
    };
}

const struct slu_source_ops slu_guardduty_export_source = {
    .name = "guardduty_export",
    .section = "guardduty",
    .rows = true,
    .parallel = true,
    .access = access,
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
};
