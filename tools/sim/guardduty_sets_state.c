/* SPDX-License-Identifier: Apache-2.0 */
/* What: how a set goes from one status to the next, and when. */
#include <stdio.h>
#include <string.h>

#include "guardduty_sets.h"

bool sim_set_is_busy(const struct sim_set *set)
{
    return set->status == SIM_SET_ACTIVATING ||
           set->status == SIM_SET_DEACTIVATING ||
           set->status == SIM_SET_DELETE_PENDING;
}

/* A status that ends by itself, after --gd-activation-delay. */
static void begin(struct sim_sets *sets, struct sim_set *set,
                  enum sim_set_status status)
{
    int64_t delay_ms = sets->server->options.gd_activation_delay_ms;

    set->status = status;
    sets->timed += !set->timed;
    set->timed = true;
    set->due_wall = sim_server_wall() + (double)delay_ms / 1000;
    set->due_ms = sim_guardduty_now_ms(sets->server) + delay_ms;
}

static bool reads_at_start(const struct sim_sets *sets)
{
    return strcmp(sets->server->options.gd_set_read, "start") == 0;
}

/* --gd-set-error names an activation by its number, or a content. */
static void force_error(const struct sim_sets *sets, uint64_t turn,
                        struct sim_set_content *content)
{
    const char *list = sets->server->options.gd_set_error;
    char number[24];

    snprintf(number, sizeof(number), "%llu", (unsigned long long)turn);
    if (sim_options_has(list, number) ||
        sim_options_has(list, content->sha256)) {
        content->good = false;
        strcpy(content->wrong, "The list could not be activated");
    }
}

static void load(struct sim_sets *sets, struct sim_set *set)
{
    sim_set_load(sets, set, &set->loading);
    force_error(sets, set->turn, &set->loading);
}

void sim_set_activate(struct sim_sets *sets, struct sim_set *set)
{
    set->activations++;
    set->turn = ++sets->activations;
    set->error[0] = '\0';
    if (reads_at_start(sets)) {
        load(sets, set);
    }
    begin(sets, set, SIM_SET_ACTIVATING);
}

void sim_set_deactivate(struct sim_sets *sets, struct sim_set *set)
{
    set->error[0] = '\0';
    begin(sets, set, SIM_SET_DEACTIVATING);
}

void sim_set_delete(struct sim_sets *sets, struct sim_set *set)
{
    begin(sets, set, SIM_SET_DELETE_PENDING);
}

/* A set that was put into ACTIVATING by hand has read nothing yet. */
static void finish_activation(struct sim_sets *sets, struct sim_set *set)
{
    bool loaded = set->loading.good || set->loading.wrong[0] != '\0';

    if (!reads_at_start(sets) || !loaded) {
        load(sets, set);
    }
    set->used = set->loading.good;
    if (set->loading.good) {
        set->in_use = set->loading;
        set->status = SIM_SET_ACTIVE;
    } else {
        snprintf(set->error, sizeof(set->error), "%s", set->loading.wrong);
        set->status = SIM_SET_ERROR;
    }
}

static void finish(struct sim_sets *sets, struct sim_set *set)
{
    sets->timed -= set->timed;
    set->timed = false;
    if (set->status == SIM_SET_ACTIVATING) {
        finish_activation(sets, set);
        return;
    }
    set->used = false;
    set->status = set->status == SIM_SET_DEACTIVATING ? SIM_SET_INACTIVE
                                                      : SIM_SET_DELETED;
}

void sim_sets_settle(struct sim_sets *sets)
{
    double wall = sim_server_wall();
    int64_t now_ms = sim_guardduty_now_ms(sets->server);
    struct sim_set *set = sets->timed > 0 ? sets->first : NULL;

    for (; set != NULL; set = set->next) {
        if (set->timed && (wall >= set->due_wall || now_ms >= set->due_ms)) {
            finish(sets, set);
        }
    }
}

void sim_sets_finish(struct sim_sets *sets)
{
    for (struct sim_set *set = sets->first; set != NULL; set = set->next) {
        if (sim_set_is_busy(set)) {
            finish(sets, set);
        }
    }
}
