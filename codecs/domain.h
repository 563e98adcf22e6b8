/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the domain matcher (rule R2). The fast path, pure ASCII, is written by
 * hand; a name with other bytes goes through UTS #46 (non-transitional,
 * libidn2) to A-labels and then through every check again.
 *
 * The rule: lower-cased; one trailing dot removed; at least two labels of 1-63
 * letters, digits and hyphens, none starting or ending with a hyphen; at most
 * 253 bytes; the last label alphabetic or "xn--"; "*." only as the first
 * label, and then one label behind it is enough. A label of an ASCII name that
 * begins with "xn--" is not decoded, see domain.c.
 * Limits: a name with non-ASCII bytes and over 1,024 bytes is TOO_LONG.
 * Ownership: nothing is allocated for an ASCII name; libidn2 allocates and
 * frees for others, and a failure of that is DOMAIN_IDNA.
 */
#ifndef SLU_CODECS_DOMAIN_H
#define SLU_CODECS_DOMAIN_H

#include "codecs/reason.h"
#include <sluice/indicator.h>
#include <sluice/view.h>

/*
 * NONE: the canonical name is in out, its length in *out_len. "*.com" is
 * accepted here ("*." and one label): whether a wildcard covers a public
 * suffix is the guard's question (guard.h). Otherwise EMPTY, TOO_LONG, URL
 * (contains "://" or '/'), IP_AS_DOMAIN (dotted quad, or contains ':' and hex
 * digits only), DOMAIN_*.
 */
enum slu_reason slu_domain_match(struct slu_view text, char out[SLU_VALUE_MAX],
                                 size_t *out_len);

#endif
