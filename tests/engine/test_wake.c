/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>

static struct slu_wake *raised_by_signal;

static void on_signal(int number)
{
    (void)number;
    slu_wake_raise(raised_by_signal);
}

static bool is_readable(const struct slu_wake *wake)
{
    struct pollfd fd = {.fd = wake->fd, .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

Test(wake, is_readable_from_raise_to_clear)
{
    struct slu_wake wake;

    cr_assert_eq(slu_wake_open(&wake), SLU_ERR_OK);
    cr_assert_not(slu_wake_raised(&wake));
    cr_assert_not(is_readable(&wake));
    slu_wake_raise(&wake);
    slu_wake_raise(&wake);
    cr_assert(slu_wake_raised(&wake));
    cr_assert(is_readable(&wake));
    slu_wake_clear(&wake);
    cr_assert_not(slu_wake_raised(&wake));
    cr_assert_not(is_readable(&wake));
    slu_wake_close(&wake);
}

Test(wake, can_be_raised_in_a_signal_handler_and_keeps_errno)
{
    struct slu_wake wake;

    cr_assert_eq(slu_wake_open(&wake), SLU_ERR_OK);
    raised_by_signal = &wake;
    (void)signal(SIGUSR1, on_signal);
    errno = ENOENT;
    (void)raise(SIGUSR1);
    cr_assert_eq(errno, ENOENT);
    cr_assert(is_readable(&wake));
    slu_wake_close(&wake);
    slu_wake_close(&wake);
}
