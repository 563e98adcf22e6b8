/* SPDX-License-Identifier: Apache-2.0 */
/* What: texts for JSON and for terminals. */
#ifndef SLU_CLI_JSON_TEXT_H
#define SLU_CLI_JSON_TEXT_H

#include <sluice/indicator.h>
#include <stdint.h>
#include <stdio.h>

/* The text as a JSON string with its quotes; NULL as null. A byte that is not
 * part of valid UTF-8 becomes U+FFFD. */
void slu_cli_json_string(FILE *to, const char *text);

/* ,"key":"text" */
void slu_cli_json_member(FILE *to, const char *key, const char *text);
/* ,"key":number */
void slu_cli_json_count(FILE *to, const char *key, uint64_t number);

/* ,"key":{"ip_address":n,"domain":n} */
void slu_cli_json_kinds(FILE *to, const char *key,
                        const uint64_t counts[SLU_KIND_COUNT]);

/* The text with every control byte as "?": a line stays one line, and nothing
 * that a server says can steer the terminal. */
void slu_cli_plain_text(FILE *to, const char *text);

/* The text as plain_text has it, in a column: cut after `width` characters, and
 * filled up with blanks. */
void slu_cli_column_text(FILE *to, unsigned width, const char *text);

/* A sentence below its heading: indented, plain, broken at blanks to fit into
 * 80 columns. */
void slu_cli_wrapped_text(FILE *to, const char *text);

/* The same behind a label that takes `indent` columns and was printed. */
void slu_cli_hanging_text(FILE *to, unsigned indent, const char *text);

#endif
