/* SPDX-License-Identifier: Apache-2.0 */
/* What: what the services of the query protocol (STS, IAM) have in common: a
   form in a POST to the root, and an answer in XML. */
#ifndef SIM_FORM_H
#define SIM_FORM_H

#include "protocol.h"
#include "request.h"

/* A form of that version; false: it is refused. */
bool sim_form_check(const struct sim_request *request, const char *version,
                    enum sim_protocol protocol, struct sim_answer *answer);

/* "1 validation error detected: ..."; false, to be returned. A `value` that
   is NULL is said to be null. */
bool sim_form_refuse_value(struct sim_answer *answer,
                           enum sim_protocol protocol, const char *member,
                           const char *value, const char *constraint);

/* The beginning and the end of an answer; what stands between them is the
   operation's result. */
void sim_form_begin(struct sim_text *out, enum sim_protocol protocol,
                    const char *operation);
void sim_form_end(struct sim_text *out, const char *operation,
                  struct sim_answer *answer);

#endif
