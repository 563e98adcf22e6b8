/* SPDX-License-Identifier: Apache-2.0 */
/* What: server-side encryption, as far as a client sees it: which headers
   are taken together, and which come back. Nothing is encrypted. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "permission.h"
#include "s3_target.h"
#include "server.h"

#define SSE "x-amz-server-side-encryption"
#define CUSTOMER SSE "-customer-"
#define KMS_KEY SSE "-aws-kms-key-id"

static bool refuse_argument(struct sim_s3_target *target, const char *name,
                            const char *message)
{
    sim_s3_refuse_with(target, 400, "InvalidArgument", message, "ArgumentName",
                       name);
    return false;
}

/* The customer's key is 256 bits, and its MD5 is true. */
static bool is_customer_key(const char *key, const char *md5)
{
    unsigned char bytes[64];
    unsigned char hash[16];
    char wanted[32];

    if (key == NULL || md5 == NULL || strlen(key) != 44 ||
        EVP_DecodeBlock(bytes, (const unsigned char *)key, 44) != 33) {
        return false;
    }
    EVP_Digest(bytes, 32, hash, NULL, EVP_md5(), NULL);
    EVP_EncodeBlock((unsigned char *)wanted, hash, sizeof(hash));
    return strcmp(md5, wanted) == 0;
}

static bool read_customer(struct sim_s3_target *target, struct sim_text *lines)
{
    const char *algorithm = sim_s3_asked(target, CUSTOMER "algorithm");
    const char *md5 = sim_s3_asked(target, CUSTOMER "key-MD5");

    if (!target->server->options.aws.s3_tls) {
        sim_s3_refuse(target, 400, "InvalidRequest",
                      "Requests specifying Server Side Encryption with "
                      "Customer provided keys must be made over a secure "
                      "connection.");
        return false;
    }
    if (algorithm == NULL || strcmp(algorithm, "AES256") != 0) {
        return refuse_argument(target, CUSTOMER "algorithm",
                               "The encryption request that you specified is "
                               "not valid. Supported value: AES256.");
    }
    if (!is_customer_key(sim_s3_asked(target, CUSTOMER "key"), md5)) {
        return refuse_argument(target, CUSTOMER "key-MD5",
                               "The calculated MD5 hash of the key did not "
                               "match the hash that was provided.");
    }
    sim_text_printf(lines, CUSTOMER "algorithm: AES256\r\n");
    sim_text_printf(lines, CUSTOMER "key-MD5: %s\r\n", md5);
    return true;
}

/* The whole ARN of a key, alias or id of this bucket's region and owner. */
static void put_key_arn(const struct sim_bucket *bucket, const char *key,
                        struct sim_text *out)
{
    if (strncmp(key, "arn:", 4) != 0) {
        sim_text_printf(out, "arn:aws:kms:%s:%s:%s", bucket->region,
                        bucket->owner,
                        strncmp(key, "alias/", 6) == 0 ? "" : "key/");
    }
    sim_text_str(out, key);
    sim_text_byte(out, '\0');
}

/* True if --kms-key names it, by whatever part of its ARN, or names none. */
static bool is_known_key(const struct sim_aws_options *options,
                         const struct sim_bucket *bucket, const char *arn)
{
    const char *at = options->kms_keys;
    bool known = *at == '\0';

    while (!known && *at != '\0') {
        struct sim_text one = {0};
        struct sim_text whole = {0};
        size_t len = strcspn(at, ",");

        sim_text_add(&one, at, len);
        sim_text_byte(&one, '\0');
        put_key_arn(bucket, one.data, &whole);
        known = strcmp(whole.data, arn) == 0;
        sim_text_fini(&one);
        sim_text_fini(&whole);
        at += len + (at[len] == ',');
    }
    return known;
}

static bool may_use_key(struct sim_s3_target *target, const char *action)
{
    const struct sim_aws_caller *caller = target->caller;
    char message[600];

    if (sim_permission_to_call(&target->server->options.aws, caller->account,
                               caller->region, "kms", action) == SIM_ALLOWED) {
        return true;
    }
    snprintf(message, sizeof(message),
             "User: %s is not authorized to perform: kms:%s on the resource "
             "associated with this ciphertext because the resource does not "
             "exist in this Region, no resource-based policies allow access, "
             "or a resource-based policy explicitly denies access",
             caller->arn, action);
    sim_s3_refuse(target, 403, "AccessDenied", message);
    return false;
}

static bool check_key(struct sim_s3_target *target, const char *arn)
{
    char region[SIM_AWS_REGION_CAP] = "";
    char message[400];

    if (!sim_arn_field(arn, 3, region, sizeof(region)) ||
        strcmp(region, target->bucket->region) != 0) {
        snprintf(message, sizeof(message), "Invalid arn %.64s", region);
    } else if (!is_known_key(&target->server->options.aws, target->bucket,
                             arn)) {
        snprintf(message, sizeof(message), "Key '%.300s' does not exist", arn);
    } else {
        return may_use_key(target, "GenerateDataKey");
    }
    sim_s3_refuse(target, 400, "KMS.NotFoundException", message);
    return false;
}

static bool read_kms(struct sim_s3_target *target, const char *method,
                     struct sim_text *lines)
{
    const char *key = sim_s3_asked(target, KMS_KEY);
    const char *cheap = sim_s3_asked(target, SSE "-bucket-key-enabled");
    struct sim_text arn = {0};
    bool ok = true;

    if (key != NULL) {
        put_key_arn(target->bucket, key, &arn);
        ok = check_key(target, arn.data);
    } else {
        /* The account's own key aws/s3, which no list needs to name. */
        put_key_arn(target->bucket, "00000000-aaaa-4aaa-8aaa-000000000053",
                    &arn);
        ok = may_use_key(target, "GenerateDataKey");
    }
    if (ok) {
        sim_text_printf(lines, SSE ": %s\r\n", method);
        sim_text_printf(lines, KMS_KEY ": %s\r\n", arn.data);
    }
    if (ok && cheap != NULL && strcmp(cheap, "true") == 0) {
        sim_text_printf(lines, SSE "-bucket-key-enabled: true\r\n");
    }
    sim_text_fini(&arn);
    return ok;
}

static bool asks_customer(const struct sim_s3_target *target)
{
    return sim_s3_asked(target, CUSTOMER "algorithm") != NULL ||
           sim_s3_asked(target, CUSTOMER "key") != NULL ||
           sim_s3_asked(target, CUSTOMER "key-MD5") != NULL;
}

bool sim_s3_cipher_read(struct sim_s3_target *target, enum sim_cipher *cipher,
                        struct sim_text *lines)
{
    const char *method = sim_s3_asked(target, SSE);
    bool kms = method != NULL && (strcmp(method, "aws:kms") == 0 ||
                                  strcmp(method, "aws:kms:dsse") == 0);

    *cipher = kms ? SIM_CIPHER_KMS : SIM_CIPHER_S3;
    if (asks_customer(target)) {
        *cipher = SIM_CIPHER_CUSTOMER;
        return method != NULL
                   ? refuse_argument(target, SSE,
                                     "Server Side Encryption with Customer "
                                     "provided key is incompatible with the "
                                     "encryption method specified")
                   : read_customer(target, lines);
    }
    if (!kms && sim_s3_asked(target, KMS_KEY) != NULL) {
        return refuse_argument(target, SSE,
                               "Server Side Encryption with AWS KMS managed "
                               "key requires HTTP header "
                               "x-amz-server-side-encryption : aws:kms");
    }
    if (kms) {
        return read_kms(target, method, lines);
    }
    if (method != NULL && strcmp(method, "AES256") != 0) {
        return refuse_argument(
            target, SSE, "The encryption method specified is not supported");
    }
    sim_text_printf(lines, SSE ": AES256\r\n");
    return true;
}

bool sim_s3_cipher_opens(struct sim_s3_target *target,
                         const struct sim_object *object)
{
    const char *md5 = sim_s3_asked(target, CUSTOMER "key-MD5");
    bool opens = md5 != NULL && strstr(object->encryption, md5) != NULL &&
                 is_customer_key(sim_s3_asked(target, CUSTOMER "key"), md5);

    if (object->cipher == SIM_CIPHER_KMS) {
        return may_use_key(target, "Decrypt");
    }
    if (object->cipher == SIM_CIPHER_S3 && !asks_customer(target)) {
        return true;
    }
    if (object->cipher == SIM_CIPHER_CUSTOMER && opens) {
        return true;
    }
    sim_s3_refuse(target, 400, "InvalidRequest",
                  object->cipher == SIM_CIPHER_S3
                      ? "The encryption parameters are not applicable to this "
                        "object."
                      : "The object was stored using a form of Server Side "
                        "Encryption. The correct parameters must be provided "
                        "to retrieve the object.");
    return false;
}
