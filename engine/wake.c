/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum slu_err slu_wake_open(struct slu_wake *self)
{
    atomic_init(&self->raised, false);
    self->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return self->fd < 0 ? SLU_ERR_IO : SLU_ERR_OK;
}

void slu_wake_close(struct slu_wake *self)
{
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    self->fd = -1;
}

void slu_wake_raise(struct slu_wake *self)
{
    int saved = errno;
    uint64_t one = 1;

    atomic_store(&self->raised, true);
    if (write(self->fd, &one, sizeof(one)) < 0) {
        /* The counter is full: it is readable, which is all we want. */
    }
    errno = saved;
}

bool slu_wake_raised(const struct slu_wake *self)
{
    return atomic_load(&self->raised);
}

void slu_wake_clear(struct slu_wake *self)
{
    uint64_t count;

    if (read(self->fd, &count, sizeof(count)) < 0) {
        /* Nothing was written since. */
    }
    atomic_store(&self->raised, false);
}
