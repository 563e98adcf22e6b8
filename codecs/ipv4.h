/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the IPv4 and CIDR matcher and printer (rule R1). Four decimal octets,
 * no leading zeros, nothing before or after; an optional "/0" to "/32" without
 * leading zeros, whose host bits are masked off; "/32" is the plain address.
 * Written by hand: no inet_aton (which takes octal and hex), no regex.
 * Limits: an input over 18 bytes is never valid; no allocation.
 */
#ifndef SLU_CODECS_IPV4_H
#define SLU_CODECS_IPV4_H

#include "codecs/reason.h"
#include <sluice/view.h>
#include <stdint.h>

#define SLU_IPV4_TEXT_MAX 18 /* "255.255.255.255/31" */

struct slu_cidr {
    uint32_t address; /* host byte order, host bits zero */
    uint8_t prefix;   /* 0-32; 32 is a single address */
};

/*
 * NONE: *out_cidr is set, and *out_normalised (may be NULL) says whether the
 * canonical text differs from the input (host bits masked, "/32" dropped).
 * Otherwise EMPTY, IPV6 (a syntactically plausible IPv6 address: at least two
 * colons and only hex digits, colons, dots, '%' zone or '/'), IP_SYNTAX,
 * IP_LEADING_ZERO, IP_OCTET_RANGE, CIDR_PREFIX.
 */
enum slu_reason slu_ipv4_match(struct slu_view text, struct slu_cidr *out_cidr,
                               bool *out_normalised);

/* Writes the canonical text, not terminated; returns its length, 7-18. */
size_t slu_ipv4_format(struct slu_cidr cidr, char out[SLU_IPV4_TEXT_MAX]);

/* The length of that text. */
size_t slu_ipv4_text_length(struct slu_cidr cidr);

/* The last address of the range. */
uint32_t slu_cidr_last(struct slu_cidr cidr);

#endif
