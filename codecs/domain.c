/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways. A name of 4 to 64 ASCII bytes is judged by a kernel: its bytes
 * become bit masks (domain_match.h). What is shorter or longer is walked by
 * slu_domain_scan(). A name with bytes over 0x7f goes through libidn2, and what
 * comes out through slu_domain_scan().
 *
 * A label that begins with "xn--" in an ASCII name is not decoded: the DNS
 * resolves it whether or not it is punycode, and there are live names that
 * IDNA2008 refuses (xn--ls8h.la, an emoji), so that a check would only drop
 * true indicators. UTS #46 itself does check the A-labels of a name that it is
 * given; a bogus one beside a non-ASCII label is DOMAIN_IDNA.
 */
#include "codecs/domain_kernel.h"

#include "codecs/cpu.h"
#include "codecs/domain_scan.h"

#include <idn2.h>
#include <stdint.h>

/*
 * The longest text that is handed to libidn2. An A-label form of 253 bytes
 * stands for fewer than 253 code points of at most 4 bytes; only a name padded
 * with code points that UTS #46 drops can be longer, and that is no name.
 */
#define IDNA_MAX 1024

static bool is_ascii(struct slu_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static enum slu_reason explain_idna(int status)
{
    switch (status) {
    case IDN2_TOO_BIG_DOMAIN:
        return SLU_REASON_TOO_LONG;
    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return SLU_REASON_DOMAIN_LABEL;
    case IDN2_HYPHEN_STARTEND:
        return SLU_REASON_DOMAIN_HYPHEN;
    default:
        return SLU_REASON_DOMAIN_IDNA;
    }
}

/*
 * UTS #46, non-transitional. IDN2_USE_STD3_ASCII_RULES must stay off for the
 * result: libidn2 2.3 then drops what those rules forbid and reports success
 * ("a_b" becomes "ab"). But without it three signs pass that they forbid
 * (U+2260, U+226E, U+226F), so the name is converted both ways, and when the
 * results differ, something was dropped. It is a caller's mistake to hand in a
 * byte of zero.
 */
static int convert_idna(const char *name, uint8_t **out_ascii)
{
    const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    uint8_t *strict = NULL;
    int status = idn2_lookup_u8((const uint8_t *)name, out_ascii, flags);

    if (status != IDN2_OK) {
        return status;
    }
    status = idn2_lookup_u8((const uint8_t *)name, &strict,
                            flags | IDN2_USE_STD3_ASCII_RULES);
    if (status == IDN2_OK &&
        strcmp((const char *)*out_ascii, (const char *)strict) != 0) {
        status = IDN2_DISALLOWED;
    }
    idn2_free(strict);
    return status;
}

/* The name without "*.", which has bytes over 0x7f. The ASCII ones among its
 * bytes are judged first: UTS #46 only ever changes their case. */
static enum slu_reason match_idna(struct slu_view name, unsigned min_labels,
                                  char out[SLU_DOMAIN_MAX], size_t *out_len)
{
    char text[IDNA_MAX + 1];
    uint8_t *ascii = NULL;
    enum slu_reason reason = slu_domain_scan_bytes(name);
    int status;

    if (reason != SLU_REASON_NONE) {
        return reason;
    }
    if (name.len > IDNA_MAX) {
        return SLU_REASON_TOO_LONG;
    }
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    status = convert_idna(text, &ascii);
    if (ascii != NULL) {
        reason = slu_domain_scan(slu_view_str((const char *)ascii), min_labels,
                                 out, out_len);
    }
    if (reason == SLU_REASON_NONE && status != IDN2_OK) {
        reason = explain_idna(status);
    }
    /* A name that maps to nothing at all is not an empty value. */
    if (reason == SLU_REASON_EMPTY) {
        reason = SLU_REASON_DOMAIN_IDNA;
    }
    idn2_free(ascii);
    return reason;
}

enum slu_reason slu_domain_match_rest(struct slu_view name, unsigned min_labels,
                                      char *out, size_t *out_len)
{
    return is_ascii(name) ? slu_domain_scan(name, min_labels, out, out_len)
                          : match_idna(name, min_labels, out, out_len);
}

enum slu_reason slu_domain_match(struct slu_view text, char out[SLU_VALUE_MAX],
                                 size_t *out_len)
{
#if defined(__x86_64__)
    if (slu_cpu_has_avx512()) {
        return slu_domain_match_avx512(text, out, out_len);
    }
    if (slu_cpu_has_avx2()) {
        return slu_domain_match_avx2(text, out, out_len);
    }
    return slu_domain_match_sse2(text, out, out_len);
#else
    return slu_domain_match_portable(text, out, out_len);
#endif
}

struct slu_domain_kernel slu_domain_kernel_at(unsigned index)
{
    struct slu_domain_kernel kernels[5] = {{NULL, NULL}};
    unsigned count = 0;

#if defined(__x86_64__)
    if (slu_cpu_has_avx512()) {
        kernels[count++] =
            (struct slu_domain_kernel){"avx512", slu_domain_match_avx512};
    }
    if (slu_cpu_has_avx2()) {
        kernels[count++] =
            (struct slu_domain_kernel){"avx2", slu_domain_match_avx2};
    }
    kernels[count++] =
        (struct slu_domain_kernel){"sse2", slu_domain_match_sse2};
#endif
    kernels[count++] =
        (struct slu_domain_kernel){"portable", slu_domain_match_portable};
    return kernels[index < count ? index : count];
}
