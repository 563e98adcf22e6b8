/* SPDX-License-Identifier: Apache-2.0 */
/* What: what the door needs to know of Secrets Manager. */
#ifndef SIM_SECRETS_H
#define SIM_SECRETS_H

#include "request.h"
#include "text.h"

/* The SecretId that a request names, as it names it, else `*`. */
void sim_secrets_resource(const struct sim_request *request,
                          struct sim_text *out);

#endif
