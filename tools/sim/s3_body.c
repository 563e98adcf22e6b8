/* SPDX-License-Identifier: Apache-2.0 */
/* What: the body of a PutObject: its length, the aws-chunked coding, and
   every digest that was sent with it, in a header or a trailer. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "chunks.h"
#include "s3_target.h"
#include "server.h"

#define CHECKSUM "x-amz-checksum-"

void sim_s3_body_fini(struct sim_s3_body *body)
{
    sim_text_fini(&body->decoded);
    sim_text_fini(&body->checksum);
}

static bool refuse(struct sim_s3_target *target, const char *code,
                   const char *message)
{
    sim_s3_refuse(target, 400, code, message);
    return false;
}

static bool refuse_length(struct sim_s3_target *target)
{
    sim_s3_refuse(target, 411, "MissingContentLength",
                  "You must provide the Content-Length HTTP header.");
    return false;
}

/* The checksums that are checked here, and the bytes that each takes. */
static const struct algorithm {
    const char *name;
    size_t bytes;
} algorithms[] = {{"crc32", 4}, {"sha1", 20}, {"sha256", 32}};

static const struct algorithm *find_algorithm(const char *name)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strcasecmp(algorithms[i].name, name) == 0) {
            return &algorithms[i];
        }
    }
    return NULL;
}

static void digest(const char *name, const struct sim_s3_body *body,
                   unsigned char *out)
{
    if (strcmp(name, "crc32") == 0) {
        unsigned long crc = crc32_z(0, (const Bytef *)body->data, body->len);

        for (int i = 0; i < 4; i++) {
            out[i] = (unsigned char)(crc >> (24 - 8 * i));
        }
        return;
    }
    EVP_Digest(body->data, body->len, out, NULL, EVP_get_digestbyname(name),
               NULL);
}

/* Base64 whole, of exactly `bytes`; padding where it belongs. */
static bool is_base64(const char *text, size_t bytes)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = (bytes + 2) / 3 * 4;
    size_t pads = (3 - bytes % 3) % 3;

    return strlen(text) == len && strspn(text, alphabet) == len - pads &&
           strspn(text + len - pads, "=") == pads;
}

static void put_base64(const unsigned char *data, size_t len, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}

/* One checksum, `name` after x-amz-checksum-. */
static bool check_checksum(struct sim_s3_target *target,
                           struct sim_s3_body *body, const char *name,
                           const char *value)
{
    const struct algorithm *algorithm = find_algorithm(name);
    unsigned char bytes[EVP_MAX_MD_SIZE];
    char wanted[2 * EVP_MAX_MD_SIZE];
    char message[200];

    if (algorithm == NULL) {
        sim_s3_refuse(target, 501, "NotImplemented",
                      "This simulator checks crc32, sha1 and sha256 alone");
        return false;
    }
    if (!is_base64(value, algorithm->bytes)) {
        snprintf(message, sizeof(message),
                 "Value for " CHECKSUM "%s header is invalid.",
                 algorithm->name);
        return refuse(target, "InvalidRequest", message);
    }
    digest(algorithm->name, body, bytes);
    put_base64(bytes, algorithm->bytes, wanted);
    if (strcmp(wanted, value) != 0) {
        snprintf(message, sizeof(message),
                 "The %s you specified did not match the calculated checksum.",
                 name);
        return refuse(target, "BadDigest", message);
    }
    sim_text_printf(&body->checksum,
                    CHECKSUM "%s: %s\r\n"
                             "x-amz-checksum-type: FULL_OBJECT\r\n",
                    algorithm->name, value);
    return true;
}

/* The header of a checksum's value: not of its kind or mode. */
static bool is_checksum(const char *name)
{
    return strncasecmp(name, CHECKSUM, strlen(CHECKSUM)) == 0 &&
           strcasecmp(name, CHECKSUM "algorithm") != 0 &&
           strcasecmp(name, CHECKSUM "type") != 0;
}

static bool check_checksums(struct sim_s3_target *target,
                            struct sim_s3_body *body)
{
    const struct sim_request *request = target->request;
    const struct sim_header *found = NULL;

    for (unsigned i = 0; i < request->headers; i++) {
        if (!is_checksum(request->header[i].name)) {
            continue;
        }
        if (found != NULL || body->checksum.len > 0) {
            return refuse(target, "InvalidRequest",
                          "Expecting a single x-amz-checksum- header. Multiple "
                          "checksum Types are not allowed.");
        }
        found = &request->header[i];
    }
    if (found != NULL) {
        return check_checksum(target, body, found->name + strlen(CHECKSUM),
                              found->value);
    }
    if (sim_s3_asked(target, "x-amz-sdk-checksum-algorithm") != NULL &&
        body->checksum.len == 0) {
        return refuse(target, "InvalidRequest",
                      "x-amz-sdk-checksum-algorithm specified, but no "
                      "corresponding x-amz-checksum-* or x-amz-trailer headers "
                      "were found.");
    }
    return true;
}

static bool check_md5(struct sim_s3_target *target, struct sim_s3_body *body)
{
    const char *said = sim_s3_asked(target, "content-md5");
    unsigned char bytes[16];
    char wanted[32];

    EVP_Digest(body->data, body->len, bytes, NULL, EVP_md5(), NULL);
    sim_hex(bytes, sizeof(bytes), body->md5);
    put_base64(bytes, sizeof(bytes), wanted);
    if (said != NULL && !is_base64(said, sizeof(bytes))) {
        return refuse(target, "InvalidDigest",
                      "The Content-MD5 you specified was invalid.");
    }
    return said == NULL || strcmp(said, wanted) == 0 ||
           refuse(target, "BadDigest",
                  "The Content-MD5 you specified did not match what we "
                  "received.");
}

/* The checksum that x-amz-trailer promised has come, and is the only one. */
static bool check_trailer(struct sim_s3_target *target,
                          struct sim_s3_body *body,
                          const struct sim_chunks *chunks)
{
    const char *name = sim_s3_asked(target, "x-amz-trailer");
    struct sim_text value = {0};
    bool found = name != NULL && is_checksum(name) &&
                 sim_chunks_trailer(chunks, name, &value);
    size_t lines = 0;
    bool ok;

    for (size_t i = 0; i < chunks->trailer.len; i++) {
        lines += chunks->trailer.data[i] == '\n';
    }
    if (lines != (name != NULL ? 1 : 0) || (name != NULL && !found)) {
        ok = refuse(target, "MalformedTrailerError",
                    "The request contained trailing data that was not "
                    "well-formed or did not conform to our published schema.");
    } else {
        ok = name == NULL ||
             check_checksum(target, body, name + strlen(CHECKSUM), value.data);
    }
    sim_text_fini(&value);
    return ok;
}

/* Takes the aws-chunked coding off. */
static bool unwrap(struct sim_s3_target *target, struct sim_s3_body *body)
{
    const char *coding = sim_s3_asked(target, "content-encoding");
    const char *said = sim_s3_asked(target, "x-amz-decoded-content-length");
    struct sim_chunks chunks = {.left = 0};
    int64_t length = 0;
    bool ok = false;

    if (coding == NULL || strstr(coding, "aws-chunked") == NULL) {
        return refuse(target, "InvalidRequest",
                      "Content-Encoding must name aws-chunked");
    }
    if (said == NULL || !sim_query_number(said, &length)) {
        return refuse_length(target);
    }
    sim_chunks_feed(&chunks, body->data, body->len, SIM_UPLOAD_MAX,
                    &body->decoded);
    if (chunks.state != SIM_CHUNK_DONE || body->decoded.len != (size_t)length) {
        refuse(target, "IncompleteBody",
               "The request body terminated unexpectedly");
    } else {
        sim_text_reserve(&body->decoded, 1);
        body->data = body->decoded.data;
        body->len = body->decoded.len;
        ok = check_trailer(target, body, &chunks);
    }
    sim_chunks_fini(&chunks);
    return ok;
}

bool sim_s3_body_read(struct sim_s3_target *target, struct sim_s3_body *body)
{
    const struct sim_request *request = target->request;
    const char *said = sim_s3_asked(target, "x-amz-content-sha256");
    bool streaming = strncmp(said, "STREAMING-", 10) == 0;

    body->data = request->body;
    body->len = request->body_len;
    if (request->chunked && !streaming) {
        sim_s3_refuse_with(target, 501, "NotImplemented",
                           "A header you provided implies functionality that "
                           "is not implemented",
                           "Header", "Transfer-Encoding");
        return false;
    }
    if (request->lengths == 0 && !request->chunked) {
        return refuse_length(target);
    }
    if ((streaming && !unwrap(target, body)) ||
        !check_checksums(target, body) || !check_md5(target, body)) {
        return false;
    }
    sim_sha256_hex(body->data, body->len, body->sha256);
    return true;
}
