/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: why an indicator is not on a list. One table, used by the matchers,
 * the guard rails, the verdict filter and the reports.
 *
 * The numbers are stored with invalid records (record.h): a new reason goes at
 * the end, whatever its class, and none is ever taken out.
 *
 * The class says where a rejected value shows up: INVALID ones are in
 * invalid_iocs/invalid_*.txt and in reasons.ndjson; GUARD ones only in
 * reasons.ndjson; FILTER ones are only counted.
 */
#ifndef SLU_CODECS_REASON_H
#define SLU_CODECS_REASON_H

#define SLU_REASON_MAP(X)                                                      \
    X(NONE, "accepted", FILTER)                                                \
    X(EMPTY, "empty", INVALID)                                                 \
    X(TOO_LONG, "too_long", INVALID)                                           \
    X(IPV6, "ipv6", INVALID)                                                   \
    X(IP_SYNTAX, "ip_syntax", INVALID)                                         \
    X(IP_LEADING_ZERO, "ip_leading_zero", INVALID)                             \
    X(IP_OCTET_RANGE, "ip_octet_range", INVALID)                               \
    X(CIDR_PREFIX, "cidr_prefix", INVALID)                                     \
    X(URL, "url", INVALID)                                                     \
    X(IP_AS_DOMAIN, "ip_as_domain", INVALID)                                   \
    X(DOMAIN_CHARACTER, "domain_character", INVALID)                           \
    X(DOMAIN_UNDERSCORE, "domain_underscore", INVALID)                         \
    X(DOMAIN_SPACE, "domain_space", INVALID)                                   \
    X(DOMAIN_LABEL, "domain_label", INVALID)                                   \
    X(DOMAIN_HYPHEN, "domain_hyphen", INVALID)                                 \
    X(DOMAIN_SINGLE_LABEL, "domain_single_label", INVALID)                     \
    X(DOMAIN_TLD, "domain_tld", INVALID)                                       \
    X(DOMAIN_WILDCARD, "domain_wildcard", INVALID)                             \
    X(DOMAIN_IDNA, "domain_idna", INVALID)                                     \
    X(GUARD_PRIVATE, "guard_private", GUARD)                                   \
    X(GUARD_LOOPBACK, "guard_loopback", GUARD)                                 \
    X(GUARD_LINK_LOCAL, "guard_link_local", GUARD)                             \
    X(GUARD_SHARED, "guard_shared", GUARD)                                     \
    X(GUARD_MULTICAST, "guard_multicast", GUARD)                               \
    X(GUARD_RESERVED, "guard_reserved", GUARD)                                 \
    X(GUARD_DOCUMENTATION, "guard_documentation", GUARD)                       \
    X(GUARD_WIDE_CIDR, "guard_wide_cidr", GUARD)                               \
    X(GUARD_PUBLIC_SUFFIX, "guard_public_suffix", GUARD)                       \
    X(ALLOWED, "allowed", GUARD)                                               \
    X(VERDICT, "verdict", FILTER)                                              \
    X(SCORE, "score", FILTER)                                                  \
    X(REVOKED, "revoked", FILTER)                                              \
    X(EXPIRED, "expired", FILTER)                                              \
    X(OTHER_TYPE, "other_type", FILTER)                                        \
    X(OUTSIDE_WINDOW, "outside_window", FILTER)                                \
    X(HASH_LENGTH, "hash_length", INVALID)                                     \
    X(HASH_CHARACTER, "hash_character", INVALID)                               \
    X(SAMPLE, "sample", FILTER)                                                \
    X(ARCHIVED, "archived", FILTER)                                            \
    X(ECHO, "echo", FILTER)                                                    \
    X(UNREADABLE, "unreadable", FILTER)

enum slu_reason {
#define SLU_REASON_MEMBER(name, text, class) SLU_REASON_##name,
    SLU_REASON_MAP(SLU_REASON_MEMBER)
#undef SLU_REASON_MEMBER
        SLU_REASON_COUNT
};

enum slu_reason_class {
    SLU_REASON_CLASS_INVALID,
    SLU_REASON_CLASS_GUARD,
    SLU_REASON_CLASS_FILTER,
};

/* "ip_leading_zero" and so on. Never NULL. */
const char *slu_reason_name(enum slu_reason reason);

/* The same in a few words: "an octet over 255". Never NULL. */
const char *slu_reason_meaning(enum slu_reason reason);

enum slu_reason_class slu_reason_class(enum slu_reason reason);

#endif
