/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mini_gti.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM                                                                   \
    "{\"data\":{\"type\":\"%s\",\"id\":\"%s\",\"attributes\":{"                \
    "\"last_modification_date\":1700000000,\"gti_assessment\":{\"verdict\":"   \
    "{\"value\":\"VERDICT_MALICIOUS\"},\"threat_score\":{\"value\":90}}}}}"

static struct raw_answer refuse(int status)
{
    return served_text(status, "Content-Type: application/json\r\n",
                       "{\"error\":{\"code\":\"NoGood\",\"message\":"
                       "\"not for you\"}}");
}

struct raw_answer mini_gti_answer(void *ctx, const char *request)
{
    /* More than can be under way at once. */
    static char bodies[256][512];
    struct mini_gti *self = ctx;
    char *body = bodies[self->asked++ % 256];
    struct raw_answer answer;
    char value[64];
    char list[32];
    unsigned hour;
    bool domain = strstr(request, "type=domain") != NULL;

    if (self->status != 0) {
        return refuse(self->status);
    }
    if (sscanf(request, "GET /api/v3/threat_lists/%31[a-z-]/%u", list, &hour) !=
        2) {
        return refuse(400);
    }
    (void)snprintf(value, sizeof(value),
                   domain ? "h%u.example.com" : "198.51.%u.7", hour % 100000);
    if (!domain) {
        (void)snprintf(value, sizeof(value), "45.33.%u.%u", hour / 100 % 100,
                       hour % 100);
    }
    (void)snprintf(body, 512, "{\"iocs\":[" ITEM "]}",
                   domain ? "domain" : "ip_address", value);
    answer = served_text(200, "Content-Type: application/json\r\n", body);
    answer.delay_ms = self->delay_ms;
    return answer;
}

const char *mini_gti_config(const char *url, const char *dir, const char *more)
{
    static char text[1024];

    (void)setenv("SLUICE_TEST_KEY", "k3y-of-the-test", 1);
    (void)snprintf(text, sizeof(text),
                   "state_dir: %s/state\noutput_dir: %s/out\n"
                   "gti:\n  base_url: %s\n  api_key: {env: SLUICE_TEST_KEY}\n"
                   "  streams: []\n  threat_lists: [malware]\n"
                   "  lookback_days: 1\n"
                   "limits: {%s}\n",
                   dir, dir, url, more);
    return text;
}
