/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine.h"

#include "codecs/cpu.h"
#include "codecs/domain_kernel.h"
#include "codecs/ipv4_kernel.h"
#include "codecs/json_scan.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 1024

/* What stands behind `key` and `between` in the first such line of a file. */
static bool find_value(const char *path, const char *key, const char *between,
                       char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    char line[LINE_BYTES];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        char *value = strstr(line, between);

        if (value != NULL && strncmp(line, key, strlen(key)) == 0) {
            value += strlen(between);
            value += strspn(value, " \t\"");
            value[strcspn(value, "\"\n")] = '\0';
            (void)snprintf(out, size, "%s", value);
            found = true;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static void read_system(char *out, size_t size)
{
    struct utsname names;
    char name[96] = "Linux";

    (void)find_value("/etc/os-release", "PRETTY_NAME", "=", name, sizeof(name));
    if (uname(&names) == 0) {
        (void)snprintf(out, size, "%s, %s %.64s", name, names.sysname,
                       names.release);
    } else {
        (void)snprintf(out, size, "%s", name);
    }
}

static void add(char *out, size_t size, const char *name, bool there)
{
    size_t len = strlen(out);

    if (there) {
        (void)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
                       name);
    }
}

static void read_kernels(char *out, size_t size)
{
    out[0] = '\0';
#if defined(__x86_64__)
    add(out, size, "AVX-512", slu_cpu_has_avx512());
    add(out, size, "AVX2", slu_cpu_has_avx2());
    add(out, size, "SSE4.2", slu_cpu_has_sse42());
#endif
    add(out, size, "portable C", true);
}

/* The first one of each is the one that is chosen. */
static void read_kernels_used(char *out, size_t size)
{
    (void)snprintf(out, size, "JSON %s, IPv4 %s, domains %s",
                   slu_json_kernel_best()->name, slu_ipv4_kernel_at(0).name,
                   slu_domain_kernel_at(0).name);
}

static void read_compiler(char *out, size_t size)
{
#if defined(__clang__)
    (void)snprintf(out, size, "clang %d.%d.%d, " SLU_BENCH_BUILD,
                   __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    (void)snprintf(out, size, "gcc %d.%d.%d, " SLU_BENCH_BUILD, __GNUC__,
                   __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

void slu_bench_machine_read(struct slu_bench_machine *out)
{
    time_t now = time(NULL);
    struct tm parts;

    memset(out, 0, sizeof(*out));
    (void)gmtime_r(&now, &parts);
    (void)strftime(out->date, sizeof(out->date), "%Y-%m-%d %H:%M UTC", &parts);
    if (!find_value("/proc/cpuinfo", "model name", ":", out->cpu,
                    sizeof(out->cpu))) {
        (void)snprintf(out->cpu, sizeof(out->cpu), "an unnamed CPU");
    }
    out->cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    out->memory_gb =
        (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / 1e9;
    read_kernels(out->kernels, sizeof(out->kernels));
    read_kernels_used(out->kernels_used, sizeof(out->kernels_used));
    read_system(out->system, sizeof(out->system));
    read_compiler(out->compiler, sizeof(out->compiler));
    (void)snprintf(out->version, sizeof(out->version), "%s", SLU_VERSION);
}
