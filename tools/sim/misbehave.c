/* SPDX-License-Identifier: Apache-2.0 */
/* What: the faults that are whole answers, with the real services' bytes. */
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "server.h"

static const char html[] = "text/html; charset=utf-8";

static void answer_quota(struct sim_answer *answer)
{
    sim_answer_error(answer, 429, "QuotaExceededError", "Quota exceeded");
}

static bool answer_429(const struct sim_fault *fault, struct sim_answer *answer)
{
    char date[40];

    switch (fault->kind) {
    case SIM_FAULT_429_SECONDS:
        answer_quota(answer);
        snprintf(answer->headers, sizeof(answer->headers),
                 "Retry-After: %lld\r\n", (long long)fault->retry_s);
        return true;
    case SIM_FAULT_429_DATE:
        answer_quota(answer);
        /* The date names a whole second: round up, and never to now. */
        sim_date_http((int64_t)sim_server_wall() + 1 + fault->retry_s, date,
                      sizeof(date));
        snprintf(answer->headers, sizeof(answer->headers),
                 "Retry-After: %s\r\n", date);
        return true;
    case SIM_FAULT_429_ABSENT:
    case SIM_FAULT_DAILY_QUOTA:
        answer_quota(answer);
        return true;
    case SIM_FAULT_429_HTML:
        sim_answer_text(answer, 429, html,
                        "<title>429</title>429 Too Many Requests");
        return true;
    default:
        return false;
    }
}

static bool answer_5xx(const struct sim_fault *fault, struct sim_answer *answer)
{
    switch (fault->kind) {
    case SIM_FAULT_500:
        sim_answer_text(answer, 500, html,
                        "<html><title>500 Server Error</title><h1>Error: "
                        "Server Error</h1></html>\n");
        return true;
    case SIM_FAULT_503:
    case SIM_FAULT_UNCOMPRESSED_ERROR:
        sim_answer_error(answer, 503, "TransientError",
                         "Transient error, please retry");
        return true;
    case SIM_FAULT_504:
        sim_answer_error(answer, 504, "DeadlineExceededError",
                         "The operation took too long to complete");
        return true;
    case SIM_FAULT_504_HTML:
        sim_answer_gateway_timeout(answer, html);
        return true;
    default:
        return false;
    }
}

static bool answer_other(const struct sim_fault *fault,
                         struct sim_answer *answer)
{
    switch (fault->kind) {
    case SIM_FAULT_NOT_JSON:
        sim_answer_text(answer, 200, html,
                        "<!doctype html><title>Sign in</title>"
                        "<p>Please sign in to continue.</p>\n");
        return true;
    case SIM_FAULT_DEAD_CURSOR:
        sim_refuse(answer, "Invalid cursor");
        return true;
    case SIM_FAULT_401_LATER:
        sim_answer_error(answer, 401, "WrongCredentialsError", "Wrong API key");
        return true;
    case SIM_FAULT_GZIP_BOMB:
        answer->status = 200;
        answer->content_type = "application/json; charset=utf-8";
        answer->feed = sim_answer_bomb(fault->megabytes);
        answer->gzip = true;
        return true;
    default:
        return false;
    }
}

bool sim_misbehave(const struct sim_fault *fault, struct sim_answer *answer)
{
    return fault != NULL &&
           (answer_429(fault, answer) || answer_5xx(fault, answer) ||
            answer_other(fault, answer));
}

void sim_refuse(struct sim_answer *answer, const char *message)
{
    sim_answer_error(answer, 400, "BadRequestError", message);
}
