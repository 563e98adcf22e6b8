/* SPDX-License-Identifier: Apache-2.0 */
/* README.md says what is true: the configuration reference is what the program
 * prints, and every reason has its row. */
#include "codecs/reason.h"
#include "tools/text_file.h"

#include <sluice/engine.h>

/* The whole file of the tree's root; the test runs there. */
static char *read_readme(void)
{
    FILE *file = fopen("README.md", "r");
    char *text = calloc(1, 1 << 20);

    cr_assert_not_null(file);
    cr_assert_not_null(text);
    cr_assert_lt(fread(text, 1, (1 << 20) - 1, file), (1 << 20) - 1);
    fclose(file);
    return text;
}

static void append(void *ctx, const char *text)
{
    fputs(text, ctx);
}

Test(readme, holds_the_reference_of_the_configuration)
{
    char *readme = read_readme();
    struct text_file reference;

    text_file_open(&reference);
    slu_config_reference(append, reference.file);
    cr_assert_not_null(
        strstr(readme, text_file_read(&reference)),
        "update it: build/release/bin/sluice help config; it prints\n%s",
        reference.text);
    text_file_close(&reference);
    free(readme);
}

/* Without the marks of code. */
static void copy_plain(const char *from, size_t len, char out[200])
{
    size_t at = 0;

    for (size_t i = 0; i < len && at < 199; i++) {
        if (from[i] != '`') {
            out[at++] = from[i];
        }
    }
    out[at] = '\0';
}

Test(readme, gives_reasons_the_meaning_that_explain_does)
{
    char *readme = read_readme();

    for (int i = SLU_REASON_NONE + 1; i < SLU_REASON_COUNT; i++) {
        enum slu_reason reason = (enum slu_reason)i;
        char start[64];
        char meaning[200];
        const char *row;

        snprintf(start, sizeof(start), "| `%s` | ", slu_reason_name(reason));
        row = strstr(readme, start);
        cr_assert_not_null(row, "%s", start);
        row += strlen(start);
        copy_plain(row, (size_t)(strstr(row, " | ") - row), meaning);
        cr_assert_str_eq(slu_reason_meaning(reason), meaning);
    }
    free(readme);
}

Test(readme, explains_every_reason)
{
    char *readme = read_readme();

    for (int i = SLU_REASON_NONE + 1; i < SLU_REASON_COUNT; i++) {
        static const char *const places[] = {"invalid", "reasons", "counted"};
        enum slu_reason reason = (enum slu_reason)i;
        char start[64];
        char *row;

        snprintf(start, sizeof(start), "| `%s` | ", slu_reason_name(reason));
        row = strstr(readme, start);
        cr_assert_not_null(row, "%s", start);
        *strchr(row, '\n') = '\0';
        cr_assert_not_null(strstr(row, places[slu_reason_class(reason)]), "%s",
                           row);
        row[strlen(row)] = '\n';
    }
    free(readme);
}
