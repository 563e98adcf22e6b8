/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All kernels agree, and with inet_pton on addresses; what it accepts prints as
 * a text that it accepts unchanged; a CIDR's host bits are zero.
 */
#include "codecs/ipv4_kernel.h"
#include "fuzz/demand.h"

#include <arpa/inet.h>

static bool accept_by_library(struct slu_view text, uint32_t *out_address)
{
    char copy[INET_ADDRSTRLEN];
    struct in_addr address;

    if (text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, &address) != 1) {
        return false;
    }
    *out_address = ntohl(address.s_addr);
    return true;
}

static void check_kernels(struct slu_view text)
{
    struct slu_cidr first = {0};
    bool first_normalised = false;
    enum slu_reason reason = slu_ipv4_match(text, &first, &first_normalised);
    struct slu_ipv4_kernel kernel;

    for (unsigned i = 0; (kernel = slu_ipv4_kernel_at(i)).name != NULL; i++) {
        struct slu_cidr cidr = {0};
        bool normalised = false;

        demand(kernel.match(text, &cidr, &normalised) == reason,
               "the same reason from every kernel");
        demand(cidr.address == first.address && cidr.prefix == first.prefix &&
                   normalised == first_normalised,
               "the same range from every kernel");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    struct slu_cidr cidr;
    struct slu_cidr again;
    char printed[SLU_IPV4_TEXT_MAX];
    bool normalised;
    uint32_t address;
    size_t len;
    enum slu_reason reason;

    if (size == 0) {
        return 0;
    }
    check_kernels(text);
    reason = slu_ipv4_match(text, &cidr, &normalised);
    if (memchr(data, '/', size) == NULL) {
        demand(accept_by_library(text, &address) == (reason == SLU_REASON_NONE),
               "the same answer as inet_pton");
        demand(reason != SLU_REASON_NONE || cidr.address == address,
               "the same address as inet_pton");
    }
    if (reason != SLU_REASON_NONE) {
        demand(slu_reason_class(reason) == SLU_REASON_CLASS_INVALID,
               "a reason of the invalid class");
        return 0;
    }
    demand(cidr.address <= slu_cidr_last(cidr) && cidr.prefix <= 32, "a range");
    len = slu_ipv4_format(cidr, printed);
    demand(len >= 7 && len <= SLU_IPV4_TEXT_MAX, "a text of 7 to 18 bytes");
    demand(normalised != slu_view_equal(slu_view_make(printed, len), text),
           "normalised tells whether the text changed");
    demand(slu_ipv4_match(slu_view_make(printed, len), &again, &normalised) ==
                   SLU_REASON_NONE &&
               !normalised && again.address == cidr.address &&
               again.prefix == cidr.prefix,
           "the printed text is canonical");
    return 0;
}
