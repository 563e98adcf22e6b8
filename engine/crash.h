/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the points at which a test may end the process, as a power cut would:
 * after each write, fsync, rename and commit, and when an answer of a pull has
 * come of which nothing was done yet. Only in builds with
 * SLU_TEST_HOOKS (presets dev, asan, tsan): there SLUICE_CRASH_AT=N kills the
 * process (SIGKILL) at the n-th point, and SLUICE_CRASH_COUNT=FILE writes the
 * number of points passed at exit. In every other build it is nothing.
 */
#ifndef SLU_ENGINE_CRASH_H
#define SLU_ENGINE_CRASH_H

#ifdef SLU_TEST_HOOKS
void slu_crash_point(const char *what);
#else
static inline void slu_crash_point(const char *what)
{
    (void)what;
}
#endif

#endif
