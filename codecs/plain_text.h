/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: words of a server made fit for a log and a terminal: control bytes, the
 * C1 controls of Unicode, and bytes that are no UTF-8 become blanks; what is
 * too long is cut between characters.
 */
#ifndef SLU_CODECS_PLAIN_TEXT_H
#define SLU_CODECS_PLAIN_TEXT_H

#include <sluice/view.h>

/* Writes at most room - 1 bytes and a zero byte. room > 0. */
void slu_plain_text_copy(struct slu_view text, char *out, size_t room);

/*
 * The same of words that may hold a secret by mistake: what a helper prints of
 * its keys, or a service of the request that it refuses. A run of 37 or more of
 * base64's characters (in either alphabet) with a digit, a plus or an equals
 * sign becomes "[hidden]": secret keys have 40, tokens hundreds, but ids of
 * detectors 32 and UUIDs 36. An ARN stays.
 */
void slu_plain_text_copy_hiding(struct slu_view text, char *out, size_t room);

#endif
