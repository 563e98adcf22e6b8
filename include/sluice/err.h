/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the one error type. A fallible function returns `enum slu_err`, 0 is
 * success, and puts the detail in a `struct slu_error` that the failed object
 * holds or that its caller handed in. There is no global last error.
 *
 * Errors: the list below is the whole of it. The third column is the retry
 * class: NO (the same call fails again), BACKOFF (wait, then ask again),
 * REAUTHENTICATE (get new credentials first).
 */
#ifndef SLU_ERR_H
#define SLU_ERR_H

#include <sluice/api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_ERR_MAP(X)                                                         \
    X(OK, "success", NO)                                                       \
    X(NOMEM, "out of memory", NO)                                              \
    X(USAGE, "wrong use of the command or the library", NO)                    \
    X(CONFIG, "the configuration is not valid", NO)                            \
    X(NOT_FOUND, "it does not exist", NO)                                      \
    X(IO, "reading or writing a file failed", NO)                              \
    X(STATE, "the stored state is damaged or in use", NO)                      \
    X(NETWORK, "the connection failed", BACKOFF)                               \
    X(TIMEOUT, "no answer in time", BACKOFF)                                   \
    X(TRUNCATED, "the answer ended early", BACKOFF)                            \
    X(MALFORMED, "the answer is not what the API documents", BACKOFF)          \
    X(LIMIT, "a size limit was exceeded", NO)                                  \
    X(AUTH, "the credentials were refused", REAUTHENTICATE)                    \
    X(DENIED, "the credentials lack the permission", NO)                       \
    X(NOT_YET, "not available yet", BACKOFF)                                   \
    X(QUOTA, "the rate limit or quota is exceeded", BACKOFF)                   \
    X(SERVER, "the server failed", BACKOFF)                                    \
    X(REJECTED, "the server rejected the request", NO)                         \
    X(INCOMPLETE, "a part is missing; safe to run again", NO)                  \
    X(STOPPED, "stopped on request; safe to run again", NO)

enum slu_err {
#define SLU_ERR_MEMBER(name, sentence, retry) SLU_ERR_##name,
    SLU_ERR_MAP(SLU_ERR_MEMBER)
#undef SLU_ERR_MEMBER
};

enum slu_retry_class {
    SLU_RETRY_NO,
    SLU_RETRY_BACKOFF,
    SLU_RETRY_REAUTHENTICATE,
};

/* Room for a sentence around a long path: a cut one names nothing. */
#define SLU_ERROR_TEXT_MAX 320

/* Detail of a failure. A zeroed one means "no error". Never holds a secret. */
struct slu_error {
    enum slu_err code;
    int sys;         /* errno, or 0 */
    int http_status; /* 100-599, or 0 */
    uint64_t offset; /* byte offset in the input, where one is meant */
    char text[SLU_ERROR_TEXT_MAX]; /* one sentence: what, where, expected */
};

/* The short name, for example "NOT_FOUND". Never NULL. */
SLU_API const char *slu_err_name(enum slu_err code);

/* The sentence of the table above. Never NULL. */
SLU_API const char *slu_err_sentence(enum slu_err code);

SLU_API enum slu_retry_class slu_err_retry_class(enum slu_err code);

/*
 * Fills *self (may be NULL) with the code and a printf-formatted sentence, cut
 * to SLU_ERROR_TEXT_MAX - 1 bytes, and returns the code, so that a function
 * can end in `return slu_error_set(error, SLU_ERR_IO, ...)`. The arguments
 * may be of *self.
 */
SLU_API enum slu_err slu_error_set(struct slu_error *self, enum slu_err code,
                                   const char *format, ...) SLU_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
