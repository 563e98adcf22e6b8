/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/peak.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* A line of /proc/self/status, "VmHWM:   1234 kB", in bytes. */
static double read_status(struct slu_bench *bench, const char *name)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    double kib = -1;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            (void)sscanf(line + strlen(name), ": %lf", &kib);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    slu_bench_require(bench, kib >= 0, "/proc/self/status has no %s", name);
    return kib * 1024;
}

void slu_bench_peak_begin(struct slu_bench_peak *self, struct slu_bench *bench)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    bool good = file != NULL && fputs("5", file) != EOF;

    if (file != NULL) {
        good = fclose(file) == 0 && good;
    }
    slu_bench_require(bench, good,
                      "the peak of memory can't be set back: "
                      "/proc/self/clear_refs takes no 5");
    /* What earlier work has freed would be used again, unseen. */
    (void)malloc_trim(0);
    self->bench = bench;
    self->before = read_status(bench, "VmRSS");
}

double slu_bench_peak_since(const struct slu_bench_peak *self)
{
    return read_status(self->bench, "VmHWM") - self->before;
}
