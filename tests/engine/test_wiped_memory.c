/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wiped_memory.h"

#include <criterion/criterion.h>
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <string.h>

/* That it is wiped is seen in the memory of the program:
 * tests/e2e/test_sign_in_faults.py. */
Test(wiped_memory, both_libraries_work_on_it_as_before)
{
    char *text;

    cr_assert(slu_wiped_memory_start());
    cr_assert(slu_wiped_memory_start(), "a second time");
    text = OPENSSL_malloc(4);
    memcpy(text, "abc", 4);
    for (size_t len = 8; len < 100000; len *= 2) {
        text = OPENSSL_realloc(text, len);
        cr_assert_str_eq(text, "abc");
    }
    text = OPENSSL_realloc(text, 4);
    cr_assert_str_eq(text, "abc");
    cr_assert_null(OPENSSL_realloc(text, 0));
    cr_assert_null(OPENSSL_malloc(0));
    OPENSSL_free(NULL);
    text = curl_easy_escape(NULL, "a b", 0);
    cr_assert_str_eq(text, "a%20b");
    curl_free(text);
    curl_free(NULL);
}
