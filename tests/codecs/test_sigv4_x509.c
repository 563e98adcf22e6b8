/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_x509.h"
#include "support/failing_alloc.h"
#include "x509_make.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define NOW 1720265939 /* 2024-07-06T11:38:59Z */

#define VIEW(text) SLU_VIEW_LITERAL(text)

/* A certificate and its key, and their texts. */
struct identity {
    EVP_PKEY *key;
    X509 *certificate;
    char *certificate_pem;
    char *key_pem;
};

static const struct slu_sigv4_pair headers[] = {
    {VIEW("Content-Type"), VIEW("application/json")}};

static const struct slu_sigv4_request request = {
    .method = VIEW("POST"),
    .host = VIEW("rolesanywhere.us-east-1.amazonaws.com"),
    .path = VIEW("/sessions"),
    .headers = headers,
    .header_count = 1,
    .region = VIEW("us-east-1"),
    .service = VIEW("rolesanywhere"),
    .now_seconds = NOW,
};

static struct identity make_identity(const char *kind,
                                     const struct x509_recipe *recipe)
{
    struct identity it = {.key = x509_make_key(kind)};

    it.certificate = x509_make_certificate(recipe, it.key);
    it.certificate_pem = x509_certificate_pem(it.certificate);
    it.key_pem = x509_key_pem(it.key, false, NULL);
    return it;
}

static void drop_identity(struct identity *self)
{
    free(self->key_pem);
    free(self->certificate_pem);
    X509_free(self->certificate);
    EVP_PKEY_free(self->key);
}

static struct slu_sigv4_x509_options options_of(const struct identity *it)
{
    return (struct slu_sigv4_x509_options){
        .alloc = slu_alloc_default(),
        .certificate = slu_view_str(it->certificate_pem),
        .private_key = slu_view_str(it->key_pem),
        .now_seconds = NOW,
    };
}

static struct slu_sigv4_x509 *
open_signer(const struct slu_sigv4_x509_options *options)
{
    struct slu_sigv4_x509 *signer;
    struct slu_error error = {0};

    cr_assert_eq(slu_sigv4_x509_new(options, &signer, &error), SLU_ERR_OK, "%s",
                 error.text);
    return signer;
}

static void refuse(const struct slu_sigv4_x509_options *options,
                   enum slu_err want, const char *sentence)
{
    struct slu_sigv4_x509 *signer;
    struct slu_error error = {0};

    cr_assert_eq(slu_sigv4_x509_new(options, &signer, &error), want, "%s",
                 error.text);
    cr_assert_null(signer);
    cr_assert_not_null(strstr(error.text, sentence), "%s", error.text);
}

static void refuse_recipe(struct x509_recipe recipe, enum slu_err want,
                          const char *sentence)
{
    struct identity it = make_identity("P-256", &recipe);
    struct slu_sigv4_x509_options options = options_of(&it);

    refuse(&options, want, sentence);
    drop_identity(&it);
}

/* What is behind the word in Authorization, up to the next comma. */
static struct slu_view find_part(struct slu_view line, const char *word)
{
    const char *at = memmem(line.ptr, line.len, word, strlen(word));
    const char *end;

    cr_assert_not_null(at, "%.*s", SLU_VIEW_ARGS(line));
    at += strlen(word);
    end = memchr(at, ',', (size_t)(line.ptr + line.len - at));
    return slu_view_make(
        at, (size_t)((end == NULL ? line.ptr + line.len : end) - at));
}

/* base64 of the DER, by OpenSSL's PEM: the lines between the first and last. */
static char *base64_of(const char *pem)
{
    char *text = calloc(1, strlen(pem) + 1);
    const char *at = strchr(pem, '\n') + 1;
    size_t len = 0;

    for (; *at != '-'; at++) {
        if (*at != '\n') {
            text[len++] = *at;
        }
    }
    return text;
}

static void check_signature(const char *kind, const char *algorithm)
{
    struct identity it = make_identity(kind, &(struct x509_recipe){0});
    struct slu_sigv4_x509_options options = options_of(&it);
    struct slu_sigv4_x509 *signer = open_signer(&options);
    char *base64 = base64_of(it.certificate_pem);
    struct slu_sigv4_added added;
    struct slu_view line;
    struct slu_buf out;
    char want[4000];

    slu_buf_init(&out, slu_alloc_default(), 1 << 16);
    cr_assert_eq(slu_sigv4_x509_sign(signer, &request, &out, &added),
                 SLU_ERR_OK);
    cr_assert_eq(added.count, 3);
    cr_assert(slu_view_equal_str(added.headers[1].name, "x-amz-x509"));
    cr_assert(slu_view_equal_str(added.headers[1].value, base64));
    line = added.headers[2].value;
    (void)snprintf(want, sizeof(want),
                   "%s Credential=21/20240706/us-east-1/rolesanywhere/"
                   "aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                   "x-amz-x509, Signature=",
                   algorithm);
    cr_assert_eq(memcmp(line.ptr, want, strlen(want)), 0, "%s", out.ptr);
    (void)snprintf(want, sizeof(want),
                   "POST\n/sessions\n\ncontent-type:application/json\n"
                   "host:rolesanywhere.us-east-1.amazonaws.com\n"
                   "x-amz-date:20240706T113859Z\nx-amz-x509:%s\n\n"
                   "content-type;host;x-amz-date;x-amz-x509\n"
                   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78"
                   "52b855",
                   base64);
    cr_assert(
        slu_view_equal_str(slu_sigv4_x509_canonical_request(signer), want));
    cr_assert_eq(memcmp(slu_sigv4_x509_string_to_sign(signer).ptr, algorithm,
                        strlen(algorithm)),
                 0);
    cr_assert(x509_verify(X509_get0_pubkey(it.certificate),
                          slu_sigv4_x509_string_to_sign(signer),
                          find_part(line, "Signature=")));
    cr_assert_not(x509_verify(X509_get0_pubkey(it.certificate),
                              slu_sigv4_x509_canonical_request(signer),
                              find_part(line, "Signature=")));
    slu_buf_fini(&out);
    free(base64);
    slu_sigv4_x509_free(signer);
    drop_identity(&it);
}

Test(sigv4_x509, an_rsa_signature_verifies)
{
    check_signature("RSA", "AWS4-X509-RSA-SHA256");
}

Test(sigv4_x509, an_ec_signature_verifies)
{
    check_signature("P-256", "AWS4-X509-ECDSA-SHA256");
    check_signature("P-384", "AWS4-X509-ECDSA-SHA256");
    check_signature("P-521", "AWS4-X509-ECDSA-SHA256");
}

Test(sigv4_x509, a_serial_number_is_decimal_at_any_length)
{
    static const char *const serials[][2] = {
        {"01", "1"},
        {"FF", "255"},
        {"F1E2D3C4B5A697887766554433221100FFEEDDCC",
         "1380925191812544026057575260328813923677208763852"},
    };

    for (unsigned i = 0; i < 3; i++) {
        struct x509_recipe recipe = {.serial = serials[i][0]};
        struct identity it = make_identity("P-256", &recipe);
        struct slu_sigv4_x509_options options = options_of(&it);
        struct slu_sigv4_x509 *signer = open_signer(&options);

        cr_assert(
            slu_view_equal_str(slu_sigv4_x509_serial(signer), serials[i][1]));
        slu_sigv4_x509_free(signer);
        drop_identity(&it);
    }
}

static void check_chain(const struct slu_sigv4_x509_options *options,
                        const char *want)
{
    struct slu_sigv4_x509 *signer = open_signer(options);
    struct slu_sigv4_added added;
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), 1 << 16);
    cr_assert_eq(slu_sigv4_x509_sign(signer, &request, &out, &added),
                 SLU_ERR_OK);
    cr_assert_eq(added.count, 4);
    cr_assert(slu_view_equal_str(added.headers[2].name, "x-amz-x509-chain"));
    cr_assert(slu_view_equal_str(added.headers[2].value, want));
    cr_assert(slu_view_equal_str(
        find_part(added.headers[3].value, "SignedHeaders="),
        "content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain"));
    slu_buf_fini(&out);
    slu_sigv4_x509_free(signer);
}

Test(sigv4_x509, a_chain_is_sent_in_its_order_without_the_end_entity)
{
    struct identity leaf = make_identity("P-256", &(struct x509_recipe){0});
    struct identity one = make_identity(
        "P-256", &(struct x509_recipe){.name = "one", .is_authority = true});
    struct identity two = make_identity(
        "P-256", &(struct x509_recipe){.name = "two", .is_authority = true});
    struct slu_sigv4_x509_options options = options_of(&leaf);
    char *base64_one = base64_of(one.certificate_pem);
    char *base64_two = base64_of(two.certificate_pem);
    char *comma = x509_join(base64_two, ",");
    char *want = x509_join(comma, base64_one);
    char *chain = x509_join(two.certificate_pem, one.certificate_pem);
    char *with_leaf = x509_join(leaf.certificate_pem, chain);
    char *bundle = x509_join(leaf.certificate_pem, two.certificate_pem);

    options.chain = slu_view_str(chain);
    check_chain(&options, want);
    options.chain = slu_view_str(with_leaf);
    check_chain(&options, want);
    options.certificate = slu_view_str(bundle);
    options.chain = slu_view_str(one.certificate_pem);
    check_chain(&options, want);
    free(bundle);
    free(with_leaf);
    free(chain);
    free(want);
    free(comma);
    free(base64_two);
    free(base64_one);
    drop_identity(&two);
    drop_identity(&one);
    drop_identity(&leaf);
}

Test(sigv4_x509, a_chain_has_a_greatest_length)
{
    struct identity leaf = make_identity("P-256", &(struct x509_recipe){0});
    struct identity one =
        make_identity("P-256", &(struct x509_recipe){.name = "one"});
    struct slu_sigv4_x509_options options = options_of(&leaf);
    char *chain = x509_join(one.certificate_pem, "");

    for (unsigned i = 0; i < SLU_X509_CHAIN_MAX; i++) {
        char *longer = x509_join(chain, one.certificate_pem);

        if (i == SLU_X509_CHAIN_MAX - 1) {
            options.chain = slu_view_str(chain);
            slu_sigv4_x509_free(open_signer(&options));
        }
        free(chain);
        chain = longer;
    }
    options.chain = slu_view_str(chain);
    refuse(&options, SLU_ERR_LIMIT, "more than 8 intermediates");
    free(chain);
    drop_identity(&one);
    drop_identity(&leaf);
}

Test(sigv4_x509, a_passphrase_opens_the_key)
{
    struct identity it = make_identity("P-256", &(struct x509_recipe){0});
    struct slu_sigv4_x509_options options = options_of(&it);
    char *pem = x509_key_pem(it.key, false, "pass word");

    options.private_key = slu_view_str(pem);
    options.passphrase = slu_view_str("pass word");
    slu_sigv4_x509_free(open_signer(&options));
    options.passphrase = slu_view_str("password");
    refuse(&options, SLU_ERR_AUTH,
           "the passphrase does not open the private key");
    options.passphrase = slu_view_str("");
    refuse(&options, SLU_ERR_CONFIG, "no passphrase is set");
    free(pem);
    drop_identity(&it);
}

Test(sigv4_x509, key_and_certificate_must_belong_together)
{
    struct identity it = make_identity("P-256", &(struct x509_recipe){0});
    struct identity other = make_identity("P-256", &(struct x509_recipe){0});
    struct identity rsa = make_identity("RSA", &(struct x509_recipe){0});
    struct slu_sigv4_x509_options options = options_of(&it);

    options.private_key = slu_view_str(other.key_pem);
    refuse(&options, SLU_ERR_CONFIG,
           "the private key does not belong to the certificate");
    options.private_key = slu_view_str(rsa.key_pem);
    refuse(&options, SLU_ERR_CONFIG,
           "the private key does not belong to the certificate");
    drop_identity(&rsa);
    drop_identity(&other);
    drop_identity(&it);
}

Test(sigv4_x509, validity_is_told_to_the_second)
{
    struct x509_recipe recipe = {.not_before = NOW - 10, .not_after = NOW + 10};
    struct identity it = make_identity("P-256", &recipe);
    struct slu_sigv4_x509_options options = options_of(&it);
    struct slu_sigv4_x509 *signer = open_signer(&options);
    struct slu_error error = {0};

    cr_assert_eq(slu_sigv4_x509_not_after(signer), NOW + 10);
    cr_assert_eq(slu_sigv4_x509_check_time(signer, NOW - 10, &error),
                 SLU_ERR_OK);
    cr_assert_eq(slu_sigv4_x509_check_time(signer, NOW + 10, &error),
                 SLU_ERR_OK);
    cr_assert_eq(slu_sigv4_x509_check_time(signer, NOW + 11, &error),
                 SLU_ERR_AUTH);
    cr_assert_str_eq(error.text,
                     "the certificate expired at 2024-07-06T11:39:09Z");
    cr_assert_eq(slu_sigv4_x509_check_time(signer, NOW - 11, &error),
                 SLU_ERR_AUTH);
    cr_assert_str_eq(error.text, "the certificate is valid only from "
                                 "2024-07-06T11:38:49Z on");
    slu_sigv4_x509_free(signer);
    drop_identity(&it);
}

Test(sigv4_x509, certificates_that_cannot_serve_are_refused)
{
    refuse_recipe((struct x509_recipe){.not_after = NOW - 1}, SLU_ERR_AUTH,
                  "the certificate expired at 2024-07-06T11:38:58Z");
    refuse_recipe((struct x509_recipe){.not_before = NOW + 1}, SLU_ERR_AUTH,
                  "valid only from 2024-07-06T11:39:00Z on");
    refuse_recipe((struct x509_recipe){.is_authority = true}, SLU_ERR_CONFIG,
                  "is an authority's");
    refuse_recipe((struct x509_recipe){.no_signature = true}, SLU_ERR_CONFIG,
                  "lacks digitalSignature");
    refuse_recipe((struct x509_recipe){.version_1 = true}, SLU_ERR_CONFIG,
                  "not X.509 version 3");
}

Test(sigv4_x509, texts_that_are_none_are_refused)
{
    struct identity it = make_identity("P-256", &(struct x509_recipe){0});
    struct slu_sigv4_x509_options options = options_of(&it);

    options.certificate = slu_view_str("");
    refuse(&options, SLU_ERR_CONFIG, "the certificate is empty");
    options.certificate = slu_view_str(it.key_pem);
    refuse(&options, SLU_ERR_CONFIG, "the certificate holds none");
    options = options_of(&it);
    options.chain = slu_view_str("nothing");
    refuse(&options, SLU_ERR_CONFIG, "the certificate chain holds none");
    options = options_of(&it);
    options.private_key = slu_view_str(it.certificate_pem);
    refuse(&options, SLU_ERR_CONFIG, "the private key cannot be read");
    drop_identity(&it);
    slu_sigv4_x509_free(NULL);
}

Test(sigv4_x509, no_memory_is_told_at_every_place)
{
    struct identity it = make_identity("P-256", &(struct x509_recipe){0});
    struct identity one =
        make_identity("P-256", &(struct x509_recipe){.name = "one"});
    struct slu_sigv4_x509_options options = options_of(&it);
    struct failing_alloc failing;
    struct slu_sigv4_added added;
    enum slu_err err = SLU_ERR_NOMEM;
    unsigned n = 0;

    options.chain = slu_view_str(one.certificate_pem);
    while (err == SLU_ERR_NOMEM) {
        struct slu_sigv4_x509 *signer;
        struct slu_error error = {0};
        struct slu_buf out;

        failing_alloc_init(&failing, ++n);
        options.alloc = &failing.alloc;
        slu_buf_init(&out, &failing.alloc, 1 << 16);
        err = slu_sigv4_x509_new(&options, &signer, &error);
        cr_assert_eq(error.code, err);
        if (err == SLU_ERR_OK) {
            err = slu_sigv4_x509_sign(signer, &request, &out, &added);
            cr_assert_eq(added.count, err == SLU_ERR_OK ? 4 : 0);
        }
        slu_buf_fini(&out);
        slu_sigv4_x509_free(signer);
        cr_assert_eq(failing.live, 0);
    }
    cr_assert_eq(err, SLU_ERR_OK);
    cr_assert_gt(n, 8);
    drop_identity(&one);
    drop_identity(&it);
}
