/* SPDX-License-Identifier: Apache-2.0 */
/* What all kernels of the domain matcher say of a text, which must be the same
 * thing. */
#ifndef TESTS_CODECS_DOMAIN_EXACT_H
#define TESTS_CODECS_DOMAIN_EXACT_H

#include "codecs/domain_kernel.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Exactly sized blocks: AddressSanitizer sees any byte read or written beyond
 * the text and the room that the contract gives. */
static inline enum slu_reason
match_exact(struct slu_view text, char out[SLU_VALUE_MAX], size_t *out_len)
{
    char *copy = malloc(text.len == 0 ? 1 : text.len);
    char *room = malloc(SLU_VALUE_MAX);
    enum slu_reason reason = SLU_REASON_COUNT;
    struct slu_domain_kernel kernel;

    memcpy(copy, text.len == 0 ? "" : text.ptr, text.len);
    *out_len = 0;
    for (unsigned i = 0; (kernel = slu_domain_kernel_at(i)).name != NULL; i++) {
        size_t len = 0;
        enum slu_reason got =
            kernel.match(slu_view_make(copy, text.len), room, &len);

        if (i == 0) {
            reason = got;
        }
        cr_assert_eq(got, reason, "%s: '%.*s' is %s", kernel.name,
                     SLU_VIEW_ARGS(text), slu_reason_name(got));
        if (reason != SLU_REASON_NONE) {
            continue;
        }
        if (i == 0) {
            *out_len = len;
            memcpy(out, room, len);
        }
        cr_assert(slu_view_equal(slu_view_make(room, len),
                                 slu_view_make(out, *out_len)),
                  "%s: '%.*s' became '%.*s'", kernel.name, SLU_VIEW_ARGS(text),
                  (int)len, room);
    }
    free(copy);
    free(room);
    return reason;
}

#endif
