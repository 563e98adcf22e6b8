/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the one table of where things are in a finding. Private to finding.c
 * and tests.
 */
#ifndef SLU_CODECS_FINDING_PATHS_H
#define SLU_CODECS_FINDING_PATHS_H

#include "codecs/finding.h"

/* What a path leads to. The first four are kept in a member of the finding. */
enum slu_finding_yield {
    SLU_FINDING_YIELD_STRING,
    SLU_FINDING_YIELD_TIME,
    SLU_FINDING_YIELD_FLAG,
    SLU_FINDING_YIELD_PRESENT,      /* a flag: the string is there */
    SLU_FINDING_YIELD_SEVERITY,     /* a number */
    SLU_FINDING_YIELD_INFO_TEXT,    /* JSON in a string */
    SLU_FINDING_YIELD_LIST_NAME,    /* of a threat list */
    SLU_FINDING_YIELD_ACTION,       /* the object around an action */
    SLU_FINDING_YIELD_KNOWN_ACTION, /* the object of an action */
    SLU_FINDING_YIELD_BLOCKED,      /* by the rule's action */
    SLU_FINDING_YIELD_INSTANCE_TAG,
    SLU_FINDING_YIELD_SCAN_SOURCE,
    SLU_FINDING_YIELD_FILE, /* a new one begins: its members follow */
    SLU_FINDING_YIELD_FILE_NAME,
    SLU_FINDING_YIELD_FILE_PATH,
    SLU_FINDING_YIELD_FILE_HASH, /* an indicator */
    SLU_FINDING_YIELD_VALUE,     /* an indicator */
    SLU_FINDING_YIELD_EITHER_IP, /* an indicator, IPv4 or, with a colon, v6 */
};

struct slu_finding_path {
    const char *path;
    enum slu_finding_yield yield;
    size_t offset; /* of the member */
    /* Of indicators, and of what only they need: */
    enum slu_row_kind kind;
    enum slu_finding_group group;
    uint32_t needs; /* the groups that must all be wanted; 0: always read */
    enum slu_finding_rule rule;
};

#define SLU_FINDING_PATHS_MAX 96

/* All paths; *out_count is at most SLU_FINDING_PATHS_MAX. */
const struct slu_finding_path *slu_finding_paths(unsigned *out_count);

#endif
