/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: secrets, each of one account and region, with their versions and
 * staging labels. Those of --secret are made where they are first asked for,
 * so that they are in every region, with another ARN in each.
 * Limits: SIM_SECRETS_MAX secrets, SIM_SECRET_VERSIONS versions of each (the
 * oldest without a label gives way), SIM_SECRET_MAX bytes.
 * Ownership: the store's; free wipes what it holds.
 */
#ifndef SIM_SECRET_STORE_H
#define SIM_SECRET_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys.h"
#include "text.h"

#define SIM_SECRETS_MAX 256
#define SIM_SECRET_VERSIONS 100
#define SIM_SECRET_MAX 65536
#define SIM_SECRET_LABELS 512

#define SIM_CURRENT "AWSCURRENT"
#define SIM_PREVIOUS "AWSPREVIOUS"

struct sim_secret_version {
    char id[65];
    char labels[SIM_SECRET_LABELS]; /* by comma; "": it may be forgotten */
    struct sim_text value;
    bool binary;
    double created;
};

struct sim_secret {
    char *name;
    char account[SIM_AWS_ACCOUNT_LEN + 1];
    char region[SIM_AWS_REGION_CAP];
    char *arn;
    char *description; /* NULL: none */
    double created;
    double changed;
    double deleted; /* when it is to go; 0: it isn't marked */
    bool gone;      /* for good; kept so that --secret doesn't make it anew */
    int64_t reads;
    struct sim_secret_version version[SIM_SECRET_VERSIONS];
    unsigned versions;
};

struct sim_secret_store;

/* Ends the process if a file of --secret can't be read. */
struct sim_secret_store *
sim_secret_store_new(const struct sim_aws_options *options,
                     const struct sim_keys *keys);
void sim_secret_store_free(struct sim_secret_store *store);

/* By name, in this account and region, or by its ARN, with or without the six
   letters at the end, of this region; NULL if there is none. */
struct sim_secret *sim_secret_find(struct sim_secret_store *store,
                                   const char *account, const char *region,
                                   const char *id);

/* A new one without a version; NULL: there is no room. */
struct sim_secret *sim_secret_add(struct sim_secret_store *store,
                                  const char *account, const char *region,
                                  const char *name, double now);

/* The secrets one by one, those that are gone too: NULL after the last. */
struct sim_secret *sim_secret_at(struct sim_secret_store *store, size_t at);

/* A new version with these labels, which others lose; where it takes
   AWSCURRENT the one that had it becomes AWSPREVIOUS. `id` NULL: it is drawn.
   NULL: there is no room. */
struct sim_secret_version *sim_secret_put(struct sim_secret_store *store,
                                          struct sim_secret *secret,
                                          const char *id, const char *labels,
                                          double now);

/* The version of that id or that label; NULL if there is none. */
struct sim_secret_version *sim_secret_version(struct sim_secret *secret,
                                              const char *id);
struct sim_secret_version *sim_secret_labelled(struct sim_secret *secret,
                                               const char *label);
bool sim_secret_has_label(const struct sim_secret_version *version,
                          const char *label);

/* One read more: afterwards the values of --secret-after take their place. */
void sim_secret_read(struct sim_secret_store *store, struct sim_secret *secret,
                     double now);

#endif
