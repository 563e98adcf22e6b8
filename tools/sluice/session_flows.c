/* SPDX-License-Identifier: Apache-2.0 */
/* Which flows a command is about. */
#include "tools/sluice/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A range of flows: all of them, or the one that --flow names. */
struct selection {
    unsigned first;
    unsigned end;
};

/* 1-based; a name is never a number alone. */
static bool find_flow(const struct slu_engine *engine, const char *text,
                      unsigned *out_flow)
{
    unsigned count = slu_engine_flow_count(engine);
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*text >= '0' && *text <= '9' && *end == '\0') {
        *out_flow = (unsigned)number - 1;
        return number >= 1 && number <= count;
    }
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(slu_engine_flow_name(engine, i), text) == 0) {
            *out_flow = i;
            return true;
        }
    }
    return false;
}

static bool select_flows(const struct slu_cli_session *session,
                         const char *text, struct selection *out)
{
    unsigned count = slu_engine_flow_count(session->engine);

    *out = (struct selection){0, count};
    if (text == NULL) {
        return true;
    }
    if (!find_flow(session->engine, text, &out->first)) {
        (void)fprintf(stderr,
                      "sluice: there is no flow %s; the configuration has "
                      "1 to %u:",
                      text, count);
        for (unsigned i = 0; i < count; i++) {
            (void)fprintf(stderr, " %s",
                          slu_engine_flow_name(session->engine, i));
        }
        (void)fputc('\n', stderr);
        return false;
    }
    out->end = out->first + 1;
    return true;
}

int slu_cli_session_each(struct slu_cli_session *self,
                         const struct slu_cli_options *options,
                         int (*run)(struct slu_cli_session *self, unsigned flow,
                                    const struct slu_cli_options *options))
{
    struct selection selection;
    int worst = 0;

    if (!select_flows(self, options->flow, &selection)) {
        return 2;
    }
    for (unsigned i = selection.first; i < selection.end; i++) {
        int exit_code = run(self, i, options);

        if (!options->json && i + 1 < selection.end) {
            (void)fputc('\n', stdout);
        }
        worst = exit_code > worst ? exit_code : worst;
        if (slu_cli_session_stopped() && i + 1 < selection.end) {
            return worst > 1 ? worst : 1; /* a flow was left out */
        }
    }
    return worst;
}
