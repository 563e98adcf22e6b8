/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the markers that every public header uses. Public means declared under
 * include/sluice/ and marked SLU_API.
 */
#ifndef SLU_API_H
#define SLU_API_H

#if defined(__GNUC__)
#define SLU_API __attribute__((visibility("default")))
#define SLU_MUST_CHECK __attribute__((warn_unused_result))
#define SLU_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define SLU_API
#define SLU_MUST_CHECK
#define SLU_PRINTF(string, first)
#endif

#endif
