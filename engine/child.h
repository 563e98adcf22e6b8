/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a program run as a child on the loop, for credential_process: no shell,
 * no input, output and diagnostics taken through pipes. It gets a process group
 * of its own, so that what it started dies with it.
 *
 * Life cycle: start; exactly one on_end, from the loop, after which it is gone;
 * or cancel, which kills it and calls nothing.
 * Limits: output_max bytes of output, more is an error; diagnostics_max bytes
 * of diagnostics, more is read and dropped; time_limit_ms until it has
 * ended. Who was left behind with its pipes is given half a second.
 * Ownership: argv is borrowed until the end. Output may hold a secret: its
 * memory never moves and is wiped. Errors of start: NOT_FOUND (no such
 * program), IO, NOMEM. Of on_end: TIMEOUT, LIMIT, IO.
 */
#ifndef SLU_ENGINE_CHILD_H
#define SLU_ENGINE_CHILD_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

struct event_base;
struct slu_child;

struct slu_child_options {
    const struct slu_alloc *alloc;
    struct event_base *base;
    char *const *argv; /* ends with NULL; the program is looked for in PATH */
    size_t output_max;
    size_t diagnostics_max;
    int64_t time_limit_ms;
};

/* Dies with the call. */
struct slu_child_end {
    struct slu_error error; /* code OK: it ended by itself */
    int status;             /* exit status, 128 + signal when killed */
    struct slu_view output;
    struct slu_view diagnostics;
};

typedef void (*slu_child_end_fn)(void *ctx, const struct slu_child_end *end);

SLU_MUST_CHECK enum slu_err
slu_child_start(const struct slu_child_options *options,
                slu_child_end_fn on_end, void *ctx,
                struct slu_child **out_child, struct slu_error *out_error);

/* May be NULL. */
void slu_child_cancel(struct slu_child *take_self);

#endif
