/* SPDX-License-Identifier: Apache-2.0 */
/* What: the HTTP engine as the configuration wants it. */
#ifndef SLU_ENGINE_HTTP_SETUP_H
#define SLU_ENGINE_HTTP_SETUP_H

#include "engine/transport.h"

/* Errors: those of slu_http_new. */
SLU_MUST_CHECK enum slu_err
slu_http_setup(const struct slu_transport_options *wanted,
               struct slu_http **out_http, struct slu_error *out_error);

/* The value of the header that the API asks of partners:
 * org.product.major.minor. */
#define SLU_X_TOOL "sluice.sluice." SLU_VERSION_MAJOR_MINOR

#endif
