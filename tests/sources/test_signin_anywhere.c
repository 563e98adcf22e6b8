/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/x509_make.h"
#include "sources/signin_world.h"
#include "support/shared.h"

#include <criterion/criterion.h>

#define ANCHOR                                                                 \
    "arn:aws:rolesanywhere:us-east-2:123456789012:trust-anchor/geheimnis-1"
#define PROFILE "arn:aws:rolesanywhere:us-east-2:123456789012:profile/p-1"
#define ROLE "arn:aws:iam::123456789012:role/r"
#define ORIGIN "https://rolesanywhere.us-east-2.amazonaws.com"
#define CERTIFICATE "aws.roles_anywhere.certificate /cert.pem"
#define KEY "aws.roles_anywhere.private_key /key.pem"
#define DAY 86400
#define PASSPHRASE "geheim-phrase"

static const char answer[] =
    "{\"credentialSet\":[{\"credentials\":{\"accessKeyId\":\"ASIAANY\","
    "\"secretAccessKey\":\"geheim-any\",\"sessionToken\":\"token-geheim\","
    "\"expiration\":\"2026-01-01T01:00:00Z\"},\"roleArn\":\"r\"}]}";

static struct world world;
static EVP_PKEY *key;
static char *texts[8];
static unsigned text_count;

static char *keep(char *text)
{
    texts[text_count++] = text;
    return text;
}

static char *make_certificate(const struct x509_recipe *recipe, EVP_PKEY *of)
{
    X509 *certificate = x509_make_certificate(recipe, of);
    char *text = keep(x509_certificate_pem(certificate));

    X509_free(certificate);
    return text;
}

static void set_files(const struct x509_recipe *recipe, const char *passphrase)
{
    world_set_file(&world, "/cert.pem", make_certificate(recipe, key));
    world_set_file(&world, "/key.pem",
                   keep(x509_key_pem(key, false, passphrase)));
}

static void set_up(void)
{
    struct slu_aws_anywhere_config *config = &world.config.roles_anywhere;

    world_init(&world);
    text_count = 0;
    key = x509_make_key("P-256");
    world.config.auth = "roles_anywhere";
    config->private_key = "/key.pem";
    config->certificate = "/cert.pem";
    config->profile_arn = PROFILE;
    config->role_arn = ROLE;
    config->trust_anchor_arn = ANCHOR;
}

static void tear_down(void)
{
    world_fini(&world);
    EVP_PKEY_free(key);
    for (unsigned i = 0; i < text_count; i++) {
        free(texts[i]);
    }
}

TestSuite(signin_anywhere, .init = set_up, .fini = tear_down);

static const struct x509_recipe plain = {.name = "leaf"};

Test(signin_anywhere, a_session)
{
    struct slu_view line;

    set_files(&plain, NULL);
    world_start(&world);
    world_expect_request(
        &world, "POST", ORIGIN,
        "/sessions?profileArn=arn%3Aaws%3Arolesanywhere%3Aus-east-2%3A"
        "123456789012%3Aprofile%2Fp-1&roleArn=arn%3Aaws%3Aiam%3A%3A"
        "123456789012%3Arole%2Fr&trustAnchorArn=arn%3Aaws%3Arolesanywhere%3A"
        "us-east-2%3A123456789012%3Atrust-anchor%2Fgeheimnis-1");
    world_expect_header(&world, "Content-Type", "application/json");
    world_expect_header(&world, "x-amz-date", "20260101T000000Z");
    world_expect_body(&world, "{\"durationSeconds\":3600}");
    cr_assert_not(world.need.direct);
    cr_assert_gt(world_header(&world, "x-amz-x509").len, 100);
    line = world_header(&world, "Authorization");
    cr_assert_not_null(strstr(line.ptr,
                              "AWS4-X509-ECDSA-SHA256 Credential=21/20260101/"
                              "us-east-2/rolesanywhere/aws4_request"));
    world_answer(&world, 201, answer);
    world_expect_ready(&world, "ASIAANY", "geheim-any", "token-geheim",
                       WORLD_NOW + 3600);
    world_expect_origin(&world, "IAM Roles Anywhere");
    cr_assert_str_eq(world.note, "");
}

Test(signin_anywhere, the_chain_goes_along)
{
    set_files(&plain, NULL);
    world.config.roles_anywhere.chain = "/chain.pem";
    world_set_file(
        &world, "/chain.pem",
        make_certificate(
            &(struct x509_recipe){.name = "inter", .is_authority = true}, key));
    world_start(&world);
    cr_assert_gt(world_header(&world, "x-amz-x509-chain").len, 100);
}

Test(signin_anywhere, an_encrypted_key_and_files_read_anew)
{
    set_files(&plain, PASSPHRASE);
    world.config.roles_anywhere.passphrase.value = PASSPHRASE;
    world_start(&world);
    cr_assert_eq(world.reads, 2);
    world_answer(&world, 201, answer);
    world_expect_ready(&world, "ASIAANY", "geheim-any", "token-geheim",
                       WORLD_NOW + 3600);
    set_files(&(struct x509_recipe){.serial = "16"}, PASSPHRASE);
    world_start(&world);
    cr_assert_eq(world.reads, 2);
    cr_assert_not_null(
        strstr(world_header(&world, "Authorization").ptr, "Credential=22/"));
}

Test(signin_anywhere, a_wrong_passphrase_and_none)
{
    set_files(&plain, PASSPHRASE);
    world.config.roles_anywhere.passphrase.value = "geheim-other";
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        KEY ": the passphrase does not open the private key: "
                            "it is wrong, or the key is damaged");
    world.config.roles_anywhere.passphrase.value = NULL;
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        KEY ": the private key is encrypted and no passphrase "
                            "is set");
}

Test(signin_anywhere, a_key_that_is_not_there_or_none)
{
    set_files(&plain, NULL);
    world_set_file(&world, "/key.pem", NULL);
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        KEY ": the file cannot be read: Permission denied");
    world_set_file(&world, "/key.pem", "geheim");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        KEY ": the private key cannot be read: expected PEM "
                            "with an RSA or EC key, PKCS#8 or traditional");
    world.config.roles_anywhere.private_key = "/gone.pem";
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "aws.roles_anywhere.private_key /gone.pem: the file "
                        "cannot be read: No such file or directory");
}

Test(signin_anywhere, a_certificate_that_is_not_there_or_none)
{
    set_files(&plain, NULL);
    world_set_file(&world, "/cert.pem", "nothing");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        CERTIFICATE ": the certificate holds none: expected "
                                    "PEM with \"BEGIN CERTIFICATE\"");
    world_set_file(&world, "/cert.pem", NULL);
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        CERTIFICATE
                        ": the file cannot be read: Permission denied");
}

Test(signin_anywhere, a_key_of_another_certificate)
{
    EVP_PKEY *other = x509_make_key("P-256");

    set_files(&plain, NULL);
    world_set_file(&world, "/cert.pem", make_certificate(&plain, other));
    EVP_PKEY_free(other);
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        CERTIFICATE ": the private key does not belong to the "
                                    "certificate");
}

Test(signin_anywhere, an_expired_certificate)
{
    set_files(&(struct x509_recipe){.not_after = WORLD_NOW - 1}, NULL);
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        CERTIFICATE ": the certificate expired at "
                                    "2025-12-31T23:59:59Z");
}

Test(signin_anywhere, a_chain_that_is_no_use)
{
    set_files(&plain, NULL);
    world.config.roles_anywhere.chain = "/chain.pem";
    world_set_file(&world, "/chain.pem", "nothing");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "aws.roles_anywhere.chain /chain.pem: the certificate "
                        "chain holds none: expected PEM with \"BEGIN "
                        "CERTIFICATE\"");
}

Test(signin_anywhere, a_certificate_near_its_end_is_told_once_a_day)
{
    set_files(&(struct x509_recipe){.not_after = WORLD_NOW + 29 * DAY + 9},
              NULL);
    world_start(&world);
    cr_assert_str_eq(world.note, CERTIFICATE
                     " expires in 29 days, at 2026-01-30T00:00:09Z");
    cr_assert_eq(world.turn, SLU_SIGNIN_REQUEST);
    world.now.wall_s += DAY - 1;
    world_start(&world);
    cr_assert_str_eq(world.note, "");
    world.now.wall_s += 1;
    world_start(&world);
    cr_assert_str_eq(world.note, CERTIFICATE
                     " expires in 28 days, at 2026-01-30T00:00:09Z");
}

Test(signin_anywhere, two_regions)
{
    set_files(&plain, NULL);
    world.config.roles_anywhere.trust_anchor_arn =
        "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/t";
    world_start(&world);
    cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
    cr_assert_eq(world.need.error.code, SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(world.need.error.text, "us-east-2"), "%s",
                       world.need.error.text);
    cr_assert_not_null(strstr(world.need.error.text, "eu-west-1"));
}

Test(signin_anywhere, a_refusal_in_the_servers_words)
{
    const struct slu_signin_answer refusal = {
        .status = 403,
        .error_type = slu_view_str("AccessDeniedException"),
        .body = slu_view_str("{\"message\":\"Untrusted signing certificate\"}"),
    };

    set_files(&plain, NULL);
    world_start(&world);
    world_answer_with(&world, &refusal);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "IAM Roles Anywhere refuses the sign-in: "
                        "AccessDeniedException: Untrusted signing certificate");
    world_start(&world);
    world_answer(&world, 201, "{\"credentialSet\":[]}");
    world_expect_failed(&world, SLU_ERR_SERVER,
                        "IAM Roles Anywhere: the answer has no accessKeyId");
    world_start(&world);
    world_answer(&world, 500, "");
    world_expect_wait(&world, 500, 1000);
    world_expect_request(&world, "POST", ORIGIN, NULL);
}

Test(signin_anywhere, no_memory_at_any_point)
{
    set_files(&plain, PASSPHRASE);
    world.config.roles_anywhere.passphrase.value = PASSPHRASE;
    world_start(&world);
    for (unsigned long n = 1;; n++) {
        world.counting.fail_at = world.counting.calls + n;
        world_start(&world);
        if (world.turn == SLU_SIGNIN_REQUEST) {
            world_answer(&world, 201, answer);
        }
        if (world.turn != SLU_SIGNIN_FAILED) {
            cr_assert_gt(n, 10);
            break;
        }
        cr_assert_eq(world.need.error.code, SLU_ERR_NOMEM, "%lu: %s", n,
                     world.need.error.text);
    }
    world_expect_ready(&world, "ASIAANY", "geheim-any", "token-geheim",
                       WORLD_NOW + 3600);
    world_free_signin(&world);
}

/* ---- the official helper's own request ---- */

/* The value of a query's parameter, decoded, to free(). */
static char *read_arn(const char *canonical, const char *name)
{
    const char *at = strstr(canonical, name) + strlen(name);
    char *out = calloc(1, 300);

    for (size_t len = 0; *at != '&' && *at != '\n'; len++) {
        if (*at == '%') {
            out[len] = at[2] == 'A' ? ':' : '/';
            at += 3;
        } else {
            out[len] = *at++;
        }
    }
    return keep(out);
}

Test(signin_anywhere, the_helpers_request_byte_for_byte)
{
    struct slu_aws_anywhere_config *config = &world.config.roles_anywhere;
    char folder[1000];
    char *canonical;
    char *signature;
    struct slu_view line;

    if (shared_folder("rolesanywhere/helper-capture", folder) == NULL) {
        cr_skip("no samples");
    }
    canonical = keep(shared_read(folder, "rsa-canonical-request.txt"));
    signature = keep(shared_read(folder, "rsa-signature.txt"));
    world_set_file(&world, "/cert.pem",
                   keep(shared_read(folder, "alice-cert.crt")));
    world_set_file(&world, "/key.pem",
                   keep(shared_read(folder, "alice-cert.key")));
    config->profile_arn = read_arn(canonical, "profileArn=");
    config->role_arn = read_arn(canonical, "roleArn=");
    config->trust_anchor_arn = read_arn(canonical, "trustAnchorArn=");
    world_set_env(&world, "AWS_ENDPOINT_URL_ROLESANYWHERE",
                  "http://127.0.0.1:8080");
    world.now.wall_s = 1720265939; /* 2024-07-06T11:38:59Z */
    world_start(&world);
    world_expect_request(&world, "POST", "http://127.0.0.1:8080", NULL);
    line = world_header(&world, "Authorization");
    signature[strcspn(signature, "\n")] = '\0';
    cr_assert_eq(line.len - strlen(signature),
                 (size_t)(strstr(line.ptr, signature) - line.ptr), "%.*s",
                 SLU_VIEW_ARGS(line));
}
