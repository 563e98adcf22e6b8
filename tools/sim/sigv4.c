/* SPDX-License-Identifier: Apache-2.0 */
#include "sigv4.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void sim_hex(const unsigned char *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

void sim_sha256_hex(const void *data, size_t len, char *out)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256(data, len, digest);
    sim_hex(digest, sizeof(digest), out);
}

/* The text after `name=` of one parameter; NULL if it is another. */
static char *value_of(char *parameter, const char *name)
{
    size_t len = strlen(name);

    return strncmp(parameter, name, len) == 0 && parameter[len] == '='
               ? parameter + len + 1
               : NULL;
}

/* KEY/DATE/REGION/SERVICE/aws4_request, the key without a slash. */
static const char *parse_credential(struct sim_sigv4 *signature, char *text)
{
    const char **field[] = {&signature->key, &signature->date,
                            &signature->region, &signature->service};
    char *at = text;

    for (int i = 0; i < 4; i++) {
        char *slash = strchr(at, '/');

        if (slash == NULL || slash == at) {
            return "Credential must have at least 5 slash-delimited elements";
        }
        *slash = '\0';
        *field[i] = at;
        at = slash + 1;
    }
    if (strcmp(at, "aws4_request") != 0) {
        return "Credential should be scoped with a valid terminator: "
               "'aws4_request'";
    }
    if (strlen(signature->date) != 8 ||
        strspn(signature->date, "0123456789") != 8) {
        return "the date of the Credential must have 8 digits";
    }
    for (const char *byte = signature->key; *byte != '\0'; byte++) {
        if (!isalnum((unsigned char)*byte) && *byte != '_') {
            return "the key of the Credential is malformed";
        }
    }
    return NULL;
}

static const char *parse_names(struct sim_sigv4 *signature, char *text)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    char *at = text;

    while (at != NULL) {
        char *next = strchr(at, ';');

        if (next != NULL) {
            *next++ = '\0';
        }
        if (*at == '\0' || strspn(at, token) != strlen(at)) {
            return "SignedHeaders must be lower-case names with ; between";
        }
        if (signature->names == SIM_SIGV4_NAMES) {
            return "SignedHeaders names too many headers";
        }
        signature->name[signature->names++] = at;
        at = next;
    }
    return NULL;
}

static const char *parse_signature(struct sim_sigv4 *signature, char *text)
{
    size_t len = strlen(text);

    signature->signature = text;
    if (len == 0 || len % 2 != 0 || strspn(text, "0123456789abcdef") != len) {
        return "Signature must be lower-case hexadecimal";
    }
    return NULL;
}

static const char *parse_parameter(struct sim_sigv4 *signature, char *text)
{
    char *value;

    if ((value = value_of(text, "Credential")) != NULL) {
        return signature->key != NULL ? "Credential is given twice"
                                      : parse_credential(signature, value);
    }
    if ((value = value_of(text, "SignedHeaders")) != NULL) {
        return signature->names > 0 ? "SignedHeaders is given twice"
                                    : parse_names(signature, value);
    }
    if ((value = value_of(text, "Signature")) != NULL) {
        return signature->signature != NULL ? "Signature is given twice"
                                            : parse_signature(signature, value);
    }
    return "Authorization has a parameter that is not known";
}

static const char *parse_algorithm(struct sim_sigv4 *signature)
{
    static const char *const known[] = {
        "AWS4-HMAC-SHA256", "AWS4-X509-RSA-SHA256", "AWS4-X509-ECDSA-SHA256"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(signature->algorithm, known[i]) == 0) {
            return NULL;
        }
    }
    return "the algorithm of the Authorization header is not supported";
}

const char *sim_sigv4_parse(struct sim_sigv4 *signature, const char *header)
{
    const char *wrong;
    char *at;

    memset(signature, 0, sizeof(*signature));
    if (strlen(header) >= sizeof(signature->text)) {
        return "Authorization header too long";
    }
    strcpy(signature->text, header);
    at = strchr(signature->text, ' ');
    signature->algorithm = signature->text;
    if (at == NULL) {
        return "Authorization header requires 'Credential' parameter. "
               "Authorization header requires 'Signature' parameter. "
               "Authorization header requires 'SignedHeaders' parameter.";
    }
    *at++ = '\0';
    wrong = parse_algorithm(signature);
    while (wrong == NULL && at != NULL) {
        char *next = strchr(at, ',');

        if (next != NULL) {
            *next++ = '\0';
            next += *next == ' ';
        }
        wrong = parse_parameter(signature, at);
        at = next;
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (signature->key == NULL) {
        return "Authorization header requires 'Credential' parameter.";
    }
    if (signature->signature == NULL) {
        return "Authorization header requires 'Signature' parameter.";
    }
    return signature->names > 0
               ? NULL
               : "Authorization header requires 'SignedHeaders' parameter.";
}

void sim_sigv4_to_sign(const struct sim_sigv4 *signature, const char *instant,
                       const struct sim_text *canonical, struct sim_text *out)
{
    char hash[SIM_SHA256_HEX];

    sim_sha256_hex(canonical->data, canonical->len, hash);
    sim_text_printf(out, "%s\n%s\n%s/%s/%s/aws4_request\n%s",
                    signature->algorithm, instant, signature->date,
                    signature->region, signature->service, hash);
}

static void hmac_step(unsigned char *key, size_t key_len, const char *text,
                      size_t len)
{
    unsigned char out[SHA256_DIGEST_LENGTH];

    HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, len, out,
         NULL);
    memcpy(key, out, sizeof(out));
}

void sim_sigv4_key(const struct sim_sigv4 *signature, const char *secret,
                   unsigned char *out)
{
    unsigned char key[256] = "AWS4";
    size_t len = strlen(secret) < 252 ? strlen(secret) : 251;

    memcpy(key + 4, secret, len);
    hmac_step(key, len + 4, signature->date, strlen(signature->date));
    hmac_step(key, 32, signature->region, strlen(signature->region));
    hmac_step(key, 32, signature->service, strlen(signature->service));
    hmac_step(key, 32, "aws4_request", strlen("aws4_request"));
    memcpy(out, key, SIM_SIGV4_KEY);
}

void sim_sigv4_hmac(const unsigned char *key, const struct sim_text *to_sign,
                    char *out)
{
    unsigned char mac[SIM_SIGV4_KEY];

    memcpy(mac, key, sizeof(mac));
    hmac_step(mac, sizeof(mac), to_sign->data, to_sign->len);
    sim_hex(mac, sizeof(mac), out);
}

bool sim_sigv4_signs(const struct sim_sigv4 *signature, const char *name)
{
    for (unsigned i = 0; i < signature->names; i++) {
        if (strcasecmp(signature->name[i], name) == 0) {
            return true;
        }
    }
    return false;
}
