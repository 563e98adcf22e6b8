/* SPDX-License-Identifier: Apache-2.0 */
#include "aws_state.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "calendar.h"
#include "json.h"
#include "server.h"

static const char *const lapse_names[] = {
#define LAPSE_NAME(id, name) name,
    SIM_AWS_LAPSES(LAPSE_NAME)
#undef LAPSE_NAME
};

int64_t sim_aws_now(const struct sim_server *server)
{
    return (int64_t)sim_server_wall() + server->options.aws.clock_offset_s;
}

void sim_aws_instant(int64_t unix_s, char *out, size_t cap)
{
    struct sim_date date = sim_date_of(unix_s);

    snprintf(out, cap, "%04d-%02d-%02dT%02d:%02d:%02dZ", date.year, date.month,
             date.day, date.hour, date.minute, date.second);
}

/* The trust anchor, which may be an intermediate one itself. */
static X509_STORE *load_anchor(const char *path)
{
    X509_STORE *store = X509_STORE_new();
    FILE *file = fopen(path, "r");
    X509 *certificate = NULL;
    unsigned count = 0;

    while (file != NULL &&
           (certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
        count++;
    }
    if (file != NULL) {
        fclose(file);
    }
    if (count == 0) {
        fprintf(stderr,
                "sluice-sim: --anywhere-ca: \"%s\" is not a file with "
                "certificates in PEM\n",
                path);
        exit(2);
    }
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

void sim_aws_init(struct sim_server *server)
{
    const struct sim_options *options = &server->options;

    server->aws = sim_alloc(sizeof(*server->aws));
    server->aws->keys = sim_keys_new(&options->aws, options->seed);
    server->aws->buckets = sim_bucket_store_new(&options->aws);
    server->aws->secrets =
        sim_secret_store_new(&options->aws, server->aws->keys);
    sim_nth_read(&server->aws->nth, options->aws.fail_nth);
    if (options->aws.anywhere_ca[0] != '\0') {
        server->aws->anchor = load_anchor(options->aws.anywhere_ca);
    }
}

void sim_aws_fini(struct sim_server *server)
{
    if (server->aws != NULL) {
        sim_keys_free(server->aws->keys);
        sim_secret_store_free(server->aws->secrets);
        sim_bucket_store_free(server->aws->buckets);
        sim_object_fini(&server->aws->file);
        X509_STORE_free(server->aws->anchor);
        free(server->aws);
        server->aws = NULL;
    }
}

void sim_aws_reset(struct sim_server *server)
{
    struct sim_aws *aws = server->aws;

    aws->counts = 0;
    memset(aws->count, 0, sizeof(aws->count));
    memset(aws->refusals, 0, sizeof(aws->refusals));
    memset(aws->lapses, 0, sizeof(aws->lapses));
    sim_bucket_store_reset(aws->buckets);
    aws->issues = 0;
    aws->requests = 0;
    aws->in_flight_max = aws->in_flight;
}

void sim_aws_begin(struct sim_server *server)
{
    struct sim_aws *aws = server->aws;

    aws->in_flight++;
    if (aws->in_flight > aws->in_flight_max) {
        aws->in_flight_max = aws->in_flight;
    }
}

void sim_aws_end(struct sim_server *server)
{
    server->aws->in_flight--;
}

struct sim_count *sim_count_row(struct sim_aws *aws, const char *service,
                                const char *operation, const char *account,
                                const char *region)
{
    struct sim_count *row;

    for (unsigned i = 0; i < aws->counts; i++) {
        row = &aws->count[i];
        if (strcmp(row->operation, operation) == 0 &&
            strcmp(row->account, account) == 0 &&
            strcmp(row->region, region) == 0 &&
            strcmp(row->service, service) == 0) {
            return row;
        }
    }
    if (aws->counts == SIM_COUNTS_MAX) {
        return &aws->count[SIM_COUNTS_MAX - 1];
    }
    row = &aws->count[aws->counts++];
    snprintf(row->service, sizeof(row->service), "%s", service);
    snprintf(row->operation, sizeof(row->operation), "%s", operation);
    snprintf(row->account, sizeof(row->account), "%s", account);
    snprintf(row->region, sizeof(row->region), "%s", region);
    return row;
}

int64_t sim_aws_expiry(const struct sim_server *server,
                       const struct sim_aws_role *role, int64_t asked_s)
{
    int64_t lifetime = role != NULL ? role->lifetime_s : 0;

    if (lifetime == 0) {
        lifetime = server->options.aws.lifetime_s;
    }
    return sim_aws_now(server) + (lifetime > 0 ? lifetime : asked_s);
}

const struct sim_key *sim_aws_issue(struct sim_server *server,
                                    const char *operation, const char *role_arn,
                                    const char *session, int64_t expires)
{
    struct sim_aws *aws = server->aws;
    const struct sim_key *key =
        sim_keys_issue(aws->keys, role_arn, session, expires);
    struct sim_issue *issue = &aws->issue[aws->issues++ % SIM_ISSUES_MAX];

    snprintf(issue->operation, sizeof(issue->operation), "%s", operation);
    snprintf(issue->access_key, sizeof(issue->access_key), "%.23s", key->id);
    snprintf(issue->arn, sizeof(issue->arn), "%s", key->arn);
    issue->issued = sim_aws_now(server);
    issue->expires = expires;
    return key;
}

const struct sim_key *sim_aws_hold(struct sim_server *server,
                                   struct sim_held *held, const char *operation,
                                   const char *role, const char *session)
{
    int64_t now = sim_aws_now(server);
    char arn[SIM_AWS_ARN_CAP];

    if (held->key.expires - now <= (held->key.expires - held->issued) / 2) {
        snprintf(arn, sizeof(arn), "arn:aws:iam::%s:role/%.64s",
                 server->options.aws.account, role);
        held->issued = now;
        held->key = *sim_aws_issue(server, operation, arn, session,
                                   sim_aws_expiry(server, NULL, 21600));
    }
    return &held->key;
}

static void put_rows(struct sim_json *json, const struct sim_aws *aws)
{
    sim_json_key(json, "operations");
    sim_json_array(json);
    for (unsigned i = 0; i < aws->counts; i++) {
        const struct sim_count *row = &aws->count[i];

        sim_json_object(json);
        sim_json_put_string(json, "service", row->service);
        sim_json_put_string(json, "operation", row->operation);
        sim_json_put_string(json, "account", row->account);
        sim_json_put_string(json, "region", row->region);
        sim_json_put_int(json, "requests", (int64_t)row->requests);
        sim_json_put_int(json, "denied", (int64_t)row->denied);
        sim_json_put_int(json, "throttled", (int64_t)row->throttled);
        sim_json_end(json);
    }
    sim_json_end(json);
}

static void put_issues(struct sim_json *json, const struct sim_aws *aws)
{
    uint64_t first =
        aws->issues > SIM_ISSUES_MAX ? aws->issues - SIM_ISSUES_MAX : 0;

    sim_json_put_int(json, "issued", (int64_t)aws->issues);
    sim_json_key(json, "last_issued");
    sim_json_array(json);
    for (uint64_t i = first; i < aws->issues; i++) {
        const struct sim_issue *issue = &aws->issue[i % SIM_ISSUES_MAX];

        sim_json_object(json);
        sim_json_put_string(json, "operation", issue->operation);
        sim_json_put_string(json, "access_key", issue->access_key);
        sim_json_put_string(json, "arn", issue->arn);
        sim_json_put_int(json, "at", issue->issued);
        sim_json_put_int(json, "expires", issue->expires);
        sim_json_end(json);
    }
    sim_json_end(json);
}

static void put_causes(struct sim_json *json, const struct sim_aws *aws)
{
    sim_json_key(json, "refusals");
    sim_json_object(json);
    for (int i = 0; i < SIM_REFUSAL_COUNT; i++) {
        if (aws->refusals[i] > 0) {
            sim_json_put_int(json, sim_refusal_name((enum sim_refusal)i),
                             (int64_t)aws->refusals[i]);
        }
    }
    sim_json_end(json);
    sim_json_key(json, "lapses");
    sim_json_object(json);
    for (int i = 0; i < SIM_AWS_LAPSE_COUNT; i++) {
        sim_json_put_int(json, lapse_names[i], (int64_t)aws->lapses[i]);
    }
    sim_json_end(json);
}

void sim_aws_control(struct sim_server *server, struct sim_answer *answer)
{
    const struct sim_aws *aws = server->aws;
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_int(&json, "requests", (int64_t)aws->requests);
    sim_json_put_int(&json, "arrived", (int64_t)aws->nth.arrived);
    sim_json_put_int(&json, "failed_nth", (int64_t)aws->nth.struck);
    sim_json_put_int(&json, "in_flight", (int64_t)aws->in_flight);
    sim_json_put_int(&json, "in_flight_max", (int64_t)aws->in_flight_max);
    put_issues(&json, aws);
    put_rows(&json, aws);
    put_causes(&json, aws);
    sim_json_end(&json);
    sim_answer_take_json(answer, &json, &text);
}
