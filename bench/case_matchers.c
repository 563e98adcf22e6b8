/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matchers on a mix of values, nine in ten valid, in an order that can't be
 * learnt. Beside them what one would use instead: inet_pton, with strtoul for a
 * prefix, and a POSIX regular expression. All take the same values, which is
 * checked one by one. And all kernels are held against each other, on values
 * that are changed at random: the reason of each, and what it made of it.
 */
#include "bench/values.h"
#include "codecs/domain_kernel.h"
#include "codecs/ipv4_kernel.h"

#include <arpa/inet.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define VALUES 65536
#define VALUES_SLOW 4096 /* of them for a regular expression, which is slow */
#define SPOILT 1000000

#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define ADDRESS OCTET "\\." OCTET "\\." OCTET "\\." OCTET
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

struct mix {
    struct slu_bench *bench;
    enum slu_bench_value kind;
    regex_t regex;
    size_t count;
    struct slu_view values[VALUES]; /* each has a zero behind it */
    char text[VALUES * 32];         /* one behind the other, as in a page */
};

/* ---- ways to match ---- */

/* Each takes the first count values and returns a sum over what it made of
 * those that are valid. */
typedef uint64_t (*pass_fn)(const struct mix *mix, size_t count);

static uint64_t sum_range(struct slu_cidr cidr)
{
    return ((uint64_t)cidr.address << 6 | cidr.prefix) + 1;
}

static uint64_t pass_ipv4(const struct mix *mix, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        struct slu_cidr cidr;

        if (slu_ipv4_match(mix->values[i], &cidr, NULL) == SLU_REASON_NONE) {
            sum += sum_range(cidr);
        }
    }
    return sum;
}

static uint64_t pass_ipv4_portable(const struct mix *mix, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        struct slu_cidr cidr;

        if (slu_ipv4_match_portable(mix->values[i], &cidr, NULL) ==
            SLU_REASON_NONE) {
            sum += sum_range(cidr);
        }
    }
    return sum;
}

static uint64_t pass_pton(const struct mix *mix, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        struct in_addr address;

        if (inet_pton(AF_INET, mix->values[i].ptr, &address) == 1) {
            sum += sum_range((struct slu_cidr){ntohl(address.s_addr), 32});
        }
    }
    return sum;
}

/* What stands behind the '/': digits alone, and no leading zero. */
static bool read_prefix(const char *text, unsigned *out_prefix)
{
    char *end;

    if (text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1] != '\0')) {
        return false;
    }
    *out_prefix = (unsigned)strtoul(text, &end, 10);
    return *end == '\0' && *out_prefix <= 32;
}

static uint64_t pass_pton_prefix(const struct mix *mix, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        const char *text = mix->values[i].ptr;
        const char *slash = strchr(text, '/');
        char copy[INET_ADDRSTRLEN] = "";
        unsigned prefix = 32;
        struct in_addr address;
        uint32_t bits;

        if (slash != NULL) {
            if (slash - text >= INET_ADDRSTRLEN ||
                !read_prefix(slash + 1, &prefix)) {
                continue;
            }
            memcpy(copy, text, (size_t)(slash - text));
            text = copy;
        }
        if (inet_pton(AF_INET, text, &address) == 1) {
            bits = ntohl(address.s_addr) &
                   (uint32_t)(UINT64_C(0xffffffff00000000) >> prefix);
            sum += sum_range((struct slu_cidr){bits, (uint8_t)prefix});
        }
    }
    return sum;
}

static uint64_t pass_domain(const struct mix *mix, size_t count)
{
    uint64_t sum = 0;
    char out[SLU_VALUE_MAX];
    size_t len;

    for (size_t i = 0; i < count; i++) {
        if (slu_domain_match(mix->values[i], out, &len) == SLU_REASON_NONE) {
            sum += len * (unsigned char)out[len / 2];
        }
    }
    return sum;
}

static uint64_t pass_domain_portable(const struct mix *mix, size_t count)
{
    uint64_t sum = 0;
    char out[SLU_VALUE_MAX];
    size_t len;

    for (size_t i = 0; i < count; i++) {
        if (slu_domain_match_portable(mix->values[i], out, &len) ==
            SLU_REASON_NONE) {
            sum += len * (unsigned char)out[len / 2];
        }
    }
    return sum;
}

static bool fits_regex(const struct mix *mix, size_t at)
{
    return regexec(&mix->regex, mix->values[at].ptr, 0, NULL, 0) == 0;
}

static uint64_t pass_regex(const struct mix *mix, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += fits_regex(mix, i);
    }
    return sum;
}

/* ---- the three figures ---- */

struct subject {
    enum slu_bench_value kind;
    const char *name;
    double limit;
    const char *pattern;
    pass_fn ours;
    pass_fn portable;
    pass_fn library; /* or NULL */
    const char *library_name;
};

static const struct subject subjects[] = {
    {SLU_BENCH_ADDRESS, "IPv4 address", 8, "^" ADDRESS "$", pass_ipv4,
     pass_ipv4_portable, pass_pton, "inet_pton"},
    {SLU_BENCH_RANGE, "IPv4 range (CIDR)", 10,
     "^" ADDRESS "(/(3[0-2]|[12]?[0-9]))?$", pass_ipv4, pass_ipv4_portable,
     pass_pton_prefix, "inet_pton and strtoul"},
    {SLU_BENCH_NAME, "domain name", 15,
     "^(\\*\\.)?(" LABEL "\\.)+[A-Za-z]{1,63}\\.?$", pass_domain,
     pass_domain_portable, NULL, NULL},
};

static bool accepts(enum slu_bench_value kind, struct slu_view value)
{
    struct slu_cidr cidr;
    char out[SLU_VALUE_MAX];
    size_t len;

    return (kind == SLU_BENCH_NAME
                ? slu_domain_match(value, out, &len)
                : slu_ipv4_match(value, &cidr, NULL)) == SLU_REASON_NONE;
}

static void fill_mix(struct mix *self, const struct subject *subject)
{
    struct slu_bench_random random = {self->bench->seed};
    char value[SLU_BENCH_VALUE_MAX];
    size_t at = 0;
    int status =
        regcomp(&self->regex, subject->pattern, REG_EXTENDED | REG_NOSUB);

    slu_bench_require(self->bench, status == 0, "regcomp failed: %d", status);
    self->kind = subject->kind;
    self->count = self->bench->size == SLU_BENCH_SMOKE ? VALUES_SLOW : VALUES;
    for (size_t i = 0; i < self->count; i++) {
        size_t len = slu_bench_value(&random, self->kind, value);

        slu_bench_require(self->bench, at + len < sizeof(self->text),
                          "the values don't fit");
        memcpy(self->text + at, value, len + 1);
        self->values[i] = slu_view_make(self->text + at, len);
        at += len + 1;
    }
}

static void check_mix(const struct mix *self, const struct subject *subject)
{
    uint64_t sum = subject->ours(self, self->count);

    slu_bench_require(self->bench, subject->portable(self, self->count) == sum,
                      "%s: the portable kernel differs", subject->name);
    slu_bench_require(self->bench,
                      subject->library == NULL ||
                          subject->library(self, self->count) == sum,
                      "%s: %s differs", subject->name, subject->library_name);
    for (size_t i = 0; i < self->count; i++) {
        slu_bench_require(
            self->bench,
            accepts(self->kind, self->values[i]) == fits_regex(self, i),
            "'%s': the regular expression differs", self->values[i].ptr);
    }
}

static double time_pass(const struct mix *mix, pass_fn pass, size_t count)
{
    double began = slu_bench_cpu_s();
    uint64_t sum = pass(mix, count);

    slu_bench_keep(&sum);
    return (slu_bench_cpu_s() - began) * 1e9 / (double)count;
}

static void measure(const struct mix *mix, const struct subject *subject)
{
    struct slu_bench_figure figure = {
        .name = subject->name,
        .unit = "ns",
        .better = SLU_BENCH_LESS,
        .limit = subject->limit,
        .note = "one value in ten is invalid",
        .rivals = {{.name = "POSIX regex"},
                   {.name = "sluice without vector code"},
                   {.name = subject->library_name}},
    };

    while (slu_bench_round(mix->bench, 31, 0.5)) {
        slu_bench_add(&figure.ours, time_pass(mix, subject->ours, mix->count));
        slu_bench_add(&figure.rivals[0].series,
                      time_pass(mix, pass_regex, VALUES_SLOW));
        slu_bench_add(&figure.rivals[1].series,
                      time_pass(mix, subject->portable, mix->count));
        if (subject->library != NULL) {
            slu_bench_add(&figure.rivals[2].series,
                          time_pass(mix, subject->library, mix->count));
        }
    }
    slu_bench_figure(mix->bench, &figure);
}

/* ---- kernels against each other ---- */

static void compare_ipv4(struct slu_bench *bench, struct slu_view text)
{
    struct slu_cidr expected = {0};
    bool changed = false;
    enum slu_reason reason = slu_ipv4_match(text, &expected, &changed);
    struct slu_ipv4_kernel kernel;

    for (unsigned i = 0; (kernel = slu_ipv4_kernel_at(i)).name != NULL; i++) {
        struct slu_cidr cidr = {0};
        bool normalised = false;

        slu_bench_require(
            bench,
            kernel.match(text, &cidr, &normalised) == reason &&
                cidr.address == expected.address &&
                cidr.prefix == expected.prefix && normalised == changed,
            "'%.*s': the kernel %s differs", SLU_VIEW_ARGS(text), kernel.name);
    }
}

static void compare_domain(struct slu_bench *bench, struct slu_view text)
{
    char expected[SLU_VALUE_MAX];
    size_t expected_len = 0;
    enum slu_reason reason = slu_domain_match(text, expected, &expected_len);
    struct slu_domain_kernel kernel;

    for (unsigned i = 0; (kernel = slu_domain_kernel_at(i)).name != NULL; i++) {
        char out[SLU_VALUE_MAX];
        size_t len = 0;
        bool same = kernel.match(text, out, &len) == reason &&
                    (reason != SLU_REASON_NONE ||
                     slu_view_equal(slu_view_make(out, len),
                                    slu_view_make(expected, expected_len)));

        slu_bench_require(bench, same, "'%.*s': the kernel %s differs",
                          SLU_VIEW_ARGS(text), kernel.name);
    }
}

static void compare_kernels(struct slu_bench *bench, enum slu_bench_value kind)
{
    struct slu_bench_random random = {bench->seed + 1};
    unsigned count = bench->size == SLU_BENCH_SMOKE ? SPOILT / 50 : SPOILT;

    for (unsigned i = 0; i < count; i++) {
        /* Two bytes more than the longest value needs. */
        char text[SLU_BENCH_VALUE_MAX + 2];
        size_t len = slu_bench_value(&random, kind, text);
        struct slu_view view =
            slu_view_make(text, slu_bench_spoil(&random, text, len));

        if (kind == SLU_BENCH_NAME) {
            compare_domain(bench, view);
        } else {
            compare_ipv4(bench, view);
        }
    }
}

static void run(struct slu_bench *bench)
{
    struct mix *mix = slu_alloc_get(bench->alloc, sizeof(*mix));

    slu_bench_require(bench, mix != NULL, "out of memory");
    mix->bench = bench;
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        fill_mix(mix, &subjects[i]);
        check_mix(mix, &subjects[i]);
        compare_kernels(bench, subjects[i].kind);
        measure(mix, &subjects[i]);
        regfree(&mix->regex);
    }
    slu_alloc_put(bench->alloc, mix, sizeof(*mix));
}

const struct slu_bench_case slu_bench_case_matchers = {
    .name = "matchers",
    .title = "Matchers",
    .what = "Is a text an IPv4 address, a range, a domain name? One in ten of "
            "the values is none. A match gives the number or the name in "
            "canonical form, a mismatch the reason. CPU time of one value.",
    .needs = "",
    .normal = true,
    .run = run,
};
