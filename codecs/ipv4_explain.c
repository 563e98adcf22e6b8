/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a text is no address: a walk over its bytes, which is slow and only has
 * to say what is wrong.
 */
#include "codecs/ipv4_kernel.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hex(char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* What looks like IPv6, with a zone (RFC 4007) and a prefix length or not. */
static bool looks_like_ipv6(struct slu_view text)
{
    size_t colons = 0;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];

        if (byte == '%') {
            break;
        }
        if (byte != ':' && byte != '.' && byte != '/' && !is_hex(byte)) {
            return false;
        }
        colons += byte == ':';
    }
    return colons >= 2;
}

/* The fault of one run of digits, which may be as long as it likes. */
static enum slu_reason explain_octet(struct slu_view digits)
{
    uint32_t value = 0;

    if (digits.len > 1 && digits.ptr[0] == '0') {
        return SLU_REASON_IP_LEADING_ZERO;
    }
    for (size_t i = 0; i < digits.len && value <= 255; i++) {
        value = value * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    return value > 255 ? SLU_REASON_IP_OCTET_RANGE : SLU_REASON_NONE;
}

/*
 * Why text, the part before a '/', is no address; NONE when it is one. The
 * shape comes first, then the leftmost octet that is wrong.
 */
static enum slu_reason explain_address(struct slu_view text)
{
    enum slu_reason reason = SLU_REASON_NONE;
    size_t octets = 0;
    size_t start = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && is_digit(text.ptr[i])) {
            continue;
        }
        if (i == start || (i < text.len && text.ptr[i] != '.')) {
            return SLU_REASON_IP_SYNTAX;
        }
        if (reason == SLU_REASON_NONE) {
            reason = explain_octet(slu_view_make(text.ptr + start, i - start));
        }
        octets++;
        start = i + 1;
    }
    return octets != 4 ? SLU_REASON_IP_SYNTAX : reason;
}

enum slu_reason slu_ipv4_explain(struct slu_view text)
{
    enum slu_reason reason;
    const char *slash;

    if (text.len == 0) {
        return SLU_REASON_EMPTY;
    }
    if (memchr(text.ptr, ':', text.len) != NULL && looks_like_ipv6(text)) {
        return SLU_REASON_IPV6;
    }
    slash = memchr(text.ptr, '/', text.len);
    if (slash != NULL) {
        text.len = (size_t)(slash - text.ptr);
    }
    reason = explain_address(text);
    return reason == SLU_REASON_NONE ? SLU_REASON_CIDR_PREFIX : reason;
}
