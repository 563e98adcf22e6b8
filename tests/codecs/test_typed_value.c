/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/typed_value.h"

#include <criterion/criterion.h>

static struct slu_typed_value value;

static enum slu_reason read_text(const char *text)
{
    return slu_typed_value_read(slu_view_str(text), &value);
}

static void expect_ip(const char *text, uint32_t address, uint8_t prefix)
{
    char key[SLU_RECORD_IP_KEY_LEN];

    slu_record_key_from_cidr((struct slu_cidr){address, prefix}, key);
    cr_assert_eq(read_text(text), SLU_REASON_NONE, "%s", text);
    cr_assert_eq(value.kind, SLU_KIND_IP);
    cr_assert_eq(value.key_len, sizeof(key));
    cr_assert_arr_eq(value.key, key, sizeof(key));
}

static void expect_domain(const char *text, const char *name)
{
    cr_assert_eq(read_text(text), SLU_REASON_NONE, "%s", text);
    cr_assert_eq(value.kind, SLU_KIND_DOMAIN);
    cr_assert(slu_view_equal_str(slu_view_make(value.key, value.key_len), name),
              "%s", text);
}

static void expect_refusal(const char *text, enum slu_kind kind,
                           enum slu_reason reason)
{
    cr_assert_eq(read_text(text), reason, "%s: %s", text,
                 slu_reason_name(value.reason));
    cr_assert_eq(value.reason, reason);
    cr_assert_eq(value.kind, kind, "%s", text);
}

Test(typed_value, takes_addresses_and_ranges_as_people_write_them)
{
    expect_ip("1.2.3.4", 0x01020304, 32);
    expect_ip("  1.2.3.4\t\r\n", 0x01020304, 32);
    expect_ip("1.2.3.4/32", 0x01020304, 32);
    expect_ip("1.2.3.4/24", 0x01020300, 24);
    expect_ip("1[.]2[.]3[.]4", 0x01020304, 32);
    expect_ip("1.2.3[.]4", 0x01020304, 32);
    expect_ip("1(.)2{.}3\\.4/16", 0x01020000, 16);
}

Test(typed_value, takes_names_as_people_write_them)
{
    expect_domain("Evil.Example.COM.", "evil.example.com");
    expect_domain("evil[.]example[dot]com", "evil.example.com");
    expect_domain("evil(DOT)example{dot}com", "evil.example.com");
    expect_domain("*.example.com", "*.example.com");
    expect_domain(" b\xc3\xbc"
                  "cher.example ",
                  "xn--bcher-kva.example");
}

Test(typed_value, says_what_it_is_instead)
{
    expect_refusal("", SLU_KIND_IP, SLU_REASON_EMPTY);
    expect_refusal("hxxp://evil[.]com/a", SLU_KIND_DOMAIN, SLU_REASON_URL);
    expect_refusal("https://evil.com", SLU_KIND_DOMAIN, SLU_REASON_URL);
    expect_refusal("evil.com/a", SLU_KIND_DOMAIN, SLU_REASON_URL);
    expect_refusal("2001:db8::1", SLU_KIND_IP, SLU_REASON_IPV6);
    expect_refusal("1.2.3.400", SLU_KIND_IP, SLU_REASON_IP_OCTET_RANGE);
    expect_refusal("1.2.03.4", SLU_KIND_IP, SLU_REASON_IP_LEADING_ZERO);
    expect_refusal("1.2.3.4/33", SLU_KIND_IP, SLU_REASON_CIDR_PREFIX);
    expect_refusal("bad_name.com", SLU_KIND_DOMAIN,
                   SLU_REASON_DOMAIN_UNDERSCORE);
    expect_refusal("localhost", SLU_KIND_DOMAIN,
                   SLU_REASON_DOMAIN_SINGLE_LABEL);
    expect_refusal("[.]", SLU_KIND_DOMAIN, SLU_REASON_DOMAIN_LABEL);
}

Test(typed_value, refuses_what_is_too_long_whole)
{
    static char text[SLU_RECORD_KEY_MAX + 2];

    memset(text, 'a', sizeof(text) - 1);
    expect_refusal(text, SLU_KIND_DOMAIN, SLU_REASON_TOO_LONG);
    text[SLU_RECORD_KEY_MAX] = '\0';
    expect_refusal(text, SLU_KIND_DOMAIN, SLU_REASON_TOO_LONG);
}

Test(typed_value, trims_blanks_alone)
{
    struct slu_view view = slu_typed_value_trim(slu_view_str(" \t a b \r\n"));

    cr_assert(slu_view_equal_str(view, "a b"));
    cr_assert_eq(slu_typed_value_trim(slu_view_str(" \n")).len, 0);
    cr_assert_eq(slu_typed_value_trim(slu_view_str(NULL)).len, 0);
}
