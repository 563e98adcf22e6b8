/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_once.h"

#include <criterion/criterion.h>
#include <stdio.h>

static char lines[8000];

static void take_line(void *ctx, enum slu_log_level level, const char *text)
{
    size_t len = strlen(lines);

    cr_assert_eq(ctx, lines);
    (void)snprintf(lines + len, sizeof(lines) - len, "%d %s\n", (int)level,
                   text);
}

static struct slu_log_once once;

static struct slu_logger open_log(void)
{
    lines[0] = '\0';
    return slu_log_once_init(&once, take_line, lines, SLU_LOG_INFO);
}

Test(log_once, tells_an_error_and_its_parts_once)
{
    struct slu_logger logger = open_log();
    char expected[100];

    slu_logger_print(&logger, SLU_LOG_ERROR, "a: denied; run again");
    slu_logger_print(&logger, SLU_LOG_ERROR, "a: denied");
    slu_logger_print(&logger, SLU_LOG_ERROR, "b: denied");
    slu_logger_print(&logger, SLU_LOG_ERROR, "a: denied");
    (void)snprintf(expected, sizeof(expected),
                   "%d a: denied; run again\n%d b: denied\n",
                   (int)SLU_LOG_ERROR, (int)SLU_LOG_ERROR);
    cr_assert_str_eq(lines, expected);
    cr_assert_eq(once.count, 2u);
    cr_assert(slu_log_once_has(&once, "a: denied"));
    cr_assert_not(slu_log_once_has(&once, "c: denied"));
    cr_assert_not(slu_log_once_has(&once, ""));
}

Test(log_once, other_levels_are_told_as_often_as_they_come)
{
    struct slu_logger logger = open_log();

    slu_logger_print(&logger, SLU_LOG_WARN, "w");
    slu_logger_print(&logger, SLU_LOG_WARN, "w");
    slu_logger_print(&logger, SLU_LOG_DEBUG, "d");
    cr_assert_eq(strlen(lines), 2 * strlen("0 w\n"));
    cr_assert_not(slu_log_once_has(&once, "w"));
}

Test(log_once, a_new_run_tells_it_again)
{
    struct slu_logger logger = open_log();

    slu_logger_print(&logger, SLU_LOG_ERROR, "e");
    slu_log_once_clear(&once);
    cr_assert_not(slu_log_once_has(&once, "e"));
    slu_logger_print(&logger, SLU_LOG_ERROR, "e");
    cr_assert_eq(strlen(lines), 2 * strlen("0 e\n"));
}

Test(log_once, remembers_the_last_ones)
{
    struct slu_logger logger = open_log();

    for (int i = 0; i < SLU_LOG_ONCE_MAX + 1; i++) {
        slu_logger_print(&logger, SLU_LOG_ERROR, "error %d.", i);
    }
    cr_assert_not(slu_log_once_has(&once, "error 0."));
    cr_assert(slu_log_once_has(&once, "error 1."));
    cr_assert_eq(once.count, SLU_LOG_ONCE_MAX + 1u);
}

Test(log_once, without_a_log_nothing_is_kept)
{
    struct slu_logger logger =
        slu_log_once_init(&once, NULL, NULL, SLU_LOG_INFO);

    slu_logger_print(&logger, SLU_LOG_ERROR, "e");
    cr_assert_not(slu_log_once_has(&once, "e"));
}
