/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: GuardDuty's world: accounts x regions, a detector in each, and the
 * facts of every finding that listing needs or that can change. The text of a
 * finding is drawn from these facts each time (finding.h), so that a finding
 * costs sizeof(struct sim_finding) whatever its size.
 *
 * The past is a function of the options alone. It changes only by what was
 * asked for: findings that are updated, come late or vanish while they are
 * pulled, samples, archiving, and detectors that are created.
 *
 * Life cycle: made when the process starts, which fixes "now" of the data.
 * Limits: SIM_ACCOUNTS_MAX accounts, SIM_REGIONS_MAX regions.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

#define SIM_ACCOUNTS_MAX 256
#define SIM_REGIONS_MAX 64
#define SIM_ID_LEN 32

struct sim_finding {
    uint64_t chance; /* all its text is drawn from here */
    int64_t born_ms; /* its first updatedAt */
    int64_t updated_ms;
    uint32_t updates; /* since it was born, by us */
    uint16_t kind;
    bool archived;
    bool vanished;
    bool listed; /* its id was served */
    bool sample;
};

/* A finding in a detector's view: whose it is, and which. */
struct sim_finding_ref {
    uint32_t home;
    uint32_t index;
};

struct sim_detector {
    char account[13];
    char region[64];
    char id[SIM_ID_LEN + 1];
    bool exists;
    bool enabled;
    int64_t created_ms;
    uint64_t features; /* bits: those that are enabled */
    char frequency[32];
    uint64_t token; /* of the clientToken and body that created it, else 0 */
    struct sim_finding *finding;
    size_t count;
    size_t cap;
    size_t unlisted;               /* no finding before this one is unlisted */
    struct sim_finding_ref *order; /* the view by updatedAt, then chance */
    size_t order_count;
    size_t order_cap;
    uint64_t lists;      /* ListFindings answered */
    uint64_t late_count; /* findings that came late */
};

struct sim_world {
    const struct sim_options *options;
    int64_t anchor_ms; /* "now" of the past */
    uint64_t version;  /* grows whenever an answer might change */
    struct sim_detector *detector;
    size_t count;
};

/* Options that can't be met end the process with one line and code 2. */
struct sim_world *sim_world_new(const struct sim_options *options,
                                int64_t now_ms);
void sim_world_free(struct sim_world *world);

/* The slot of an account and region; NULL outside of the world. A slot may
   hold no detector. */
struct sim_detector *sim_world_slot(struct sim_world *world,
                                    const char *account, const char *region);

struct sim_finding *sim_world_finding(const struct sim_world *world,
                                      struct sim_finding_ref ref);

/* True if the detector's view shows the findings of `home`: its own, and for
   an administrator those of the members in its region. */
bool sim_world_shows(const struct sim_world *world,
                     const struct sim_detector *view,
                     const struct sim_detector *home);

/* The finding with this id in the detector's view; false if there is none. */
bool sim_world_find(const struct sim_world *world,
                    const struct sim_detector *view, const char *id,
                    struct sim_finding_ref *out);

/* 32 lower-case hexadecimal digits: 24 of chance, 8 of the index. */
void sim_world_id(const struct sim_world *world, struct sim_finding_ref ref,
                  char *out);

/* Orders refs of one world by updatedAt, then by chance. */
int sim_world_compare(const struct sim_world *world,
                      const struct sim_finding_ref *a,
                      const struct sim_finding_ref *b);

/* The place in view->order of the first finding at or after this instant. */
size_t sim_world_lower_bound(const struct sim_world *world,
                             const struct sim_detector *view,
                             int64_t updated_ms);

/* world_change.c: all that alters the world. */

/* Adds a finding to its home and to every view that shows it. */
void sim_world_add(struct sim_world *world, struct sim_detector *home,
                   const struct sim_finding *finding);

/* Updates a finding at this instant, as a new event of its kind would. */
void sim_world_touch(struct sim_world *world, struct sim_finding_ref ref,
                     int64_t now_ms);

/* What happens to a view after one ListFindings of it was answered: findings
   are updated or come late, as the options say. */
void sim_world_turn(struct sim_world *world, struct sim_detector *view,
                    int64_t now_ms);

/* The sample of a kind: made, or updated if it is there. */
void sim_world_sample(struct sim_world *world, struct sim_detector *home,
                      uint16_t kind, int64_t now_ms);

#endif
