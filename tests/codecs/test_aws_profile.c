/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_profile.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct slu_error error;

static void append(char *out, size_t size, struct slu_view view)
{
    size_t len = strlen(out);

    cr_assert_lt(len + view.len + 8, size);
    memcpy(out + len, view.ptr == NULL ? "" : view.ptr, view.len);
    out[len + view.len] = '\0';
}

/* Every entry as "line kind:name parent.key=value;", sections as
 * "line kind:name;". */
static enum slu_err dump(enum slu_aws_file file, struct slu_view text,
                         char *out, size_t size)
{
    static const char *const kinds[] = {"profile", "services", "other"};
    struct slu_aws_profile_reader reader;
    struct slu_aws_entry entry;
    bool end = false;

    out[0] = '\0';
    error = (struct slu_error){0};
    slu_aws_profile_reader_init(&reader, file, text);
    for (;;) {
        enum slu_err err =
            slu_aws_profile_reader_next(&reader, &entry, &end, &error);

        if (err != SLU_ERR_OK || end) {
            return err;
        }
        (void)snprintf(out + strlen(out), size - strlen(out),
                       "%u %s%s:", entry.line, kinds[entry.section],
                       entry.prefixed ? "+" : "");
        append(out, size, entry.name);
        if (entry.key.len > 0) {
            (void)strcat(out, " ");
            append(out, size, entry.parent);
            (void)strcat(out, entry.parent.len > 0 ? "." : "");
            append(out, size, entry.key);
            (void)strcat(out, "=");
            append(out, size, entry.value);
        }
        (void)strcat(out, ";");
    }
}

static void expect_in(enum slu_aws_file file, const char *text,
                      const char *expected)
{
    char out[4000];

    cr_assert_eq(dump(file, slu_view_str(text), out, sizeof(out)), SLU_ERR_OK,
                 "%s", error.text);
    cr_assert_str_eq(out, expected);
}

static void expect(const char *text, const char *expected)
{
    expect_in(SLU_AWS_FILE_CONFIG, text, expected);
}

static void refuse(const char *text, uint64_t offset, const char *sentence)
{
    char out[4000];

    cr_assert_eq(
        dump(SLU_AWS_FILE_CONFIG, slu_view_str(text), out, sizeof(out)),
        SLU_ERR_CONFIG, "accepted: %s", text);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_eq(error.offset, offset, "%lu", (unsigned long)error.offset);
    cr_assert_str_eq(error.text, sentence);
}

Test(aws_profile, reads_sections_and_keys)
{
    expect("[default]\nregion = us-east-1\n"
           "[profile audit]\nrole_arn=arn:aws:iam::1:role/r\n"
           "[services local]\n[sso-session x]\na=b\n[audit]\n",
           "1 profile:default;2 profile:default region=us-east-1;"
           "3 profile+:audit;4 profile+:audit role_arn=arn:aws:iam::1:role/r;"
           "5 services:local;6 other:sso-session x;7 other:sso-session x a=b;"
           "8 other:audit;");
}

Test(aws_profile, every_section_of_the_credentials_file_is_a_profile)
{
    expect_in(SLU_AWS_FILE_CREDENTIALS,
              "[default]\na=1\n[profile x]\n[services y]\n[my \"own\"]\n",
              "1 profile:default;2 profile:default a=1;3 profile:profile x;"
              "4 profile:services y;5 profile:my \"own\";");
}

Test(aws_profile, blanks_around_names_keys_and_values_mean_nothing)
{
    expect("[ \tdefault ]  \n\tregion\t=\t us-east-1 \t\n",
           "1 profile:default;2 profile:default region=us-east-1;");
    expect("[profile \t audit]\n", "1 profile+:audit;");
    /* No deeper than the key above: keys of their own. */
    expect("[default]\n  a = 1\n  b = 2\n",
           "1 profile:default;2 profile:default a=1;3 profile:default b=2;");
}

Test(aws_profile, quotes_count_around_a_section_name_only)
{
    expect("[profile \"my name\"]\na = \"b\"\n[profile 'x']\n[profile \"y]\n",
           "1 profile+:my name;2 profile+:my name a=\"b\";3 profile+:x;"
           "4 profile+:\"y;");
    expect("[profile \"\"]\n", "1 other:profile \"\";");
}

Test(aws_profile, comments_stand_alone_or_behind_a_blank)
{
    expect("# a\n; b\n[default] # c\n  # d = e\na = b # c\nd = e\t; f\n"
           "g = h#i;j\nk = # l\n",
           "3 profile:default;5 profile:default a=b;6 profile:default d=e;"
           "7 profile:default g=h#i;j;8 profile:default k=;");
}

Test(aws_profile, takes_crlf_and_a_byte_order_mark)
{
    expect("\xef\xbb\xbf[default]\r\nregion = us-east-1\r\n\r\na=\r\n",
           "1 profile:default;2 profile:default region=us-east-1;"
           "4 profile:default a=;");
}

Test(aws_profile, a_value_may_hold_the_sign_itself)
{
    expect("[default]\naws_session_token = a=b==\n",
           "1 profile:default;2 profile:default aws_session_token=a=b==;");
}

Test(aws_profile, deeper_lines_go_on_with_a_value)
{
    expect("[default]\ncredential_process = /bin/keys\n    --account 1\n"
           "# not of it\n\n    --more = yes\nregion = x\n",
           "1 profile:default;"
           "2 profile:default credential_process=/bin/keys\n    --account 1\n"
           "# not of it\n\n    --more = yes;"
           "7 profile:default region=x;");
    /* Void lines behind it are not its. */
    expect("[default]\na = b\n  # c\n\n[profile d]\n",
           "1 profile:default;2 profile:default a=b;5 profile+:d;");
}

Test(aws_profile, deeper_lines_of_an_empty_value_are_sub_keys)
{
    expect("[services local]\ns3 =\n  endpoint_url = http://127.0.0.1:1\n"
           "  # c\n  b = # d\nsts=\n\tendpoint_url=https://a\n",
           "1 services:local;2 services:local s3=;"
           "3 services:local s3.endpoint_url=http://127.0.0.1:1;"
           "5 services:local s3.b=;6 services:local sts=;"
           "7 services:local sts.endpoint_url=https://a;");
}

Test(aws_profile, an_indented_bracket_below_a_key_is_no_section)
{
    expect("[default]\na = b\n  [c]\n[d]\n",
           "1 profile:default;2 profile:default a=b\n  [c];4 other:d;");
    expect("  [default]\n  a = b\n",
           "1 profile:default;2 profile:default a=b;");
}

Test(aws_profile, tells_sections_and_keys_again)
{
    expect("[default]\na = 1\na = 2\n[default]\nb = 3\n",
           "1 profile:default;2 profile:default a=1;3 profile:default a=2;"
           "4 profile:default;5 profile:default b=3;");
}

Test(aws_profile, has_nothing_in_nothing)
{
    expect("", "");
    expect("\n\n# only\n", "");
    expect("\xef\xbb\xbf", "");
}

Test(aws_profile, names_line_offset_and_expectation)
{
    refuse("region = us-east-1\n", 0,
           "line 1: a key stands before the first [section]");
    refuse("\n# c\nAKIDSECRET\n", 5,
           "line 3: a key stands before the first [section]");
    refuse("[default]\nAKIDSECRET\n", 10, "line 2: expected key = value");
    refuse("[default]\n= b\n", 10, "line 2: expected key = value");
    refuse("[default\n", 0, "line 1: a section without its closing bracket");
    refuse("[default]\r\n[]\n", 11, "line 2: a section without a name");
    refuse("[ ]\n", 0, "line 1: a section without a name");
    refuse("[a] b\n", 0,
           "line 1: expected nothing behind the bracket of a section");
    refuse("[services a]\ns3 =\n  endpoint_url\n", 18,
           "line 3: expected key = value");
    /* Lines inside a value count. */
    refuse("[default]\na = b\n  c\n\n  d\ne\n", 25,
           "line 6: expected key = value");
}

Test(aws_profile, needs_no_place_for_the_error)
{
    struct slu_aws_profile_reader reader;
    struct slu_aws_entry entry;
    bool end;

    slu_aws_profile_reader_init(&reader, SLU_AWS_FILE_CONFIG,
                                slu_view_str("x"));
    cr_assert_eq(slu_aws_profile_reader_next(&reader, &entry, &end, NULL),
                 SLU_ERR_CONFIG);
}

/* A file cut at any byte ends, and what stands before the cut line is told as
 * in the whole file. The text is a block of its own size, for the sanitizer. */
Test(aws_profile, ends_at_any_cut)
{
    const char *text =
        "\xef\xbb\xbf# c\r\n[profile 'a b'] ; d\nregion = x # y\n"
        "credential_process = a\n\n   b\n[services z]\ns3 =\n"
        "  endpoint_url = https://a\n";
    char whole[4000];
    char part[4000];

    cr_assert_eq(
        dump(SLU_AWS_FILE_CONFIG, slu_view_str(text), whole, sizeof(whole)),
        SLU_ERR_OK);
    for (size_t len = 0; len <= strlen(text); len++) {
        char *cut = malloc(len == 0 ? 1 : len);
        enum slu_err err;

        memcpy(cut, text, len);
        err = dump(SLU_AWS_FILE_CONFIG, slu_view_make(cut, len), part,
                   sizeof(part));
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_CONFIG);
        if (err == SLU_ERR_CONFIG) {
            cr_assert_eq(strncmp(part, whole, strlen(part)), 0, "%s", part);
        }
        free(cut);
    }
}

/* What the comment of the header promises to a caller that owns the text. */
Test(aws_profile, a_zero_may_be_put_behind_every_view)
{
    char text[] = "[profile a]#c\nk=v\r\nl =\n  m = n # o\nlast= x";
    struct slu_aws_profile_reader reader;
    struct slu_aws_entry entry;
    bool end = false;
    unsigned count = 0;

    slu_aws_profile_reader_init(&reader, SLU_AWS_FILE_CONFIG,
                                slu_view_make(text, sizeof(text) - 1));
    while (slu_aws_profile_reader_next(&reader, &entry, &end, &error) ==
               SLU_ERR_OK &&
           !end) {
        text[entry.name.ptr + entry.name.len - text] = '\0';
        if (entry.key.len > 0) {
            text[entry.key.ptr + entry.key.len - text] = '\0';
            text[entry.value.ptr + entry.value.len - text] = '\0';
        }
        count++;
        cr_assert_str_eq(entry.name.ptr, "a");
    }
    cr_assert(end, "%s", error.text);
    cr_assert_eq(count, 5);
    cr_assert_str_eq(entry.key.ptr, "last");
    cr_assert_str_eq(entry.value.ptr, "x");
}
