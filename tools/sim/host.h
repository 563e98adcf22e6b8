/* SPDX-License-Identifier: Apache-2.0 */
/* What: what the Host header says of the endpoint: guardduty.eu-west-1...,
   bucket.s3.us-east-1.amazonaws.com, an address. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "aws_options.h"

struct sim_host {
    char bucket[256]; /* "": none */
    char service[64]; /* "": the name tells none, as 127.0.0.1 */
    char region[SIM_AWS_REGION_CAP];
};

void sim_host_read(struct sim_host *host, const char *header);

#endif
