/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice plan`: what a sync would do now, row by row. */
#include "tools/sluice/json_text.h"
#include "tools/sluice/number_text.h"
#include "tools/sluice/session.h"

#include <stdio.h>
#include <string.h>

#define SET_COLUMNS 59 /* before the reason that a set's row ends in */

struct plan {
    FILE *to;
    bool json;
    bool diff;                        /* tell each line */
    unsigned rows[SLU_PLAN_CALL + 1]; /* printed, by kind */
    unsigned unchanged;               /* lists, and sets that need nothing */
    bool begun;
    enum slu_plan_kind kind; /* of the rows under way */
};

static void print_heading(struct plan *self, enum slu_plan_kind kind)
{
    static const char *const headings[] = {
        [SLU_PLAN_LIST] = "Lists                                       lines "
                          "    added   removed",
        [SLU_PLAN_LINE] = "",
        [SLU_PLAN_SET] = "Sets",
        [SLU_PLAN_CALL] = "Requests that would write",
    };

    (void)fprintf(self->to, "%s%s\n", self->begun ? "\n" : "", headings[kind]);
    self->begun = true;
    self->kind = kind;
}

/* Those that stay as they are, in one line, when all of a kind were told. */
static void end_kind(struct plan *self)
{
    if (self->unchanged > 0) {
        (void)fprintf(self->to, "  %s%u unchanged\n",
                      self->rows[self->kind] > 0 ? "and " : "",
                      self->unchanged);
    }
    self->unchanged = 0;
}

static void print_list(FILE *to, const struct slu_plan_row *row)
{
    (void)fprintf(to, "  %-36s %11s %9s %9s  %s\n", row->path,
                  slu_cli_number_count(row->lines).text,
                  slu_cli_number_count(row->added).text,
                  slu_cli_number_count(row->removed).text, row->action);
    if (row->text[0] != '\0') {
        slu_cli_wrapped_text(to, row->text);
    }
}

static void print_set(FILE *to, const struct slu_plan_row *row)
{
    (void)fprintf(to, "  %-14s ", row->region);
    slu_cli_column_text(to, 30, row->name);
    (void)fprintf(to, " %-10s ", row->action);
    slu_cli_hanging_text(to, SET_COLUMNS, row->text);
    if (row->text[0] == '\0') {
        (void)fputc('\n', to);
    }
}

static void print_row(FILE *to, const struct slu_plan_row *row)
{
    switch (row->kind) {
    case SLU_PLAN_LIST:
        print_list(to, row);
        return;
    case SLU_PLAN_LINE:
        (void)fprintf(to, "    %c ", row->action[0] == 'a' ? '+' : '-');
        slu_cli_plain_text(to, row->name);
        (void)fputc('\n', to);
        return;
    case SLU_PLAN_SET:
        print_set(to, row);
        return;
    case SLU_PLAN_CALL:
        (void)fprintf(to, "  %-14s %-24s %s\n",
                      row->region[0] != '\0' ? row->region : "S3", row->action,
                      row->path);
        return;
    }
}

static bool is_unchanged(const struct slu_plan_row *row)
{
    return (row->kind == SLU_PLAN_LIST &&
            strcmp(row->action, "unchanged") == 0) ||
           (row->kind == SLU_PLAN_SET && strcmp(row->action, "none") == 0);
}

static void print_text(struct plan *self, const struct slu_plan_row *row)
{
    if (row->kind == SLU_PLAN_LINE) {
        print_row(self->to, row); /* among the lists */
        return;
    }
    if (!self->begun || row->kind != self->kind) {
        end_kind(self);
        print_heading(self, row->kind);
    }
    if (is_unchanged(row)) {
        self->unchanged++;
        return;
    }
    self->rows[row->kind]++;
    print_row(self->to, row);
}

static void print_json(FILE *to, const struct slu_plan_row *row)
{
    static const char *const kinds[] = {
        [SLU_PLAN_LIST] = "list",
        [SLU_PLAN_LINE] = "line",
        [SLU_PLAN_SET] = "set",
        [SLU_PLAN_CALL] = "call",
    };

    (void)fprintf(to, "{\"kind\":\"%s\"", kinds[row->kind]);
    slu_cli_json_member(to, "action", row->action);
    slu_cli_json_member(to, "region", row->region);
    slu_cli_json_member(to, "path", row->path);
    slu_cli_json_member(to, "name", row->name);
    slu_cli_json_member(to, "text", row->text);
    if (row->kind == SLU_PLAN_LIST) {
        slu_cli_json_count(to, "lines", row->lines);
        slu_cli_json_count(to, "bytes", row->bytes);
        slu_cli_json_count(to, "added", row->added);
        slu_cli_json_count(to, "removed", row->removed);
    }
    (void)fputs("}\n", to);
}

static void on_row(void *ctx, const struct slu_plan_row *row)
{
    struct plan *self = ctx;

    if (row->kind == SLU_PLAN_LINE && !self->diff) {
        return;
    }
    if (self->json) {
        print_json(self->to, row);
    } else {
        print_text(self, row);
    }
}

static void end_text(struct plan *self)
{
    end_kind(self);
    if (self->rows[SLU_PLAN_CALL] == 0) {
        (void)fprintf(self->to, "\nNothing would be sent.\n");
    }
    (void)fprintf(self->to, "Nothing was written.\n");
}

/* Of several flows those that make no lists are passed over, unless one was
 * asked for by its name. */
static bool is_left_out(const struct slu_cli_session *session, unsigned flow,
                        const struct slu_cli_options *options)
{
    const struct slu_engine *engine = session->engine;
    unsigned count = slu_engine_flow_count(engine);
    bool any = false;

    for (unsigned i = 0; i < count; i++) {
        any = any || slu_engine_flow_has_lists(engine, i);
    }
    return options->flow == NULL && any &&
           !slu_engine_flow_has_lists(engine, flow);
}

static int plan_flow(struct slu_cli_session *session, unsigned flow,
                     const struct slu_cli_options *options)
{
    struct plan plan = {
        .to = stdout, .json = options->json, .diff = options->diff};
    unsigned errors = session->console.errors;
    struct slu_report report;
    enum slu_err err;

    if (is_left_out(session, flow, options)) {
        return 0;
    }
    memset(&report, 0, sizeof(report));
    err = slu_engine_plan(session->engine, flow, on_row, &plan, &report);
    slu_cli_console_clear(&session->console);
    if (err != SLU_ERR_OK) {
        slu_cli_session_complain(session, errors);
    }
    if (!options->json && plan.begun) {
        end_text(&plan);
    }
    return slu_exit_code(err);
}

int slu_cli_plan(const struct slu_cli_options *options)
{
    struct slu_cli_session session;
    int exit_code = slu_cli_session_open(&session, options, options->config);

    if (exit_code != 0) {
        return exit_code;
    }
    exit_code = slu_cli_session_each(&session, options, plan_flow);
    slu_cli_session_close(&session);
    return slu_cli_flush(exit_code);
}
