/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: tells which of a few names a JSON string spells, fed with the text
 * between its quotes in pieces cut anywhere. Escapes are undone on the way, so
 * that "d\u0061ta" is data. Private to json_split.c and its tests.
 * Limits: SLU_JSON_NAMES_MAX names, of ASCII letters and other characters that
 * need no escape.
 */
#ifndef SLU_CODECS_JSON_NAMES_H
#define SLU_CODECS_JSON_NAMES_H

#include <sluice/view.h>

#define SLU_JSON_NAMES_MAX 16

struct slu_json_names {
    struct slu_view names[SLU_JSON_NAMES_MAX];
    unsigned count;
    unsigned alive;   /* bit i: the i-th name agrees so far */
    size_t len;       /* characters so far */
    unsigned pending; /* 0: none; 5: behind a backslash; 1-4: so many
                         hexadecimal digits to come */
    unsigned code;    /* of the digits so far */
};

/* Adds a name, which must outlive self. self begins zeroed. */
void slu_json_names_add(struct slu_json_names *self, const char *name);

/* Before the first byte of a string. */
void slu_json_names_start(struct slu_json_names *self);

void slu_json_names_feed(struct slu_json_names *self, struct slu_view text);

/* The index of the name that the string spelt, or -1. */
int slu_json_names_match(const struct slu_json_names *self);

#endif
