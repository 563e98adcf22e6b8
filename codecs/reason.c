/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/reason.h"

#include <stddef.h>

struct reason_entry {
    const char *name;
    enum slu_reason_class class;
};

static const struct reason_entry reason_table[] = {
#define ENTRY(name, text, class) {text, SLU_REASON_CLASS_##class},
    SLU_REASON_MAP(ENTRY)
#undef ENTRY
};

const char *slu_reason_name(enum slu_reason reason)
{
    return (size_t)reason < SLU_REASON_COUNT ? reason_table[reason].name : "?";
}

enum slu_reason_class slu_reason_class(enum slu_reason reason)
{
    return (size_t)reason < SLU_REASON_COUNT ? reason_table[reason].class
                                             : SLU_REASON_CLASS_FILTER;
}

/* As the README's table says it. */
static const char *const meanings[SLU_REASON_COUNT] = {
    [SLU_REASON_NONE] = "accepted",
    [SLU_REASON_EMPTY] = "no value",
    [SLU_REASON_TOO_LONG] = "more bytes than any valid value has",
    [SLU_REASON_IPV6] = "an IPv6 address",
    [SLU_REASON_IP_SYNTAX] =
        "not four decimal numbers, or something before or after",
    [SLU_REASON_IP_LEADING_ZERO] =
        "an octet such as 01, which some read as octal",
    [SLU_REASON_IP_OCTET_RANGE] = "an octet over 255",
    [SLU_REASON_CIDR_PREFIX] = "a prefix that is not 0 to 32",
    [SLU_REASON_URL] = "a URL where a domain or an address belongs",
    [SLU_REASON_IP_AS_DOMAIN] = "an address where a domain belongs",
    [SLU_REASON_DOMAIN_CHARACTER] = "a character that no domain has",
    [SLU_REASON_DOMAIN_UNDERSCORE] = "an underscore",
    [SLU_REASON_DOMAIN_SPACE] = "a space",
    [SLU_REASON_DOMAIN_LABEL] = "an empty label or one over 63 bytes",
    [SLU_REASON_DOMAIN_HYPHEN] = "a label that starts or ends with a hyphen",
    [SLU_REASON_DOMAIN_SINGLE_LABEL] = "no dot",
    [SLU_REASON_DOMAIN_TLD] = "a last label that is neither letters nor xn--",
    [SLU_REASON_DOMAIN_WILDCARD] = "* elsewhere than as the first label",
    [SLU_REASON_DOMAIN_IDNA] = "not a name that UTS #46 can map",
    [SLU_REASON_GUARD_PRIVATE] = "10/8, 172.16/12, 192.168/16",
    [SLU_REASON_GUARD_LOOPBACK] = "127/8",
    [SLU_REASON_GUARD_LINK_LOCAL] = "169.254/16",
    [SLU_REASON_GUARD_SHARED] = "100.64/10, carrier-grade NAT",
    [SLU_REASON_GUARD_MULTICAST] = "224/4",
    [SLU_REASON_GUARD_RESERVED] = "other ranges that are not global",
    [SLU_REASON_GUARD_DOCUMENTATION] = "ranges of examples, such as 192.0.2/24",
    [SLU_REASON_GUARD_WIDE_CIDR] = "a range wider than lists.cidr_min_prefix",
    [SLU_REASON_GUARD_PUBLIC_SUFFIX] =
        "a wildcard on a public suffix, such as *.co.uk",
    [SLU_REASON_ALLOWED] = "overlaps the allow file",
    [SLU_REASON_VERDICT] = "GTI's verdict is not among gti.verdicts",
    [SLU_REASON_SCORE] = "GTI's score is below gti.min_score",
    [SLU_REASON_REVOKED] = "was listed; its newest verdict is no longer wanted",
    [SLU_REASON_EXPIRED] = "was listed; not seen for lists.max_age",
    [SLU_REASON_OTHER_TYPE] = "neither a domain nor an IP address",
    [SLU_REASON_OUTSIDE_WINDOW] = "not of the time that was asked for",
    [SLU_REASON_HASH_LENGTH] = "not 64 bytes where a SHA-256 belongs",
    [SLU_REASON_HASH_CHARACTER] = "not a hexadecimal digit in a SHA-256",
    [SLU_REASON_SAMPLE] = "of a finding that GuardDuty made as a sample",
    [SLU_REASON_ARCHIVED] = "of an archived finding",
    [SLU_REASON_ECHO] = "of a finding that one of our own lists caused",
    [SLU_REASON_UNREADABLE] = "not a finding: damaged JSON, or without an id",
};

const char *slu_reason_meaning(enum slu_reason reason)
{
    return (size_t)reason < SLU_REASON_COUNT && meanings[reason] != NULL
               ? meanings[reason]
               : slu_reason_name(reason);
}
