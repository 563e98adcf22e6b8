/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: ListFindings. Nobody outside knows what a nextToken remembers, so
 * there are two ways. By `place` a page begins behind the last finding of the
 * page before, wherever that was: a finding that is updated between two pages
 * is met again in a list that ascends by updatedAt, and missed by one that
 * descends. By `offset` it begins after as many findings as were served: one
 * that was served and then leaves its place takes the next one with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "guardduty.h"
#include "mix.h"
#include "page_token.h"

struct listing {
    struct sim_guardduty_call *call;
    struct sim_criteria criteria;
    uint64_t binding;
    struct sim_page_token token;
    const char *sent; /* the token of the request, "" if there was none */
    bool behind;      /* the page begins behind the token's finding */
    int64_t skip;     /* or after so many that match */
    size_t max;
    struct sim_finding_ref found[SIM_IDS_MAX];
    size_t count;
    bool more;
};

/* The last order that was made for a list that isn't by updatedAt: made once
   for all its pages, and anew when the world has changed. */
static struct {
    const struct sim_detector *view;
    uint64_t binding;
    uint64_t version;
    struct sim_finding_ref *ref;
    size_t count;
    size_t cap;
} selection;

static bool read_max(struct listing *listing)
{
    const struct sim_node *node =
        sim_guardduty_member(listing->call, "maxResults");
    int64_t max = SIM_IDS_MAX;

    if (node != NULL &&
        (!sim_document_integer(node, &max) || max < 1 || max > SIM_IDS_MAX)) {
        sim_guardduty_reject_parameter(listing->call, "maxResults");
        return false;
    }
    listing->max = (size_t)max;
    return true;
}

static bool by_offset(const struct sim_guardduty_call *call)
{
    return strcmp(call->server->options.gd_paging, "offset") == 0;
}

static bool read_token(struct listing *listing)
{
    struct sim_guardduty_call *call = listing->call;
    const struct sim_fault *fault = call->answer->fault;
    const struct sim_node *node = sim_guardduty_member(call, "nextToken");
    bool offset = by_offset(call);
    uint64_t body = sim_document_hash(&call->document, &call->document.node[0],
                                      "nextToken");

    listing->binding = sim_mix_bytes(body ^ call->server->options.seed,
                                     call->detector->id, SIM_ID_LEN);
    listing->sent = node != NULL ? node->text : "";
    if (*listing->sent == '\0') {
        return true;
    }
    if ((fault != NULL && fault->kind == SIM_FAULT_DEAD_CURSOR) ||
        !sim_page_token_read(listing->sent, listing->binding,
                             &listing->token) ||
        (listing->token.begun && !offset &&
         (listing->token.ref.home >= call->world->count ||
          listing->token.ref.index >=
              call->world->detector[listing->token.ref.home].count))) {
        sim_guardduty_reject_parameter(call, "nextToken");
        return false;
    }
    listing->behind = listing->token.begun && !offset;
    listing->skip = offset ? listing->token.updated_ms : 0;
    return true;
}

static bool read_listing(struct listing *listing)
{
    static const struct sim_guardduty_member members[] = {
        {"findingCriteria", SIM_NODE_OBJECT, false},
        {"sortCriteria", SIM_NODE_OBJECT, false},
        {"maxResults", SIM_NODE_NUMBER, false},
        {"nextToken", SIM_NODE_STRING, false}};
    struct sim_guardduty_call *call = listing->call;
    char message[600];
    const char *wrong;

    if (!sim_guardduty_check(call, &call->document.node[0], members,
                             sizeof(members) / sizeof(members[0])) ||
        !read_max(listing)) {
        return false;
    }
    wrong = sim_criteria_read(&listing->criteria, &call->document,
                              sim_guardduty_member(call, "findingCriteria"),
                              sim_guardduty_member(call, "sortCriteria"));
    if (wrong != NULL) {
        snprintf(message, sizeof(message),
                 "The request is rejected because of its criteria: %s.", wrong);
        sim_guardduty_reject(call, message);
        return false;
    }
    return read_token(listing);
}

/* Takes a finding into the page; false when the page has been full. */
static bool take(struct listing *listing, struct sim_finding_ref ref)
{
    const struct sim_world *world = listing->call->world;

    if (sim_world_finding(world, ref)->vanished ||
        !sim_criteria_match(&listing->criteria, world, ref)) {
        return true;
    }
    if (listing->skip > 0) {
        listing->skip--;
        return true;
    }
    if (listing->count == listing->max) {
        listing->more = true;
        return false;
    }
    listing->found[listing->count++] = ref;
    return true;
}

/* True if a finding comes after the last one served, by updatedAt. What that
   one's updatedAt is now doesn't matter. */
static bool is_after(const struct listing *listing, struct sim_finding_ref ref)
{
    const struct sim_world *world = listing->call->world;
    const struct sim_finding *finding = sim_world_finding(world, ref);
    const struct sim_finding *last =
        sim_world_finding(world, listing->token.ref);
    bool later = finding->updated_ms != listing->token.updated_ms
                     ? finding->updated_ms > listing->token.updated_ms
                     : finding->chance > last->chance;

    return ref.home == listing->token.ref.home &&
                   ref.index == listing->token.ref.index
               ? finding->updated_ms != listing->token.updated_ms &&
                     later != listing->criteria.descending
               : later != listing->criteria.descending;
}

static void list_ascending(struct listing *listing)
{
    const struct sim_world *world = listing->call->world;
    const struct sim_detector *view = listing->call->detector;
    int64_t low = listing->criteria.updated_low;
    size_t at;

    low = listing->behind && listing->token.updated_ms > low
              ? listing->token.updated_ms
              : low;
    for (at = sim_world_lower_bound(world, view, low); at < view->order_count;
         at++) {
        struct sim_finding_ref ref = view->order[at];

        if (sim_world_finding(world, ref)->updated_ms >
                listing->criteria.updated_high ||
            ((!listing->behind || is_after(listing, ref)) &&
             !take(listing, ref))) {
            return;
        }
    }
}

static void list_descending(struct listing *listing)
{
    const struct sim_world *world = listing->call->world;
    const struct sim_detector *view = listing->call->detector;
    int64_t high = listing->criteria.updated_high;
    size_t at;

    high = listing->behind && listing->token.updated_ms < high
               ? listing->token.updated_ms
               : high;
    at = high == INT64_MAX ? view->order_count
                           : sim_world_lower_bound(world, view, high + 1);
    while (at > 0) {
        struct sim_finding_ref ref = view->order[--at];

        if (sim_world_finding(world, ref)->updated_ms <
                listing->criteria.updated_low ||
            ((!listing->behind || is_after(listing, ref)) &&
             !take(listing, ref))) {
            return;
        }
    }
}

static int compare_selected(const void *a, const void *b, void *ctx)
{
    const struct listing *listing = ctx;

    return sim_criteria_compare(&listing->criteria, listing->call->world,
                                *(const struct sim_finding_ref *)a,
                                *(const struct sim_finding_ref *)b);
}

static void make_selection(struct listing *listing)
{
    const struct sim_world *world = listing->call->world;
    const struct sim_detector *view = listing->call->detector;

    if (selection.view == view && selection.binding == listing->binding &&
        selection.version == world->version) {
        return;
    }
    if (selection.cap < view->order_count) {
        free(selection.ref);
        selection.cap = view->order_count;
        selection.ref = sim_alloc(selection.cap * sizeof(*selection.ref));
    }
    selection.view = view;
    selection.binding = listing->binding;
    selection.version = world->version;
    selection.count = view->order_count;
    if (view->order_count > 0) {
        memcpy(selection.ref, view->order,
               view->order_count * sizeof(*view->order));
        qsort_r(selection.ref, selection.count, sizeof(*selection.ref),
                compare_selected, listing);
    }
}

static void list_selected(struct listing *listing)
{
    size_t low = 0;
    size_t high;

    make_selection(listing);
    high = selection.count;
    while (listing->behind && low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_selected(&selection.ref[middle], &listing->token.ref,
                             listing) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low < selection.count && take(listing, selection.ref[low])) {
        low++;
    }
}

/* An empty page comes before a real one, once, for one place in N. */
static bool pauses(const struct listing *listing)
{
    const struct sim_fault *fault = listing->call->answer->fault;
    const struct sim_page_token *token = &listing->token;
    uint64_t place = token->begun ? sim_mix3((uint64_t)token->updated_ms,
                                             token->ref.home, token->ref.index)
                                  : 0;

    if (token->paused) {
        return false;
    }
    return (fault != NULL && fault->kind == SIM_FAULT_EMPTY_PAGE) ||
           sim_one_in(sim_mix2(listing->binding, place),
                      (uint64_t)listing->call->server->options.gd_empty_every);
}

/* Makes the token that leads on from this page. */
static void advance_token(struct listing *listing)
{
    struct sim_page_token *token = &listing->token;

    if (by_offset(listing->call)) {
        token->updated_ms =
            (token->begun ? token->updated_ms : 0) + (int64_t)listing->count;
    } else {
        token->ref = listing->found[listing->count - 1];
        token->updated_ms =
            sim_world_finding(listing->call->world, token->ref)->updated_ms;
    }
    token->begun = true;
}

static void put_token(struct listing *listing, bool paused,
                      struct sim_text *text)
{
    const struct sim_fault *fault = listing->call->answer->fault;
    char next[SIM_PAGE_TOKEN_CAP];

    if (fault != NULL && fault->kind == SIM_FAULT_REPEATED_TOKEN &&
        *listing->sent != '\0') {
        sim_text_printf(text, ",\"nextToken\":\"%s\"", listing->sent);
    } else if (paused || listing->more) {
        if (!paused) {
            advance_token(listing);
        }
        listing->token.paused = paused;
        sim_page_token_write(&listing->token, listing->binding, next);
        sim_text_printf(text, ",\"nextToken\":\"%s\"", next);
    } else {
        sim_guardduty_put_end(listing->call, text);
    }
}

/* A listed finding is known; one in N is gone before anybody can get it. */
static void note_listed(struct listing *listing)
{
    struct sim_world *world = listing->call->world;
    int64_t every = world->options->gd_vanish_every;

    for (size_t i = 0; i < listing->count; i++) {
        struct sim_finding *finding =
            sim_world_finding(world, listing->found[i]);

        finding->listed = true;
        if (sim_one_in(sim_mix2(finding->chance, 0xde1), (uint64_t)every)) {
            finding->vanished = true;
            world->version++;
        }
    }
}

static void put_ids(const struct listing *listing, struct sim_text *text)
{
    const struct sim_fault *fault = listing->call->answer->fault;
    char id[SIM_ID_LEN + 1];

    if (listing->count == 0 && fault != NULL &&
        fault->kind == SIM_FAULT_NULL_ARRAYS) {
        sim_text_str(text, "null");
        return;
    }
    sim_text_str(text, "[");
    for (size_t i = 0; i < listing->count; i++) {
        sim_world_id(listing->call->world, listing->found[i], id);
        sim_text_printf(text, "%s\"%s\"", i > 0 ? "," : "", id);
    }
    sim_text_str(text, "]");
}

void sim_guardduty_list_findings(struct sim_guardduty_call *call)
{
    struct listing listing = {.call = call};
    struct sim_text text = {0};
    bool paused;

    if (!read_listing(&listing)) {
        return;
    }
    paused = pauses(&listing);
    if (!paused && listing.criteria.sort != SIM_SORT_UPDATED) {
        list_selected(&listing);
    } else if (!paused) {
        (listing.criteria.descending ? list_descending
                                     : list_ascending)(&listing);
    }
    sim_text_str(&text, "{\"findingIds\":");
    put_ids(&listing, &text);
    put_token(&listing, paused, &text);
    sim_text_str(&text, "}");
    note_listed(&listing);
    sim_world_turn(call->world, call->detector,
                   sim_guardduty_now_ms(call->server));
    sim_guardduty_send(call, &text);
}

void sim_guardduty_fini(void)
{
    free(selection.ref);
    selection.ref = NULL;
    selection.cap = 0;
}
