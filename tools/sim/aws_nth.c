/* SPDX-License-Identifier: Apache-2.0 */
#include "aws_nth.h"

#include <string.h>

#include "query.h"

static const char expected[] =
    "N[:HOW], HOW a status of 400 to 599, reset, lost, done or hang";

static bool read_how(struct sim_fault *fault, const char *how)
{
    static const struct {
        const char *name;
        enum sim_fault_kind kind;
    } ways[] = {{"reset", SIM_FAULT_RESET_UNDONE},
                {"lost", SIM_FAULT_LOST},
                {"done", SIM_FAULT_DONE_500},
                {"hang", SIM_FAULT_HANG}};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i].name, how) == 0) {
            fault->kind = ways[i].kind;
            return true;
        }
    }
    fault->kind = SIM_FAULT_STATUS;
    return sim_query_number(how, &fault->number) && fault->number >= 400 &&
           fault->number <= 599;
}

const char *sim_nth_read(struct sim_nth *nth, const char *text)
{
    const char *colon = strchr(text, ':');
    size_t len = strcspn(text, ":");
    char number[16];
    int64_t n;

    if (len >= sizeof(number)) {
        return expected;
    }
    memcpy(number, text, len);
    number[len] = '\0';
    memset(&nth->fault, 0, sizeof(nth->fault));
    if (!sim_query_number(number, &n) ||
        !read_how(&nth->fault, colon != NULL ? colon + 1 : "500")) {
        return expected;
    }
    nth->strikes_at = n > 0 ? nth->arrived + (uint64_t)n : 0;
    return NULL;
}

const struct sim_fault *sim_nth_count(struct sim_nth *nth)
{
    nth->arrived++;
    if (nth->arrived != nth->strikes_at) {
        return NULL;
    }
    nth->struck++;
    return &nth->fault;
}
