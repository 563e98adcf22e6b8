/* SPDX-License-Identifier: Apache-2.0 */
/* Maps in sections and lists of maps, by the two sections that have them. */
#include "engine/config_parse.h"
#include "sources/aws_config.h"
#include "sources/guardduty.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROLE(id) "\"arn:aws:iam::" id ":role/r\""

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_ROLESANYWHERE_PASSPHRASE", "SLU_TEST_KEY"};

static void start(void)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        unsetenv(variables[i]);
    }
}

TestSuite(config_map, .init = start);

static void refuse(const char *text, const char *sentence)
{
    struct slu_config *config = parse(text);

    cr_assert_null(config, "accepted: %s", text);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, sentence);
}

static struct slu_config *take(const char *text)
{
    struct slu_config *config = parse(text);

    cr_assert_not_null(config, "%s", error.text);
    return config;
}

static const struct slu_aws_config *aws_of(const struct slu_config *config)
{
    return slu_config_section(config, "aws");
}

static const struct slu_guardduty_config *
guardduty_of(const struct slu_config *config)
{
    return slu_config_section(config, "guardduty");
}

/* ---- maps ---- */

Test(config_map, fills_the_defaults_of_a_map_that_is_absent)
{
    struct slu_config *config = take("{}");
    const struct slu_aws_config *aws = aws_of(config);

    cr_assert_str_eq(aws->region, "");
    cr_assert_str_eq(aws->auth, "default");
    cr_assert_null(aws->static_keys.access_key_id.value);
    cr_assert_str_eq(aws->static_keys.access_key_id.place,
                     "the environment variable AWS_ACCESS_KEY_ID");
    cr_assert_null(aws->roles_anywhere.passphrase.value);
    cr_assert_str_eq(aws->roles_anywhere.private_key, "");
    cr_assert_str_eq(aws->roles_anywhere.trust_anchor_arn, "");
    cr_assert_not(slu_config_given(config, "aws", "static"));
    slu_config_free(config);
}

Test(config_map, reads_a_map_and_fills_the_rest)
{
    struct slu_config *config;
    const struct slu_aws_config *aws;

    setenv("SLU_TEST_KEY", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalr", 1);
    config = take("aws:\n"
                  "    auth: static\n"
                  "    static:\n"
                  "        access_key_id: {env: SLU_TEST_KEY}\n"
                  "    roles_anywhere: {private_key: /k.pem}\n");
    aws = aws_of(config);
    cr_assert_str_eq(aws->static_keys.access_key_id.value, "AKIDEXAMPLE");
    cr_assert_str_eq(aws->static_keys.secret_access_key.value, "wJalr");
    cr_assert_null(aws->static_keys.session_token.value);
    cr_assert_str_eq(aws->roles_anywhere.private_key, "/k.pem");
    cr_assert_str_eq(aws->roles_anywhere.chain, "");
    cr_assert(slu_config_given(config, "aws", "static"));
    slu_config_free(config);
}

Test(config_map, takes_an_empty_map_as_all_defaults)
{
    struct slu_config *config = take("aws:\n  static:\n  roles_anywhere: {}\n");

    cr_assert_not_null(aws_of(config)->static_keys.access_key_id.place);
    cr_assert_str_eq(aws_of(config)->roles_anywhere.chain, "");
    slu_config_free(config);
}

Test(config_map, names_line_and_full_key_of_what_is_wrong_in_a_map)
{
    refuse("aws:\n  static:\n    acces_key_id: {env: X}\n",
           "t.yaml, line 3: unknown key `acces_key_id` in aws.static; did you "
           "mean `access_key_id`?");
    refuse("aws:\n  static: {zebra: 1}\n",
           "t.yaml, line 2: unknown key `zebra` in aws.static; expected "
           "access_key_id, secret_access_key, session_token (`sluice help "
           "config`)");
    refuse("aws: {private_key: k.pem}\n",
           "t.yaml, line 1: unknown key `private_key` in aws; it belongs to "
           "aws.roles_anywhere");
    refuse("aws:\n  roles_anywhere:\n    chain: a\n    chain: b\n",
           "t.yaml, line 4: duplicate key `chain` in aws.roles_anywhere; first "
           "on line 3");
    refuse("aws: {static: {}, static: {}}\n",
           "t.yaml, line 1: duplicate key `static` in aws; first on line 1");
    refuse("aws:\n  roles_anywhere:\n    chain: [a]\n",
           "t.yaml, line 3: `chain` in aws.roles_anywhere: found a list, "
           "expected a path");
    refuse("aws: {static: {? [a] : b}}\n",
           "t.yaml, line 1: a key is a plain word");
}

Test(config_map, never_quotes_what_may_be_a_secret)
{
    refuse("aws: {static: AKIDEXAMPLE}\n",
           "t.yaml, line 1: `static` in aws: found a single value, expected a "
           "map with access_key_id, secret_access_key, session_token");
    refuse("aws: {static: [AKIDEXAMPLE]}\n",
           "t.yaml, line 1: `static` in aws: found a list, expected a map with "
           "access_key_id, secret_access_key, session_token");
    refuse("aws:\n  static:\n    secret_access_key: wJalrXUtnFEMI\n",
           "t.yaml, line 3: `secret_access_key` in aws.static: a secret never "
           "stands in the file itself; expected {env: NAME} or {file: PATH}");
    setenv("SLU_TEST_KEY", "two words", 1);
    refuse("aws: {static: {access_key_id: {env: SLU_TEST_KEY}}}\n",
           "t.yaml, line 1: `access_key_id` in aws.static: the environment "
           "variable SLU_TEST_KEY holds a space, a line break or another byte "
           "that no key has");
}

Test(config_map, a_passphrase_may_have_blanks_but_no_line_break)
{
    const char *text =
        "aws: {roles_anywhere: {passphrase: {env: SLU_TEST_KEY}}}\n";
    struct slu_config *config;

    setenv("SLU_TEST_KEY",
           " corr\xc3\xa9"
           "ct horse\n",
           1);
    config = take(text);
    cr_assert_str_eq(aws_of(config)->roles_anywhere.passphrase.value,
                     " corr\xc3\xa9"
                     "ct horse");
    slu_config_free(config);
    setenv("SLU_TEST_KEY", "two\nlines", 1);
    refuse(text, "t.yaml, line 1: `passphrase` in aws.roles_anywhere: the "
                 "environment variable SLU_TEST_KEY holds a line break or "
                 "another byte that no passphrase has");
}

/* ---- lists of maps ---- */

Test(config_map, reads_every_item_of_a_list_of_maps)
{
    struct slu_config *config =
        take("guardduty:\n"
             "    accounts:\n"
             "      - id: 111122223333\n"
             "      - {id: \"000000000002\", external_id: x-1,"
             " role_arn: " ROLE("000000000002") "}\n");
    const struct slu_maps *maps = &guardduty_of(config)->accounts;
    const struct slu_account *accounts = maps->items;

    cr_assert_eq(maps->count, 2);
    cr_assert_str_eq(accounts[0].id, "111122223333");
    cr_assert_str_eq(accounts[0].role_arn, "");
    cr_assert_str_eq(accounts[0].external_id, "");
    cr_assert_str_eq(accounts[1].id, "000000000002");
    cr_assert_str_eq(accounts[1].role_arn, "arn:aws:iam::000000000002:role/r");
    cr_assert_str_eq(accounts[1].external_id, "x-1");
    slu_config_free(config);
}

Test(config_map, reads_an_empty_list_of_maps)
{
    struct slu_config *config = take("guardduty: {accounts: []}\n");

    cr_assert_eq(guardduty_of(config)->accounts.count, 0);
    slu_config_free(config);
}

Test(config_map, names_line_and_full_key_of_what_is_wrong_in_an_item)
{
    refuse("guardduty:\n  accounts:\n    - rol_arn: x\n",
           "t.yaml, line 3: unknown key `rol_arn` in guardduty.accounts; did "
           "you mean `role_arn`?");
    refuse("guardduty:\n  accounts:\n    - {zebra: 1}\n",
           "t.yaml, line 3: unknown key `zebra` in guardduty.accounts; "
           "expected id, role_arn, external_id (`sluice help config`)");
}

Test(config_map, refuses_items_that_are_no_maps)
{
    refuse("guardduty:\n  accounts:\n    - \"111122223333\"\n",
           "t.yaml, line 3: `accounts` in guardduty: found `111122223333`, "
           "expected a list of 0 to 1000 maps with id, role_arn, external_id");
    refuse("guardduty: {accounts: all}\n",
           "t.yaml, line 1: `accounts` in guardduty: found `all`, expected a "
           "list of 0 to 1000 maps with id, role_arn, external_id");
    refuse("guardduty:\n  accounts: {id: \"1\"}\n",
           "t.yaml, line 2: `accounts` in guardduty: found a map, expected a "
           "list of 0 to 1000 maps with id, role_arn, external_id");
    refuse("guardduty:\n  accounts:\n    - {id: \"1\", id: \"2\"}\n",
           "t.yaml, line 3: duplicate key `id` in guardduty.accounts; first "
           "on line 3");
    refuse("guardduty:\n  accounts:\n    - id: [a]\n",
           "t.yaml, line 3: `id` in guardduty.accounts: found a list, expected "
           "a text");
    refuse("guardduty:\n  accounts:\n    - id: 111122223333\n    - {}\n",
           "t.yaml, line 4: an item of `accounts` in guardduty has no `id`");
    refuse("lists:\n  max_ages:\n    - {category: stream}\n",
           "t.yaml, line 3: an item of `max_ages` in lists has no `max_age`");
    refuse(
        "lists:\n  max_ages: [{category: stream, max_age: 59s}]\n",
        "t.yaml, line 2: `max_age` in lists.max_ages: found `59s`, expected a "
        "time such as 30s, 10m or 5d from 1m to 36500d");
}

/* A list of that many accounts, each of its own number. */
static char *make_accounts(unsigned count)
{
    char *text = calloc(1, 200 + count * 100);
    size_t len = (size_t)sprintf(text, "guardduty:\n  accounts:\n");

    for (unsigned i = 0; i < count; i++) {
        len += (size_t)sprintf(text + len,
                               "  - {id: \"%012u\", role_arn: "
                               "\"arn:aws:iam::%012u:role/r\"}\n",
                               i, i);
    }
    return text;
}

Test(config_map, holds_1000_items_and_no_more)
{
    char *most = make_accounts(1000);
    char *more = make_accounts(1001);
    char *many = make_accounts(1025);
    struct slu_config *config = take(most);
    const struct slu_account *accounts = guardduty_of(config)->accounts.items;

    cr_assert_eq(guardduty_of(config)->accounts.count, 1000);
    cr_assert_str_eq(accounts[999].id, "000000000999");
    slu_config_free(config);
    refuse(more, "t.yaml, line 3: `accounts` in guardduty: found 1001 items, "
                 "expected a list of 0 to 1000 maps with id, role_arn, "
                 "external_id");
    refuse(many, "t.yaml, line 1027: `accounts` in guardduty has more than "
                 "1024 items");
    free(most);
    free(more);
    free(many);
}

/* ---- checks of whole sections name the line ---- */

Test(config_map, a_check_of_a_section_names_the_line_of_the_key)
{
    refuse("guardduty:\n\n  accounts:\n    - id: \"12\"\n",
           "t.yaml, line 3: guardduty.accounts: the id `12` is no account: "
           "expected 12 digits");
    refuse("aws:\n  region: us-east1\n",
           "t.yaml, line 2: aws.region: found `us-east1`, expected a region "
           "such as us-east-1");
    refuse("guardduty:\n  regions:\n    - us-east-1\n    - moon\n",
           "t.yaml, line 2: guardduty.regions: found `moon`, expected a region "
           "such as us-east-1");
}

Test(config_map, refuses_an_initial_range_out_of_1_to_90_days)
{
    refuse("guardduty:\n  initial_range_days: 0\n",
           "t.yaml, line 2: `initial_range_days` in guardduty: found `0`, "
           "expected a whole number from 1 to 90");
    refuse("guardduty:\n  detector: auto\n  initial_range_days: 91\n",
           "t.yaml, line 3: `initial_range_days` in guardduty: found `91`, "
           "expected a whole number from 1 to 90");
}

Test(config_map, suggests_the_choice_that_was_meant)
{
    refuse("guardduty:\n  finding_compat: netscope\n",
           "t.yaml, line 2: `finding_compat` in guardduty: found `netscope` "
           "(did you mean `netskope`?), expected one of none, netskope");
    refuse("guardduty: {region: us-east-1}\n",
           "t.yaml, line 1: unknown key `region` in guardduty; did you mean "
           "`regions`? (It belongs to aws.)");
    (void)parse("guardduty: {indicators: [dns_requests]}\n");
    cr_assert_not_null(strstr(error.text, "(did you mean `dns_request`?)"),
                       "%s", error.text);
    (void)parse("guardduty: {indicators: ipv6}\n");
    cr_assert_null(strstr(error.text, "did you mean"), "%s", error.text);
}

/* ---- secrets and memory ---- */

/* Looks into every piece of memory that is given back. */
struct wary {
    const char *secret;
    unsigned calls;
    unsigned fail_at;
    long live;
};

static void *realloc_warily(void *ctx, void *ptr, size_t old_len,
                            size_t new_len)
{
    struct wary *self = ctx;

    if (new_len == 0 && ptr != NULL) {
        cr_assert_null(memmem(ptr, old_len, self->secret, strlen(self->secret)),
                       "a secret stays in freed memory");
        self->live--;
        free(ptr);
        return NULL;
    }
    if (new_len == 0 || ++self->calls == self->fail_at) {
        return NULL;
    }
    self->live += ptr == NULL;
    return realloc(ptr, new_len);
}

static const char *const full =
    "aws:\n"
    "  auth: static\n"
    "  static: {access_key_id: {env: SLU_TEST_KEY},"
    " secret_access_key: {env: SLU_TEST_KEY}}\n"
    "guardduty:\n"
    "  accounts: [{id: \"111122223333\", role_arn: " ROLE(
        "111122223333") "}]\n"
                        "  indicators: all\n";

Test(config_map, wipes_the_secrets_of_maps)
{
    struct wary wary = {.secret = "wJalrXUtnFEMI"};
    struct slu_alloc alloc = {realloc_warily, &wary};
    struct slu_config *config;

    setenv("SLU_TEST_KEY", wary.secret, 1);
    cr_assert_eq(
        slu_config_parse(&alloc, slu_view_str(full), "t.yaml", &config, &error),
        SLU_ERR_OK, "%s", error.text);
    cr_assert_str_eq(aws_of(config)->static_keys.secret_access_key.value,
                     wary.secret);
    slu_config_free(config);
    cr_assert_eq(wary.live, 0);
}

Test(config_map, survives_every_failed_allocation)
{
    struct wary wary = {.secret = "wJalrXUtnFEMI"};
    struct slu_alloc alloc = {realloc_warily, &wary};
    enum slu_err err = SLU_ERR_NOMEM;

    setenv("SLU_TEST_KEY", wary.secret, 1);
    for (unsigned n = 1; err == SLU_ERR_NOMEM; n++) {
        struct slu_config *config;

        wary.calls = 0;
        wary.fail_at = n;
        err =
            slu_config_parse(&alloc, slu_view_str(full), "t", &config, &error);
        cr_assert_eq(config == NULL, err != SLU_ERR_OK);
        slu_config_free(config);
        cr_assert_eq(wary.live, 0, "leak at allocation %u", n);
        cr_assert_lt(n, 100);
    }
    cr_assert_eq(err, SLU_ERR_OK, "%s", error.text);
    cr_assert_gt(wary.calls, 1);
}
