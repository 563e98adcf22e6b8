/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a piece of a Criterion test in a child of its own, which may be killed,
 * limited, or robbed of its rights. With a crash point (engine/crash.h) it is
 * killed when it comes to it; the number counts from the start of the process,
 * so the test itself must pass none before it forks.
 *
 * Errors: the child ends with what `work` returns, 0 for all is well. Criterion
 * knows nothing of it and hangs at a failed assertion in it, which an alarm
 * then makes a failure of the test; so `work` had better return a number.
 */
#ifndef SLU_TESTS_SUPPORT_FORKED_H
#define SLU_TESTS_SUPPORT_FORKED_H

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int forked_fn(void *ctx);

/* Beyond the points of every scenario here: the child comes to its end. */
#define FORKED_TO_THE_END 0u

/* No child here works a tenth as long. */
#define FORKED_MAX_S 60

/* What waitpid says of the child, killed at the crash point if it gets there.
 */
static inline int forked_run(unsigned crash_at, forked_fn *work, void *ctx)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%u", crash_at);
        (void)setenv("SLUICE_CRASH_AT", text, 1);
        (void)alarm(FORKED_MAX_S);
        _exit(work(ctx));
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

/* True when it was killed at the crash point; else it came to its end, and all
 * was well. `what` tells of the child when it wasn't. */
static inline bool forked_is_killed(unsigned crash_at, forked_fn *work,
                                    void *ctx, const char *what)
{
    int status = forked_run(crash_at, work, ctx);

    if (WIFSIGNALED(status)) {
        cr_assert_eq(WTERMSIG(status), SIGKILL, "point %u: %s", crash_at, what);
        return true;
    }
    cr_assert_eq(WEXITSTATUS(status), 0, "point %u: ended with %d: %s",
                 crash_at, WEXITSTATUS(status), what);
    return false;
}

/* It comes to its end, and all is well. */
static inline void forked_must(forked_fn *work, void *ctx, const char *what)
{
    cr_assert_not(forked_is_killed(FORKED_TO_THE_END, work, ctx, what), "%s",
                  what);
}

#endif
