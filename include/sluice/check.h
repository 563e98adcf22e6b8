/* SPDX-License-Identifier: Apache-2.0 */
/* What: the kinds of lines that a check of a configuration finds. */
#ifndef SLU_CHECK_H
#define SLU_CHECK_H

enum slu_check_kind {
    SLU_CHECK_OK,
    SLU_CHECK_WARN, /* something is left out */
    SLU_CHECK_FAIL, /* a sync would fail there */
};

/* Receives one line of what was found. */
typedef void (*slu_check_fn)(void *ctx, enum slu_check_kind kind,
                             const char *text);

#endif
