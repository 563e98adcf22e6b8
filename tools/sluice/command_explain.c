/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/json_text.h"
#include "tools/sluice/number_text.h"
#include "tools/sluice/session.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS 80

/* Of several bits one may be called like another ("list"). */
static bool begin_source(uint32_t *rest, const char **name)
{
    const char *last = *name;

    while (*rest != 0) {
        *name = slu_source_name(*rest & (~*rest + 1));
        *rest &= *rest - 1;
        if (last == NULL || strcmp(last, *name) != 0) {
            return true;
        }
    }
    return false;
}

/* The value ends nowhere by itself. */
static const char *copy_value(struct slu_view value, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%.*s", SLU_VIEW_ARGS(value));
    return out;
}

/* ---- for people ---- */

static void print_sources(FILE *to, uint32_t sources)
{
    const char *name = NULL;
    bool first = true;

    (void)fputs("  sources     ", to);
    while (begin_source(&sources, &name)) {
        (void)fprintf(to, "%s%s", first ? "" : ", ", name);
        first = false;
    }
    (void)fputc('\n', to);
}

static void print_assessment(FILE *to, const struct slu_indicator *indicator)
{
    if (indicator->verdict == SLU_VERDICT_NONE) {
        (void)fprintf(to, "  verdict     none: never assessed\n");
        return;
    }
    (void)fprintf(to, "  verdict     %s, score %u, assessed %s\n",
                  slu_verdict_name(indicator->verdict), indicator->score,
                  slu_cli_number_time(indicator->assessed_at).text);
}

static void print_place(FILE *to, const char *label, const char *path,
                        uint64_t line)
{
    (void)fprintf(to, "  %-11s ", label);
    slu_cli_plain_text(to, path);
    (void)fprintf(to, ", line %" PRIu64 "\n", line);
}

static void print_publication(FILE *to, const struct slu_explanation *what)
{
    if (what->object != NULL) {
        (void)fputs("  object      ", to);
        slu_cli_plain_text(to, what->object);
        (void)fputs(what->object_current ? "\n" : " (an earlier content)\n",
                    to);
    }
    for (unsigned i = 0; i < what->set_count; i++) {
        const struct slu_explained_set *set = &what->sets[i];

        (void)fputs("  set         ", to);
        slu_cli_plain_text(to, set->region);
        (void)fputs(" ", to);
        slu_cli_plain_text(to, set->id);
        (void)fprintf(to, ", %s\n", set->status);
    }
}

static void print_text(FILE *to, const struct slu_explanation *what)
{
    const struct slu_indicator *indicator = &what->indicator;
    char value[1200];

    slu_cli_plain_text(to, copy_value(indicator->value, value, sizeof(value)));
    if (strlen(value) + 2 + strlen(what->text) > COLUMNS) {
        (void)fputs(":\n", to);
        slu_cli_wrapped_text(to, what->text);
    } else {
        (void)fputs(": ", to);
        slu_cli_plain_text(to, what->text);
        (void)fputc('\n', to);
    }
    if (what->known) {
        (void)fprintf(to, "  type        %s\n", slu_kind_name(indicator->kind));
        print_sources(to, indicator->sources);
        (void)fprintf(to, "  first seen  %s\n  last seen   %s\n",
                      slu_cli_number_time(indicator->first_seen).text,
                      slu_cli_number_time(indicator->last_seen).text);
        print_assessment(to, indicator);
    }
    if (what->path != NULL) {
        print_place(to, "list", what->path, what->line);
    }
    if (what->covered_path != NULL) {
        (void)fprintf(to, "  covered by  %s\n", what->covered_by);
        print_place(to, "", what->covered_path, what->covered_line);
    }
    if (what->reason != NULL) {
        (void)fprintf(to, "  reason      %s\n", what->reason);
    }
    print_publication(to, what);
}

/* ---- for programs ---- */

static void put_time(FILE *to, const char *key, bool present, uint32_t seconds)
{
    struct slu_cli_number time = slu_cli_number_time(seconds);

    time.text[10] = 'T'; /* "2025-08-07 05:00:00Z" as RFC 3339 has it */
    slu_cli_json_member(to, key, present ? time.text : NULL);
}

static void put_line(FILE *to, const char *key, const char *path, uint64_t line)
{
    if (path == NULL) {
        slu_cli_json_member(to, key, NULL);
    } else {
        slu_cli_json_count(to, key, line);
    }
}

static void put_known(FILE *to, const struct slu_explanation *what)
{
    const struct slu_indicator *indicator = &what->indicator;
    bool assessed = indicator->verdict != SLU_VERDICT_NONE;
    uint32_t sources = indicator->sources;
    const char *name = NULL;
    bool first = true;

    (void)fputs(",\"sources\":[", to);
    while (begin_source(&sources, &name)) {
        (void)fprintf(to, "%s\"%s\"", first ? "" : ",", name);
        first = false;
    }
    (void)fputc(']', to);
    slu_cli_json_member(to, "verdict",
                        assessed ? slu_verdict_name(indicator->verdict) : NULL);
    slu_cli_json_count(to, "score", indicator->score);
    put_time(to, "first_seen", what->known, indicator->first_seen);
    put_time(to, "last_seen", what->known, indicator->last_seen);
    put_time(to, "assessed_at", assessed, indicator->assessed_at);
}

static void put_sets(FILE *to, const struct slu_explanation *what)
{
    (void)fputs(",\"sets\":[", to);
    for (unsigned i = 0; i < what->set_count; i++) {
        (void)fprintf(to, "%s{\"region\":", i == 0 ? "" : ",");
        slu_cli_json_string(to, what->sets[i].region);
        slu_cli_json_member(to, "id", what->sets[i].id);
        slu_cli_json_member(to, "status", what->sets[i].status);
        (void)fputc('}', to);
    }
    (void)fputc(']', to);
}

static void print_json(FILE *to, const struct slu_explanation *what)
{
    char value[1200];

    (void)fputs("{\"value\":", to);
    slu_cli_json_string(
        to, copy_value(what->indicator.value, value, sizeof(value)));
    slu_cli_json_member(to, "type", slu_kind_name(what->indicator.kind));
    (void)fprintf(to, ",\"known\":%s", what->known ? "true" : "false");
    put_known(to, what);
    slu_cli_json_member(to, "list", what->path);
    put_line(to, "line", what->path, what->line);
    slu_cli_json_member(to, "reason", what->reason);
    slu_cli_json_member(to, "text", what->text);
    slu_cli_json_member(to, "covered_by",
                        what->covered_path == NULL ? NULL : what->covered_by);
    slu_cli_json_member(to, "covered_list", what->covered_path);
    put_line(to, "covered_line", what->covered_path, what->covered_line);
    slu_cli_json_member(to, "object", what->object);
    (void)fprintf(to, ",\"object_current\":%s",
                  what->object_current ? "true" : "false");
    put_sets(to, what);
    (void)fputs("}\n", to);
}

/* Exit code 1 for what isn't known, so that scripts can ask. */
int slu_cli_explain(const struct slu_cli_options *options)
{
    struct slu_cli_session session;
    struct slu_explanation what;
    enum slu_err err;
    int exit_code = slu_cli_session_open(&session, options, options->config);

    if (exit_code != 0) {
        return exit_code;
    }
    memset(&what, 0, sizeof(what));
    err = slu_engine_explain(session.engine, options->value, &what);
    exit_code = slu_exit_code(err);
    if (err != SLU_ERR_OK) {
        slu_cli_session_complain(&session, 0);
    } else {
        exit_code = what.known ? 0 : 1;
        if (options->json) {
            print_json(stdout, &what);
        } else {
            print_text(stdout, &what);
        }
    }
    slu_cli_session_close(&session);
    return slu_cli_flush(exit_code);
}
