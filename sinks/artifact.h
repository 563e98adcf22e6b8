/* SPDX-License-Identifier: Apache-2.0 */
/* What: what the sink "files" has made and hands on: one file of the layout. */
#ifndef SLU_SINKS_ARTIFACT_H
#define SLU_SINKS_ARTIFACT_H

#include "sinks/contents.h"
#include <sluice/indicator.h>

enum slu_artifact_role {
    SLU_ARTIFACT_LIST,       /* of `kind`, the index-th */
    SLU_ARTIFACT_SIDE,       /* exceeded, invalid, reasons */
    SLU_ARTIFACT_CHECKPOINT, /* tells that all others are durable */
};

struct slu_artifact {
    const char *path; /* below output_dir, and below lists.prefix in a bucket */
    enum slu_artifact_role role;
    enum slu_kind kind; /* of a list, and its index from 0 */
    unsigned index;
    struct slu_content_name content;
    uint64_t lines;
    uint64_t bytes;
};

#endif
