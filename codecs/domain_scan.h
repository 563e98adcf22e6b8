/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: rule R2 over plain bytes, one at a time: what domain.c falls back on
 * when its fast path does not take a name, and the only place that knows why a
 * name is wrong.
 *
 * Precedence, so that a value has one reason: EMPTY; URL; IP_AS_DOMAIN; the
 * leftmost byte that no name may hold (DOMAIN_SPACE, DOMAIN_UNDERSCORE,
 * DOMAIN_WILDCARD, DOMAIN_CHARACTER); TOO_LONG; DOMAIN_LABEL for an empty or
 * over-long label; DOMAIN_HYPHEN; DOMAIN_SINGLE_LABEL; DOMAIN_TLD.
 */
#ifndef SLU_CODECS_DOMAIN_SCAN_H
#define SLU_CODECS_DOMAIN_SCAN_H

#include "codecs/reason.h"
#include <sluice/view.h>

#define SLU_DOMAIN_MAX 253 /* without the trailing dot and without "*." */

/*
 * Judges a name without its "*."; min_labels is 2, or 1 behind a "*.". NONE:
 * the lower-cased name without its trailing dot is in out. Bytes over 0x7f are
 * DOMAIN_CHARACTER.
 */
enum slu_reason slu_domain_scan(struct slu_view name, unsigned min_labels,
                                char out[SLU_DOMAIN_MAX], size_t *out_len);

/* The part of the above that does not depend on labels: URL, IP_AS_DOMAIN and
 * the first bad byte below 0x80; NONE when there is none of these. */
enum slu_reason slu_domain_scan_bytes(struct slu_view name);

/* What a byte says about the name it is in: DOMAIN_SPACE, DOMAIN_UNDERSCORE,
 * DOMAIN_WILDCARD, DOMAIN_CHARACTER; NONE when a name may hold it. */
enum slu_reason slu_domain_scan_byte(char byte);

#endif
