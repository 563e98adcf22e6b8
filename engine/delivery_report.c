/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/delivery_state.h"

#include <stdio.h>

static const char *const outcome_names[] = {
    [SLU_SET_NONE] = "none",
    [SLU_SET_UNCHANGED] = "unchanged",
    [SLU_SET_ACTIVE] = "active",
    [SLU_SET_PENDING] = "pending",
    [SLU_SET_DEACTIVATED] = "deactivated",
    [SLU_SET_ERROR] = "error",
    [SLU_SET_LIMIT] = "limit",
    [SLU_SET_SKIPPED] = "skipped",
    [SLU_SET_FAILED] = "failed",
};

static void report_files(const struct slu_delivery *self,
                         struct slu_report *report)
{
    report->objects_sent = 0;
    report->objects_held = 0;
    for (unsigned i = 0; i < self->file_count; i++) {
        const struct slu_delivery_file *file = &self->files[i];

        report->objects_sent += file->sent;
        report->objects_held += file->hold != SLU_HOLD_NONE;
        for (unsigned k = 0; k < report->file_count; k++) {
            if (strcmp(report->files[k].path, file->artifact.path) == 0) {
                report->files[k].sent = file->sent;
            }
        }
    }
}

/* The file of a list; NULL: the configuration has it no longer. */
static const struct slu_delivery_file *
find_list(const struct slu_delivery *self, enum slu_kind kind, unsigned index)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        const struct slu_artifact *artifact = &self->files[i].artifact;

        if (artifact->role == SLU_ARTIFACT_LIST && artifact->kind == kind &&
            artifact->index == index) {
            return &self->files[i];
        }
    }
    return NULL;
}

static void add_set(const struct slu_delivery_file *file,
                    const struct slu_set_report *set,
                    struct slu_delivery_sets *out)
{
    struct slu_delivery_set *copy = &out->sets[out->count];
    bool restored = file != NULL && file->restored;

    if (set->outcome == SLU_SET_NONE || out->count == out->room) {
        return;
    }
    copy->is = *set;
    (void)snprintf(copy->region, sizeof(copy->region), "%s", set->region);
    (void)snprintf(copy->path, sizeof(copy->path), "%s", set->path);
    (void)snprintf(copy->refusal, sizeof(copy->refusal), "%s",
                   restored ? file->refusal : "");
    out->rows[out->count++] = (struct slu_report_set){
        .region = copy->region,
        .path = copy->path,
        .name = copy->is.name,
        .status = restored ? "restored" : outcome_names[set->outcome],
        .created = set->created,
        .activated = set->activated,
        .detail = restored ? copy->refusal : copy->is.text,
    };
}

static bool make_room(struct slu_delivery_sets *out, unsigned room)
{
    out->sets = slu_alloc_get(out->alloc, room * sizeof(*out->sets));
    out->rows = slu_alloc_get(out->alloc, room * sizeof(*out->rows));
    out->room = room;
    return out->sets != NULL && out->rows != NULL;
}

static void report_region(const struct slu_delivery *self, unsigned region,
                          struct slu_delivery_sets *out)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        unsigned count = slu_sets_count(self->sets, (enum slu_kind)kind);

        for (unsigned i = 0; i < count; i++) {
            struct slu_set_report set =
                slu_sets_outcome(self->sets, region, (enum slu_kind)kind, i);

            add_set(find_list(self, (enum slu_kind)kind, i), &set, out);
        }
    }
}

static void report_sets(const struct slu_delivery *self,
                        struct slu_delivery_sets *out)
{
    unsigned regions = slu_sets_result(self->sets)->regions;
    unsigned lists = slu_sets_count(self->sets, SLU_KIND_IP) +
                     slu_sets_count(self->sets, SLU_KIND_DOMAIN);

    if (!make_room(out, regions * lists)) {
        return;
    }
    for (unsigned region = 0; region < regions; region++) {
        report_region(self, region, out);
    }
}

void slu_delivery_sets_fini(struct slu_delivery_sets *self)
{
    if (self->alloc != NULL) {
        size_t room = self->room;

        slu_alloc_put(self->alloc, self->sets, room * sizeof(*self->sets));
        slu_alloc_put(self->alloc, self->rows, room * sizeof(*self->rows));
    }
    *self = (struct slu_delivery_sets){0};
}

void slu_delivery_report(struct slu_delivery *self, struct slu_report *report,
                         struct slu_delivery_sets *out_sets)
{
    slu_delivery_sets_fini(out_sets);
    out_sets->alloc = self->options.run.alloc;
    memcpy(out_sets->bucket_url, self->bucket_url, sizeof(self->bucket_url));
    report->bucket = out_sets->bucket_url;
    report->requests += self->requests;
    self->requests = 0;
    report_files(self, report);
    if (self->sets != NULL && self->settled) {
        report_sets(self, out_sets);
        report->sets = out_sets->rows;
        report->set_count = out_sets->count;
    }
}

/* ---- room ---- */

static bool has_all(const struct slu_delivery *self, enum slu_kind kind)
{
    uint32_t all = (1u << slu_delivery_list_count(self, kind)) - 1;

    return (slu_delivery_usable(self, kind) & all) == all;
}

static enum slu_err tell_full(const struct slu_delivery *self,
                              enum slu_kind kind, uint64_t exceeded,
                              struct slu_error *error)
{
    char foreign[160] = "";
    unsigned regions = slu_sets_result(self->sets)->regions;

    for (unsigned region = 0; region < regions && foreign[0] == '\0';
         region++) {
        slu_sets_foreign(self->sets, region, kind, foreign, sizeof(foreign));
    }
    return slu_error_set(error, SLU_ERR_INCOMPLETE,
                         "GuardDuty has no room for all threat %s sets: %llu "
                         "indicators are in no list (see exceeded_%s.txt); "
                         "sets that are not ours: %s",
                         kind == SLU_KIND_IP ? "intel" : "entity",
                         (unsigned long long)exceeded, slu_kind_name(kind),
                         foreign[0] != '\0' ? foreign : "none");
}

enum slu_err slu_delivery_judge_room(const struct slu_delivery *self,
                                     const uint64_t exceeded[SLU_KIND_COUNT],
                                     struct slu_error *out_error)
{
    for (int kind = 0; self->sets != NULL && kind < SLU_KIND_COUNT; kind++) {
        if (exceeded[kind] > 0 && !has_all(self, (enum slu_kind)kind)) {
            return tell_full(self, (enum slu_kind)kind, exceeded[kind],
                             out_error);
        }
    }
    return SLU_ERR_OK;
}
