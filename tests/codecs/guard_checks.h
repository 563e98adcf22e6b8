/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the guard rails and of the allow file have in common. */
#ifndef TESTS_CODECS_GUARD_CHECKS_H
#define TESTS_CODECS_GUARD_CHECKS_H

#include "codecs/guard.h"

#include <criterion/criterion.h>

static const struct slu_guard_options defaults = {.cidr_min_prefix = 8};

static inline struct slu_guard *make_guard(const char *allow_text)
{
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &defaults);
    struct slu_error error;

    cr_assert_not_null(guard);
    cr_assert_eq(slu_guard_allow(guard, slu_view_str(allow_text), &error),
                 SLU_ERR_OK);
    return guard;
}

static inline enum slu_reason check_ip(const struct slu_guard *guard,
                                       const char *text)
{
    struct slu_cidr cidr;

    cr_assert_eq(slu_ipv4_match(slu_view_str(text), &cidr, NULL),
                 SLU_REASON_NONE, "%s", text);
    return slu_guard_check_ip(guard, cidr);
}

static inline void expect_ip(const struct slu_guard *guard, const char *text,
                             enum slu_reason reason)
{
    enum slu_reason got = check_ip(guard, text);

    cr_assert_eq(got, reason, "%s is %s, not %s", text, slu_reason_name(got),
                 slu_reason_name(reason));
}

static inline void expect_domain(const struct slu_guard *guard,
                                 const char *text, enum slu_reason reason)
{
    enum slu_reason got = slu_guard_check_domain(guard, slu_view_str(text));

    cr_assert_eq(got, reason, "%s is %s, not %s", text, slu_reason_name(got),
                 slu_reason_name(reason));
}

/* The same of several: EXPECT_IPS(guard, reason, "1.2.3.4", "5.6.7.8"); */
#define EXPECT_IPS(guard, reason, ...)                                         \
    EXPECT_EACH(expect_ip, guard, reason, __VA_ARGS__)
#define EXPECT_DOMAINS(guard, reason, ...)                                     \
    EXPECT_EACH(expect_domain, guard, reason, __VA_ARGS__)

#define EXPECT_EACH(expect, guard, reason, ...)                                \
    do {                                                                       \
        static const char *const each[] = {__VA_ARGS__};                       \
                                                                               \
        for (size_t i_ = 0; i_ < sizeof(each) / sizeof(each[0]); i_++) {       \
            expect(guard, each[i_], reason);                                   \
        }                                                                      \
    } while (0)

#endif
