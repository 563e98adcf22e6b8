/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the matcher accepts obeys rule R2, read here once more and by plain
 * loops, and is its own canonical form; all kernels and the scan agree.
 */
#include "codecs/domain_kernel.h"
#include "codecs/domain_scan.h"
#include "fuzz/demand.h"

/* Lower case already: the matcher's own output. */
static void check_rule(struct slu_view name, unsigned min_labels)
{
    unsigned labels = 1;
    size_t start = 0;
    bool letters = true;

    demand(name.len >= 1 && name.len <= 253, "1 to 253 bytes");
    for (size_t i = 0; i <= name.len; i++) {
        char byte = i < name.len ? name.ptr[i] : '.';

        if (byte == '.') {
            demand(i - start >= 1 && i - start <= 63, "labels of 1 to 63");
            demand(name.ptr[start] != '-' && name.ptr[i - 1] != '-',
                   "no hyphen at an edge");
            if (i < name.len) {
                start = i + 1;
                labels++;
                letters = true;
            }
            continue;
        }
        demand(strchr("abcdefghijklmnopqrstuvwxyz0123456789-", byte) != NULL &&
                   byte != '\0',
               "letters, digits, hyphens");
        letters &= byte >= 'a' && byte <= 'z';
    }
    demand(labels >= min_labels, "enough labels");
    demand(letters || (name.len - start > 4 &&
                       memcmp(name.ptr + start, "xn--", 4) == 0),
           "a last label of letters or an A-label");
}

static void check_kernels(struct slu_view text, enum slu_reason reason,
                          struct slu_view name)
{
    struct slu_domain_kernel kernel;
    char out[SLU_VALUE_MAX];
    size_t len;

    for (unsigned i = 0; (kernel = slu_domain_kernel_at(i)).name != NULL; i++) {
        demand(kernel.match(text, out, &len) == reason,
               "the same reason from every kernel");
        demand(reason != SLU_REASON_NONE ||
                   slu_view_equal(slu_view_make(out, len), name),
               "the same name from every kernel");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    char out[SLU_VALUE_MAX];
    char again[SLU_VALUE_MAX];
    size_t len = 0;
    size_t again_len;
    enum slu_reason reason = slu_domain_match(text, out, &len);
    bool wildcard = size >= 2 && memcmp(data, "*.", 2) == 0;
    bool ascii = true;

    check_kernels(text, reason, slu_view_make(out, len));
    for (size_t i = 0; i < size; i++) {
        ascii &= data[i] < 0x80;
    }
    if (ascii && !wildcard) {
        demand(slu_domain_scan(text, 2, again, &again_len) == reason,
               "the scan agrees");
        demand(reason != SLU_REASON_NONE ||
                   slu_view_equal(slu_view_make(out, len),
                                  slu_view_make(again, again_len)),
               "the scan gives the same name");
    }
    if (reason != SLU_REASON_NONE) {
        demand(slu_reason_class(reason) == SLU_REASON_CLASS_INVALID,
               "a reason of the invalid class");
        return 0;
    }
    demand(wildcard == (out[0] == '*'), "a wildcard stays one");
    check_rule(wildcard ? slu_view_make(out + 2, len - 2)
                        : slu_view_make(out, len),
               wildcard ? 1 : 2);
    demand(slu_domain_match(slu_view_make(out, len), again, &again_len) ==
                   SLU_REASON_NONE &&
               slu_view_equal(slu_view_make(out, len),
                              slu_view_make(again, again_len)),
           "the name is its own canonical form");
    return 0;
}
