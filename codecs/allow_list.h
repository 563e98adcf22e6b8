/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the entries of the user's allow file (guard.h): addresses and ranges
 * as sorted, disjoint intervals; names in a hash table that also holds every
 * name above them, so that both questions cost one look-up per label.
 * Life cycle: init, parse (any number of times), questions, fini. fini is safe
 * on a zeroed struct.
 * Limits: SLU_ALLOW_ENTRIES_MAX ranges and as many names, of which
 * SLU_ALLOW_NAMES_MAX bytes.
 * Errors: CONFIG, NOMEM. After either the entries before it are in force.
 */
#ifndef SLU_CODECS_ALLOW_LIST_H
#define SLU_CODECS_ALLOW_LIST_H

#include "codecs/buf.h"
#include "codecs/ipv4.h"
#include <sluice/err.h>

#define SLU_ALLOW_ENTRIES_MAX 2000000
#define SLU_ALLOW_NAMES_MAX (64u << 20)

struct slu_allow_range {
    uint32_t first;
    uint32_t last;
};

struct slu_allow_name; /* a slot of the hash table */

struct slu_allow_list {
    const struct slu_alloc *alloc;
    struct slu_allow_range *ranges;
    size_t range_count;
    size_t range_capacity;
    struct slu_allow_name *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t slots_used;
    size_t name_count;
    struct slu_buf names; /* what the slots point into */
};

void slu_allow_list_init(struct slu_allow_list *self,
                         const struct slu_alloc *alloc);
void slu_allow_list_fini(struct slu_allow_list *self);

/*
 * Adds the lines of a whole file. *out_error (may be NULL) then names the line
 * and what is wrong with it; its offset is where that line begins.
 */
SLU_MUST_CHECK enum slu_err slu_allow_list_parse(struct slu_allow_list *self,
                                                 struct slu_view text,
                                                 struct slu_error *out_error);

/* Whether any address of the range is allowed. */
bool slu_allow_list_has_ip(const struct slu_allow_list *self,
                           struct slu_cidr cidr);

/* The first range that ends at or behind the address, or NULL. */
const struct slu_allow_range *
slu_allow_list_next(const struct slu_allow_list *self, uint32_t address);

/* Whether a canonical name, or a name above it, is allowed; for one with "*."
 * also whether it covers an allowed name. */
bool slu_allow_list_has_domain(const struct slu_allow_list *self,
                               struct slu_view domain);

#endif
