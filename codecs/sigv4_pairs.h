/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the canonical path and query of AWS Signature Version 4, and the pairs
 * of a name and a value that queries and headers are made of.
 * Limits: SLU_SIGV4_PARAMS_MAX parameters; the buffers' own maxima.
 * Errors: NOMEM, LIMIT.
 */
#ifndef SLU_CODECS_SIGV4_PAIRS_H
#define SLU_CODECS_SIGV4_PAIRS_H

#include "codecs/buf.h"

#define SLU_SIGV4_PARAMS_MAX 256

struct slu_sigv4_pair {
    struct slu_view name;
    struct slu_view value;
};

/*
 * Sorts by name in the order of bytes; by_value: then by value, else pairs of
 * one name stay in their order. Quadratic, for there are few and they mostly
 * come sorted.
 */
void slu_sigv4_pairs_sort(struct slu_sigv4_pair *pairs, size_t count,
                          bool by_value);

/*
 * Appends the canonical form of a path as it is on the wire; "" is "/".
 * normalize: "." and ".." segments and repeated slashes are removed, as
 * botocore does it: a slash stays at the end only where one was. encode: every
 * byte but A-Z a-z 0-9 - . _ ~ / is percent-encoded, those of "%3A" too.
 */
SLU_MUST_CHECK enum slu_err slu_sigv4_path_append(struct slu_buf *out,
                                                  struct slu_view path,
                                                  bool normalize, bool encode);

/*
 * Appends the canonical form of a query as it is on the wire: each name and
 * value decoded and encoded anew, sorted, always with "=". A "+" is itself, not
 * a blank; a "%" without two hexadecimal digits is itself; empty parameters
 * ("a&&b") are nothing. The scratch holds the encoded parameters meanwhile.
 */
SLU_MUST_CHECK enum slu_err slu_sigv4_query_append(struct slu_buf *out,
                                                   struct slu_buf *scratch,
                                                   struct slu_view query);

#endif
