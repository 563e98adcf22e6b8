/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a flag that can be raised from any thread or signal handler and that
 * wakes a loop: an atomic and an eventfd.
 */
#ifndef SLU_ENGINE_WAKE_H
#define SLU_ENGINE_WAKE_H

#include <sluice/err.h>
#include <stdatomic.h>
#include <stdbool.h>

struct slu_wake {
    atomic_bool raised;
    int fd; /* readable once raised; -1 when closed */
};

SLU_MUST_CHECK enum slu_err slu_wake_open(struct slu_wake *self);
void slu_wake_close(struct slu_wake *self);

/* Async-signal-safe. */
void slu_wake_raise(struct slu_wake *self);

bool slu_wake_raised(const struct slu_wake *self);

/* Takes it back, and what made fd readable. */
void slu_wake_clear(struct slu_wake *self);

#endif
