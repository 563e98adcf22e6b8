/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a row of letters from any thread to one loop, first come first served:
 * a mutex around a list, and a wake (wake.h) that is raised when the row was
 * empty, so that a burst costs the loop one turn.
 *
 * Life cycle: open, push..., take; close when nobody pushes any more.
 * Ownership: a letter is its sender's memory; it is in one mailbox at a time,
 * and the receiver's from push until it is taken.
 * Errors: IO, when no descriptor can be had.
 */
#ifndef SLU_ENGINE_MAILBOX_H
#define SLU_ENGINE_MAILBOX_H

#include "engine/wake.h"
#include <pthread.h>

struct slu_letter {
    struct slu_letter *next;
};

struct slu_mailbox {
    struct slu_wake wake; /* wake.fd is readable while there are letters */
    pthread_mutex_t mutex;
    struct slu_letter *first;
    struct slu_letter *last;
    bool open;
};

SLU_MUST_CHECK enum slu_err slu_mailbox_open(struct slu_mailbox *self);

/* Safe on a zeroed one. What is left in it is forgotten. */
void slu_mailbox_close(struct slu_mailbox *self);

void slu_mailbox_push(struct slu_mailbox *self, struct slu_letter *letter);

/* All there are, the oldest first, linked by `next`; NULL: none. Takes the wake
 * back. */
struct slu_letter *slu_mailbox_take(struct slu_mailbox *self);

#endif
