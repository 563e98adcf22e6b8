/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/url.h"

#include <criterion/criterion.h>

static enum slu_err parse(const char *text, struct slu_url *url,
                          struct slu_error *error)
{
    *error = (struct slu_error){0};
    return slu_url_parse_base(slu_view_str(text), url, error);
}

static void expect_url(const char *text, const char *host, unsigned port,
                       bool tls, bool loopback)
{
    struct slu_error error;
    struct slu_url url;

    cr_assert_eq(parse(text, &url, &error), SLU_ERR_OK, "%s: %s", text,
                 error.text);
    cr_assert(slu_view_equal_str(url.host, host), "%s", text);
    cr_assert_eq(url.port, port, "%s", text);
    cr_assert_eq(url.tls, tls, "%s", text);
    cr_assert_eq(url.loopback, loopback, "%s", text);
}

Test(url, base_has_scheme_host_and_port)
{
    expect_url("https://www.virustotal.com", "www.virustotal.com", 443, true,
               false);
    expect_url("https://www.virustotal.com:8443/", "www.virustotal.com", 8443,
               true, false);
    expect_url("http://127.0.0.1:9000", "127.0.0.1", 9000, false, true);
    expect_url("http://127.255.1.2", "127.255.1.2", 80, false, true);
    expect_url("http://localhost:1", "localhost", 1, false, true);
    expect_url("http://[::1]:65535/", "::1", 65535, false, true);
    expect_url("https://[2001:db8::1]", "2001:db8::1", 443, true, false);
}

Test(url, origin_is_the_text_without_its_slash)
{
    struct slu_error error;
    struct slu_url url;

    cr_assert_eq(parse("https://a.example:8443/", &url, &error), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(url.origin, "https://a.example:8443"));
    cr_assert_eq(parse("http://[::1]", &url, &error), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(url.origin, "http://[::1]"));
}

Test(url, what_is_not_a_base_is_refused_with_a_sentence)
{
    static const struct {
        const char *text;
        const char *sentence;
    } bad[] = {
        {"", "is not a base URL"},
        {"www.virustotal.com", "is not a base URL"},
        {"ftp://a.example", "is not a base URL"},
        {"HTTPS://a.example", "is not a base URL"},
        {"https:///", "no valid host"},
        {"https://:443", "no valid host"},
        {"https://a.example:", "no valid host"},
        {"https://a.example:0", "no valid host"},
        {"https://a.example:65536", "no valid host"},
        {"https://a.example:99999999999999999999", "no valid host"},
        {"https://[::1", "no valid host"},
        {"https://[]", "no valid host"},
        {"https://user@a.example", "behind host and port"},
        {"https://a.example/api/v3", "behind host and port"},
        {"https://a.example?x", "behind host and port"},
        {"https://a.example:443x", "behind host and port"},
        {"https://[::1]x", "behind host and port"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slu_error error;
        struct slu_url url;

        cr_assert_eq(parse(bad[i].text, &url, &error), SLU_ERR_CONFIG, "%s",
                     bad[i].text);
        cr_assert_eq(error.code, SLU_ERR_CONFIG);
        cr_assert_not_null(strstr(error.text, bad[i].sentence), "%s: %s",
                           bad[i].text, error.text);
    }
}

/* Names that only look like loopback would send the key in the clear. */
Test(url, http_is_for_loopback_only)
{
    static const char *const bad[] = {"http://www.virustotal.com",
                                      "http://127.evil.example",
                                      "http://127.0.0.1.example",
                                      "http://127.0.0",
                                      "http://127.0.0.256",
                                      "http://127.0.0.0001",
                                      "http://localhost.example",
                                      "http://128.0.0.1",
                                      "http://127.0.0.",
                                      "http://127..0.1",
                                      "http://[::2]"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slu_error error;
        struct slu_url url;

        cr_assert_eq(parse(bad[i], &url, &error), SLU_ERR_CONFIG, "%s", bad[i]);
        cr_assert_not_null(strstr(error.text, "unencrypted"), "%s", bad[i]);
    }
}

Test(url, host_length_is_bounded)
{
    char text[300] = "https://";
    struct slu_error error;
    struct slu_url url;

    memset(text + 8, 'a', 253);
    cr_assert_eq(parse(text, &url, &error), SLU_ERR_OK);
    text[8 + 253] = 'a';
    cr_assert_eq(parse(text, &url, &error), SLU_ERR_CONFIG);
}

Test(url, encodes_all_but_the_unreserved)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    cr_assert_eq(slu_url_append_encoded(&buf, slu_view_str("aZ09-._~")),
                 SLU_ERR_OK);
    cr_assert_eq(slu_url_append_encoded(&buf, slu_view_str(" +:=/?&%\n")),
                 SLU_ERR_OK);
    cr_assert_eq(slu_url_append_encoded(&buf, slu_view_str("\xc3\xa4")),
                 SLU_ERR_OK);
    cr_assert_eq(slu_url_append_encoded(&buf, slu_view_str("")), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf),
                                 "aZ09-._~%20%2B%3A%3D%2F%3F%26%25%0A%C3%A4"));
    slu_buf_fini(&buf);
}

Test(url, a_path_keeps_its_slashes)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    cr_assert_eq(slu_url_append_path(&buf, slu_view_str("//a b/\xc3\xa9+~.t/")),
                 SLU_ERR_OK);
    cr_assert_eq(slu_url_append_path(&buf, slu_view_make("\0", 1)), SLU_ERR_OK);
    cr_assert(
        slu_view_equal_str(slu_buf_view(&buf), "//a%20b/%C3%A9%2B~.t/%00"));
    slu_buf_fini(&buf);
}

Test(url, encoding_is_refused_over_the_maximum)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 8);
    cr_assert_eq(slu_url_append_encoded(&buf, slu_view_str("++++")),
                 SLU_ERR_LIMIT);
    cr_assert_eq(buf.len, 0);
    slu_buf_fini(&buf);
}

Test(url, split_leaves_what_is_behind_the_host)
{
    struct slu_url url;
    struct slu_view rest;
    struct slu_error error = {0};

    cr_assert_eq(slu_url_split(slu_view_str("http://169.254.170.2:80/v2?a=b"),
                               &url, &rest, &error),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert(slu_view_equal_str(url.origin, "http://169.254.170.2:80"));
    cr_assert(slu_view_equal_str(url.host, "169.254.170.2"));
    cr_assert(slu_view_equal_str(rest, "/v2?a=b"));
    cr_assert_not(url.loopback);
    cr_assert_eq(
        slu_url_split(slu_view_str("https://[::1]x"), &url, &rest, &error),
        SLU_ERR_OK);
    cr_assert(slu_view_equal_str(rest, "x"));
    cr_assert(url.loopback);
    cr_assert_eq(slu_url_split(slu_view_str("ftp://a/b"), &url, &rest, &error),
                 SLU_ERR_CONFIG);
    cr_assert_eq(slu_url_split(slu_view_str("http:///b"), &url, &rest, &error),
                 SLU_ERR_CONFIG);
}
