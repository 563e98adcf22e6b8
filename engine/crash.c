/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/crash.h"

#ifdef SLU_TEST_HOOKS
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_ulong passed;

static void write_count(void)
{
    FILE *file = fopen(getenv("SLUICE_CRASH_COUNT"), "w");

    if (file != NULL) {
        (void)fprintf(file, "%lu\n", atomic_load(&passed));
        (void)fclose(file);
    }
}

void slu_crash_point(const char *what)
{
    const char *at = getenv("SLUICE_CRASH_AT");
    unsigned long number = atomic_fetch_add(&passed, 1) + 1;

    (void)what;
    if (number == 1 && getenv("SLUICE_CRASH_COUNT") != NULL) {
        (void)atexit(write_count);
    }
    if (at != NULL && strtoul(at, NULL, 10) == number) {
        (void)kill(getpid(), SIGKILL);
    }
}
#else
typedef int slu_crash_no_hooks_fn(void); /* ISO C wants a declaration */
#endif
