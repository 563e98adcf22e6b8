/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/transport.h"
#include "engine/http_setup.h"

static enum slu_err open_http(const struct slu_transport_ops *self,
                              const struct slu_transport_options *options,
                              struct slu_http **out_http,
                              struct slu_error *out_error)
{
    (void)self;
    return slu_http_setup(options, out_http, out_error);
}

const struct slu_transport_ops slu_transport_http = {
    .open = open_http,
    .free = slu_http_free,
    .start = slu_http_start,
    .resume = slu_transfer_resume,
    .cancel = slu_transfer_cancel,
    .get_stats = slu_http_get_stats,
    .set_profile = slu_http_set_profile,
};
