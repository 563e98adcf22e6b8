/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/uuid.h"

#include <criterion/criterion.h>

/* The namespace of domain names, RFC 9562, 6.6. */
static const unsigned char dns[SLU_UUID_LEN] = {
    0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
    0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

static void expect_uuid(const char *name, const char *expected)
{
    char text[SLU_UUID_TEXT_LEN + 1] = "";

    slu_uuid5_format(dns, slu_view_str(name), text);
    cr_assert_str_eq(text, expected);
}

/* The first is the example of RFC 9562, A.4, the others are Python's. */
Test(uuid, of_version_5_is_that_of_the_rfc)
{
    expect_uuid("www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    expect_uuid("", "4ebd0208-8328-5d69-8c44-ec50939c0967");
}
