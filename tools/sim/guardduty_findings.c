/* SPDX-License-Identifier: Apache-2.0 */
/* What: GetFindings, CreateSampleFindings, ArchiveFindings and its undoing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "guardduty.h"
#include "mix.h"

struct chosen {
    struct sim_guardduty_call *call;
    struct sim_criteria criteria;
    uint64_t shuffle;
    struct sim_finding_ref ref[SIM_IDS_MAX];
    size_t count;
};

/* The findings of findingIds that are there, each once. */
static bool read_ids(struct chosen *chosen)
{
    struct sim_guardduty_call *call = chosen->call;
    const struct sim_document *document = &call->document;
    const struct sim_node *ids = sim_guardduty_member(call, "findingIds");

    if (ids->count < 1 || ids->count > SIM_IDS_MAX) {
        sim_guardduty_reject(call,
                             "The request is rejected because the parameter "
                             "findingIds has an invalid value.");
        return false;
    }
    for (const struct sim_node *id = sim_document_child(document, ids);
         id != NULL; id = sim_document_next(document, id)) {
        struct sim_finding_ref ref;
        bool known = false;

        if (id->kind != SIM_NODE_STRING || id->len < 1 || id->len > 300) {
            sim_guardduty_reject(call,
                                 "The request is rejected because the "
                                 "parameter findingIds has an invalid value.");
            return false;
        }
        if (!sim_world_find(call->world, call->detector, id->text, &ref) ||
            sim_world_finding(call->world, ref)->vanished) {
            continue;
        }
        for (size_t i = 0; i < chosen->count; i++) {
            known |= memcmp(&chosen->ref[i], &ref, sizeof(ref)) == 0;
        }
        if (!known) {
            chosen->ref[chosen->count++] = ref;
        }
    }
    return true;
}

static int compare_chosen(const void *a, const void *b, void *ctx)
{
    const struct chosen *chosen = ctx;
    const struct sim_finding_ref *one = a;
    const struct sim_finding_ref *two = b;
    uint64_t first = sim_mix3(chosen->shuffle, one->home, one->index);
    uint64_t second = sim_mix3(chosen->shuffle, two->home, two->index);

    if (chosen->shuffle == 0) {
        return sim_criteria_compare(&chosen->criteria, chosen->call->world,
                                    *one, *two);
    }
    return first < second ? -1 : first > second;
}

static bool read_get(struct chosen *chosen)
{
    static const struct sim_guardduty_member members[] = {
        {"findingIds", SIM_NODE_ARRAY, true},
        {"sortCriteria", SIM_NODE_OBJECT, false}};
    struct sim_guardduty_call *call = chosen->call;
    const struct sim_node *sort;
    char message[600];
    const char *wrong;

    if (!sim_guardduty_check(call, &call->document.node[0], members, 2)) {
        return false;
    }
    sort = sim_guardduty_member(call, "sortCriteria");
    wrong = sim_criteria_read(&chosen->criteria, &call->document, NULL, sort);
    if (wrong != NULL) {
        snprintf(message, sizeof(message),
                 "The request is rejected because of its criteria: %s.", wrong);
        sim_guardduty_reject(call, message);
        return false;
    }
    chosen->shuffle = sort != NULL ? 0
                                   : sim_mix_bytes(7, call->request->body,
                                                   call->request->body_len) |
                                         1;
    return read_ids(chosen);
}

/* Rendered once: at many thousands a second rendering would be the slowest
   part of a pull, and the simulator what is measured. */
static void add_finding(struct sim_guardduty_call *call,
                        struct sim_finding_ref ref, struct sim_text *text)
{
    struct sim_cache *cache = call->server->cache;
    uint64_t key = sim_mix3(call->world->version, ref.home, ref.index);
    struct sim_blob *blob = sim_cache_get(cache, key);
    size_t start = text->len;

    if (blob != NULL) {
        sim_text_add(text, blob->data, blob->len);
        sim_blob_release(blob);
        return;
    }
    sim_finding_render(call->world, ref, text);
    blob = sim_blob_new(text->data + start, text->len - start);
    sim_cache_put(cache, key, blob);
    sim_blob_release(blob);
}

static void render_page(struct chosen *chosen, struct sim_text *text)
{
    const struct sim_fault *fault = chosen->call->answer->fault;
    bool null = chosen->count == 0 && fault != NULL &&
                fault->kind == SIM_FAULT_NULL_ARRAYS;

    qsort_r(chosen->ref, chosen->count, sizeof(chosen->ref[0]), compare_chosen,
            chosen);
    sim_text_str(text, null ? "{\"findings\":null" : "{\"findings\":[");
    for (size_t i = 0; i < chosen->count; i++) {
        if (i > 0) {
            sim_text_byte(text, ',');
        }
        add_finding(chosen->call, chosen->ref[i], text);
    }
    sim_text_str(text, null ? "}" : "]}");
}

void sim_guardduty_get_findings(struct sim_guardduty_call *call)
{
    struct chosen chosen = {.call = call};
    struct sim_text text = {0};

    if (!read_get(&chosen)) {
        return;
    }
    render_page(&chosen, &text);
    sim_aws_json(call->answer, "");
    sim_blob_release(call->answer->blob);
    call->answer->blob = sim_blob_new(text.data, text.len);
    sim_text_fini(&text);
}

static void send_nothing(struct sim_guardduty_call *call)
{
    sim_aws_json(call->answer, "{}");
}

static bool check_types(struct sim_guardduty_call *call,
                        const struct sim_node *types)
{
    bool good = types->count <= SIM_IDS_MAX;

    for (const struct sim_node *type =
             sim_document_child(&call->document, types);
         type != NULL; type = sim_document_next(&call->document, type)) {
        good = good && type->kind == SIM_NODE_STRING &&
               sim_finding_kind_of(type->text) >= 0;
    }
    if (!good) {
        sim_guardduty_reject(call,
                             "The request is rejected because the parameter "
                             "findingTypes has an invalid value.");
    }
    return good;
}

void sim_guardduty_create_samples(struct sim_guardduty_call *call)
{
    static const struct sim_guardduty_member members[] = {
        {"findingTypes", SIM_NODE_ARRAY, false}};
    int64_t now = sim_guardduty_now_ms(call->server);
    const struct sim_node *types;

    if (!sim_guardduty_check(call, &call->document.node[0], members, 1)) {
        return;
    }
    types = sim_guardduty_member(call, "findingTypes");
    if (types != NULL && !check_types(call, types)) {
        return;
    }
    for (unsigned i = 0; types == NULL && i < sim_finding_kind_count; i++) {
        if (sim_finding_kind_of(sim_finding_kinds[i].type) == (int)i) {
            sim_world_sample(call->world, call->detector, (uint16_t)i, now);
        }
    }
    for (const struct sim_node *type =
             types != NULL ? sim_document_child(&call->document, types) : NULL;
         type != NULL; type = sim_document_next(&call->document, type)) {
        sim_world_sample(call->world, call->detector,
                         (uint16_t)sim_finding_kind_of(type->text), now);
    }
    send_nothing(call);
}

static void set_archived(struct sim_guardduty_call *call, bool archived)
{
    static const struct sim_guardduty_member members[] = {
        {"findingIds", SIM_NODE_ARRAY, true}};
    struct chosen chosen = {.call = call};

    if (!sim_guardduty_check(call, &call->document.node[0], members, 1) ||
        !read_ids(&chosen)) {
        return;
    }
    for (size_t i = 0; i < chosen.count; i++) {
        sim_world_finding(call->world, chosen.ref[i])->archived = archived;
    }
    call->world->version++;
    send_nothing(call);
}

void sim_guardduty_archive(struct sim_guardduty_call *call)
{
    set_archived(call, true);
}

void sim_guardduty_unarchive(struct sim_guardduty_call *call)
{
    set_archived(call, false);
}
