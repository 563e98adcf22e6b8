/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's verifier against requests that others signed: AWS's suite of
 * vectors, whose targets and header lines HTTP would not let through, and two
 * requests of the Roles Anywhere helper. Where the samples are absent, that is
 * said; the examples written down here are from the IAM user guide and the S3
 * API reference, and always run.
 */
#include "tools/sim/canonical.h"
#include "tools/sim/certificate.h"
#include "tools/sim/sigv4.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_2013 "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct sim_canonical_rules s3_rules = {false, false};
static const struct sim_canonical_rules all_rules = {true, true};

/* A signed request as text, taken apart without judging it. */
struct sample {
    char *text;
    struct sim_request request;
    struct sim_sigv4 signature;
    struct sim_text canonical;
    struct sim_text to_sign;
    char hash[SIM_SHA256_HEX];
};

static char *read_file(const char *folder, const char *name)
{
    char path[700];
    FILE *file;
    char *text = calloc(1, 1 << 17);

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "r");
    cr_assert_not_null(file, "cannot read %s", path);
    cr_assert_lt(fread(text, 1, (1 << 17) - 1, file), (1 << 17) - 1);
    fclose(file);
    return text;
}

/* The folder of samples, or NULL, which is said. */
static const char *find_shared(const char *below)
{
    static char path[600];
    const char *tops[] = {getenv("SLU_SHARED"), "../shared", "../../shared"};

    for (size_t i = 0; i < 3; i++) {
        DIR *folder;

        if (tops[i] == NULL) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/samples/%s", tops[i], below);
        folder = opendir(path);
        if (folder != NULL) {
            closedir(folder);
            return path;
        }
    }
    printf("skipped: no samples/%s\n", below);
    return NULL;
}

/* A folded line becomes a part of the one before it, which is what unfolding
   makes of it; then each line is NAME:VALUE with the blanks around it cut. */
static void take_headers(struct sample *sample, char *at)
{
    struct sim_request *request = &sample->request;

    for (char *fold = at; (fold = strstr(fold, "\n ")) != NULL;) {
        *fold = ' ';
    }
    for (char *line = strtok(at, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n")) {
        char *value = strchr(line, ':');
        size_t len;

        cr_assert_not_null(value, "%s", line);
        *value++ = '\0';
        value += strspn(value, " \t");
        len = strlen(value);
        while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
            value[--len] = '\0';
        }
        request->header[request->headers++] = (struct sim_header){line, value};
    }
}

static void take_sample(struct sample *sample, char *text)
{
    struct sim_request *request = &sample->request;
    char *crlf = strstr(text, "\r\n\r\n");
    char *empty = crlf != NULL ? crlf : strstr(text, "\n\n");
    char *end = strchr(text, '\n');
    char *target = strchr(text, ' ');
    char *version;

    memset(sample, 0, sizeof(*sample));
    sample->text = text;
    request->body = empty != NULL ? empty + (crlf != NULL ? 4 : 2) : "";
    request->body_len = strlen(request->body);
    if (empty != NULL) {
        *empty = '\0';
    }
    *end = '\0';
    version = strrchr(text, ' ');
    *target++ = '\0';
    *version = '\0';
    snprintf(request->method, sizeof(request->method), "%s", text);
    snprintf(request->target, sizeof(request->target), "%s", target);
    take_headers(sample, end + 1);
}

static void fini_sample(struct sample *sample)
{
    sim_text_fini(&sample->canonical);
    sim_text_fini(&sample->to_sign);
    free(sample->text);
}

static const char *header_of(const struct sample *sample, const char *name)
{
    return sim_request_header(&sample->request, name);
}

static void compute(struct sample *sample,
                    const struct sim_canonical_rules *rules)
{
    const char *header = header_of(sample, "authorization");

    cr_assert_not_null(header);
    cr_assert_null(sim_sigv4_parse(&sample->signature, header));
    sim_sha256_hex(sample->request.body, sample->request.body_len,
                   sample->hash);
    cr_assert(sim_canonical_build(&sample->request, &sample->signature, rules,
                                  sample->hash, &sample->canonical));
    sim_sigv4_to_sign(&sample->signature, header_of(sample, "x-amz-date"),
                      &sample->canonical, &sample->to_sign);
}

static void sign(const struct sample *sample, const char *secret, char *out)
{
    unsigned char key[SIM_SIGV4_KEY];

    sim_sigv4_key(&sample->signature, secret, key);
    sim_sigv4_hmac(key, &sample->to_sign, out);
}

static void assert_text(const struct sim_text *text, const char *wanted,
                        const char *name)
{
    cr_assert_eq(text->len, strlen(wanted), "%s: %.*s", name, (int)text->len,
                 text->data);
    cr_assert_eq(memcmp(text->data, wanted, text->len), 0, "%s: %.*s", name,
                 (int)text->len, text->data);
}

static void assert_file(const struct sim_text *text, const char *folder,
                        const char *name)
{
    char *wanted = read_file(folder, name);

    assert_text(text, wanted, folder);
    free(wanted);
}

static void assert_vector(const char *folder)
{
    char *context = read_file(folder, "context.json");
    bool normalise = strstr(context, "\"normalize\": true") != NULL;
    struct sim_canonical_rules rules = {normalise, true};
    struct sample sample;
    char secret[64] = "";
    char signature[SIM_SHA256_HEX];

    sscanf(strstr(context, "secret_access_key"), "secret_access_key\": \"%60s",
           secret);
    *strchr(secret, '"') = '\0';
    take_sample(&sample, read_file(folder, "header-signed-request.txt"));
    compute(&sample, &rules);
    assert_file(&sample.canonical, folder, "header-canonical-request.txt");
    assert_file(&sample.to_sign, folder, "header-string-to-sign.txt");
    sign(&sample, secret, signature);
    cr_assert_str_eq(signature, sample.signature.signature, "%s", folder);
    fini_sample(&sample);
    free(context);
}

Test(sim_sigv4, accepts_every_official_vector)
{
    const char *top = find_shared("sigv4/v4");
    DIR *folder = top != NULL ? opendir(top) : NULL;
    struct dirent *entry;
    unsigned count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char path[900];

        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", top, entry->d_name);
            assert_vector(path);
            count++;
        }
    }
    if (folder != NULL) {
        closedir(folder);
        cr_assert_eq(count, 38, "%u", count);
    }
}

/* One request of the official helper, whose body was recovered. */
static void assert_helper(const char *kind)
{
    const char *folder = find_shared("rolesanywhere/helper-capture");
    struct sim_certificate judged = {.end = NULL};
    struct sample sample;
    char name[64];
    char *serial;
    char *bent;

    if (folder == NULL) {
        return;
    }
    snprintf(name, sizeof(name), "%s-request.txt", kind);
    take_sample(&sample, read_file(folder, name));
    compute(&sample, &all_rules);
    snprintf(name, sizeof(name), "%s-canonical-request.txt", kind);
    assert_file(&sample.canonical, folder, name);
    snprintf(name, sizeof(name), "%s-string-to-sign.txt", kind);
    assert_file(&sample.to_sign, folder, name);
    cr_assert_null(
        sim_certificate_read(&judged, header_of(&sample, "x-amz-x509"), NULL));
    serial = sim_certificate_serial(&judged);
    cr_assert_str_eq(serial, sample.signature.key);
    OPENSSL_free(serial);
    cr_assert(sim_certificate_signed(&judged, sample.signature.algorithm,
                                     &sample.to_sign,
                                     sample.signature.signature));
    bent = strdup(sample.signature.signature);
    bent[20] = bent[20] == '0' ? '1' : '0';
    cr_assert_not(sim_certificate_signed(&judged, sample.signature.algorithm,
                                         &sample.to_sign, bent));
    cr_assert_not(sim_certificate_signed(&judged, "AWS4-HMAC-SHA256",
                                         &sample.to_sign,
                                         sample.signature.signature));
    free(bent);
    sim_certificate_fini(&judged);
    fini_sample(&sample);
}

Test(sim_sigv4, accepts_what_the_official_helper_signed)
{
    assert_helper("rsa");
    assert_helper("ecdsa");
}

/* The S3 API reference's first example. */
static const char s3_example[] =
    "GET /test.txt HTTP/1.1\n"
    "Host: examplebucket.s3.amazonaws.com\n"
    "Range: bytes=0-9\n"
    "x-amz-content-sha256: " EMPTY "\n"
    "x-amz-date: 20130524T000000Z\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
    "us-east-1/s3/aws4_request, "
    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\n\n";

Test(sim_sigv4, accepts_the_example_of_the_s3_reference)
{
    struct sample sample;
    char signature[SIM_SHA256_HEX];

    take_sample(&sample, strdup(s3_example));
    compute(&sample, &s3_rules);
    sign(&sample, SECRET_2013, signature);
    cr_assert_str_eq(signature, sample.signature.signature);
    sign(&sample, SECRET_2013 "x", signature);
    cr_assert_str_neq(signature, sample.signature.signature);
    fini_sample(&sample);
}

/* The second and third line of the canonical request of a bare GET. */
static void assert_canonical(const char *target,
                             const struct sim_canonical_rules *rules,
                             const char *path, const char *query)
{
    struct sim_request request = {.method = "GET"};
    struct sim_sigv4 signature = {.names = 0};
    struct sim_text text = {0};
    struct sim_text wanted = {0};

    snprintf(request.target, sizeof(request.target), "%s", target);
    cr_assert(sim_canonical_build(&request, &signature, rules, "h", &text));
    sim_text_printf(&wanted, "GET\n%s\n%s\n\n\nh", path, query);
    sim_text_byte(&wanted, '\0');
    assert_text(&text, wanted.data, target);
    sim_text_fini(&text);
    sim_text_fini(&wanted);
}

Test(sim_sigv4, normalises_paths_but_those_of_s3)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"//", "/"},
        {"/a/../..", "/"},
        {"/a/./b", "/a/b"},
        {"/a/b/..", "/a/"},
        {"/a/b/.", "/a/b/"},
        {"//a//b//", "/a/b/"},
        {"/a%2Fb:c", "/a%252Fb%3Ac"},
        {"/.../..a", "/.../..a"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_canonical(cases[i][0], &all_rules, cases[i][1], "");
        assert_canonical(cases[i][0], &s3_rules, cases[i][0], "");
    }
}

Test(sim_sigv4, sorts_and_encodes_queries)
{
    static const char *const cases[][2] = {
        {"/?", ""},
        {"/?b=1&a=2&a=1&A=0", "A=0&a=1&a=2&b=1"},
        {"/?uploads", "uploads="},
        {"/?a=b=c/d", "a=b%3Dc%2Fd"},
        {"/?&&a=%7e%c3%a4", "a=~%C3%A4"},
        {"/?a=%2B%20", "a=%2B%20"},
        {"/?ab=1&a=2&a-=3", "a=2&a-=3&ab=1"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_canonical(cases[i][0], &s3_rules, "/", cases[i][1]);
    }
}

Test(sim_sigv4, finds_no_canonical_form_for_bad_escapes)
{
    static const char *const targets[] = {"/?a=%", "/?a=%4", "/?%zz",
                                          "/?a=%4g"};
    struct sim_sigv4 signature = {.names = 0};

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct sim_request request = {.method = "GET"};
        struct sim_text text = {0};

        snprintf(request.target, sizeof(request.target), "%s", targets[i]);
        cr_assert_not(
            sim_canonical_build(&request, &signature, &all_rules, "h", &text));
        sim_text_fini(&text);
    }
}

Test(sim_sigv4, knows_a_clean_query)
{
    cr_assert(sim_canonical_query_is_clean("/a"));
    cr_assert(sim_canonical_query_is_clean("/a?b=%20&c=x-._~"));
    cr_assert_not(sim_canonical_query_is_clean("/a?b=%2f"));
    cr_assert_not(sim_canonical_query_is_clean("/a?b=%41"));
    cr_assert_not(sim_canonical_query_is_clean("/a?b=c/d"));
    cr_assert_not(sim_canonical_query_is_clean("/a?b=%"));
}

Test(sim_sigv4, joins_and_trims_headers)
{
    struct sim_request request = {
        .method = "GET",
        .target = "/",
        .header = {{"X-B", "2  \t 3"}, {"x-a", ""}, {"x-b", "1"}},
        .headers = 3};
    struct sim_sigv4 signature = {.name = {"x-a", "x-b"}, .names = 2};
    struct sim_text text = {0};

    cr_assert(sim_canonical_build(&request, &signature, &s3_rules, "h", &text));
    assert_text(&text, "GET\n/\n\nx-a:\nx-b:2 3,1\n\nx-a;x-b\nh", "headers");
    sim_text_fini(&text);
}

Test(sim_sigv4, refuses_certificates_that_are_none)
{
    static const char *const texts[] = {"",     "A",    "AAAA",  "####",
                                        "AA==", "A===", "AAAA=", "MII="};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sim_certificate certificate = {.end = NULL};

        cr_assert_str_eq(sim_certificate_read(&certificate, texts[i], NULL),
                         "X-Amz-X509 is not one certificate in base64");
        sim_certificate_fini(&certificate);
    }
}
