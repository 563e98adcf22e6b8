/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/console.h"
#include "tools/sluice/json_text.h"
#include "tools/sluice/number_text.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define PROGRESS_MAX 200

static unsigned measure_columns(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) {
        return DEFAULT_COLUMNS;
    }
    return size.ws_col;
}

void slu_cli_console_init(struct slu_cli_console *self, FILE *to, bool json)
{
    int fd = fileno(to);

    *self = (struct slu_cli_console){.to = to, .json = json};
    self->terminal = !json && fd >= 0 && isatty(fd) == 1;
    self->columns = self->terminal ? measure_columns(fd) : DEFAULT_COLUMNS;
}

void slu_cli_console_clear(struct slu_cli_console *self)
{
    if (self->line_shown) {
        /* To the first column, and erase to the end of the line (ECMA-48). */
        (void)fputs("\r\033[K", self->to);
        (void)fflush(self->to);
        self->line_shown = false;
    }
}

static void print_json(FILE *to, enum slu_log_level level, const char *text)
{
    struct timespec now;
    struct tm civil;
    char time[32] = "";

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &civil) != NULL) {
        (void)strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &civil);
    }
    (void)fprintf(to,
                  "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"message\":", time,
                  now.tv_nsec / 1000000, slu_log_level_name(level));
    slu_cli_json_string(to, text);
    (void)fputs("}\n", to);
}

void slu_cli_console_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct slu_cli_console *self = ctx;

    slu_cli_console_clear(self);
    self->errors += level == SLU_LOG_ERROR;
    if (self->json) {
        print_json(self->to, level, text);
    } else {
        (void)fprintf(self->to, "[%s] ", slu_log_level_name(level));
        slu_cli_plain_text(self->to, text);
        (void)fputc('\n', self->to);
    }
    (void)fflush(self->to);
}

void slu_cli_console_progress(void *ctx, const struct slu_report *report)
{
    struct slu_cli_console *self = ctx;
    char line[PROGRESS_MAX];
    size_t room;

    if (!self->terminal) {
        return;
    }
    (void)snprintf(
        line, sizeof(line), "%s: %s items, %s requests, %u in flight, %s, %s",
        report->flow == NULL ? "sync" : report->flow,
        slu_cli_number_count(report->items).text,
        slu_cli_number_count(report->requests).text, report->in_flight,
        slu_cli_number_bytes(report->wire_bytes).text,
        slu_cli_number_seconds(report->seconds).text);
    /* In the last column the terminal would wrap. */
    room = self->columns - 1;
    if (strlen(line) > room) {
        line[room < sizeof(line) ? room : sizeof(line) - 1] = '\0';
    }
    (void)fprintf(self->to, "\r%s\033[K", line);
    (void)fflush(self->to);
    self->line_shown = true;
}
