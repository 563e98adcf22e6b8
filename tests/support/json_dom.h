/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: simdjson's DOM, which validates a text whole, as a second opinion for
 * tests and fuzzers of the splitter and the reader.
 * Ownership: strings that are returned are the caller's, to free().
 */
#ifndef SLU_TESTS_SUPPORT_JSON_DOM_H
#define SLU_TESTS_SUPPORT_JSON_DOM_H

#include <sluice/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The text without white space, scalars in one form; NULL when the DOM rejects
 * it. Two texts of the same meaning and order give the same. */
char *json_dom_minify(struct slu_view text);

/*
 * The value at a path of names joined by dots ("a.b"), or NULL when the text
 * is rejected, a name is absent or a step is no object: a string's bytes
 * (terminated), or anything else minified.
 */
char *json_dom_get(struct slu_view text, const char *path);

/* How many members of the top-level object have the name; -1 when the text is
 * rejected or isn't an object. */
int json_dom_count_members(struct slu_view text, const char *name);

/* The index-th member of that name, minified, or NULL. */
char *json_dom_member(struct slu_view text, const char *name, int index);

/*
 * The elements of the first such member, minified, each followed by '\n'; NULL
 * when the text is rejected or that member isn't an array.
 */
char *json_dom_elements(struct slu_view text, const char *name);

#ifdef __cplusplus
}
#endif
#endif
