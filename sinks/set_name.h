/* SPDX-License-Identifier: Apache-2.0 */
/* What: the name of a list's set in GuardDuty. */
#ifndef SLU_SINKS_SET_NAME_H
#define SLU_SINKS_SET_NAME_H

#include "codecs/field.h"

#include <stdbool.h>

#define SLU_SET_NAME_MAX 300

/*
 * "guard_duty/threat-ip-1.txt" is "gti-threat-ip-1": the prefix and the stem of
 * the path's last component, with a hyphen for what a name can't hold. Of two
 * paths of one stem the later gets a number: names must be different. False: it
 * would be longer than GuardDuty takes. At most SLU_SETS_MAX paths.
 */
bool slu_set_name(const char *prefix, const struct slu_strings *paths,
                  unsigned index, char out[SLU_SET_NAME_MAX + 1]);

#endif
