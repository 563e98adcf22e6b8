/* SPDX-License-Identifier: Apache-2.0 */
/* What settle would send now, told by the function that settle asks. */
#include "sinks/sets_parts.h"

static bool name_step(const struct slu_sets_entry *entry,
                      struct slu_set_step *step)
{
    enum slu_kind kind = entry->list->kind;
    struct slu_sets_decision decision = slu_sets_decide(entry);
    enum slu_sets_operation operation = SLU_SETS_UPDATE;

    switch (decision.action) {
    case SLU_SETS_DO_CREATE:
        operation = SLU_SETS_CREATE;
        step->action = "create";
        break;
    case SLU_SETS_DO_ACTIVATE:
        step->action = "activate";
        break;
    case SLU_SETS_DO_DEACTIVATE:
        step->action = "deactivate";
        break;
    case SLU_SETS_DO_WAIT:
        operation = SLU_SETS_GET;
        step->action = "wait";
        break;
    default:
        return false;
    }
    step->path = entry->list->path;
    step->operation = slu_sets_operation_name(operation, kind);
    step->name = entry->set == NULL ? entry->list->name : entry->set->is.name;
    step->why = decision.why;
    return true;
}

static void plan_region(const struct slu_sets_region *region,
                        slu_set_step_fn on_step, void *ctx)
{
    struct slu_set_step step = {.region = region->name,
                                .path = "",
                                .operation = "CreateDetector",
                                .action = "create",
                                .name = "",
                                .why = "no detector yet"};

    if (region->would_create) {
        on_step(ctx, &step);
    }
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < slu_sets_entry_count(region->sets, kind);
             i++) {
            if (name_step(&region->entries[kind][i], &step)) {
                on_step(ctx, &step);
            }
        }
    }
}

void slu_sets_plan(const struct slu_sets *self, slu_set_step_fn on_step,
                   void *ctx)
{
    for (unsigned i = 0; i < self->region_count; i++) {
        plan_region(&self->regions[i], on_step, ctx);
    }
}
