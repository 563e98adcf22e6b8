/* SPDX-License-Identifier: Apache-2.0 */
/* What: two pieces of work at the same time. */
#ifndef SLU_ENGINE_BOTH_H
#define SLU_ENGINE_BOTH_H

/* Runs fn(first) on this thread and fn(second) on one of its own; one after the
 * other where there can be none. Both have ended when it returns. */
void slu_run_both(void (*fn)(void *ctx), void *first, void *second);

#endif
