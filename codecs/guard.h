/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the guard rails (rule R3): what a GuardDuty list must never hold, on
 * by default, each with a reason code and a switch. Addresses that are not
 * global, a CIDR wider than a limit, a wildcard on a public suffix (libpsl),
 * and the user's allow file. A CIDR that overlaps a guarded range or an allow
 * entry is rejected whole; so is a wildcard that covers an allowed name.
 *
 * Allow file: one IPv4, CIDR or domain a line; '#' starts a comment; blank
 * lines, blanks around an entry, CRLF and a byte order mark are skipped. A
 * domain allows itself and every name below it, with or without "*.".
 * Precedence: WIDE_CIDR, then what is not global or a public suffix, then
 * ALLOWED. A plain name that is a public suffix (github.io) passes: it blocks
 * that name only.
 * Life cycle: new; allow (any number of times); checks; free. The checks do
 * not change it, so a finished guard may be shared between threads.
 */
#ifndef SLU_CODECS_GUARD_H
#define SLU_CODECS_GUARD_H

#include "codecs/alloc.h"
#include "codecs/ipv4.h"
#include "codecs/ipv6.h"
#include "codecs/reason.h"
#include <sluice/err.h>

struct slu_guard_options {
    bool allow_non_global;      /* false: reject addresses that aren't global */
    bool allow_public_suffixes; /* false: reject "*." on a public suffix */
    uint8_t cidr_min_prefix;    /* reject a CIDR with a smaller one; 8 */
};

struct slu_guard;

/* NULL when out of memory. */
struct slu_guard *slu_guard_new(const struct slu_alloc *alloc,
                                const struct slu_guard_options *options);
void slu_guard_free(struct slu_guard *self);

/*
 * Adds the entries of an allow file's whole text. CONFIG with line number and
 * reason at the first line that is neither, or beyond the limits of
 * allow_list.h; NOMEM. The entries before that line are in force.
 */
SLU_MUST_CHECK enum slu_err slu_guard_allow(struct slu_guard *self,
                                            struct slu_view text,
                                            struct slu_error *out_error);

/* NONE, GUARD_* or ALLOWED. */
enum slu_reason slu_guard_check_ip(const struct slu_guard *self,
                                   struct slu_cidr cidr);

/* The same for a single address, and *out_last is how far the answer holds:
 * all addresses up to there have it too. */
enum slu_reason slu_guard_check_run(const struct slu_guard *self,
                                    uint32_t address, uint32_t *out_last);

/* The same for an IPv6 address; the allow file has none of these. */
enum slu_reason slu_guard_check_ipv6(const struct slu_guard *self,
                                     const unsigned char address[SLU_IPV6_LEN]);

/* The same for a canonical domain, with or without "*.". */
enum slu_reason slu_guard_check_domain(const struct slu_guard *self,
                                       struct slu_view domain);

/* The longest public suffix of a canonical name without "*.", of both sections
 * of the Public Suffix List; a part of it, or all of it. Whatever the settings
 * are. */
struct slu_view slu_guard_public_suffix(struct slu_view name);

#endif
