/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one new(nothrow) of the program fail, those of shared libraries
 * included: what simdjson asks for. */
#ifndef SLU_TESTS_SUPPORT_FAILING_NEW_H
#define SLU_TESTS_SUPPORT_FAILING_NEW_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The n-th from now, counted from 1; 0: none. */
void failing_new_at(long nth);

/* True once it was asked for and failed. */
bool failing_new_happened(void);

#ifdef __cplusplus
}
#endif
#endif
