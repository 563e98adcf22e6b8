/* SPDX-License-Identifier: Apache-2.0 */
/* What a test of reports prints to, and what it expects there. */
#ifndef SLU_TESTS_REPORT_SCENE_H
#define SLU_TESTS_REPORT_SCENE_H

#include "tools/text_file.h"

static struct text_file out;

static inline void start(void)
{
    text_file_open(&out);
}

static inline void finish(void)
{
    text_file_close(&out);
}

static inline void expect(const char *text)
{
    cr_assert_not_null(strstr(text_file_read(&out), text), "no \"%s\" in\n%s",
                       text, out.text);
}

/* Each line on its own, not wider than a terminal. */
static inline void expect_80_columns(void)
{
    char *copy = strdup(text_file_read(&out));

    for (char *line = strtok(copy, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        cr_assert_leq(strlen(line), 80, "%s", line);
    }
    free(copy);
}

#endif
