/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/row_csv.h"
#include "rows_make.h"

static const char *text_of(const struct slu_row *row)
{
    return row_text(slu_row_csv_append, row);
}

static void expect_comments(const char *comments, const char *cell)
{
    struct slu_row row = make_row();
    char part[300];

    row.comments = slu_view_str(comments);
    (void)snprintf(part, sizeof(part), "public\",%s,2025-08-07", cell);
    cr_assert_not_null(strstr(text_of(&row), part), "no %s in %s", part,
                       text_of(&row));
}

static unsigned count_commas(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++) {
        count += *text == ',';
    }
    return count;
}

Test(row_csv, has_the_columns_of_its_head)
{
    struct slu_row row = make_row();

    cr_assert_str_eq(text_of(&row),
                     "45.33.32.156,ipv4,url,high,5,"
                     "\"GuardDuty-prod;GuardDuty-public\",Finding ARN: a,"
                     "2025-08-07T05:00:00.000Z,2025-08-07T06:00:00Z,f1,"
                     "arn:aws:guardduty:x,Recon:EC2/PortProbe,111122223333,"
                     "eu-west-1\r\n");
    cr_assert_eq(count_commas(SLU_ROW_CSV_HEAD), count_commas(text_of(&row)));
    cr_assert_not_null(strstr(SLU_ROW_CSV_HEAD, "region\r\n"));
}

Test(row_csv, leaves_absent_cells_empty)
{
    struct slu_row row = make_row();

    row.tag_count = 0;
    row.comments = row.first_seen = row.last_seen = slu_view_make(NULL, 0);
    cr_assert_not_null(strstr(text_of(&row), "high,5,\"\",,,,f1,"));
}

Test(row_csv, quotes_what_would_end_a_cell)
{
    expect_comments("a,b", "\"a,b\"");
    expect_comments("say \"hi\"", "\"say \"\"hi\"\"\"");
    expect_comments("back\\slash", "back\\slash");
    expect_comments("plain; text", "plain; text");
}

Test(row_csv, keeps_one_row_on_one_line)
{
    struct slu_row row = make_row();
    const char *text;

    expect_comments("a\r\nb\tc", "a  b c");
    row.comments = slu_view_make("a\n\0b\x7f", 5);
    text = text_of(&row);
    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
    cr_assert_not_null(strstr(text, ",a  b ,"));
}

Test(row_csv, gives_nothing_that_a_spreadsheet_would_compute)
{
    expect_comments("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
    expect_comments("+1", "\"'+1\"");
    expect_comments("-1", "\"'-1\"");
    expect_comments("@SUM(A1)", "\"'@SUM(A1)\"");
    expect_comments("a=1", "a=1");
    expect_comments("\t=1", " =1");
}

Test(row_csv, guards_the_cell_of_tags_too)
{
    static const struct slu_view tags[] = {SLU_VIEW_LITERAL("=1;2"),
                                           SLU_VIEW_LITERAL("say \"x\"")};
    struct slu_row row = make_row();

    row.tags = tags;
    cr_assert_not_null(
        strstr(text_of(&row), ",5,\"'=1,2;say \"\"x\"\"\",Finding"));
}

Test(row_csv, is_valid_utf8_whatever_the_bytes)
{
    expect_comments("\xc3\xbc\xff!", "\xc3\xbc\xef\xbf\xbd!");
}

Test(row_csv, is_appended_whole_or_not_at_all)
{
    expect_whole_or_nothing(slu_row_csv_append);
    expect_nomem(slu_row_csv_append);
}
