/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: IPv6 addresses from text (RFC 4291, 2.2, the form with an IPv4 address
 * at its end included) and back to the one canonical text of RFC 5952: lower
 * case, no leading zeros, the longest run of at least two zero groups (the
 * first of equal ones) as "::", IPv4-mapped addresses with their dotted part.
 * Zones ("%eth0") and prefixes ("/64") are refused: neither names one host.
 * Limits: no allocation; an input over 45 bytes is never valid.
 */
#ifndef SLU_CODECS_IPV6_H
#define SLU_CODECS_IPV6_H

#include "codecs/reason.h"
#include <sluice/view.h>

#define SLU_IPV6_LEN 16
#define SLU_IPV6_TEXT_MAX 39

/* NONE: the address is in out, in network order. Else EMPTY, IP_SYNTAX. */
enum slu_reason slu_ipv6_match(struct slu_view text,
                               unsigned char out[SLU_IPV6_LEN]);

/* Writes the canonical text, not terminated; returns its length, 2-39. */
size_t slu_ipv6_format(const unsigned char address[SLU_IPV6_LEN],
                       char out[SLU_IPV6_TEXT_MAX]);

#endif
