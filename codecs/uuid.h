/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: UUIDs of version 5 (RFC 9562, 5.5): the same name in the same
 * namespace has the same one, wherever and whenever it is made.
 */
#ifndef SLU_CODECS_UUID_H
#define SLU_CODECS_UUID_H

#include <sluice/view.h>

#define SLU_UUID_LEN 16
#define SLU_UUID_TEXT_LEN 36 /* "74738ff5-5367-5958-9aee-98fffdcd1876" */

/* Writes the text, not terminated. */
void slu_uuid5_format(const unsigned char space[SLU_UUID_LEN],
                      struct slu_view name, char out[SLU_UUID_TEXT_LEN]);

#endif
