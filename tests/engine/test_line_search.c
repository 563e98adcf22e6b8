/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/checks.h"
#include "engine/line_search.h"
#include "store_support.h"

#include <criterion/criterion.h>

static char scratch[SLU_VALUE_MAX];

static struct slu_line_search search_for(enum slu_kind kind, const char *value)
{
    struct slu_line_search search = {0};

    cr_assert_eq(
        slu_check_value(kind, slu_view_str(value), scratch, &search.wanted),
        SLU_REASON_NONE);
    return search;
}

static struct slu_line_search search_text(enum slu_kind kind, const char *value,
                                          const char *text)
{
    struct slu_line_search search = search_for(kind, value);

    slu_line_search_text(&search, slu_view_str(text), "a.txt");
    return search;
}

Test(line_search, numbers_the_line_that_it_is_from_one)
{
    static const char text[] = "1.2.3.4\n11.2.3.4\n1.2.3.5\n1.2.3.40";
    struct slu_line_search search = search_text(SLU_KIND_IP, "1.2.3.5", text);

    cr_assert_str_eq(search.path, "a.txt");
    cr_assert_eq(search.line, 3);
    cr_assert_null(search.wider_path);
    cr_assert_eq(search_text(SLU_KIND_IP, "1.2.3.4", text).line, 1);
    cr_assert_eq(search_text(SLU_KIND_IP, "1.2.3.40", text).line, 4);
    cr_assert_null(search_text(SLU_KIND_IP, "1.2.3.0", text).path);
    cr_assert_null(search_text(SLU_KIND_IP, "1.2.3.4", "").path);
}

Test(line_search, counts_blank_lines_and_reads_what_others_wrote)
{
    static const char text[] = "\xef\xbb\xbf"
                               "9.9.9.9\r\n\r\n1.2.3.4/32\r\njunk\n"
                               "WWW.Example.COM.\n";

    cr_assert_eq(search_text(SLU_KIND_IP, "9.9.9.9", text).line, 1);
    cr_assert_eq(search_text(SLU_KIND_IP, "1.2.3.4", text).line, 3);
    cr_assert_eq(search_text(SLU_KIND_DOMAIN, "www.example.com", text).line, 5);
}

Test(line_search, finds_the_narrowest_line_that_covers_it)
{
    static const char ips[] = "8.0.0.0/6\n9.1.0.0/16\n9.1.2.0/24\n9.1.0.0/20\n"
                              "9.1.3.0/24\n9.1.2.128/25\n";
    static const char names[] = "*.com\n*.b.example.com\n*.example.com\n"
                                "*.ample.com\nexample.com\n";
    struct slu_line_search search = search_text(SLU_KIND_IP, "9.1.2.3", ips);

    cr_assert_null(search.path);
    cr_assert_str_eq(search.wider, "9.1.2.0/24");
    cr_assert_str_eq(search.wider_path, "a.txt");
    cr_assert_eq(search.wider_line, 3);
    search = search_text(SLU_KIND_DOMAIN, "a.b.example.com", names);
    cr_assert_str_eq(search.wider, "*.b.example.com");
    cr_assert_eq(search.wider_line, 2);
    /* Itself is not below itself. */
    search = search_text(SLU_KIND_DOMAIN, "example.com", names);
    cr_assert_eq(search.line, 5);
    cr_assert_str_eq(search.wider, "*.com");
    search = search_text(SLU_KIND_DOMAIN, "*.b.example.com", names);
    cr_assert_eq(search.line, 2);
    cr_assert_str_eq(search.wider, "*.example.com");
}

Test(line_search, does_not_take_a_narrower_line_for_a_wider_one)
{
    struct slu_line_search search = search_text(
        SLU_KIND_IP, "9.1.2.0/24", "9.1.2.0\n9.1.2.0/25\n9.1.2.0/24\n");

    cr_assert_eq(search.line, 3);
    cr_assert_null(search.wider_path);
    search = search_text(SLU_KIND_DOMAIN, "*.example.com",
                         "*.a.example.com\na.example.com\nexample.com\n");
    cr_assert_null(search.path);
    cr_assert_null(search.wider_path);
}

/* Random addresses and prefixes against the definition. */
Test(line_search, agrees_with_the_definition_of_a_range)
{
    struct dice dice = {.state = 31};

    for (unsigned round = 0; round < 2000; round++) {
        struct slu_cidr line = {roll(&dice, 4096),
                                (uint8_t)(20 + roll(&dice, 13))};
        uint32_t address = roll(&dice, 4096);
        uint32_t mask = line.prefix == 0 ? 0 : UINT32_MAX << (32 - line.prefix);
        char text[SLU_IPV4_TEXT_MAX + 1] = "";
        char value[32];
        struct slu_line_search search;

        line.address &= mask;
        (void)slu_ipv4_format(line, text);
        (void)snprintf(value, sizeof(value), "0.0.%u.%u", address >> 8,
                       address & 255);
        search = search_text(SLU_KIND_IP, value, text);
        cr_assert_eq(search.path != NULL || search.wider_path != NULL,
                     (address & mask) == line.address, "%s in %s", value, text);
    }
}

Test(line_search, goes_through_several_files_and_misses_none)
{
    struct slu_line_search search = search_for(SLU_KIND_IP, "1.2.3.4");
    struct slu_error error = {0};
    char dir[64];
    char path[128];
    FILE *file;

    (void)make_folder(dir);
    (void)snprintf(path, sizeof(path), "%s/b.txt", dir);
    file = fopen(path, "wb");
    cr_assert_not_null(file);
    (void)fputs("1.2.3.0/24\n1.2.3.4\n", file);
    (void)fclose(file);
    (void)snprintf(path, sizeof(path), "%s/empty.txt", dir);
    (void)fclose(fopen(path, "wb"));
    cr_assert_eq(slu_line_search_file(&search, dir, "missing.txt", &error),
                 SLU_ERR_OK);
    cr_assert_eq(slu_line_search_file(&search, dir, "empty.txt", &error),
                 SLU_ERR_OK);
    cr_assert_null(search.path);
    cr_assert_eq(slu_line_search_file(&search, dir, "b.txt", &error),
                 SLU_ERR_OK);
    cr_assert_str_eq(search.path, "b.txt");
    cr_assert_eq(search.line, 2);
    cr_assert_eq(search.wider_line, 1);
    cr_assert_eq(slu_line_search_file(&search, "/tmp", dir + 5, &error),
                 SLU_ERR_IO);
    cr_assert_not_null(strstr(error.text, dir), "%s", error.text);
    remove_tree(dir);
}
