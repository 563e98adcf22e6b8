/* SPDX-License-Identifier: Apache-2.0 */
#include "signin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws_state.h"
#include "calendar.h"
#include "canonical.h"
#include "host.h"
#include "mix.h"
#include "server.h"

#define SKEW_S 300
#define S3_SKEW_S 900

static const char expired[] =
    "The security token included in the request is expired";
static const char invalid[] =
    "The security token included in the request is invalid.";

bool sim_signin_refuse(struct sim_signin *signin, enum sim_refusal refusal,
                       const char *format, ...)
{
    char message[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    signin->refusal = refusal;
    sim_text_clear(&signin->message);
    sim_text_str(&signin->message, message);
    sim_text_byte(&signin->message, '\0');
    return false;
}

void sim_signin_fini(struct sim_signin *signin)
{
    sim_text_fini(&signin->canonical);
    sim_text_fini(&signin->to_sign);
    sim_text_fini(&signin->message);
}

static unsigned count_headers(const struct sim_request *request,
                              const char *name)
{
    unsigned count = 0;

    for (unsigned i = 0; i < request->headers; i++) {
        count += strcasecmp(request->header[i].name, name) == 0;
    }
    return count;
}

static bool is_s3(const struct sim_signin *signin)
{
    return strcmp(signin->service, "s3") == 0;
}

static bool check_header(struct sim_signin *signin)
{
    const char *header = sim_request_header(signin->request, "authorization");
    char hash[SIM_SHA256_HEX];
    const char *wrong;

    if (header == NULL) {
        return sim_signin_refuse(signin, SIM_REFUSED_MISSING, "%s",
                                 is_s3(signin) ? "Access Denied"
                                               : "Missing Authentication "
                                                 "Token");
    }
    wrong = count_headers(signin->request, "authorization") > 1
                ? "Authorization is given twice"
                : sim_sigv4_parse(&signin->signature, header);
    if (wrong == NULL) {
        return true;
    }
    /* The header itself is never said back: it might hold a secret. */
    sim_sha256_hex(header, strlen(header), hash);
    return sim_signin_refuse(signin, SIM_REFUSED_GARBLED,
                             "%s (Hashed with SHA-256) Authorization=%s", wrong,
                             hash);
}

static bool check_order(struct sim_signin *signin)
{
    const struct sim_sigv4 *signature = &signin->signature;

    for (unsigned i = 1; i < signature->names; i++) {
        int order = strcmp(signature->name[i - 1], signature->name[i]);

        if (order == 0) {
            return sim_signin_refuse(
                signin, SIM_REFUSED_DUPLICATE,
                "'%s' is named twice in SignedHeaders of the Authorization "
                "header",
                signature->name[i]);
        }
        if (order > 0) {
            return sim_signin_refuse(
                signin, SIM_REFUSED_UNSORTED,
                "SignedHeaders of the Authorization header must be sorted: "
                "'%s' comes after '%s'",
                signature->name[i], signature->name[i - 1]);
        }
    }
    return true;
}

static bool check_signed(struct sim_signin *signin)
{
    const struct sim_request *request = signin->request;
    const struct sim_sigv4 *signature = &signin->signature;

    if (!sim_sigv4_signs(signature, "host")) {
        return sim_signin_refuse(signin, SIM_REFUSED_UNSIGNED_HOST,
                                 "'Host' or ':authority' must be a "
                                 "'SignedHeader' in the AWS Authorization.");
    }
    for (unsigned i = 0; i < request->headers; i++) {
        const char *name = request->header[i].name;

        if (strncasecmp(name, "x-amz-", 6) == 0 &&
            !sim_sigv4_signs(signature, name)) {
            return sim_signin_refuse(signin, SIM_REFUSED_UNSIGNED_AMZ,
                                     "There were headers present in the "
                                     "request which were not signed: %s",
                                     name);
        }
    }
    for (unsigned i = 0; i < signature->names; i++) {
        if (count_headers(request, signature->name[i]) == 0) {
            return sim_signin_refuse(signin, SIM_REFUSED_ABSENT_HEADER,
                                     "'%s' is named as a SignedHeader, but it "
                                     "does not exist in the HTTP request",
                                     signature->name[i]);
        }
    }
    return true;
}

static bool check_query(struct sim_signin *signin)
{
    const char *target = signin->request->target;
    const char *query = strchr(target, '?');

    if (signin->malformed != NULL) {
        return sim_signin_refuse(signin, SIM_REFUSED_QUERY, "%s",
                                 signin->malformed);
    }
    if (query != NULL && strchr(query, '+') != NULL) {
        return sim_signin_refuse(signin, SIM_REFUSED_QUERY,
                                 "a bare + in the query is a blank to some and "
                                 "a plus to others");
    }
    return true;
}

bool sim_signin_instant(const char *text, int64_t *out_unix_s)
{
    char iso[24];

    if (strlen(text) != 16 || text[15] != 'Z' || text[8] != 'T') {
        return false;
    }
    snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s", text, text + 4,
             text + 6, text + 9, text + 11, text + 13);
    return sim_date_parse_iso(iso, strlen(iso), out_unix_s);
}

static void write_instant(int64_t unix_s, char *out, size_t cap)
{
    struct sim_date date = sim_date_of(unix_s);

    snprintf(out, cap, "%04d%02d%02dT%02d%02d%02dZ", date.year, date.month,
             date.day, date.hour, date.minute, date.second);
}

static bool refuse_skew(struct sim_signin *signin, int64_t then, int64_t now)
{
    int64_t edge = then < now ? now - SKEW_S : now + SKEW_S;
    char edge_text[64];
    char now_text[64];

    if (is_s3(signin)) {
        return sim_signin_refuse(signin, SIM_REFUSED_SKEW,
                                 "The difference between the request time and "
                                 "the current time is too large.");
    }
    write_instant(edge, edge_text, sizeof(edge_text));
    write_instant(now, now_text, sizeof(now_text));
    return sim_signin_refuse(
        signin, SIM_REFUSED_SKEW, "Signature %s: %s is %s %s (%s %c 5 min.)",
        then < now ? "expired" : "not yet current", signin->instant,
        then < now ? "now earlier than"
                   : "still later "
                     "than",
        edge_text, now_text, then < now ? '-' : '+');
}

static bool check_date(struct sim_signin *signin)
{
    int64_t now = sim_aws_now(signin->server);
    int64_t limit = is_s3(signin) ? S3_SKEW_S : SKEW_S;
    int64_t then;

    signin->instant = sim_request_header(signin->request, "x-amz-date");
    if (signin->instant == NULL ||
        count_headers(signin->request, "x-amz-date") != 1 ||
        !sim_signin_instant(signin->instant, &then)) {
        return sim_signin_refuse(signin, SIM_REFUSED_NO_DATE,
                                 "Authorization header requires existence of "
                                 "one 'X-Amz-Date' header in ISO-8601 basic "
                                 "form.");
    }
    if (strncmp(signin->signature.date, signin->instant, 8) != 0) {
        return sim_signin_refuse(
            signin, SIM_REFUSED_SCOPE_DATE,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
            "version of date from HTTP: '%s' != '%.8s', from '%s'.",
            signin->signature.date, signin->instant, signin->instant);
    }
    if (then < now - limit || then > now + limit) {
        return refuse_skew(signin, then, now);
    }
    return true;
}

static bool check_scope(struct sim_signin *signin)
{
    const struct sim_sigv4 *signature = &signin->signature;
    struct sim_host host;

    sim_host_read(&host, signin->request->host);
    if (strcmp(signin->service, "iam") == 0) {
        strcpy(host.region, "us-east-1"); /* wherever it is asked */
    }
    if (!sim_aws_is_region(signature->region) ||
        (host.region[0] != '\0' &&
         strcmp(host.region, signature->region) != 0)) {
        return sim_signin_refuse(
            signin, SIM_REFUSED_REGION,
            "Credential should be scoped to a valid region%s%s.",
            host.region[0] != '\0' ? ", expecting " : "", host.region);
    }
    if (strcmp(signature->service, signin->service) != 0 ||
        (host.service[0] != '\0' &&
         strcmp(host.service, signature->service) != 0)) {
        return sim_signin_refuse(
            signin, SIM_REFUSED_SERVICE,
            "Credential should be scoped to correct service: '%s'.",
            host.service[0] != '\0' ? host.service : signin->service);
    }
    return true;
}

/* What S3 lets stand for the hash of a body that isn't signed. */
static bool is_unsigned_body(const struct sim_signin *signin, const char *said)
{
    return is_s3(signin) && signin->server->options.aws.s3_tls &&
           (strcmp(said, "UNSIGNED-PAYLOAD") == 0 ||
            strcmp(said, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") == 0);
}

/* The body's hash as the signature has it, into `out`. */
static bool check_body(struct sim_signin *signin, char *out)
{
    const struct sim_request *request = signin->request;
    const char *said = sim_request_header(request, "x-amz-content-sha256");

    if (said == NULL && is_s3(signin)) {
        return sim_signin_refuse(signin, SIM_REFUSED_NO_BODY_HASH,
                                 "Missing required header for this request: "
                                 "x-amz-content-sha256");
    }
    if (said != NULL && is_unsigned_body(signin, said)) {
        strcpy(out, said);
        return true;
    }
    sim_sha256_hex(request->body, request->body_len, out);
    if (said != NULL && strcmp(said, out) != 0) {
        /* UNSIGNED-PAYLOAD is for TLS: --s3-tls. */
        return sim_signin_refuse(
            signin, SIM_REFUSED_BODY_HASH,
            "The provided 'x-amz-content-sha256' header does not match what "
            "was computed.");
    }
    return true;
}

static void note_lapses(struct sim_signin *signin)
{
    static const char *const hop[] = {"user-agent",     "accept",
                                      "expect",         "connection",
                                      "content-length", "accept-encoding"};
    const struct sim_request *request = signin->request;
    const struct sim_sigv4 *signature = &signin->signature;
    uint64_t *lapses = signin->server->aws->lapses;
    bool typed = sim_request_header(request, "content-type") != NULL;

    lapses[SIM_AWS_LAPSE_UNSIGNED_TYPE] +=
        typed && !sim_sigv4_signs(signature, "content-type");
    lapses[SIM_AWS_LAPSE_TYPE_WITHOUT_BODY] += typed && request->body_len == 0;
    lapses[SIM_AWS_LAPSE_UNCLEAN_QUERY] +=
        !sim_canonical_query_is_clean(request->target);
    for (size_t i = 0; i < sizeof(hop) / sizeof(hop[0]); i++) {
        lapses[SIM_AWS_LAPSE_SIGNED_HOP] += sim_sigv4_signs(signature, hop[i]);
    }
}

bool sim_signin_read(struct sim_signin *signin)
{
    struct sim_canonical_rules rules = {!is_s3(signin), !is_s3(signin)};
    char hash[SIM_SHA256_HEX];

    if (!check_header(signin) || !check_order(signin) ||
        !check_signed(signin) || !check_query(signin) || !check_date(signin) ||
        !check_scope(signin) || !check_body(signin, hash)) {
        return false;
    }
    note_lapses(signin);
    if (!sim_canonical_build(signin->request, &signin->signature, &rules, hash,
                             &signin->canonical)) {
        return sim_signin_refuse(signin, SIM_REFUSED_QUERY,
                                 "the query has no canonical form");
    }
    sim_sigv4_to_sign(&signin->signature, signin->instant, &signin->canonical,
                      &signin->to_sign);
    return true;
}

/* What was hashed is said, as AWS does, so that the difference can be seen. */
static bool refuse_mismatch(struct sim_signin *signin)
{
    sim_signin_refuse(
        signin, SIM_REFUSED_MISMATCH,
        "The request signature we calculated does not match the signature you "
        "provided. Check your AWS Secret Access Key and signing method. "
        "Consult the service documentation for details.");
    signin->message.len--;
    sim_text_str(&signin->message,
                 "\n\nThe Canonical String for this request should have been"
                 "\n'");
    sim_text_add(&signin->message, signin->canonical.data,
                 signin->canonical.len);
    sim_text_str(&signin->message, "'\n\nThe String-to-Sign should have been"
                                   "\n'");
    sim_text_add(&signin->message, signin->to_sign.data, signin->to_sign.len);
    sim_text_str(&signin->message, "'\n");
    sim_text_byte(&signin->message, '\0');
    return false;
}

static bool check_key(struct sim_signin *signin, const struct sim_key *key)
{
    const char *token =
        sim_request_header(signin->request, "x-amz-security-token");

    if (key == NULL ||
        strcmp(signin->signature.algorithm, "AWS4-HMAC-SHA256") != 0) {
        return sim_signin_refuse(signin, SIM_REFUSED_UNKNOWN_KEY, "%s",
                                 is_s3(signin)
                                     ? "The AWS Access Key Id you provided "
                                       "does not exist in our records."
                                     : invalid);
    }
    if (strcmp(token != NULL ? token : "", key->token) != 0) {
        return sim_signin_refuse(signin, SIM_REFUSED_TOKEN, "%s",
                                 is_s3(signin)
                                     ? "The provided token is malformed or "
                                       "otherwise invalid."
                                     : invalid);
    }
    return true;
}

static const unsigned char *find_scope_key(struct sim_aws *aws,
                                           const struct sim_sigv4 *signature,
                                           const struct sim_key *key)
{
    struct sim_scope_key *slot;
    char scope[sizeof(slot->scope)];
    int len = snprintf(scope, sizeof(scope), "%s/%s/%s/%s", key->id,
                       signature->date, signature->region, signature->service);

    slot =
        &aws->scope_key[sim_mix_bytes(0, scope, (size_t)len) % SIM_SCOPES_MAX];
    if (strcmp(slot->scope, scope) != 0) {
        memcpy(slot->scope, scope, (size_t)len + 1);
        sim_sigv4_key(signature, key->secret, slot->key);
    }
    return slot->key;
}

bool sim_signin_key(struct sim_signin *signin, struct sim_aws_caller *caller)
{
    const struct sim_sigv4 *signature = &signin->signature;
    const struct sim_key *key =
        sim_keys_find(signin->server->aws->keys, signature->key);
    char wanted[SIM_SHA256_HEX];

    if (!check_key(signin, key)) {
        return false;
    }
    sim_sigv4_hmac(find_scope_key(signin->server->aws, signature, key),
                   &signin->to_sign, wanted);
    if (strcmp(wanted, signature->signature) != 0) {
        return refuse_mismatch(signin);
    }
    if (key->expires > 0 && key->expires <= sim_aws_now(signin->server)) {
        return sim_signin_refuse(
            signin, SIM_REFUSED_EXPIRED, "%s",
            is_s3(signin) ? "The provided token has expired." : expired);
    }
    memcpy(caller->account, key->account, sizeof(caller->account));
    memcpy(caller->arn, key->arn, sizeof(caller->arn));
    memcpy(caller->user_id, key->user_id, sizeof(caller->user_id));
    snprintf(caller->access_key, sizeof(caller->access_key), "%s", key->id);
    snprintf(caller->region, sizeof(caller->region), "%s", signature->region);
    snprintf(caller->service, sizeof(caller->service), "%.31s",
             signature->service);
    return true;
}
