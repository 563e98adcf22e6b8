/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the SHA-256 matcher: 64 hexadecimal digits, nothing before or after;
 * the canonical form is lower case. Written by hand: no regex.
 * Limits: no allocation; an input of another length is refused unread.
 */
#ifndef SLU_CODECS_SHA256_TEXT_H
#define SLU_CODECS_SHA256_TEXT_H

#include "codecs/reason.h"
#include <sluice/view.h>

#define SLU_SHA256_TEXT_LEN 64

/* NONE: the canonical text is in out, not terminated. Otherwise EMPTY,
 * HASH_LENGTH (an MD5 or SHA-1 as well), HASH_CHARACTER. */
enum slu_reason slu_sha256_match(struct slu_view text,
                                 char out[SLU_SHA256_TEXT_LEN]);

#endif
