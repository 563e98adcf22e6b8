/* SPDX-License-Identifier: Apache-2.0 */
/* Which scan kernel this CPU can run. */
#include "codecs/json_scan.h"

#include "codecs/cpu.h"

#define KERNELS_MAX 3

static unsigned list_kernels(const struct slu_json_kernel *out[KERNELS_MAX])
{
    unsigned count = 0;

#if defined(__x86_64__)
    if (slu_cpu_has_avx512() && __builtin_cpu_supports("avx512vbmi2")) {
        out[count++] = &slu_json_kernel_avx512;
    }
    if (slu_cpu_has_avx2()) {
        out[count++] = &slu_json_kernel_avx2;
    }
#endif
    out[count++] = &slu_json_kernel_portable;
    return count;
}

const struct slu_json_kernel *slu_json_kernel_best(void)
{
    return slu_json_kernel_at(0);
}

const struct slu_json_kernel *slu_json_kernel_at(unsigned index)
{
    const struct slu_json_kernel *kernels[KERNELS_MAX];

    return index < list_kernels(kernels) ? kernels[index] : NULL;
}

void slu_json_scan_init(struct slu_json_scan *self, unsigned depth)
{
    *self = (struct slu_json_scan){.depth = depth, .base = depth};
}
