/* SPDX-License-Identifier: Apache-2.0 */
/* What: Create, Get, Update, List and Delete of the four kinds of sets. */
#include "guardduty_sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mix.h"

/* Whose sets a caller sees: a member sees its administrator's. */
static const char *owner_of(const struct sim_guardduty_call *call)
{
    const struct sim_options *options = &call->server->options;
    bool member = sim_options_has(options->gd_member, call->caller->account);

    return member && options->gd_admin[0] != '\0' ? options->gd_admin
                                                  : call->caller->account;
}

static struct sim_set *find_set(struct sim_guardduty_call *call)
{
    struct sim_set *set =
        sim_sets_find(call->server->sets, call->kind, owner_of(call),
                      call->caller->region, call->item);

    if (set == NULL ||
        (set->status == SIM_SET_DELETED &&
         (call->set_operation != SIM_SET_GET ||
          strcmp(call->server->options.gd_deleted, "gone") == 0))) {
        sim_guardduty_reject(
            call, "The request is rejected since no such resource found.");
        return NULL;
    }
    return set;
}

/* No change is allowed while a set is on its way from one status to the
   next. */
static bool check_idle(struct sim_guardduty_call *call, struct sim_set *set)
{
    char message[200];

    if (!sim_set_is_busy(set)) {
        return true;
    }
    set->busy++;
    call->server->sets->busy++;
    snprintf(message, sizeof(message),
             "The request is rejected because the status of the %s is %s.",
             sim_set_nouns[set->kind].noun, sim_set_status_name(set->status));
    sim_guardduty_reject(call, message);
    return false;
}

/* True if the name is free, or the set's own already. */
static bool check_name(struct sim_guardduty_call *call,
                       const struct sim_set *own)
{
    const struct sim_node *name = sim_guardduty_member(call, "name");
    const struct sim_set *set =
        name == NULL ? NULL
                     : sim_sets_named(call->server->sets, call->kind,
                                      call->caller->account,
                                      call->caller->region, name->text);
    char message[500];

    if (set == NULL || set == own) {
        return true;
    }
    snprintf(message, sizeof(message),
             "The request is rejected because a %s with the name %s already "
             "exists.",
             sim_set_nouns[call->kind].noun, name->text);
    sim_guardduty_reject(call, message);
    return false;
}

/* How GuardDuty says this isn't documented, hence the option. */
static bool check_room(struct sim_guardduty_call *call)
{
    static const char message[] =
        "The request is rejected because it's an attempt to create resources "
        "beyond the current AWS account limits.";
    const char *form = call->server->options.gd_limit_error;

    if (sim_sets_have_room(call->server->sets, call->kind,
                           call->caller->account, call->caller->region)) {
        return true;
    }
    if (strcmp(form, "internal") == 0) {
        sim_aws_error(call->answer, 400, "InternalServerErrorException",
                      message);
    } else if (strcmp(form, "code") == 0) {
        sim_aws_error(call->answer, 400, "LimitExceededException", message);
    } else {
        sim_aws_error_typed(call->answer, 400, "BadRequestException",
                            strcmp(form, "typed") == 0
                                ? "LimitExceededException"
                                : "InvalidInputException",
                            message);
    }
    return false;
}

static void copy_member(struct sim_guardduty_call *call, const char *name,
                        char *out, size_t cap)
{
    const struct sim_node *node = sim_guardduty_member(call, name);

    if (node != NULL) {
        snprintf(out, cap, "%s", node->text);
    }
}

/* The members that both Create and Update may bring. */
static void take_members(struct sim_guardduty_call *call, struct sim_set *set)
{
    copy_member(call, "name", set->name, sizeof(set->name));
    copy_member(call, "location", set->location, sizeof(set->location));
    copy_member(call, "expectedBucketOwner", set->expected_owner,
                sizeof(set->expected_owner));
}

/* Object by object, for there may be more than one JSON writer's object has
   room for: {"a":1}{"b":2} is {"a":1,"b":2} with other joints. */
static void take_tags(struct sim_guardduty_call *call, struct sim_set *set)
{
    const struct sim_node *tags = sim_guardduty_member(call, "tags");
    struct sim_text text = {0};
    struct sim_json json;

    if (tags == NULL) {
        return;
    }
    sim_json_init(&json, &text);
    for (const struct sim_node *tag = sim_document_child(&call->document, tags);
         tag != NULL; tag = sim_document_next(&call->document, tag)) {
        size_t at = text.len;

        sim_json_object(&json);
        sim_json_put_string(&json, tag->name, tag->text);
        sim_json_end(&json);
        text.data[at] = at == 0 ? '{' : ',';
        text.len--;
    }
    sim_json_fini(&json);
    sim_text_str(&text, "}");
    sim_text_byte(&text, '\0');
    set->tags = text.data;
}

/* --gd-bad-content refuse: the call itself says that the list can't be used;
   else only the status does. */
static bool check_content(struct sim_guardduty_call *call,
                          const struct sim_set *before)
{
    const struct sim_node *activate = sim_guardduty_member(call, "activate");
    struct sim_set trial = {.kind = call->kind};
    struct sim_set_content content;
    char message[500];

    if (strcmp(call->server->options.gd_bad_content, "refuse") != 0 ||
        activate == NULL || activate->kind != SIM_NODE_TRUE) {
        return true;
    }
    if (before != NULL) {
        trial = *before;
    } else {
        copy_member(call, "format", trial.format, sizeof(trial.format));
        snprintf(trial.account, sizeof(trial.account), "%s",
                 call->caller->account);
    }
    take_members(call, &trial);
    sim_set_load(call->server->sets, &trial, &content);
    if (content.good) {
        return true;
    }
    snprintf(message, sizeof(message), "The request is rejected because: %s.",
             content.wrong);
    sim_guardduty_reject(call, message);
    return false;
}

static void send_id(struct sim_guardduty_call *call, const struct sim_set *set)
{
    struct sim_text text = {0};

    sim_text_printf(&text, "{\"%s\":\"%s\"}", sim_set_nouns[set->kind].id,
                    set->id);
    sim_guardduty_send(call, &text);
}

/* A repeated Create gets the answer of the first; one with the same token and
   another body is refused. True if it has been answered. */
static bool answer_again(struct sim_guardduty_call *call, uint64_t token,
                         uint64_t body)
{
    const struct sim_set *set = call->server->sets->first;

    for (; token != 0 && set != NULL; set = set->next) {
        if (set->token != token || set->kind != call->kind ||
            set->status == SIM_SET_DELETED ||
            strcmp(set->account, call->caller->account) != 0 ||
            strcmp(set->region, call->caller->region) != 0) {
            continue;
        }
        if (set->body == body) {
            send_id(call, set);
        } else {
            sim_guardduty_reject(call,
                                 "The request is rejected because the "
                                 "clientToken was used with other parameters.");
        }
        return true;
    }
    return false;
}

static void create_set(struct sim_guardduty_call *call)
{
    const struct sim_node *root = &call->document.node[0];
    const struct sim_node *client = sim_guardduty_member(call, "clientToken");
    struct sim_sets *sets = call->server->sets;
    uint64_t token = 0;
    uint64_t body;
    struct sim_set *set;

    if (!sim_set_check_create(call) || !sim_set_check_caller(call)) {
        return;
    }
    body = sim_document_hash(&call->document, root, "clientToken");
    if (client != NULL && client->len > 0) {
        token = sim_mix_bytes(0x70ce, client->text, client->len) | 1;
    }
    if (answer_again(call, token, body) ||
        !sim_set_check_permissions(call, SIM_SET_CREATE) ||
        !check_name(call, NULL) || !check_room(call) ||
        !check_content(call, NULL)) {
        return;
    }
    set = sim_sets_add(sets, call->kind, call->caller->account,
                       call->caller->region);
    take_members(call, set);
    copy_member(call, "format", set->format, sizeof(set->format));
    take_tags(call, set);
    set->token = token;
    set->body = body;
    if (sim_guardduty_member(call, "activate")->kind == SIM_NODE_TRUE) {
        sim_set_activate(sets, set);
    }
    send_id(call, set);
}

static void put_seconds(struct sim_json *json, const char *name, int64_t ms)
{
    char text[40];

    snprintf(text, sizeof(text), "%lld.%03d", (long long)(ms / 1000),
             (int)(ms % 1000));
    sim_json_put_raw(json, name, text);
}

/* What only entity sets tell of themselves. */
static void put_history(struct sim_json *json, const struct sim_set *set)
{
    put_seconds(json, "createdAt", set->created_ms);
    put_seconds(json, "updatedAt", set->updated_ms);
    if (set->error[0] != '\0') {
        sim_json_put_string(json, "errorDetails", set->error);
    }
}

/* Members come in any order, as the service promises none. */
static void get_set(struct sim_guardduty_call *call)
{
    const struct sim_options *options = &call->server->options;
    const struct sim_set *set = find_set(call);
    struct sim_text text = {0};
    struct sim_json json;

    if (set == NULL) {
        return;
    }
    sim_json_init(&json, &text);
    json.shuffle =
        sim_mix2(options->seed ^ set->serial, call->server->stats.requests) | 1;
    sim_json_object(&json);
    sim_json_put_string(&json, "name", set->name);
    sim_json_put_string(&json, "format", set->format);
    sim_json_put_string(&json, "location", set->location);
    sim_json_put_string(&json, "status", sim_set_status_name(set->status));
    if (set->tags != NULL) {
        sim_json_put_raw(&json, "tags", set->tags);
    }
    if (set->expected_owner[0] != '\0') {
        sim_json_put_string(&json, "expectedBucketOwner", set->expected_owner);
    }
    if (sim_set_nouns[set->kind].entity) {
        put_history(&json, set);
    }
    if (options->gd_set_future) {
        sim_json_put_raw(&json, "lastRun",
                         "{\"status\":\"ERROR\",\"location\":[null,1e3]}");
    }
    sim_json_end(&json);
    sim_json_fini(&json);
    sim_guardduty_send(call, &text);
}

static void update_set(struct sim_guardduty_call *call)
{
    const struct sim_node *activate = sim_guardduty_member(call, "activate");
    struct sim_sets *sets = call->server->sets;
    struct sim_text text = {0};
    struct sim_set *set;

    if (!sim_set_check_update(call) || !sim_set_check_caller(call)) {
        return;
    }
    set = find_set(call);
    if (set == NULL || !check_idle(call, set) ||
        !sim_set_check_permissions(call, SIM_SET_UPDATE) ||
        !check_name(call, set) || !check_content(call, set)) {
        return;
    }
    take_members(call, set);
    set->updates++;
    set->updated_ms = sim_guardduty_now_ms(call->server);
    if (activate != NULL && activate->kind == SIM_NODE_TRUE) {
        sim_set_activate(sets, set);
    } else if (activate != NULL && set->status != SIM_SET_INACTIVE) {
        sim_set_deactivate(sets, set);
    }
    sim_text_str(&text, "{}");
    sim_guardduty_send(call, &text);
}

/* The next set of a list; those that are DELETED are in none. */
static const struct sim_set *next_listed(const struct sim_guardduty_call *call,
                                         const struct sim_set *set)
{
    while (set != NULL &&
           (set->kind != call->kind || set->status == SIM_SET_DELETED ||
            strcmp(set->account, owner_of(call)) != 0 ||
            strcmp(set->region, call->caller->region) != 0)) {
        set = set->next;
    }
    return set;
}

/* Appends ids up to the page's end; true if there are more. */
static bool put_ids(const struct sim_guardduty_call *call,
                    struct sim_guardduty_page *page, struct sim_text *text)
{
    const struct sim_set *set = call->server->sets->first;
    size_t count = 0;

    set = next_listed(call, set);
    while (set != NULL && page->token.begun &&
           set->serial <= page->token.ref.index) {
        set = next_listed(call, set->next);
    }
    for (; set != NULL && count < page->max; count++) {
        sim_text_printf(text, "%s\"%s\"", count > 0 ? "," : "", set->id);
        page->token.ref.index = (uint32_t)set->serial;
        page->token.begun = true;
        set = next_listed(call, set->next);
    }
    return set != NULL;
}

static void list_sets(struct sim_guardduty_call *call)
{
    const struct sim_fault *fault = call->answer->fault;
    struct sim_guardduty_page page;
    struct sim_text text = {0};
    bool more = true;
    size_t begin;

    if (!sim_guardduty_page_read(call, 0x5e7 + call->kind, &page)) {
        return;
    }
    sim_text_printf(&text, "{\"%s\":[", sim_set_nouns[call->kind].ids);
    begin = text.len;
    if (!sim_guardduty_page_pauses(call, &page)) {
        more = put_ids(call, &page, &text);
    }
    if (text.len == begin && fault != NULL &&
        fault->kind == SIM_FAULT_NULL_ARRAYS) {
        text.len--;
        sim_text_str(&text, "null");
    } else {
        sim_text_str(&text, "]");
    }
    sim_guardduty_page_put_end(call, &page, more, &text);
    sim_text_str(&text, "}");
    sim_guardduty_send(call, &text);
}

static void delete_set(struct sim_guardduty_call *call)
{
    struct sim_text text = {0};
    struct sim_set *set;

    if (!sim_set_check_caller(call)) {
        return;
    }
    set = find_set(call);
    if (set == NULL || !check_idle(call, set) ||
        !sim_set_check_permissions(call, SIM_SET_DELETE)) {
        return;
    }
    set->deletes++;
    set->updated_ms = sim_guardduty_now_ms(call->server);
    sim_set_delete(call->server->sets, set);
    sim_text_str(&text, "{}");
    sim_guardduty_send(call, &text);
}

/* How a region without entity sets says so is unknown, hence the option. */
static bool has_kind(struct sim_guardduty_call *call)
{
    const struct sim_options *options = &call->server->options;
    const char *form = options->gd_no_entity_error;

    if (!sim_set_nouns[call->kind].entity ||
        !sim_options_has(options->gd_no_entity_sets, call->caller->region)) {
        return true;
    }
    if (strcmp(form, "404") == 0) {
        sim_aws_error(call->answer, 404, "UnknownOperationException", "");
    } else if (strcmp(form, "403") == 0) {
        sim_aws_error(call->answer, 403, "MissingAuthenticationTokenException",
                      "Missing Authentication Token");
    } else {
        sim_guardduty_reject(call, "The request is rejected because the "
                                   "operation is not supported in this "
                                   "region.");
    }
    return false;
}

void sim_guardduty_set(struct sim_guardduty_call *call)
{
    static void (*const answers[])(struct sim_guardduty_call * call) = {
        create_set, get_set, update_set, list_sets, delete_set};
    struct sim_sets *sets = call->server->sets;

    if (has_kind(call)) {
        answers[call->set_operation](call);
    }
    if (call->answer->status == 200) {
        sets->accepted[call->kind][call->set_operation]++;
    } else {
        sets->refused[call->kind][call->set_operation]++;
    }
}
