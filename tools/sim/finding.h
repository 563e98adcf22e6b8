/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the text of a finding: GetFindings' wire form, of every kind in
 * today's model. A kind is a row of templates; a template is JSON whose
 * variable parts are drawn from the finding's own number, so that the same
 * finding is the same text at any time, until it is updated.
 *
 * The language of templates, expanded by sim_template_expand():
 *
 *     '            a quotation mark
 *     <a|b|c>      one of them, any may be empty
 *     ^14(x,^)     one to four times x
 *     $(name)      a value (finding_values.c), or a part (the tables below)
 *     $(name:arg)  a value with an argument
 *
 * Commas may be one too many everywhere: before a closing bracket, after an
 * opening one, or twice. What a template says stands for itself otherwise;
 * the signs above occur in no text.
 */
#ifndef SIM_FINDING_H
#define SIM_FINDING_H

#include "text.h"
#include "world.h"

struct sim_template {
    struct sim_text *out;
    const struct sim_world *world;
    const struct sim_detector *home;
    const struct sim_finding *finding;
    struct sim_finding_ref ref;
    uint64_t chance;
    bool quoted;   /* inside a string */
    char hash[80]; /* the last one drawn, for $(again) */
};

struct sim_finding_kind {
    const char *type;
    const char *severity; /* in tenths: of 10 to 100 */
    const char *title;
    const char *resource; /* templates of members */
    const char *service;  /* of members; NULL: no service at all */
};

struct sim_finding_part {
    const char *name;
    const char *text;
};

extern const struct sim_finding_kind sim_finding_kinds[];
extern const unsigned sim_finding_kind_count;

/* The kind of that type, -1 if there is none. */
int sim_finding_kind_of(const char *type);

/* Severity in tenths. */
int sim_finding_severity(const struct sim_finding *finding);

int64_t sim_finding_created_ms(const struct sim_finding *finding);
int64_t sim_finding_first_ms(const struct sim_finding *finding);
int64_t sim_finding_last_ms(const struct sim_finding *finding);
int64_t sim_finding_events(const struct sim_finding *finding);

/* Appends the finding as one JSON object. */
void sim_finding_render(const struct sim_world *world,
                        struct sim_finding_ref ref, struct sim_text *out);

void sim_template_expand(struct sim_template *template, const char *text);

/* The next number of the finding's own chance. */
uint64_t sim_template_draw(struct sim_template *template);

/* Expands $(name:arg) if it is a value; false if it isn't. */
bool sim_value_expand(struct sim_template *template, const char *name,
                      size_t len, const char *arg);

/* Tables that end with a NULL name. */
extern const struct sim_finding_part sim_resource_parts[];
extern const struct sim_finding_part sim_service_parts[];
extern const struct sim_finding_part sim_sequence_parts[];

/* The partition that a region lies in: aws, aws-cn, aws-us-gov. */
const char *sim_partition_of(const char *region);

#endif
