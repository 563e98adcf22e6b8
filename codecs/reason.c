/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/reason.h"

#include <stddef.h>

struct reason_entry {
    const char *name;
    enum slu_reason_class class;
};

static const struct reason_entry reason_table[] = {
#define ENTRY(name, text, class) {text, SLU_REASON_CLASS_##class},
    SLU_REASON_MAP(ENTRY)
#undef ENTRY
};

const char *slu_reason_name(enum slu_reason reason)
{
    return (size_t)reason < SLU_REASON_COUNT ? reason_table[reason].name : "?";
}

enum slu_reason_class slu_reason_class(enum slu_reason reason)
{
    return (size_t)reason < SLU_REASON_COUNT ? reason_table[reason].class
                                             : SLU_REASON_CLASS_FILTER;
}
