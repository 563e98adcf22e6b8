/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/row_csv.h"
#include "sinks/row_sink.h"

const struct slu_row_sink slu_csv_sink = {
    .name = "csv",
    .path = "indicators.csv",
    .head = SLU_ROW_CSV_HEAD,
    .row = slu_row_csv_append,
};
