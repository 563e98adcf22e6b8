/* SPDX-License-Identifier: Apache-2.0 */
/* What: which operation a request is, by service, method and path. */
#ifndef SIM_OPERATION_H
#define SIM_OPERATION_H

#include "request.h"
#include "text.h"

/* "ListFindings", "AssumeRole", "GetObject"; "Unknown". For STS and
   IAM the Action, which is the client's word, into `scratch`; for Secrets
   Manager X-Amz-Target's. */
const char *sim_operation_of(const char *service,
                             const struct sim_request *request,
                             struct sim_text *scratch);

/* The permission that it takes, as IAM names it without the service:
   "ListBucket" for ListObjectsV2; mostly the operation itself. */
const char *sim_operation_action(const char *service, const char *operation);

/* The endpoint that a fault may be bound to: "aws:list" and so on. */
const char *sim_operation_endpoint(const char *service, const char *operation);

/* The parameter of a form body, decoded, with NUL. False: it is absent,
   repeated or malformed. */
bool sim_form_get(const struct sim_request *request, const char *name,
                  struct sim_text *out);

#endif
