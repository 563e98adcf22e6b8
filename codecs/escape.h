/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: text from outside put into a format with rules of its own: runs that
 * may stay as they are are copied whole, and each other byte is given to a
 * function of the format. JSON's strings, which several formats are made of,
 * are here too.
 * Errors: those of the buffer, which is then as it was.
 */
#ifndef SLU_CODECS_ESCAPE_H
#define SLU_CODECS_ESCAPE_H

#include "codecs/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_ESCAPE_MAX 8

/* Stands for a byte that is no part of UTF-8: U+FFFD. */
#define SLU_REPLACEMENT "\xef\xbf\xbd"

/* Writes what stands for a byte into out and returns its length; 0 when the
 * byte (and the sequence that it begins) stays as it is. `valid` is false for a
 * byte that is no part of UTF-8. */
typedef size_t (*slu_escape_fn)(unsigned char byte, bool valid,
                                char out[SLU_ESCAPE_MAX]);

/* The function is not asked of bytes from 0x20 to 0x7e, but of '"' and '\'. */
SLU_MUST_CHECK enum slu_err slu_escape_append(struct slu_buf *buf,
                                              struct slu_view text,
                                              slu_escape_fn escape);

/* Appends a JSON string with its quotes (RFC 8259, 7). Bytes that are not valid
 * UTF-8 become U+FFFD; U+007F is escaped too, as it acts on terminals. */
SLU_MUST_CHECK enum slu_err slu_json_append_string(struct slu_buf *buf,
                                                   struct slu_view text);

#ifdef __cplusplus
}
#endif
#endif
