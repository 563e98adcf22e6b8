/* SPDX-License-Identifier: Apache-2.0 */
/* What: findings against conditions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "criteria.h"
#include "finding.h"

/* One value of the finding against a condition. */
struct judgement {
    const struct sim_criteria *criteria;
    const struct sim_condition *condition;
    bool met;    /* a value is in range and among equals */
    bool denied; /* a value is among notEquals */
};

static bool is_among(const struct judgement *judgement,
                     const struct sim_node *values, const char *text)
{
    const struct sim_document *document = judgement->criteria->document;

    for (const struct sim_node *value = sim_document_child(document, values);
         value != NULL; value = sim_document_next(document, value)) {
        bool same = judgement->condition->attribute->number
                        ? strtod(value->text, NULL) == strtod(text, NULL)
                        : strcmp(value->text, text) == 0;

        if (same) {
            return true;
        }
    }
    return false;
}

static void judge(struct judgement *judgement, const char *text)
{
    const struct sim_condition *condition = judgement->condition;
    bool in_range = true;

    if (condition->low != INT64_MIN || condition->high != INT64_MAX) {
        double tenths = strtod(text, NULL) * 10;

        in_range = tenths >= (double)condition->low &&
                   tenths <= (double)condition->high;
    }
    judgement->met |=
        in_range && (condition->equals == NULL ||
                     is_among(judgement, condition->equals, text));
    judgement->denied |= condition->not_equals != NULL &&
                         is_among(judgement, condition->not_equals, text);
}

/* Every value at a path; arrays count element by element. */
static void judge_path(struct judgement *judgement,
                       const struct sim_document *text,
                       const struct sim_node *node, const char *path)
{
    char name[64];
    size_t len = strcspn(path, ".");
    const struct sim_node *member;

    if (node->kind == SIM_NODE_ARRAY) {
        for (node = sim_document_child(text, node); node != NULL;
             node = sim_document_next(text, node)) {
            judge_path(judgement, text, node, path);
        }
        return;
    }
    if (*path == '\0') {
        if (node->kind == SIM_NODE_TRUE || node->kind == SIM_NODE_FALSE) {
            judge(judgement, node->kind == SIM_NODE_TRUE ? "true" : "false");
        } else if (node->text != NULL) {
            judge(judgement, node->text);
        }
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)len, path);
    member = sim_document_member(text, node, name);
    if (member != NULL) {
        judge_path(judgement, text, member, path + len + (path[len] == '.'));
    }
}

static void judge_fact(struct judgement *judgement,
                       const struct sim_world *world,
                       struct sim_finding_ref ref)
{
    const struct sim_finding *finding = sim_world_finding(world, ref);
    const struct sim_detector *home = &world->detector[ref.home];
    char text[SIM_ID_LEN + 1];
    int tenths = sim_finding_severity(finding);

    switch (judgement->condition->attribute->fact) {
    case SIM_FACT_TEXT:
        return;
    case SIM_FACT_ACCOUNT:
        judge(judgement, home->account);
        return;
    case SIM_FACT_REGION:
        judge(judgement, home->region);
        return;
    case SIM_FACT_ID:
        sim_world_id(world, ref, text);
        break;
    case SIM_FACT_TYPE:
        judge(judgement, sim_finding_kinds[finding->kind].type);
        return;
    case SIM_FACT_SEVERITY:
        snprintf(text, sizeof(text), "%d.%d", tenths / 10, tenths % 10);
        break;
    case SIM_FACT_UPDATED:
        snprintf(text, sizeof(text), "%lld", (long long)finding->updated_ms);
        break;
    case SIM_FACT_ARCHIVED:
        snprintf(text, sizeof(text), "%s",
                 finding->archived ? "true" : "false");
        break;
    }
    judge(judgement, text);
}

static bool match_all(const struct sim_criteria *criteria,
                      const struct sim_world *world, struct sim_finding_ref ref,
                      const struct sim_document *text)
{
    for (unsigned i = 0; i < criteria->count; i++) {
        const struct sim_condition *condition = &criteria->condition[i];
        struct judgement judgement = {criteria, condition, false, false};
        bool only_not = condition->equals == NULL &&
                        condition->low == INT64_MIN &&
                        condition->high == INT64_MAX;

        if (condition->attribute->fact == SIM_FACT_TEXT) {
            judge_path(&judgement, text, &text->node[0],
                       condition->attribute->name);
        } else {
            judge_fact(&judgement, world, ref);
        }
        if (judgement.denied || (!judgement.met && !only_not)) {
            return false;
        }
    }
    return true;
}

bool sim_criteria_match(const struct sim_criteria *criteria,
                        const struct sim_world *world,
                        struct sim_finding_ref ref)
{
    struct sim_document document = {0};
    struct sim_text text = {0};
    bool matched;

    if (!criteria->by_text) {
        return match_all(criteria, world, ref, NULL);
    }
    sim_finding_render(world, ref, &text);
    matched = sim_document_read(&document, text.data, text.len) &&
              match_all(criteria, world, ref, &document);
    sim_document_fini(&document);
    sim_text_fini(&text);
    return matched;
}
