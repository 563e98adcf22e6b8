/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the 14 categorised threat lists and what one hourly package of one
 * entity type holds, in the order in which it is served (ascending id).
 */
#ifndef SIM_PACKAGE_H
#define SIM_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entity.h"
#include "options.h"

#define SIM_LISTS 14

struct sim_list {
    const char *id;
    const char *name;
    unsigned types; /* bit per enum sim_type */
};

extern const struct sim_list sim_lists[SIM_LISTS];

enum sim_package_state {
    SIM_PACKAGE_FULL,
    SIM_PACKAGE_EMPTY,
    SIM_PACKAGE_NULL,
    SIM_PACKAGE_HOLE,
};

struct sim_package_item {
    uint64_t entity;
    uint64_t chance; /* for members that differ from item to item */
    uint8_t type;
    bool stale;
    char *value; /* the id; inside the package's one block of text */
};

struct sim_package {
    struct sim_package_item *item;
    size_t count;
    char *values;
};

/* The list's index, or -1. */
int sim_list_find(const char *id);

enum sim_package_state sim_package_state(const struct sim_options *options,
                                         int list, int64_t hour);

/* Makes the package of one type; the caller frees it. */
void sim_package_init(struct sim_package *package,
                      const struct sim_options *options, int list,
                      enum sim_type type, int64_t hour);
void sim_package_fini(struct sim_package *package);

#endif
