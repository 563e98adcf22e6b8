/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"

static const char *const names[] = {"none",
#define FAULT_NAME(id, name, help) name,
                                    SIM_FAULTS(FAULT_NAME)
#undef FAULT_NAME
};

static const char aws_endpoints[] =
    "list, get, detectors, sets, set-lists, sts, imds,\n  container, anywhere,"
    " s3, secrets, iam";

/* Identities struck, by hash; a newer one takes an older one's place. */
static uint64_t memory[SIM_FAULT_MEMORY];

const char *sim_fault_name(enum sim_fault_kind kind)
{
    return names[kind];
}

void sim_fault_help(void)
{
    printf("\nfaults, each as --fault NAME[=ARG,...]:\n");
#define FAULT_HELP(id, name, help) printf("  %-20s %s\n", name, help);
    SIM_FAULTS(FAULT_HELP)
#undef FAULT_HELP
    printf("\narguments: every:N (the default, N 5), always, once, first:N,"
           " after:N, nth:N,\n  times:N (at most), p:0.05, on:stream, on:list"
           " (of GTI), op:OPERATION (of AWS:\n  PutObject), endpoint:E (of"
           " AWS: %s),\n  retry:SECONDS, ms:N, mb:N, persistent, or a number"
           " for poison, 401-later and\n  daily-quota. A request that was"
           " struck succeeds when it comes again, unless the\n  fault is"
           " persistent.\n",
           aws_endpoints);
}

/* `key:number` of this argument's key; false if it is another key. */
static bool read_keyed(const char *arg, const char *key, int64_t *out)
{
    size_t len = strlen(key);
    char *end;

    if (strncmp(arg, key, len) != 0 || arg[len] != ':') {
        return false;
    }
    *out = strtoll(arg + len + 1, &end, 10);
    return end != arg + len + 1 && *end == '\0' && *out >= 0;
}

static bool read_when(struct sim_fault *fault, const char *arg)
{
    char *end;

    if (strcmp(arg, "always") == 0) {
        fault->when = SIM_WHEN_ALWAYS;
    } else if (strcmp(arg, "once") == 0) {
        fault->when = SIM_WHEN_FIRST;
        fault->n = 1;
    } else if (read_keyed(arg, "every", &fault->n)) {
        fault->when = SIM_WHEN_EVERY;
        return fault->n > 0;
    } else if (read_keyed(arg, "first", &fault->n)) {
        fault->when = SIM_WHEN_FIRST;
    } else if (read_keyed(arg, "after", &fault->n)) {
        fault->when = SIM_WHEN_AFTER;
    } else if (read_keyed(arg, "nth", &fault->n)) {
        fault->when = SIM_WHEN_NTH;
    } else if (strncmp(arg, "p:", 2) == 0) {
        fault->when = SIM_WHEN_CHANCE;
        fault->p = strtod(arg + 2, &end);
        return end != arg + 2 && *end == '\0' && fault->p >= 0 && fault->p <= 1;
    } else {
        return false;
    }
    return true;
}

/* `endpoint:E`, kept as `aws:E` so that it differs from GTI's names. */
static bool read_endpoint(struct sim_fault *fault, const char *arg)
{
    static const char *const known[] = {
        "list", "get",       "detectors", "sets", "set-lists", "sts",
        "imds", "container", "anywhere",  "s3",   "secrets",   "iam"};

    if (strncmp(arg, "endpoint:", 9) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(arg + 9, known[i]) == 0) {
            snprintf(fault->endpoint, sizeof(fault->endpoint), "aws:%s",
                     known[i]);
            return true;
        }
    }
    return false;
}

static bool read_argument(struct sim_fault *fault, const char *arg)
{
    char *end;

    if (strcmp(arg, "persistent") == 0) {
        fault->persistent = true;
        return true;
    }
    if (strcmp(arg, "on:stream") == 0 || strcmp(arg, "on:list") == 0) {
        snprintf(fault->endpoint, sizeof(fault->endpoint), "%s", arg + 3);
        return true;
    }
    if (strncmp(arg, "op:", 3) == 0) {
        snprintf(fault->operation, sizeof(fault->operation), "%s", arg + 3);
        return arg[3] != '\0';
    }
    if (read_keyed(arg, "retry", &fault->retry_s) ||
        read_keyed(arg, "times", &fault->times) ||
        read_keyed(arg, "ms", &fault->slow_ms) ||
        read_keyed(arg, "mb", &fault->megabytes) || read_when(fault, arg) ||
        read_endpoint(fault, arg)) {
        return true;
    }
    fault->number = strtoll(arg, &end, 10);
    return end != arg && *end == '\0' && fault->number >= 0;
}

static enum sim_fault_kind find_kind(const char *name)
{
    for (int kind = 1; kind < SIM_FAULT_KINDS; kind++) {
        if (strcmp(names[kind], name) == 0) {
            return (enum sim_fault_kind)kind;
        }
    }
    return SIM_FAULT_NONE;
}

/* Faults that stay once they have come, whatever the schedule says. */
static void set_nature(struct sim_fault *fault)
{
    if (fault->kind == SIM_FAULT_DAILY_QUOTA ||
        fault->kind == SIM_FAULT_401_LATER) {
        fault->when = SIM_WHEN_AFTER;
        fault->persistent = true;
    }
    if (fault->kind == SIM_FAULT_NOT_AVAILABLE) {
        fault->when = SIM_WHEN_ALWAYS; /* of the few that it may strike */
    }
}

const char *sim_fault_add(struct sim_fault_plan *plan, const char *text)
{
    struct sim_fault *fault;
    char copy[256];
    char *rest = NULL;
    char *args;

    if (plan->count == SIM_FAULT_MAX || strlen(text) >= sizeof(copy)) {
        return "one of at most 16 short faults";
    }
    snprintf(copy, sizeof(copy), "%s", text);
    args = strchr(copy, '=');
    if (args != NULL) {
        *args++ = '\0';
    }
    fault = &plan->fault[plan->count];
    *fault = (struct sim_fault){.kind = find_kind(copy),
                                .when = SIM_WHEN_EVERY,
                                .n = 5,
                                .retry_s = 1,
                                .slow_ms = 20,
                                .megabytes = 64};
    if (fault->kind == SIM_FAULT_NONE) {
        return "the name of a fault (see --help)";
    }
    set_nature(fault);
    for (char *arg = args != NULL ? strtok_r(args, ",", &rest) : NULL;
         arg != NULL; arg = strtok_r(NULL, ",", &rest)) {
        if (!read_argument(fault, arg)) {
            return "a fault with arguments that it takes (see --help)";
        }
    }
    if (fault->kind == SIM_FAULT_STATUS &&
        (fault->number < 400 || fault->number > 599)) {
        return "status=N, 400 to 599";
    }
    if (fault->number > 0 && fault->kind != SIM_FAULT_POISON &&
        fault->kind != SIM_FAULT_STATUS) {
        fault->n = fault->number;
    }
    plan->count++;
    return NULL;
}

static bool is_meant(const struct sim_fault *fault,
                     const struct sim_fault_trial *trial)
{
    return (fault->endpoint[0] == '\0' ||
            strcmp(fault->endpoint, trial->endpoint) == 0) &&
           (fault->operation[0] == '\0' ||
            (trial->operation != NULL &&
             strcmp(fault->operation, trial->operation) == 0));
}

/* Some faults can strike only some requests. */
static bool may_strike(const struct sim_fault *fault,
                       const struct sim_fault_trial *trial)
{
    if (!is_meant(fault, trial)) {
        return false;
    }
    switch (fault->kind) {
    case SIM_FAULT_POISON:
        return false;
    case SIM_FAULT_NULL_ARRAYS:
        return trial->aws; /* GTI's renderer asks for it itself */
    case SIM_FAULT_REPEATED_CURSOR:
        return trial->has_cursor && !trial->aws;
    case SIM_FAULT_DEAD_CURSOR:
        return trial->has_cursor;
    case SIM_FAULT_REPEATED_TOKEN:
        return trial->has_cursor && trial->aws;
    case SIM_FAULT_THROTTLING:
    case SIM_FAULT_TOO_MANY:
    case SIM_FAULT_429_NO_CODE:
    case SIM_FAULT_429_EMPTY:
    case SIM_FAULT_EXPIRED_TOKEN:
    case SIM_FAULT_STATUS:
    case SIM_FAULT_RESET_UNDONE:
    case SIM_FAULT_LOST:
    case SIM_FAULT_DONE_500:
    case SIM_FAULT_HANG:
        return trial->aws;
    case SIM_FAULT_CONFLICT:
        return trial->conditional;
    case SIM_FAULT_ERROR_IN_200:
        return strcmp(trial->endpoint, "aws:s3") == 0;
    case SIM_FAULT_EMPTY_PAGE:
        return strcmp(trial->endpoint, "aws:list") == 0 ||
               strcmp(trial->endpoint, "aws:set-lists") == 0 ||
               strcmp(trial->endpoint, "aws:detectors") == 0;
    case SIM_FAULT_NOT_AVAILABLE:
        return trial->newest;
    case SIM_FAULT_GZIP_BOMB:
    case SIM_FAULT_GZIP_CUT:
    case SIM_FAULT_PLAIN_BODY:
    case SIM_FAULT_UNCOMPRESSED_ERROR:
        return trial->gzip;
    default:
        return true;
    }
}

static bool is_due(const struct sim_fault *fault, uint64_t seed)
{
    double chance;

    if (fault->times > 0 && fault->struck >= (uint64_t)fault->times) {
        return false;
    }
    switch (fault->when) {
    case SIM_WHEN_EVERY:
        return fault->seen % (uint64_t)fault->n == 0;
    case SIM_WHEN_ALWAYS:
        return true;
    case SIM_WHEN_FIRST:
        return fault->struck < (uint64_t)fault->n;
    case SIM_WHEN_AFTER:
        return fault->seen > (uint64_t)fault->n;
    case SIM_WHEN_NTH:
        return fault->seen == (uint64_t)fault->n;
    case SIM_WHEN_CHANCE:
        chance = (double)(sim_mix3(seed, fault->kind, fault->seen) >> 11);
        return chance / 9007199254740992.0 < fault->p;
    }
    return false;
}

/* True the first time that this fault meets this request. */
static bool remember(const struct sim_fault *fault,
                     const struct sim_fault_trial *trial)
{
    uint64_t mark = sim_mix2(trial->identity, fault->kind) | 1;
    uint64_t *slot = &memory[mark / 2 % SIM_FAULT_MEMORY];

    if (*slot == mark) {
        return false;
    }
    *slot = mark;
    return true;
}

const struct sim_fault *sim_fault_pick(struct sim_fault_plan *plan,
                                       const struct sim_fault_trial *trial)
{
    const struct sim_fault *picked = NULL;

    for (unsigned i = 0; i < plan->count; i++) {
        struct sim_fault *fault = &plan->fault[i];

        if (!may_strike(fault, trial)) {
            continue;
        }
        fault->seen++;
        if (picked != NULL || !is_due(fault, trial->seed)) {
            continue;
        }
        if (fault->persistent || fault->when == SIM_WHEN_NTH ||
            remember(fault, trial)) {
            fault->struck++;
            picked = fault;
        }
    }
    return picked;
}

struct sim_fault *sim_fault_find(struct sim_fault_plan *plan,
                                 enum sim_fault_kind kind)
{
    for (unsigned i = 0; i < plan->count; i++) {
        if (plan->fault[i].kind == kind) {
            return &plan->fault[i];
        }
    }
    return NULL;
}

bool sim_fault_poisons(const struct sim_fault_plan *plan, int64_t unix_s)
{
    for (unsigned i = 0; i < plan->count; i++) {
        if (plan->fault[i].kind == SIM_FAULT_POISON &&
            plan->fault[i].number == unix_s) {
            return true;
        }
    }
    return false;
}
