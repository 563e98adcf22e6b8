/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a JSON number of any length as the nearest double. Private to the
 * reader.
 * simdjson 3.0 has a wrong idea of a double with more digits than fit 64 bits
 * (0.0090101010042424249818725 becomes 0.00163), and refuses a zero with a
 * huge exponent. So what its own way refuses, and what is long, is read here.
 */
#ifndef SLU_CODECS_JSON_NUMBER_H
#define SLU_CODECS_JSON_NUMBER_H

#include <sluice/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* token: the number, and maybe white space behind it. False when it is no
 * number of RFC 8259, or beyond what a double holds; one too small is 0. */
bool slu_json_number_parse(struct slu_view token, double *out_number);

#ifdef __cplusplus
}
#endif
#endif
