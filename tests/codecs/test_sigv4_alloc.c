/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signature allocates nothing, neither by our allocator nor by OpenSSL's,
 * whether its signing key was there or had to be made.
 */
#include "codecs/sigv4.h"
#include "support/failing_alloc.h"

#include <openssl/crypto.h>
#include <stdio.h>

#define START_SECONDS 1440938160 /* 2015-08-30T12:36:00Z */

static unsigned long openssl_calls;

static void *count_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    openssl_calls++;
    return malloc(len);
}

static void *count_realloc(void *ptr, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    openssl_calls++;
    return realloc(ptr, len);
}

static void count_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    free(ptr);
}

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "broken: %s\n", what);
        exit(1);
    }
}

static void sign_once(struct slu_sigv4 *signer, int64_t now_seconds,
                      struct slu_buf *out)
{
    static const struct slu_sigv4_credentials credentials = {
        .access_key_id = SLU_VIEW_LITERAL("AKIDEXAMPLE"),
        .secret_access_key = SLU_VIEW_LITERAL("wJalrXUtnFEMI/K7MDENG"),
        .session_token = SLU_VIEW_LITERAL("to/ken=="),
    };
    const struct slu_sigv4_request request = {
        .method = SLU_VIEW_LITERAL("GET"),
        .host = SLU_VIEW_LITERAL("guardduty.us-east-1.amazonaws.com"),
        .path = SLU_VIEW_LITERAL("/detector"),
        .query = SLU_VIEW_LITERAL("nextToken=a%3D&maxResults=50"),
        .region = SLU_VIEW_LITERAL("us-east-1"),
        .service = SLU_VIEW_LITERAL("guardduty"),
        .now_seconds = now_seconds,
    };
    struct slu_sigv4_added added;

    slu_buf_clear(out);
    demand(slu_sigv4_sign(signer, &request, &credentials, out, &added) ==
               SLU_ERR_OK,
           "the request is signed");
}

int main(void)
{
    struct failing_alloc failing;
    struct slu_sigv4 *signer;
    struct slu_buf out;
    unsigned calls;
    unsigned long openssl_before;

    demand(CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) ==
               1,
           "OpenSSL takes another allocator");
    OPENSSL_free(OPENSSL_malloc(1));
    demand(openssl_calls == 1, "OpenSSL's allocator is counted");
    failing_alloc_init(&failing, 0);
    slu_buf_init(&out, &failing.alloc, 1 << 16);
    signer = slu_sigv4_new(&failing.alloc);
    demand(signer != NULL, "the signer is made");
    sign_once(signer, START_SECONDS, &out);
    calls = failing.calls;
    openssl_before = openssl_calls;
    demand(calls > 0, "our allocator is counted");
    for (int i = 0; i < 1000; i++) {
        sign_once(signer, START_SECONDS + (int64_t)i * 9000, &out);
    }
    demand(slu_sigv4_keys_count(signer) > 100, "many keys were made");
    demand(failing.calls == calls, "our allocator was left alone");
    demand(openssl_calls == openssl_before, "OpenSSL's was left alone");
    slu_buf_fini(&out);
    slu_sigv4_free(signer);
    demand(failing.live == 0, "all is freed");
    printf("1000 signatures, no allocation\n");
    return 0;
}
