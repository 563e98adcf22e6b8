/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/source.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct told {
    enum slu_log_level level;
    char text[2 * SLU_ERROR_TEXT_MAX + 512];
};

static void note(void *ctx, enum slu_log_level level, const char *text)
{
    struct told *self = ctx;

    self->level = level;
    (void)snprintf(self->text, sizeof(self->text), "%s", text);
}

Test(source, hands_a_line_to_the_port_of_its_level)
{
    struct told told = {0};
    struct slu_source_port port = {.ctx = &told, .log = note};

    slu_source_log(&port, SLU_LOG_WARN, "%d of %s", 7, "nine");
    cr_assert_eq(told.level, SLU_LOG_WARN);
    cr_assert_str_eq(told.text, "7 of nine");
}

Test(source, cuts_a_line_that_is_too_long)
{
    struct told told = {0};
    struct slu_source_port port = {.ctx = &told, .log = note};
    char text[2 * SLU_ERROR_TEXT_MAX + 512];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    slu_source_log(&port, SLU_LOG_INFO, "%s", text);
    cr_assert_eq(strlen(told.text), SLU_ERROR_TEXT_MAX + 255);
}
