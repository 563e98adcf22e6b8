/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/logger.h"

#include <criterion/criterion.h>
#include <string.h>

struct sink {
    unsigned lines;
    enum slu_log_level level;
    char text[SLU_LOG_LINE_MAX + 1];
};

static void take(void *ctx, enum slu_log_level level, const char *text)
{
    struct sink *self = ctx;

    self->lines++;
    self->level = level;
    (void)strncpy(self->text, text, sizeof(self->text) - 1);
}

Test(logger, hands_on_lines_of_its_level_and_above)
{
    struct sink sink = {0};
    struct slu_logger logger = {take, &sink, SLU_LOG_INFO};

    slu_logger_print(&logger, SLU_LOG_DEBUG, "unseen");
    cr_assert_eq(sink.lines, 0u);
    slu_logger_print(&logger, SLU_LOG_WARN, "%s=%d", "a", 7);
    cr_assert_eq(sink.lines, 1u);
    cr_assert_eq(sink.level, SLU_LOG_WARN);
    cr_assert_str_eq(sink.text, "a=7");
}

Test(logger, cuts_a_line_that_is_too_long)
{
    struct sink sink = {0};
    struct slu_logger logger = {take, &sink, SLU_LOG_DEBUG};
    char text[3000];

    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    slu_logger_print(&logger, SLU_LOG_ERROR, "%s", text);
    cr_assert_eq(strlen(sink.text), (size_t)SLU_LOG_LINE_MAX - 1);
}

Test(logger, without_a_function_it_is_silent)
{
    struct slu_logger logger = {0};

    slu_logger_print(&logger, SLU_LOG_ERROR, "nobody listens");
    cr_assert_null(logger.fn);
}
