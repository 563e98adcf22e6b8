/* SPDX-License-Identifier: Apache-2.0 */
/* What: the pages of lists that are asked for with GET: maxResults and
   nextToken in the query. */
#include <string.h>

#include "guardduty.h"
#include "mix.h"

static bool is_fault(const struct sim_guardduty_call *call,
                     enum sim_fault_kind kind)
{
    return call->answer->fault != NULL && call->answer->fault->kind == kind;
}

bool sim_guardduty_page_read(struct sim_guardduty_call *call, uint64_t salt,
                             struct sim_guardduty_page *page)
{
    const struct sim_aws_caller *caller = call->caller;
    bool repeated = false;
    const char *max =
        sim_query_get(&call->server->query, "maxResults", &repeated);
    const char *sent =
        sim_query_get(&call->server->query, "nextToken", &repeated);
    int64_t number = SIM_IDS_MAX;

    memset(page, 0, sizeof(*page));
    if (max != NULL && (!sim_query_number(max, &number) || number < 1 ||
                        number > SIM_IDS_MAX)) {
        sim_guardduty_reject_parameter(call, "maxResults");
        return false;
    }
    page->max = (size_t)number;
    page->sent = sent != NULL ? sent : "";
    page->binding = sim_mix_bytes((uint64_t)number ^ salt, caller->account, 12);
    page->binding =
        sim_mix_bytes(page->binding, caller->region, strlen(caller->region));
    if (*page->sent != '\0' &&
        (is_fault(call, SIM_FAULT_DEAD_CURSOR) ||
         !sim_page_token_read(page->sent, page->binding, &page->token))) {
        sim_guardduty_reject_parameter(call, "nextToken");
        return false;
    }
    return true;
}

bool sim_guardduty_page_pauses(const struct sim_guardduty_call *call,
                               struct sim_guardduty_page *page)
{
    uint64_t every = (uint64_t)call->server->options.gd_empty_every;
    uint64_t place = page->token.begun
                         ? sim_mix2(page->binding, page->token.ref.index)
                         : page->binding;
    bool pauses = !page->token.paused && (sim_one_in(place, every) ||
                                          is_fault(call, SIM_FAULT_EMPTY_PAGE));

    page->token.paused = pauses;
    return pauses;
}

void sim_guardduty_page_put_end(const struct sim_guardduty_call *call,
                                const struct sim_guardduty_page *page,
                                bool more, struct sim_text *text)
{
    char next[SIM_PAGE_TOKEN_CAP];

    if (*page->sent != '\0' && is_fault(call, SIM_FAULT_REPEATED_TOKEN)) {
        sim_text_printf(text, ",\"nextToken\":\"%s\"", page->sent);
    } else if (more) {
        sim_page_token_write(&page->token, page->binding, next);
        sim_text_printf(text, ",\"nextToken\":\"%s\"", next);
    } else {
        sim_guardduty_put_end(call, text);
    }
}
