/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: an indicator as a person types or pastes it: blanks around it, capitals
 * and a trailing dot, names of any language, and the usual ways to make an
 * indicator harmless ("1[.]2[.]3[.]4", "evil(.)com", "evil[dot]com",
 * "evil\.com"). A URL is none; nor is its host taken out of it: that is another
 * indicator. Limits: what is longer than SLU_RECORD_KEY_MAX is TOO_LONG.
 */
#ifndef SLU_CODECS_TYPED_VALUE_H
#define SLU_CODECS_TYPED_VALUE_H

#include "codecs/record.h"

struct slu_typed_value {
    enum slu_kind kind; /* of an invalid one the likelier */
    enum slu_reason reason;
    char key[SLU_VALUE_MAX]; /* of the record of this kind; NONE only */
    size_t key_len;
};

/* NONE, or why it is no indicator. */
enum slu_reason slu_typed_value_check(struct slu_view text,
                                      struct slu_typed_value *out);

/* The same after what a person may have added: blanks around it, dots made
 * harmless. */
enum slu_reason slu_typed_value_read(struct slu_view text,
                                     struct slu_typed_value *out);

/* The text without the blanks around it. */
struct slu_view slu_typed_value_trim(struct slu_view text);

#endif
