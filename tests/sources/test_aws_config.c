/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_endpoint.h"
#include "sources/aws_config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define PROFILE "arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p-1"
#define ANCHOR "arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/t-1"
#define ROLE "arn:aws:iam::111122223333:role/path/r"

static struct slu_error error;

static struct slu_aws_config make_static(void)
{
    struct slu_aws_config config = {
        .region = "us-east-1",
        .auth = "static",
        .static_keys = {{"AKIDEXAMPLE", "the environment variable K"},
                        {"wJalrXUtnFEMI", "the file /s"},
                        {NULL, "the environment variable T"}},
    };

    return config;
}

static struct slu_aws_config make_anywhere(void)
{
    struct slu_aws_config config = {
        .region = "",
        .auth = "roles_anywhere",
        .roles_anywhere = {.private_key = "/k.pem",
                           .certificate = "/c.pem",
                           .chain = "",
                           .profile_arn = PROFILE,
                           .role_arn = ROLE,
                           .trust_anchor_arn = ANCHOR},
    };

    return config;
}

static void take(struct slu_aws_config config)
{
    error = (struct slu_error){0};
    cr_assert_eq(slu_aws_config_check(&config, &error), SLU_ERR_OK, "%s",
                 error.text);
}

static void refuse(struct slu_aws_config config, const char *sentence)
{
    error = (struct slu_error){0};
    cr_assert_eq(slu_aws_config_check(&config, &error), SLU_ERR_CONFIG);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, sentence);
    cr_assert_eq(slu_aws_config_check(&config, NULL), SLU_ERR_CONFIG);
}

/* ---- the tables ---- */

static void check_table(const struct slu_section *section)
{
    for (unsigned i = 0; i < section->field_count; i++) {
        const struct slu_field *field = &section->fields[i];

        cr_assert_lt(field->offset, section->size, "%s", field->key);
        cr_assert_not_null(field->help, "%s", field->key);
        for (unsigned k = 0; k < i; k++) {
            cr_assert_str_neq(field->key, section->fields[k].key);
            cr_assert_neq(field->offset, section->fields[k].offset);
        }
        if (field->inner != NULL) {
            check_table(field->inner);
        }
    }
}

Test(aws_config, tables_have_every_field_once_inside_the_struct)
{
    cr_assert_str_eq(slu_aws_section.name, "aws");
    cr_assert_eq(slu_aws_section.field_count, 5);
    check_table(&slu_aws_section);
    check_table(&slu_account_section);
    cr_assert_eq(slu_account_section.size, sizeof(struct slu_account));
}

/* ---- aws ---- */

Test(aws_config, default_needs_nothing)
{
    struct slu_aws_config config = {.region = "", .auth = "default"};

    take(config);
    config.region = "eusc-de-east-1";
    take(config);
    config.region = "Frankfurt";
    refuse(config, "aws.region: found `Frankfurt`, expected a region such as "
                   "us-east-1");
}

Test(aws_config, static_needs_two_keys_and_no_token)
{
    struct slu_aws_config config = make_static();

    take(config);
    config.static_keys.secret_access_key.value = NULL;
    refuse(config, "aws.static.secret_access_key: found nothing in the file "
                   "/s, expected a key there because of auth: static");
    config.static_keys.access_key_id.value = NULL;
    refuse(config, "aws.static.access_key_id: found nothing in the environment "
                   "variable K, expected a key there because of auth: static");
    /* What is not used is not asked for. */
    config.auth = "default";
    take(config);
}

Test(aws_config, roles_anywhere_needs_key_certificate_and_three_arns)
{
    struct slu_aws_config config = make_anywhere();

    take(config);
    config.roles_anywhere.private_key = "";
    refuse(config, "aws.roles_anywhere.private_key is empty, but auth: "
                   "roles_anywhere needs it");
    config = make_anywhere();
    config.roles_anywhere.certificate = "";
    refuse(config, "aws.roles_anywhere.certificate is empty, but auth: "
                   "roles_anywhere needs it");
    config = make_anywhere();
    config.roles_anywhere.trust_anchor_arn = "";
    refuse(config, "aws.roles_anywhere.trust_anchor_arn is empty, but auth: "
                   "roles_anywhere needs it");
}

Test(aws_config, tells_an_arn_that_is_none_or_of_another_kind)
{
    struct slu_aws_config config = make_anywhere();

    config.roles_anywhere.profile_arn = "profile/p-1";
    refuse(config, "aws.roles_anywhere.profile_arn: found `profile/p-1`, "
                   "expected arn:aws:rolesanywhere:REGION:ACCOUNT:profile/...");
    /* The two swapped. */
    config.roles_anywhere.profile_arn = ANCHOR;
    refuse(config, "aws.roles_anywhere.profile_arn: found `" ANCHOR "`, "
                   "expected arn:aws:rolesanywhere:REGION:ACCOUNT:profile/...");
    config = make_anywhere();
    config.roles_anywhere.role_arn = "arn:aws:iam::111122223333:user/u";
    refuse(config, "aws.roles_anywhere.role_arn: found "
                   "`arn:aws:iam::111122223333:user/u`, expected "
                   "arn:aws:iam::ACCOUNT:role/...");
    config.roles_anywhere.role_arn = "arn:aws:iam::1234:role/r";
    refuse(config, "aws.roles_anywhere.role_arn: found "
                   "`arn:aws:iam::1234:role/r`, expected "
                   "arn:aws:iam::ACCOUNT:role/...");
    config.roles_anywhere.role_arn = "arn:aws:iam::111122223333:role/";
    refuse(config, "aws.roles_anywhere.role_arn: found "
                   "`arn:aws:iam::111122223333:role/`, expected "
                   "arn:aws:iam::ACCOUNT:role/...");
}

Test(aws_config, trust_anchor_and_profile_share_a_region)
{
    struct slu_aws_config config = make_anywhere();

    config.roles_anywhere.trust_anchor_arn =
        "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/t";
    refuse(config, "aws.roles_anywhere.trust_anchor_arn is in us-east-1, "
                   "profile_arn in eu-west-1; expected one region");
}

/* ---- accounts ---- */

static enum slu_err check(const struct slu_account *accounts, unsigned count)
{
    struct slu_maps maps = {accounts, count};

    error = (struct slu_error){0};
    return slu_accounts_check(&maps, "guardduty.accounts", &error);
}

static void refuse_account(const char *id, const char *role,
                           const char *external_id, const char *sentence)
{
    struct slu_account account = {id, role, external_id};

    cr_assert_eq(check(&account, 1), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, sentence);
}

Test(aws_config, accounts_may_be_none_or_many)
{
    const struct slu_account accounts[] = {
        {"000000000001", "", ""},
        {"111122223333", ROLE, ""},
        {"000000000002", "arn:aws-cn:iam::000000000002:role/r", "a:b/c=d@e"},
        {"000000000003", "arn:aws:iam::000000000003:role/r", "ab"},
    };

    cr_assert_eq(check(NULL, 0), SLU_ERR_OK);
    cr_assert_eq(check(accounts, 4), SLU_ERR_OK, "%s", error.text);
}

Test(aws_config, refuses_an_account_with_what_is_wrong_with_it)
{
    refuse_account("12345678901", "", "",
                   "guardduty.accounts: the id `12345678901` is no account: "
                   "expected 12 digits");
    refuse_account("11112222333x", "", "",
                   "guardduty.accounts: the id `11112222333x` is no account: "
                   "expected 12 digits");
    refuse_account("111122223333", "r", "",
                   "guardduty.accounts: the role_arn of account 111122223333: "
                   "found `r`, expected arn:aws:iam::111122223333:role/...");
    refuse_account("000000000001", ROLE, "",
                   "guardduty.accounts: the role_arn of account 000000000001 "
                   "is of account 111122223333");
    refuse_account("111122223333", "", "ext",
                   "guardduty.accounts: account 111122223333 has an "
                   "external_id but no role_arn to give it to");
    refuse_account("111122223333", ROLE, "x",
                   "guardduty.accounts: the external_id of account "
                   "111122223333: expected 2 to 1224 letters, digits and "
                   "_+=,.@:/-");
    refuse_account("111122223333", ROLE, "a b",
                   "guardduty.accounts: the external_id of account "
                   "111122223333: expected 2 to 1224 letters, digits and "
                   "_+=,.@:/-");
}

Test(aws_config, refuses_accounts_that_are_one)
{
    struct slu_account accounts[] = {
        {"111122223333", ROLE, ""},
        {"000000000001", "", ""},
        {"111122223333", "", ""},
    };

    cr_assert_eq(check(accounts, 3), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text,
                     "guardduty.accounts names account 111122223333 twice");
    accounts[2].id = "000000000002";
    cr_assert_eq(check(accounts, 3), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text,
                     "guardduty.accounts: accounts 000000000001 and "
                     "000000000002 have no role_arn, but the sign-in belongs "
                     "to one account");
}
