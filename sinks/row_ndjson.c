/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/row_ndjson.h"
#include "sinks/row_sink.h"

const struct slu_row_sink slu_ndjson_sink = {
    .name = "ndjson",
    .path = "indicators.ndjson",
    .row = slu_row_ndjson_append,
};
