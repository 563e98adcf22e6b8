/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the answer of GetSecretValue (AWS Secrets Manager API reference), and
 * the key in it: the secret's string itself, or a member of it where it is a
 * JSON object. Line ends behind the key are dropped.
 *
 * It is read by a scanner of its own, in memory that the caller gives and
 * wipes: the general JSON reader copies strings with escapes to memory of its
 * own, which nobody wipes.
 *
 * Limits: a secret of 65,536 bytes, the service's own; a key of 16 KiB; nesting
 * to 64.
 */
#ifndef SLU_CODECS_SECRET_TEXT_H
#define SLU_CODECS_SECRET_TEXT_H

#include <sluice/err.h>
#include <sluice/view.h>

#define SLU_SECRET_TEXT_MAX (64u * 1024)
#define SLU_SECRET_KEY_MAX (16u * 1024)
/* Each byte may be escaped in six; and what stands beside the secret. */
#define SLU_SECRET_ANSWER_MAX (6 * SLU_SECRET_TEXT_MAX + 8192)

/* Room for the secret, in which the key is found. */
struct slu_secret_text {
    char text[SLU_SECRET_TEXT_MAX + 1]; /* the key, terminated */
};

void slu_secret_text_wipe(struct slu_secret_text *self);

/*
 * member: the name of the member of the secret's JSON object; NULL for the only
 * one, or for a secret that is no object. MALFORMED: the answer is none of
 * GetSecretValue's. CONFIG: what the secret holds is no key (binary, no such
 * member, several and none named, not a text, a byte that no key has). On
 * failure *out_text is wiped; the sentence is to follow "the secret NAME" and
 * quotes nothing of the value.
 */
SLU_MUST_CHECK enum slu_err
slu_secret_text_read(struct slu_view answer, const char *member,
                     struct slu_secret_text *out_text,
                     struct slu_error *out_error);

#endif
