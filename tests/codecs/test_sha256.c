/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sha256.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>

struct fixture {
    struct slu_sha256 *sha;
    unsigned char out[SLU_SHA256_LEN];
    char hex[SLU_SHA256_HEX_LEN + 1];
};

static void start(struct fixture *self)
{
    *self = (struct fixture){.sha = slu_sha256_new(slu_alloc_default())};
    cr_assert_not_null(self->sha);
}

static const char *format(struct fixture *self)
{
    slu_hex_format(self->out, sizeof(self->out), self->hex);
    return self->hex;
}

static const char *hash(struct fixture *self, const char *text)
{
    slu_sha256_hash(self->sha, slu_view_str(text), self->out);
    return format(self);
}

static const char *sign(struct fixture *self, const char *key,
                        const char *message)
{
    slu_sha256_hmac(self->sha, slu_view_str(key), slu_view_str(message),
                    self->out);
    return format(self);
}

/* The examples of FIPS 180-2, appendix B. */
Test(sha256, hashes_as_the_standard_says)
{
    struct fixture it;

    start(&it);
    cr_assert_str_eq(hash(&it, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
                                    "649b934ca495991b7852b855");
    cr_assert_str_eq(hash(&it, "abc"),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
                     "f20015ad");
    cr_assert_str_eq(
        hash(&it, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    slu_sha256_free(it.sha);
}

Test(sha256, pieces_make_the_same_hash)
{
    struct fixture it;
    const char *text = "The quick brown fox jumps over the lazy dog, twice "
                       "and once more, so that there is more than a block.";
    char whole[SLU_SHA256_HEX_LEN + 1];

    start(&it);
    memcpy(whole, hash(&it, text), sizeof(whole));
    slu_sha256_begin(it.sha);
    for (size_t i = 0; i < strlen(text); i++) {
        slu_sha256_add(it.sha, slu_view_make(text + i, 1));
    }
    slu_sha256_end(it.sha, it.out);
    cr_assert_str_eq(format(&it), whole);
    slu_sha256_free(it.sha);
}

/* RFC 4231, test cases 2 and 6 (a key longer than a block). */
Test(sha256, hmac_is_as_the_rfc_says)
{
    struct fixture it;
    char key[132] = {0};

    start(&it);
    cr_assert_str_eq(sign(&it, "Jefe", "what do ya want for nothing?"),
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b9"
                     "64ec3843");
    memset(key, 0xaa, 131);
    cr_assert_str_eq(
        sign(&it, key,
             "Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    slu_sha256_free(it.sha);
}

Test(sha256, hmac_may_write_over_its_key)
{
    struct fixture it;
    char want[SLU_SHA256_HEX_LEN + 1];
    unsigned char key[SLU_SHA256_LEN] = {0};
    struct slu_view view = slu_view_make((const char *)key, sizeof(key));

    start(&it);
    memset(key, 7, sizeof(key));
    slu_sha256_hmac(it.sha, view, slu_view_str("message"), it.out);
    memcpy(want, format(&it), sizeof(want));
    slu_sha256_hmac(it.sha, view, slu_view_str("message"), key);
    slu_hex_format(key, sizeof(key), it.hex);
    cr_assert_str_eq(it.hex, want);
    slu_sha256_free(it.sha);
}

Test(sha256, no_memory_gives_null)
{
    struct failing_alloc failing;

    failing_alloc_init(&failing, 1);
    cr_assert_null(slu_sha256_new(&failing.alloc));
    slu_sha256_free(NULL);
}
