/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of field, through a table of the test's own: config_value.c and
 * config_secret.c. */
#include "engine/config_reader.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sample {
    bool on;
    int64_t number;
    uint64_t size;
    int64_t wait_ms;
    int64_t percent;
    const char *text;
    const char *path;
    struct slu_secret key;
    struct slu_strings names;
    struct slu_strings lists;
    int64_t unbounded;
};

enum sample_field {
    ON,
    NUMBER,
    SIZE,
    WAIT,
    PERCENT,
    TEXT,
    PATH,
    KEY,
    NAMES,
    LISTS,
    UNBOUNDED,
};

#define AT(member) offsetof(struct sample, member)

static const struct slu_field fields[] = {
    [ON] = {"on", SLU_FIELD_BOOL, AT(on), "false"},
    [NUMBER] = {"number", SLU_FIELD_INT, AT(number), "0", -5, 5},
    [SIZE] = {"size", SLU_FIELD_SIZE, AT(size), "1", 1, INT64_MAX},
    [WAIT] = {"wait", SLU_FIELD_DURATION, AT(wait_ms), "1s", 0, 1000000000000},
    [PERCENT] = {"percent", SLU_FIELD_PERCENT, AT(percent), "30%", 0, 100},
    [TEXT] = {"text", SLU_FIELD_STRING, AT(text), "red", .choices = "red|blue"},
    [PATH] = {"path", SLU_FIELD_PATH, AT(path), "./x"},
    [KEY] = {"key", SLU_FIELD_SECRET, AT(key), "{env: SLU_TEST_KEY}"},
    [NAMES] = {"names", SLU_FIELD_STRINGS, AT(names), "[a]", 1, 3,
               .choices = "a|b|c|d"},
    [LISTS] = {"lists", SLU_FIELD_STRINGS, AT(lists), "all", .or_all = true},
    [UNBOUNDED] = {"unbounded", SLU_FIELD_INT, AT(unbounded), "0"},
};

static struct slu_config *config;
static struct sample sample;
static struct slu_error error;

static void start(void)
{
    config = slu_alloc_zero(slu_alloc_default(), sizeof(*config));
    config->alloc = slu_alloc_default();
    unsetenv("SLU_TEST_KEY");
}

static void finish(void)
{
    slu_config_free(config);
}

static enum slu_err read_value(enum sample_field field, const char *text)
{
    struct slu_config_slot slot = {&fields[field], &sample, "sample"};
    struct slu_config_reader reader;
    enum slu_err err;

    error = (struct slu_error){0};
    cr_assert_eq(slu_config_reader_init(&reader, config, "t.yaml",
                                        slu_view_str(text), &error),
                 SLU_ERR_OK);
    do {
        err = slu_config_reader_next(&reader);
    } while (err == SLU_ERR_OK &&
             (slu_config_reader_is(&reader, YAML_STREAM_START_EVENT) ||
              slu_config_reader_is(&reader, YAML_DOCUMENT_START_EVENT)));
    if (err == SLU_ERR_OK) {
        err = slu_config_read_value(&reader, &slot);
    }
    slu_config_reader_fini(&reader);
    return err;
}

static void take(enum sample_field field, const char *text)
{
    cr_assert_eq(read_value(field, text), SLU_ERR_OK, "%s: %s", text,
                 error.text);
}

static void refuse(enum sample_field field, const char *text,
                   const char *expected)
{
    cr_assert_neq(read_value(field, text), SLU_ERR_OK, "accepted %s", text);
    cr_assert_not_null(strstr(error.text, fields[field].key), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "line "), "%s", error.text);
    cr_assert_not_null(strstr(error.text, expected), "no \"%s\" in: %s",
                       expected, error.text);
}

TestSuite(config_value, .init = start, .fini = finish);

Test(config_value, reads_bools)
{
    take(ON, "true");
    cr_assert(sample.on);
    take(ON, "false");
    cr_assert_not(sample.on);
    refuse(ON, "True", "true or false");
    refuse(ON, "1", "true or false");
}

Test(config_value, reads_whole_numbers)
{
    take(NUMBER, "-5");
    cr_assert_eq(sample.number, -5);
    take(NUMBER, "5");
    cr_assert_eq(sample.number, 5);
    refuse(NUMBER, "6", "from -5 to 5");
    refuse(NUMBER, "-6", "from -5 to 5");
    refuse(NUMBER, "1.5", "a whole number");
    refuse(NUMBER, "0x1", "a whole number");
    refuse(NUMBER, "1_0", "a whole number");
    refuse(NUMBER, "+1", "a whole number");
    refuse(NUMBER, "-", "a whole number");
    refuse(NUMBER, "''", "found ``");
    take(UNBOUNDED, "9223372036854775807");
    cr_assert_eq(sample.unbounded, INT64_MAX);
    refuse(UNBOUNDED, "9223372036854775808", "a whole number");
}

Test(config_value, reads_sizes_with_units_of_1000_and_1024)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"65536", 65536}, {"64KB", 64000},    {"64kb", 64000},
        {"1MB", 1000000}, {"35MB", 35000000}, {"2GB", 2000000000},
        {"64KiB", 65536}, {"1MiB", 1048576},  {"1GiB", 1073741824u},
        {"7B", 7},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        take(SIZE, cases[i].text);
        cr_assert_eq(sample.size, cases[i].bytes, "%s", cases[i].text);
    }
    refuse(SIZE, "1TB", "a size such as");
    refuse(SIZE, "1.5MB", "a size such as");
    refuse(SIZE, "1 MB", "a size such as");
    refuse(SIZE, "-1", "a size such as");
    refuse(SIZE, "9223372036854775807KB", "a size such as");
    refuse(SIZE, "0", "from 1 up");
}

Test(config_value, reads_times_and_percentages)
{
    take(WAIT, "90d");
    cr_assert_eq(sample.wait_ms, INT64_C(90) * 86400000);
    take(WAIT, "250ms");
    cr_assert_eq(sample.wait_ms, 250);
    refuse(WAIT, "10", "a time such as");
    refuse(WAIT, "10 m", "a time such as");
    take(PERCENT, "30%");
    cr_assert_eq(sample.percent, 30);
    take(PERCENT, "7");
    cr_assert_eq(sample.percent, 7);
    refuse(PERCENT, "101%", "from 0 to 100%");
    refuse(PERCENT, "30%%", "a percentage");
}

Test(config_value, reads_texts_against_their_choices)
{
    take(TEXT, "blue");
    cr_assert_str_eq(sample.text, "blue");
    refuse(TEXT, "green", "one of red, blue");
    refuse(TEXT, "re",
           "found `re` (did you mean `red`?), expected one of red, blue");
    refuse(TEXT, "red|blue", "one of red, blue");
    refuse(TEXT, "''", "is empty");
    take(PATH, "'with space/and: colon'");
    cr_assert_str_eq(sample.path, "with space/and: colon");
    refuse(PATH, "\"a\\tb\"", "a path");
}

Test(config_value, reads_lists)
{
    take(NAMES, "[b, 'd']");
    cr_assert_eq(sample.names.count, 2);
    cr_assert_str_eq(sample.names.items[0], "b");
    cr_assert_str_eq(sample.names.items[1], "d");
    cr_assert_not(sample.names.all);
    take(NAMES, "- a\n- c\n");
    cr_assert_eq(sample.names.count, 2);
    refuse(NAMES, "[]", "found 0 items, expected a list of 1 to 3");
    refuse(NAMES, "[a, b, c, d]", "found 4 items");
    refuse(NAMES, "[a, x]", "found `x`, expected a list of 1 to 3 of a, b");
    refuse(NAMES, "[a, [b]]", "found a list");
    refuse(NAMES, "[a, ~]", "found nothing");
    refuse(NAMES, "[a, '']", "found ``");
    refuse(NAMES, "[a, b, a]", "names `a` twice");
    refuse(NAMES, "a", "found `a`, expected a list");
    refuse(NAMES, "all", "found `all`");
    refuse(NAMES, "{a: b}", "found a map");
}

Test(config_value, reads_all_instead_of_a_list_where_allowed)
{
    take(LISTS, "all");
    cr_assert(sample.lists.all);
    cr_assert_eq(sample.lists.count, 0);
    take(LISTS, "[]");
    cr_assert_not(sample.lists.all);
    cr_assert_eq(sample.lists.count, 0);
    take(LISTS, "[malware]");
    cr_assert_eq(sample.lists.count, 1);
    refuse(LISTS, "some", "all, or a list");
}

Test(config_value, bounds_the_items_of_a_list)
{
    static char text[20000];
    char *at = text;

    at += sprintf(at, "[");
    for (int i = 0; i <= SLU_CONFIG_ITEMS_MAX; i++) {
        at += sprintf(at, "n%d, ", i);
    }
    strcpy(at, "]");
    refuse(LISTS, text, "more than 1024 items");
}

/* ---- secrets ---- */

Test(config_value, reads_a_secret_from_the_environment)
{
    setenv("SLU_TEST_KEY", "c0ffee\r\n", 1);
    take(KEY, "{env: SLU_TEST_KEY}");
    cr_assert_str_eq(sample.key.value, "c0ffee");
    cr_assert_str_eq(sample.key.place, "the environment variable SLU_TEST_KEY");
}

Test(config_value, leaves_a_missing_or_empty_variable_null)
{
    take(KEY, "{env: SLU_TEST_KEY}");
    cr_assert_null(sample.key.value);
    cr_assert_str_eq(sample.key.place, "the environment variable SLU_TEST_KEY");
    setenv("SLU_TEST_KEY", "", 1);
    take(KEY, "{env: SLU_TEST_KEY}");
    cr_assert_null(sample.key.value);
}

static void write_secret(char path[], const char *bytes, size_t len)
{
    char text[64];
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    (void)snprintf(text, sizeof(text), "{file: %s}", path);
    (void)read_value(KEY, text);
    unlink(path);
}

Test(config_value, reads_a_secret_from_a_file)
{
    char path[] = "/tmp/slu-secret-XXXXXX";

    write_secret(path, "c0ffee\n", 7);
    cr_assert_eq(error.code, SLU_ERR_OK, "%s", error.text);
    cr_assert_str_eq(sample.key.value, "c0ffee");
    cr_assert(strncmp(sample.key.place, "the file /tmp/", 14) == 0);
}

Test(config_value, leaves_an_empty_secret_file_null)
{
    char path[] = "/tmp/slu-secret-XXXXXX";

    write_secret(path, "\n", 1);
    cr_assert_eq(error.code, SLU_ERR_OK, "%s", error.text);
    cr_assert_null(sample.key.value);
    cr_assert_not_null(sample.key.place);
}

Test(config_value, refuses_bytes_that_no_key_has)
{
    char first[] = "/tmp/slu-secret-XXXXXX";
    char second[] = "/tmp/slu-secret-XXXXXX";

    write_secret(first, "c0ff\nee", 7);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_null(strstr(error.text, "c0ff"), "%s", error.text);
    write_secret(second, "c0\xc3\xa9", 4);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    setenv("SLU_TEST_KEY", "a b", 1);
    refuse(KEY, "{env: SLU_TEST_KEY}",
           "the environment variable SLU_TEST_KEY holds a space");
}

Test(config_value, names_a_secret_file_that_is_missing)
{
    refuse(KEY, "{file: /nowhere/key}", "/nowhere/key");
    cr_assert_eq(error.code, SLU_ERR_NOT_FOUND);
    cr_assert_neq(error.sys, 0);
    refuse(KEY, "{file: /tmp}", "/tmp");
    cr_assert_eq(error.code, SLU_ERR_IO);
    refuse(KEY, "{file: /dev/zero}", "too large");
}

/* What stands in the place of a secret may be the secret. */
Test(config_value, never_quotes_what_stands_in_a_secrets_place)
{
    static const char *const texts[] = {
        "5ec4e7",
        "'5ec4e7 with more'",
        "[5ec4e7]",
        "{5ec4e7: x}",
        "{env: 5ec4e7}",
        "{env: 'a 5ec4e7'}",
        "{env: [5ec4e7]}",
        "{secret: 5ec4e7}",
        "{env: A, file: 5ec4e7}",
        "{env: e5ec4e75ec4e75ec4e75ec4e75ec4e75}",
        "{env: ''}",
        "{file: ''}",
        "{env: [5ec4e7], }",
        "{[5ec4e7]: a}",
        "{}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refuse(KEY, texts[i], "`key` in sample");
        cr_assert_null(strstr(error.text, "5ec4e7"), "%s", error.text);
        cr_assert_eq(error.code, SLU_ERR_CONFIG);
    }
    refuse(KEY, "5ec4e7", "never stands in the file itself");
    refuse(KEY, "{secret: x}",
           "cannot be in AWS Secrets Manager; expected "
           "{env: NAME} or {file: PATH}");
    refuse(KEY, "{env: A, key: x}", "cannot be in AWS Secrets Manager");
    refuse(KEY, "{env: A, file: B}", "and only one of them");
}

/* ---- sentences ---- */

Test(config_value, nearness_finds_slips_and_nothing_else)
{
    cr_assert(slu_config_is_near(slu_view_str("conections"), "connections"));
    cr_assert(slu_config_is_near(slu_view_str("threds"), "threads"));
    cr_assert(slu_config_is_near(slu_view_str("htp"), "http"));
    cr_assert_not(slu_config_is_near(slu_view_str("gti"), "http"));
    cr_assert_not(slu_config_is_near(slu_view_str(""), "a"));
    cr_assert_not(slu_config_is_near(slu_view_str("zebra"), "streams"));
}

Test(config_value, quotes_end_at_a_character)
{
    char text[200];
    struct slu_config_quote quote;
    size_t len;

    for (size_t i = 0; i + 1 < sizeof(text); i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    quote = slu_config_quote_make(slu_view_make(text, sizeof(text)));
    len = strlen(quote.text);
    cr_assert_lt(len, sizeof(quote.text));
    cr_assert_str_eq(quote.text + len - 3, "...");
    cr_assert_eq((len - 3) % 2, 0);
    quote = slu_config_quote_make(slu_view_make(text + 1, 100));
    cr_assert_lt(strlen(quote.text), sizeof(quote.text));
}

Test(config_value, choices_end)
{
    cr_assert(slu_view_equal_str(slu_config_choice("a|bc", 0), "a"));
    cr_assert(slu_view_equal_str(slu_config_choice("a|bc", 1), "bc"));
    cr_assert_eq(slu_config_choice("a|bc", 2).len, 0);
    cr_assert_eq(slu_config_choice("a|bc", 9).len, 0);
    cr_assert_eq(slu_config_choice(NULL, 0).len, 0);
}
