/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/domain_exact.h"

static void expect(const char *text, enum slu_reason reason)
{
    char out[SLU_VALUE_MAX];
    size_t len;
    enum slu_reason got = match_exact(slu_view_str(text), out, &len);

    cr_assert_eq(got, reason, "'%s' is %s, not %s", text, slu_reason_name(got),
                 slu_reason_name(reason));
}

static void expect_name(const char *text, const char *canonical)
{
    char out[SLU_VALUE_MAX];
    size_t len;
    enum slu_reason got = match_exact(slu_view_str(text), out, &len);

    cr_assert_eq(got, SLU_REASON_NONE, "'%s' is %s", text,
                 slu_reason_name(got));
    cr_assert(slu_view_equal_str(slu_view_make(out, len), canonical),
              "'%s' became '%.*s'", text, (int)len, out);
}

/* Fills a label, or several with dots between them, of one letter. */
static size_t put_labels(char *text, size_t labels, size_t len)
{
    char *end = text;

    for (size_t i = 0; i < labels; i++) {
        if (i > 0) {
            *end++ = '.';
        }
        memset(end, 'a', len);
        end += len;
    }
    *end = '\0';
    return (size_t)(end - text);
}

Test(domain, canonical_names_are_lower_case_without_a_trailing_dot)
{
    expect_name("example.com", "example.com");
    expect_name("EXAMPLE.Com.", "example.com");
    expect_name("a.bc", "a.bc");
    expect_name("a.b", "a.b");
    expect_name("A.B.", "a.b");
    expect_name("xn--BCHER-kva.DE", "xn--bcher-kva.de");
    expect_name("1.2.3.4.com", "1.2.3.4.com");
    expect_name("3com.net", "3com.net");
    expect_name("r3---sn-ab.example.net", "r3---sn-ab.example.net");
    expect_name("a-b.cd", "a-b.cd");
}

static const struct {
    const char *text;
    enum slu_reason reason;
} refused[] = {
    {"", SLU_REASON_EMPTY},
    {"http://example.com/", SLU_REASON_URL},
    {"http://example.com", SLU_REASON_URL},
    {"example.com/path_1", SLU_REASON_URL},
    {"10.0.0.0/8", SLU_REASON_URL},
    {"/", SLU_REASON_URL},
    {"//b\xc3\xbc.de", SLU_REASON_URL},
    {"1.2.3.4", SLU_REASON_IP_AS_DOMAIN},
    {"1.2.3.4.", SLU_REASON_IP_AS_DOMAIN},
    {"999.01.3.4", SLU_REASON_IP_AS_DOMAIN},
    {"*.1.2.3.4", SLU_REASON_IP_AS_DOMAIN},
    {"1.2.3.4:8080", SLU_REASON_IP_AS_DOMAIN},
    {"2001:DB8::1", SLU_REASON_IP_AS_DOMAIN},
    {"::", SLU_REASON_IP_AS_DOMAIN},
    {"\xef\xbc\x91\xef\xbc\x92.0.0.1", SLU_REASON_IP_AS_DOMAIN},
    {"example.com:80", SLU_REASON_DOMAIN_CHARACTER},
    {"exam!ple.com", SLU_REASON_DOMAIN_CHARACTER},
    {"[::1]", SLU_REASON_DOMAIN_CHARACTER},
    {"user@example.com", SLU_REASON_DOMAIN_CHARACTER},
    {"example[.]com", SLU_REASON_DOMAIN_CHARACTER},
    {"a\x7f.com", SLU_REASON_DOMAIN_CHARACTER},
    {"b\xc3\xbc!.de", SLU_REASON_DOMAIN_CHARACTER},
    {"_dmarc.example.com", SLU_REASON_DOMAIN_UNDERSCORE},
    {"a_b.com", SLU_REASON_DOMAIN_UNDERSCORE},
    {"a_b .com", SLU_REASON_DOMAIN_UNDERSCORE},
    {"_b\xc3\xbc.de", SLU_REASON_DOMAIN_UNDERSCORE},
    {"b\xc3\xbc\xef\xbc\xbf.de", SLU_REASON_DOMAIN_UNDERSCORE},
    {" example.com", SLU_REASON_DOMAIN_SPACE},
    {"example.com ", SLU_REASON_DOMAIN_SPACE},
    {"example.com\n", SLU_REASON_DOMAIN_SPACE},
    {"exam\tple.com", SLU_REASON_DOMAIN_SPACE},
    {" ", SLU_REASON_DOMAIN_SPACE},
    {"b\xc3\xbc .de", SLU_REASON_DOMAIN_SPACE},
    {".", SLU_REASON_DOMAIN_LABEL},
    {"..", SLU_REASON_DOMAIN_LABEL},
    {".example.com", SLU_REASON_DOMAIN_LABEL},
    {"example..com", SLU_REASON_DOMAIN_LABEL},
    {"example.com..", SLU_REASON_DOMAIN_LABEL},
    {"*..", SLU_REASON_DOMAIN_LABEL},
    {"b\xc3\xbc..de", SLU_REASON_DOMAIN_LABEL},
    {"-example.com", SLU_REASON_DOMAIN_HYPHEN},
    {"example-.com", SLU_REASON_DOMAIN_HYPHEN},
    {"example.-com", SLU_REASON_DOMAIN_HYPHEN},
    {"example.com-", SLU_REASON_DOMAIN_HYPHEN},
    {"a.xn--", SLU_REASON_DOMAIN_HYPHEN},
    {"-b\xc3\xbc.de", SLU_REASON_DOMAIN_HYPHEN},
    {"com", SLU_REASON_DOMAIN_SINGLE_LABEL},
    {"localhost.", SLU_REASON_DOMAIN_SINGLE_LABEL},
    {"123", SLU_REASON_DOMAIN_SINGLE_LABEL},
    {"b\xc3\xbc", SLU_REASON_DOMAIN_SINGLE_LABEL},
    {"example.c0m", SLU_REASON_DOMAIN_TLD},
    {"example.1", SLU_REASON_DOMAIN_TLD},
    {"1.2.3", SLU_REASON_DOMAIN_TLD},
    {"1.2.3.4.5", SLU_REASON_DOMAIN_TLD},
    {"a.b-c", SLU_REASON_DOMAIN_TLD},
    {"a.yn--p1ai", SLU_REASON_DOMAIN_TLD},
    {"*.123", SLU_REASON_DOMAIN_TLD},
    {"b\xc3\xbc.1", SLU_REASON_DOMAIN_TLD},
    {"*", SLU_REASON_DOMAIN_WILDCARD},
    {"*.", SLU_REASON_DOMAIN_WILDCARD},
    {"*example.com", SLU_REASON_DOMAIN_WILDCARD},
    {"**.example.com", SLU_REASON_DOMAIN_WILDCARD},
    {"*.*.com", SLU_REASON_DOMAIN_WILDCARD},
    {"a.*.com", SLU_REASON_DOMAIN_WILDCARD},
    {"example.*", SLU_REASON_DOMAIN_WILDCARD},
    {"*b\xc3\xbc.de", SLU_REASON_DOMAIN_WILDCARD},
    {"\xef\xbc\x8a.b.com", SLU_REASON_DOMAIN_WILDCARD},
    {"b\xc3.de", SLU_REASON_DOMAIN_IDNA},
    {"\xff.de", SLU_REASON_DOMAIN_IDNA},
    {"\xd8\xa7\x61.com", SLU_REASON_DOMAIN_IDNA},
    {"\xe2\x80\x8d.com", SLU_REASON_DOMAIN_IDNA},
    {"b\xc3\xbc.xn--bogus99.com", SLU_REASON_DOMAIN_IDNA},
};

Test(domain, every_reason_has_its_value)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        expect(refused[i].text, refused[i].reason);
    }
}

Test(domain, a_zero_byte_is_a_bad_character)
{
    char out[SLU_VALUE_MAX];
    size_t len;

    cr_assert_eq(match_exact(slu_view_make("a.com\0", 6), out, &len),
                 SLU_REASON_DOMAIN_CHARACTER);
    cr_assert_eq(match_exact(slu_view_make("b\xc3\xbc.de\0x", 8), out, &len),
                 SLU_REASON_DOMAIN_CHARACTER);
    cr_assert_eq(match_exact(slu_view_make(NULL, 0), out, &len),
                 SLU_REASON_EMPTY);
}

Test(domain, wildcards_keep_their_star_and_need_one_label)
{
    expect_name("*.Example.com.", "*.example.com");
    expect_name("*.com", "*.com");
    expect_name("*.co.uk", "*.co.uk");
    expect_name("*.B\xc3\x9c"
                "CHER.de",
                "*.xn--bcher-kva.de");
    expect_name("*.\xd1\x80\xd1\x84", "*.xn--p1ai");
}

Test(domain, labels_end_at_63_and_names_at_253)
{
    char text[400];
    size_t len;

    for (size_t label = 1; label <= 66; label++) {
        len = put_labels(text, 1, label);
        strcpy(text + len, ".com");
        expect(text, label <= 63 ? SLU_REASON_NONE : SLU_REASON_DOMAIN_LABEL);
        len = put_labels(text + 2, 1, label);
        memcpy(text, "a.", 2);
        expect(text, label <= 63 ? SLU_REASON_NONE : SLU_REASON_DOMAIN_LABEL);
        memcpy(text, "*.", 2);
        expect(text, label <= 63 ? SLU_REASON_NONE : SLU_REASON_DOMAIN_LABEL);
    }
    for (size_t rest = 58; rest <= 64; rest++) {
        char canonical[400] = "*.";

        /* Three labels of 63 and their dots are 192 bytes. */
        len = put_labels(text, 3, 63);
        text[len++] = '.';
        put_labels(text + len, 1, rest);
        expect(text, len + rest <= 253 ? SLU_REASON_NONE : SLU_REASON_TOO_LONG);
        strcat(canonical, text);
        strcat(text, ".");
        expect(text, len + rest <= 253 ? SLU_REASON_NONE : SLU_REASON_TOO_LONG);
        if (len + rest <= 253) {
            expect_name(canonical, canonical);
        } else {
            expect(canonical, SLU_REASON_TOO_LONG);
        }
    }
}

Test(domain, unicode_names_become_a_labels_by_nontransitional_uts_46)
{
    expect_name("b\xc3\xbc"
                "cher.de",
                "xn--bcher-kva.de");
    expect_name("B\xc3\x9c"
                "CHER.DE.",
                "xn--bcher-kva.de");
    /* Transitional processing would give fass.de. */
    expect_name("fa\xc3\x9f.de", "xn--fa-hia.de");
    expect_name("xn--bcher-kva.\xd1\x80\xd1\x84", "xn--bcher-kva.xn--p1ai");
    /* Ideographic full stops, one of them trailing; full-width letters. */
    expect_name("b\xc3\xbc\xe3\x80\x82"
                "de\xe3\x80\x82",
                "xn--b-eha.de");
    expect_name("\xef\xbd\x81.com", "a.com");
    /* A soft hyphen is dropped. */
    expect_name("a\xc2\xad"
                "b.com",
                "ab.com");
    expect("\xc2\xad.com", SLU_REASON_DOMAIN_LABEL);
    expect("\xc2\xad", SLU_REASON_DOMAIN_IDNA);
}

/* With its STD3 flag libidn2 drops these signs and calls it success. */
Test(domain, what_std3_forbids_is_refused_and_never_dropped)
{
    expect("a\xe2\x89\xa0.com", SLU_REASON_DOMAIN_IDNA);
    expect("a\xe2\x89\xae.com", SLU_REASON_DOMAIN_IDNA);
    expect("a\xe2\x89\xaf.com", SLU_REASON_DOMAIN_IDNA);
    expect("\xe2\x91\xb4.com", SLU_REASON_DOMAIN_CHARACTER);
    expect("\xef\xbc\x8f.com", SLU_REASON_URL);
}

Test(domain, a_bogus_a_label_in_an_ascii_name_is_kept)
{
    expect_name("xn--bogus99.com", "xn--bogus99.com");
    expect_name("xn--ls8h.la", "xn--ls8h.la");
    expect_name("a.xn--p1ai", "a.xn--p1ai");
    expect_name("a.XN--P1AI", "a.xn--p1ai");
}

Test(domain, long_unicode_names_are_bounded)
{
    char text[4096];
    char out[SLU_VALUE_MAX];
    size_t at = 0;
    size_t len;

    /* 70 times U+00FC needs more than 63 bytes as an A-label. */
    for (int i = 0; i < 70; i++) {
        memcpy(text + 2 * i, "\xc3\xbc", 2);
    }
    strcpy(text + 140, ".de");
    expect(text, SLU_REASON_DOMAIN_LABEL);
    for (int i = 0; i < 300; i++, at += 7) {
        memcpy(text + at,
               "\xc3\xbc"
               "aaaa.",
               7);
    }
    cr_assert_eq(match_exact(slu_view_make(text, 994), out, &len),
                 SLU_REASON_TOO_LONG);
    cr_assert_eq(match_exact(slu_view_make(text, 2100), out, &len),
                 SLU_REASON_TOO_LONG);
}

Test(domain, the_best_kernel_comes_first_and_the_portable_one_last)
{
    struct slu_view name = SLU_VIEW_LITERAL("*.A-b.example.COM.");
    char out[SLU_VALUE_MAX];
    size_t len;
    unsigned count = 0;

    while (slu_domain_kernel_at(count).name != NULL) {
        count++;
    }
    cr_assert_eq(slu_domain_kernel_at(count - 1).match,
                 slu_domain_match_portable);
    cr_assert_null(slu_domain_kernel_at(count + 1).name);
    cr_assert_eq(slu_domain_match(name, out, &len), SLU_REASON_NONE);
    cr_assert(slu_view_equal_str(slu_view_make(out, len), "*.a-b.example.com"));
}
