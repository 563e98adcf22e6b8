/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: findingCriteria and sortCriteria of ListFindings: read strictly,
 * matched against findings. The names are those that the model documents for
 * ListFindings; whatever is neither updatedAt nor a plain fact is looked up in
 * the finding's rendered text.
 * Limits: 50 conditions, 50 values each, as documented.
 * Ownership: names and values belong to the document that was read.
 */
#ifndef SIM_CRITERIA_H
#define SIM_CRITERIA_H

#include "document.h"
#include "world.h"

#define SIM_CONDITIONS_MAX 50

/* Facts are compared as they are; the rest is looked up in the text. */
enum sim_fact {
    SIM_FACT_TEXT,
    SIM_FACT_ACCOUNT,
    SIM_FACT_REGION,
    SIM_FACT_ID,
    SIM_FACT_TYPE,
    SIM_FACT_SEVERITY,
    SIM_FACT_UPDATED,
    SIM_FACT_ARCHIVED,
};

struct sim_attribute {
    const char *name;
    enum sim_fact fact;
    bool number;
};

struct sim_condition {
    const struct sim_attribute *attribute;
    const struct sim_node *equals;
    const struct sim_node *not_equals;
    int64_t low; /* in tenths, both ends included */
    int64_t high;
};

enum sim_sort {
    SIM_SORT_NONE, /* by id, as good an order as any */
    SIM_SORT_UPDATED,
    SIM_SORT_CREATED,
    SIM_SORT_SEVERITY,
    SIM_SORT_TYPE,
    SIM_SORT_ACCOUNT,
    SIM_SORT_REGION,
    SIM_SORT_COUNT,
};

struct sim_criteria {
    const struct sim_document *document;
    struct sim_condition condition[SIM_CONDITIONS_MAX];
    unsigned count;
    bool by_text;        /* some condition needs the rendered text */
    int64_t updated_low; /* milliseconds, both ends included */
    int64_t updated_high;
    enum sim_sort sort;
    bool descending;
};

/* Reads the members of a request's body; either may be NULL. NULL, or the
   sentence that says what is wrong, which lives until the next call. */
const char *sim_criteria_read(struct sim_criteria *criteria,
                              const struct sim_document *document,
                              const struct sim_node *finding_criteria,
                              const struct sim_node *sort_criteria);

bool sim_criteria_match(const struct sim_criteria *criteria,
                        const struct sim_world *world,
                        struct sim_finding_ref ref);

/* Orders two findings as sortCriteria says; only one finding equals itself. */
int sim_criteria_compare(const struct sim_criteria *criteria,
                         const struct sim_world *world,
                         struct sim_finding_ref a, struct sim_finding_ref b);

#endif
