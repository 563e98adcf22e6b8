/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <stdio.h>
#include <string.h>

static bool cut_suffix(char *name, const char *suffix)
{
    size_t len = strlen(name);
    size_t suffix_len = strlen(suffix);

    if (len < suffix_len || strcmp(name + len - suffix_len, suffix) != 0) {
        return false;
    }
    name[len - suffix_len] = '\0';
    return true;
}

/* Takes the last label off `name`; it stands where it stood. */
static char *pop_label(char *name)
{
    char *dot = strrchr(name, '.');

    if (dot == NULL) {
        return name;
    }
    *dot = '\0';
    return dot + 1;
}

/* [bucket.]service[-fips][.dualstack][.region] */
static void read_labels(struct sim_host *host, char *name)
{
    char *label = pop_label(name);

    if (label != name && sim_aws_is_region(label)) {
        snprintf(host->region, sizeof(host->region), "%s", label);
        label = pop_label(name);
    } else {
        strcpy(host->region, "us-east-1"); /* a global endpoint */
    }
    if (label != name && strcmp(label, "dualstack") == 0) {
        label = pop_label(name);
    }
    cut_suffix(label, "-fips");
    snprintf(host->service, sizeof(host->service), "%.63s", label);
    if (label != name) {
        snprintf(host->bucket, sizeof(host->bucket), "%s", name);
    }
}

void sim_host_read(struct sim_host *host, const char *header)
{
    char name[256];

    memset(host, 0, sizeof(*host));
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(header, ":"), header);
    if (cut_suffix(name, ".amazonaws.com") ||
        cut_suffix(name, ".amazonaws.com.cn") || cut_suffix(name, ".api.aws")) {
        read_labels(host, name);
    } else if (cut_suffix(name, ".localhost")) {
        snprintf(host->bucket, sizeof(host->bucket), "%s", name);
    }
}
