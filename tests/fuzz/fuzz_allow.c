/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allow file of any bytes: either every entry is then allowed, or the error
 * names a line that exists, at its offset. Each line is judged once more by
 * the matchers.
 */
#include "codecs/domain.h"
#include "codecs/guard.h"
#include "fuzz/demand.h"

static struct slu_view trim(struct slu_view line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == '#') {
            line.len = i;
        }
    }
    while (line.len > 0 && strchr(" \t\r", line.ptr[0]) != NULL &&
           line.ptr[0] != '\0') {
        line = slu_view_make(line.ptr + 1, line.len - 1);
    }
    while (line.len > 0 && strchr(" \t\r", line.ptr[line.len - 1]) != NULL &&
           line.ptr[line.len - 1] != '\0') {
        line.len--;
    }
    return line;
}

/* False when the entry is none; else it must be allowed by now. */
static bool check_entry(const struct slu_guard *guard, struct slu_view entry)
{
    struct slu_cidr cidr;
    char domain[SLU_VALUE_MAX];
    size_t len;

    if (slu_ipv4_match(entry, &cidr, NULL) == SLU_REASON_NONE) {
        demand(slu_guard_check_ip(guard, cidr) == SLU_REASON_ALLOWED,
               "an address of the file is allowed");
        return true;
    }
    if (slu_domain_match(entry, domain, &len) == SLU_REASON_NONE) {
        demand(slu_guard_check_domain(guard, slu_view_make(domain, len)) ==
                   SLU_REASON_ALLOWED,
               "a name of the file is allowed");
        return true;
    }
    return false;
}

/* Walks the lines up to the one at `stop`; that one must be no entry, and all
 * before it entries or blank. */
static void check_lines(const struct slu_guard *guard, struct slu_view text,
                        uint64_t stop, bool failed)
{
    size_t start = 0;

    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) {
        start = 3;
    }
    for (size_t i = start; i <= text.len; i++) {
        struct slu_view entry;

        if (i < text.len && text.ptr[i] != '\n') {
            continue;
        }
        entry = trim(slu_view_make(text.ptr + start, i - start));
        if (failed && start == stop) {
            demand(entry.len > 0 && !check_entry(guard, entry),
                   "the named line is wrong");
            return;
        }
        demand(entry.len == 0 || check_entry(guard, entry),
               "the lines before it are right");
        start = i + 1;
    }
    demand(!failed, "the named line exists");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_guard_options options = {.allow_non_global = true,
                                        .allow_public_suffixes = true};
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &options);
    struct slu_view text = slu_view_make((const char *)data, size);
    struct slu_error error = {0};
    enum slu_err err;

    demand(guard != NULL, "memory");
    err = slu_guard_allow(guard, text, &error);
    demand(err == SLU_ERR_OK || err == SLU_ERR_CONFIG, "OK or CONFIG");
    demand(error.code == err, "the error is filled in");
    check_lines(guard, text, error.offset, err == SLU_ERR_CONFIG);
    slu_guard_free(guard);
    return 0;
}
