/* SPDX-License-Identifier: Apache-2.0 */
#include "aws_options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_nth.h"
#include "query.h"

bool sim_aws_is_region(const char *text)
{
    size_t len = strlen(text);
    unsigned dashes = 0;

    for (size_t i = 0; i < len; i++) {
        bool dash = text[i] == '-';

        dashes += dash;
        if (!dash && !islower((unsigned char)text[i]) &&
            !isdigit((unsigned char)text[i])) {
            return false;
        }
        if (dash && (i < 2 || text[i - 1] == '-')) {
            return false;
        }
    }
    return dashes >= 2 && len < SIM_AWS_REGION_CAP &&
           isdigit((unsigned char)text[len - 1]) && text[len - 2] == '-';
}

static bool is_account(const char *text)
{
    return strlen(text) == SIM_AWS_ACCOUNT_LEN &&
           strspn(text, "0123456789") == SIM_AWS_ACCOUNT_LEN;
}

/* Copies up to the first of `ends`; the rest, or NULL if it doesn't fit or is
   empty. */
static const char *take_word(const char *text, const char *ends, char *out,
                             size_t cap)
{
    size_t len = strcspn(text, ends);

    if (len == 0 || len >= cap) {
        return NULL;
    }
    memcpy(out, text, len);
    out[len] = '\0';
    return text + len;
}

/* ACCOUNT/REGION; what follows, or NULL. */
static const char *read_place(struct sim_aws_place *place, const char *text)
{
    const char *rest =
        take_word(text, "/", place->account, sizeof(place->account));

    strcpy(place->operation, "*");
    if (rest == NULL || *rest != '/' ||
        (strcmp(place->account, "*") != 0 && !is_account(place->account))) {
        return NULL;
    }
    rest = take_word(rest + 1, "/=", place->region, sizeof(place->region));
    if (rest != NULL && strcmp(place->region, "*") != 0 &&
        !sim_aws_is_region(place->region)) {
        return NULL;
    }
    return rest;
}

static bool read_role_argument(struct sim_aws_role *role, const char *arg)
{
    if (strncmp(arg, "external-id:", 12) == 0) {
        snprintf(role->external_id, sizeof(role->external_id), "%s", arg + 12);
        return role->external_id[0] != '\0';
    }
    return strncmp(arg, "lifetime:", 9) == 0 &&
           sim_query_number(arg + 9, &role->lifetime_s) && role->lifetime_s > 0;
}

const char *sim_aws_options_role(struct sim_aws_options *options,
                                 const char *text)
{
    static const char expected[] = "arn:aws:iam::ACCOUNT:role/NAME"
                                   "[,external-id:X][,lifetime:S]";
    struct sim_aws_role role = {.lifetime_s = 0};
    const char *rest = take_word(text, ",", role.arn, sizeof(role.arn));
    char account[SIM_AWS_ACCOUNT_LEN + 1] = "";
    char arg[1300];

    if (options->roles == SIM_AWS_LIST_MAX) {
        return "one of at most 64 roles";
    }
    if (rest == NULL ||
        sscanf(role.arn, "arn:aws:iam::%12[0-9]:role/", account) != 1 ||
        !is_account(account) || strlen(role.arn) < 32 ||
        strncmp(role.arn + 25, ":role/", 6) != 0) {
        return expected;
    }
    while (*rest == ',') {
        rest = take_word(rest + 1, ",", arg, sizeof(arg));
        if (rest == NULL || !read_role_argument(&role, arg)) {
            return expected;
        }
    }
    options->role[options->roles++] = role;
    return NULL;
}

static const char *add_denial(struct sim_aws_options *options, const char *text,
                              bool explicitly)
{
    struct sim_aws_place place = {.explicitly = explicitly};
    const char *rest = read_place(&place, text);

    if (rest != NULL && *rest == '/') {
        rest =
            take_word(rest + 1, "/", place.operation, sizeof(place.operation));
    }
    if (rest == NULL || *rest != '\0' || options->denials == SIM_AWS_LIST_MAX) {
        return "ACCOUNT/REGION[/OPERATION], at most 64 times";
    }
    options->denied[options->denials++] = place;
    return NULL;
}

const char *sim_aws_options_deny(struct sim_aws_options *options,
                                 const char *text)
{
    return add_denial(options, text, false);
}

const char *sim_aws_options_deny_explicitly(struct sim_aws_options *options,
                                            const char *text)
{
    return add_denial(options, text, true);
}

const char *sim_aws_options_throttle(struct sim_aws_options *options,
                                     const char *text)
{
    struct sim_aws_place place = {.requests = 0};
    const char *rest = read_place(&place, text);
    char number[2][16] = {"", ""};

    if (rest == NULL ||
        sscanf(rest, "=%15[0-9]/%15[0-9]", number[0], number[1]) != 2 ||
        strlen(rest) != strlen(number[0]) + strlen(number[1]) + 2 ||
        !sim_query_number(number[0], &place.requests) ||
        !sim_query_number(number[1], &place.seconds) || place.seconds == 0 ||
        options->throttles == SIM_AWS_LIST_MAX) {
        return "ACCOUNT/REGION=REQUESTS/SECONDS, at most 64 times";
    }
    options->throttle[options->throttles++] = place;
    return NULL;
}

const char *sim_aws_options_off(struct sim_aws_options *options,
                                const char *text)
{
    struct sim_aws_place place = {.account = "*", .operation = "*"};

    if (!sim_aws_is_region(text) || options->offs == SIM_AWS_LIST_MAX) {
        return "a region's name, at most 64 times";
    }
    snprintf(place.region, sizeof(place.region), "%s", text);
    options->off[options->offs++] = place;
    return NULL;
}

const struct sim_aws_bucket *
sim_aws_bucket_find(const struct sim_aws_options *options, const char *name)
{
    for (unsigned i = 0; i < options->buckets; i++) {
        if (strcmp(options->bucket[i].name, name) == 0) {
            return &options->bucket[i];
        }
    }
    return NULL;
}

/* The bucket's row, a new one if need be; NULL without room. */
static struct sim_aws_bucket *bucket_row(struct sim_aws_options *options,
                                         const char *name)
{
    const struct sim_aws_bucket *known = sim_aws_bucket_find(options, name);
    struct sim_aws_bucket *row;

    if (known != NULL) {
        return &options->bucket[known - options->bucket];
    }
    if (options->buckets == SIM_AWS_LIST_MAX) {
        return NULL;
    }
    row = &options->bucket[options->buckets++];
    *row = (struct sim_aws_bucket){.made = false};
    strcpy(row->name, name);
    strcpy(row->region, "us-east-1");
    return row;
}

const char *sim_aws_options_bucket(struct sim_aws_options *options,
                                   const char *text)
{
    char name[sizeof(options->bucket[0].name)];
    const char *rest = take_word(text, "=", name, sizeof(name));
    struct sim_aws_bucket *row;

    if (rest == NULL || *rest != '=' || !sim_aws_is_region(rest + 1) ||
        (row = bucket_row(options, name)) == NULL) {
        return "BUCKET=REGION, at most 64 times";
    }
    snprintf(row->region, sizeof(row->region), "%s", rest + 1);
    return NULL;
}

const char *sim_aws_options_new_bucket(struct sim_aws_options *options,
                                       const char *text)
{
    static const char expected[] =
        "BUCKET[=REGION][,owner:ACCOUNT], at most 64 times";
    char name[sizeof(options->bucket[0].name)];
    char region[SIM_AWS_REGION_CAP] = "";
    const char *rest = take_word(text, "=,", name, sizeof(name));
    struct sim_aws_bucket *row;

    if (rest != NULL && *rest == '=') {
        rest = take_word(rest + 1, ",", region, sizeof(region));
    }
    if (rest == NULL || (region[0] != '\0' && !sim_aws_is_region(region)) ||
        (*rest != '\0' &&
         (strncmp(rest, ",owner:", 7) != 0 || !is_account(rest + 7))) ||
        (row = bucket_row(options, name)) == NULL) {
        return expected;
    }
    row->made = true;
    if (region[0] != '\0') {
        strcpy(row->region, region);
    }
    if (*rest != '\0') {
        strcpy(row->owner, rest + 7);
    }
    return NULL;
}

/* NAME=VALUE */
static bool read_secret(struct sim_aws_secret *secret, const char *text)
{
    secret->name = text;
    secret->name_len = strcspn(text, "=");
    secret->value = text + secret->name_len + 1;
    return secret->name_len > 0 && secret->name_len <= 512 &&
           text[secret->name_len] == '=';
}

const char *sim_aws_options_secret(struct sim_aws_options *options,
                                   const char *text)
{
    struct sim_aws_secret secret = {.after = 0};

    if (options->secret_rows == SIM_AWS_LIST_MAX ||
        !read_secret(&secret, text)) {
        return "NAME=VALUE or NAME=@FILE, at most 64 times";
    }
    options->secret_row[options->secret_rows++] = secret;
    return NULL;
}

const char *sim_aws_options_next_secret(struct sim_aws_options *options,
                                        const char *text)
{
    struct sim_aws_secret secret = {.after = 0};
    char number[13];
    const char *rest = take_word(text, ":", number, sizeof(number));

    if (options->secret_rows == SIM_AWS_LIST_MAX || rest == NULL ||
        *rest != ':' || !sim_query_number(number, &secret.after) ||
        secret.after == 0 || !read_secret(&secret, rest + 1)) {
        return "N:NAME=VALUE or N:NAME=@FILE, at most 64 times";
    }
    options->secret_row[options->secret_rows++] = secret;
    return NULL;
}

const char *sim_aws_options_check(const struct sim_aws_options *options,
                                  const char **name, const char **value)
{
    struct sim_nth nth = {.arrived = 0};

    *name = "aws-account";
    *value = options->account;
    if (!is_account(options->account)) {
        return "12 digits";
    }
    *name = "imds-off";
    *value = options->imds_off;
    if (strcmp(options->imds_off, "no") != 0 &&
        strcmp(options->imds_off, "role") != 0 &&
        strcmp(options->imds_off, "reset") != 0) {
        return "no, role or reset";
    }
    *name = "s3-wrong-region";
    *value = options->s3_wrong_region;
    if (strcmp(options->s3_wrong_region, "301") != 0 &&
        strcmp(options->s3_wrong_region, "400") != 0) {
        return "301 or 400";
    }
    *name = "aws-fail-nth";
    *value = options->fail_nth;
    return sim_nth_read(&nth, options->fail_nth);
}

static bool matches(const char *pattern, const char *text)
{
    return strcmp(pattern, "*") == 0 || strcmp(pattern, text) == 0;
}

bool sim_aws_place_matches(const struct sim_aws_place *place,
                           const char *account, const char *region,
                           const char *operation)
{
    return matches(place->account, account) && matches(place->region, region) &&
           matches(place->operation, operation);
}

const struct sim_aws_role *
sim_aws_role_find(const struct sim_aws_options *options, const char *arn)
{
    for (unsigned i = 0; i < options->roles; i++) {
        if (strcmp(options->role[i].arn, arn) == 0) {
            return &options->role[i];
        }
    }
    return NULL;
}
