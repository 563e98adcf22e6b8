/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a stream or a window of it ends, and what is done before one does.
 *
 * Trouble. A cursor that repeats itself or is refused is dropped once; then the
 * window is halved, again and again, until a single second remains that can't
 * be read: it is skipped and reported. SLU_GTI_ISOLATED_MAX of them, or a
 * refusal wherever one asks, and the stream is given up.
 */
#include "sources/gti_stream.h"

#include "codecs/time_text.h"

#define PROBES 4

/* ---- ends ---- */

static void drop_all(struct slu_gti_stream *self)
{
    while (self->count > 0) {
        slu_gti_windows_drop(self, self->count - 1);
    }
}

/* The stream is over for this run; its entries stay for the next. */
static void end_stream(struct slu_gti_stream *self, struct slu_step *step)
{
    self->over = true;
    drop_all(self);
    self->ctx->result.units++;
    slu_source_log(&self->ctx->port, SLU_LOG_ERROR, "IOC Stream (%s) ended: %s",
                   slu_kind_name(self->kind), step->error.text);
    slu_gti_context_note(self->ctx, &step->error);
    step->kind = SLU_STEP_FAILED;
}

static void fail_stream(struct slu_gti_stream *self, struct slu_step *step)
{
    self->ctx->result.failed_units++;
    end_stream(self, step);
}

void slu_gti_stream_deny(struct slu_gti_stream *self, struct slu_step *step)
{
    self->ctx->result.denied_units++;
    end_stream(self, step);
}

/* The window is over for this run and stays unfinished. */
void slu_gti_window_fail(struct slu_gti_window *window, struct slu_step *step,
                         unsigned *counter)
{
    struct slu_gti_context *ctx = window->stream->ctx;

    window->state = SLU_GTI_WINDOW_STUCK;
    (*counter)++;
    ctx->result.units++;
    slu_source_log(&ctx->port, SLU_LOG_ERROR, "%s", step->error.text);
    slu_gti_context_note(ctx, &step->error);
    step->kind = SLU_STEP_FAILED;
}

enum slu_err slu_gti_window_finish(struct slu_gti_window *window)
{
    window->stream->ctx->result.units++;
    return slu_gti_windows_finish(window, &window->unit);
}

enum slu_err slu_gti_window_skip(struct slu_gti_window *window,
                                 struct slu_step *step)
{
    struct slu_gti_stream *self = window->stream;
    char when[SLU_ISO_TEXT_LEN];
    struct slu_error error;

    slu_time_format_iso(window->lo, when);
    (void)slu_error_set(
        &error, SLU_ERR_INCOMPLETE,
        "IOC Stream (%s): the second %.*s can't be read and is skipped: %.160s",
        slu_kind_name(self->kind), SLU_ISO_TEXT_LEN, when, step->error.text);
    slu_source_log(&self->ctx->port, SLU_LOG_WARN,
                   "%s; ask GTI's support what is wrong with it", error.text);
    slu_gti_context_note(self->ctx, &error);
    self->ctx->result.incomplete_units++;
    self->isolated++;
    if (self->isolated >= SLU_GTI_ISOLATED_MAX) {
        fail_stream(self, step);
        return SLU_ERR_OK;
    }
    return slu_gti_window_finish(window);
}

/* ---- trouble ---- */

static enum slu_err restart(struct slu_gti_window *window)
{
    slu_gti_windows_reset(window);
    return slu_gti_windows_store(window);
}

/* A single second, asked once more without the overlap before it: the fault
 * may lie in the second before. */
static enum slu_err isolate(struct slu_gti_window *window,
                            struct slu_step *step)
{
    if (!window->narrow) {
        window->narrow = true;
        return restart(window);
    }
    return slu_gti_window_skip(window, step);
}

/*
 * The answer was void for good: a cursor that repeats itself, or a 4xx; the
 * step has the sentence. Nothing of the answer counts, but what is decided here
 * is committed with it.
 */
enum slu_err slu_gti_window_trouble(struct slu_gti_window *window,
                                    struct slu_step *step)
{
    struct slu_gti_stream *self = window->stream;
    bool whole = self->count == 1 && self->good == 0;

    step->kind = SLU_STEP_COMMIT;
    if (window->cursor.len > 0 && !window->restarted) {
        slu_source_log(&self->ctx->port, SLU_LOG_WARN,
                       "%.200s: its cursor is dropped and the window "
                       "pulled from its beginning",
                       step->error.text);
        window->restarted = true;
        return restart(window);
    }
    if (self->serial) {
        slu_gti_window_fail(window, step, &self->ctx->result.incomplete_units);
        return SLU_ERR_OK;
    }
    window->restarted = true;
    if (window->hi == window->lo) {
        return isolate(window, step);
    }
    if (self->count >= SLU_GTI_WINDOWS_MAX) {
        slu_gti_window_fail(window, step, &self->ctx->result.incomplete_units);
        return SLU_ERR_OK;
    }
    return slu_gti_windows_divide(
        window, window->lo,
        whole && window->hi - window->lo >= PROBES ? PROBES : 2);
}

enum slu_err slu_gti_window_reject(struct slu_gti_window *window,
                                   struct slu_step *step)
{
    struct slu_gti_stream *self = window->stream;

    if (window->cursor.len == 0) {
        if (step->error.http_status != 400) {
            fail_stream(self, step);
            return SLU_ERR_OK;
        }
        /* Had "+" left this very second out, nothing would have been refused.
         */
        self->from_inclusive |= window->narrow;
        self->rejections++;
        if (self->good == 0 && self->rejections > PROBES) {
            fail_stream(self, step);
            return SLU_ERR_OK;
        }
    }
    return slu_gti_window_trouble(window, step);
}
