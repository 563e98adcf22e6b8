/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how the simulator misbehaves. A plan holds the faults that were asked
 * for; a trial, made for each request, says which one (if any) strikes it.
 *
 * Limits: a fault strikes one request only once, unless it is permanent by
 * nature or `persistent` was said: a client that tries again gets through. A
 * request's identity is its path and query with the cursor replaced by the
 * position that it means. The last SIM_FAULT_MEMORY struck are remembered.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_FAULT_MAX 16
#define SIM_FAULT_MEMORY 65536

/* Name, the method below HTTP or above it, and one line of help. */
#define SIM_FAULTS(X)                                                          \
    X(429_SECONDS, "429-seconds", "JSON and Retry-After in seconds (retry:N)") \
    X(429_DATE, "429-date", "JSON and Retry-After as a date (retry:N)")        \
    X(429_ABSENT, "429-absent", "JSON without Retry-After")                    \
    X(429_HTML, "429-html", "the load balancer's HTML page")                   \
    X(DAILY_QUOTA, "daily-quota", "429 for good after N requests (=N)")        \
    X(500, "500", "HTML server error")                                         \
    X(503, "503", "JSON TransientError")                                       \
    X(504, "504", "JSON DeadlineExceededError")                                \
    X(504_HTML, "504-html", "HTML gateway timeout")                            \
    X(SLOW, "slow", "the body in 32 pieces, ms:N apart")                       \
    X(STALL, "stall", "half the body, then silence")                           \
    X(RESET_HEAD, "reset-head", "reset before the first byte")                 \
    X(RESET_BODY, "reset-body", "reset after half the body")                   \
    X(CUT_BODY, "cut-body", "closed after half the body")                      \
    X(LENGTH_LONG, "lying-length-long", "Content-Length too large")            \
    X(LENGTH_SHORT, "lying-length-short", "Content-Length too small")          \
    X(NOT_JSON, "not-json", "200 with HTML")                                   \
    X(TRUNCATED_JSON, "truncated-json", "valid HTTP, half the JSON")           \
    X(BAD_UTF8, "bad-utf8", "a byte 0xff in a string")                         \
    X(CONTROL_CHAR, "control-char", "a byte 0x01 in a string")                 \
    X(UNBALANCED, "unbalanced", "one } is a ]")                                \
    X(NULL_ARRAYS, "null-arrays", "every empty array is null")                 \
    X(REPEATED_CURSOR, "repeated-cursor", "meta.cursor is the one sent")       \
    X(DEAD_CURSOR, "dead-cursor", "400 for a cursor")                          \
    X(POISON, "poison", "400 for good for pages with second N (=N)")           \
    X(GZIP_BOMB, "gzip-bomb", "spaces, mb:N inflated")                         \
    X(GZIP_CUT, "gzip-cut", "valid HTTP, the gzip stream cut")                 \
    X(PLAIN_BODY, "plain-body", "200 uncompressed though gzip was asked")      \
    X(UNCOMPRESSED_ERROR, "uncompressed-error", "503 as plain JSON to gzip")   \
    X(NOT_AVAILABLE, "not-available",                                          \
      "one hour more of delay for the newest hour")                            \
    X(401_LATER, "401-later", "wrong key for good after N requests (=N)")      \
    X(THROTTLING, "throttling", "AWS: 400 ThrottlingException")                \
    X(TOO_MANY, "too-many-requests", "AWS: 429 TooManyRequestsException")      \
    X(429_NO_CODE, "429-no-code", "AWS: 429 that names no code")               \
    X(429_EMPTY, "429-empty", "AWS: 429 without code and body")                \
    X(EXPIRED_TOKEN, "expired-token", "AWS: 403 ExpiredTokenException")        \
    X(REPEATED_TOKEN, "repeated-token", "AWS: nextToken is the one sent")      \
    X(EMPTY_PAGE, "empty-page", "AWS: a page without items, with a token")     \
    X(STATUS, "status", "AWS: error status N (=N), nothing done")              \
    X(RESET_UNDONE, "reset-undone", "AWS: reset, nothing done")                \
    X(LOST, "lost", "AWS: done, then closed without an answer")                \
    X(DONE_500, "500-done", "AWS: done, then answered 500")                    \
    X(HANG, "hang", "AWS: done, then silence")                                 \
    X(CONFLICT, "conflict",                                                    \
      "S3: 409 ConditionalRequestConflict to writes with conditions")          \
    X(ERROR_IN_200, "error-in-200", "S3: 200 with white space and <Error>")

enum sim_fault_kind {
    SIM_FAULT_NONE,
#define SIM_FAULT_ENUM(id, name, help) SIM_FAULT_##id,
    SIM_FAULTS(SIM_FAULT_ENUM)
#undef SIM_FAULT_ENUM
        SIM_FAULT_KINDS
};

enum sim_fault_when {
    SIM_WHEN_EVERY,  /* each n-th request of those it may strike */
    SIM_WHEN_ALWAYS, /* each request, once unless persistent */
    SIM_WHEN_FIRST,  /* the first n */
    SIM_WHEN_AFTER,  /* all after the n-th */
    SIM_WHEN_NTH,    /* the n-th alone, even if it came before */
    SIM_WHEN_CHANCE, /* with probability p */
};

struct sim_fault {
    enum sim_fault_kind kind;
    enum sim_fault_when when;
    int64_t n;
    double p;
    int64_t number; /* the fault's own: second, or requests */
    int64_t retry_s;
    int64_t slow_ms;
    int64_t megabytes;
    int64_t times;      /* at most so often; 0: no limit */
    char endpoint[24];  /* "", "stream", "list", or "aws:" and a name */
    char operation[48]; /* "": any; an AWS operation's name */
    bool persistent;
    uint64_t seen;
    uint64_t struck;
};

struct sim_fault_plan {
    struct sim_fault fault[SIM_FAULT_MAX];
    unsigned count;
};

/* What is known of a request when its fault is chosen. */
struct sim_fault_trial {
    uint64_t seed;
    uint64_t identity;
    const char *endpoint;  /* "stream", "list", "aws:sts", ... */
    const char *operation; /* of AWS; NULL elsewhere */
    bool aws;              /* it is a request to an AWS service */
    bool conditional;      /* a write with If-Match or If-None-Match */
    bool has_cursor;       /* or a nextToken that isn't empty */
    bool gzip;             /* the answer would be compressed */
    bool newest;           /* it asks for the newest hourly package */
};

/* Adds `NAME[=ARG,...]`; NULL, or what was expected instead. */
const char *sim_fault_add(struct sim_fault_plan *plan, const char *text);

/* The fault that strikes this request, or NULL. Poison never comes from
   here: it strikes results, see sim_fault_poisons(). */
const struct sim_fault *sim_fault_pick(struct sim_fault_plan *plan,
                                       const struct sim_fault_trial *trial);

/* The plan's first fault of `kind`, or NULL. */
struct sim_fault *sim_fault_find(struct sim_fault_plan *plan,
                                 enum sim_fault_kind kind);

/* True if a page holding an item of this second must answer 400. */
bool sim_fault_poisons(const struct sim_fault_plan *plan, int64_t unix_s);

const char *sim_fault_name(enum sim_fault_kind kind);
void sim_fault_help(void);

#endif
