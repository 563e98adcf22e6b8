/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one item of either endpoint as JSON, shaped like the recorded ones:
 * the stream's full objects in any member order, the lists' reduced and
 * lower-cased projection in a fixed one.
 */
#ifndef SIM_RENDER_H
#define SIM_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "notices.h"
#include "package.h"

struct sim_render {
    const struct sim_options *options;
    struct sim_entity_space space;
    uint64_t variant; /* two renderings of one item differ by it */
    bool descriptors_only;
    bool null_arrays;
    int64_t pad_bytes; /* each item is filled up to about this size */
};

/* Appends `,{...}` (with the comma) to the text. */
void sim_render_notice(const struct sim_render *render,
                       const struct sim_notice *notice, struct sim_text *text);
void sim_render_item(const struct sim_render *render, int list,
                     const struct sim_package_item *item, int64_t hour,
                     struct sim_text *text);

/* The assessment that the list item carries, which its filters judge. */
void sim_render_assess(const struct sim_entity_space *space,
                       const struct sim_package_item *item, int64_t hour,
                       struct sim_assessment *out);

/* Which relationships the list item has: bits 0-3 as in sim_relationships. */
unsigned sim_render_relations(const struct sim_package_item *item);

#define SIM_RELATIONSHIPS 4
extern const char *const sim_relationships[SIM_RELATIONSHIPS];

/* Members that real objects are large by (engine results, whois): about
   `bytes` of them, as members of the object being written. */
void sim_pad(struct sim_json *json, int64_t bytes);

#endif
