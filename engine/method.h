/* SPDX-License-Identifier: Apache-2.0 */
/* What: the name of a source's method on the wire. */
#ifndef SLU_ENGINE_METHOD_H
#define SLU_ENGINE_METHOD_H

#include "sources/source.h"

static inline const char *slu_method_name(enum slu_method method)
{
    static const char *const names[] = {
        [SLU_METHOD_GET] = "GET",       [SLU_METHOD_POST] = "POST",
        [SLU_METHOD_PUT] = "PUT",       [SLU_METHOD_HEAD] = "HEAD",
        [SLU_METHOD_DELETE] = "DELETE",
    };

    return names[method];
}

#endif
