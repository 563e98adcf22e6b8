/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mailbox.h"

enum slu_err slu_mailbox_open(struct slu_mailbox *self)
{
    enum slu_err err;

    *self = (struct slu_mailbox){0};
    err = slu_wake_open(&self->wake);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (pthread_mutex_init(&self->mutex, NULL) != 0) {
        slu_wake_close(&self->wake);
        return SLU_ERR_NOMEM;
    }
    self->open = true;
    return SLU_ERR_OK;
}

void slu_mailbox_close(struct slu_mailbox *self)
{
    if (self->open) {
        slu_wake_close(&self->wake);
        (void)pthread_mutex_destroy(&self->mutex);
        *self = (struct slu_mailbox){0};
    }
}

void slu_mailbox_push(struct slu_mailbox *self, struct slu_letter *letter)
{
    bool was_empty;

    letter->next = NULL;
    (void)pthread_mutex_lock(&self->mutex);
    was_empty = self->first == NULL;
    if (was_empty) {
        self->first = letter;
    } else {
        self->last->next = letter;
    }
    self->last = letter;
    (void)pthread_mutex_unlock(&self->mutex);
    if (was_empty) {
        slu_wake_raise(&self->wake);
    }
}

/* The wake first: what is pushed behind it raises it again. */
struct slu_letter *slu_mailbox_take(struct slu_mailbox *self)
{
    struct slu_letter *first;

    slu_wake_clear(&self->wake);
    (void)pthread_mutex_lock(&self->mutex);
    first = self->first;
    self->first = NULL;
    self->last = NULL;
    (void)pthread_mutex_unlock(&self->mutex);
    return first;
}
