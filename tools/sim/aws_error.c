/* SPDX-License-Identifier: Apache-2.0 */
/* What: answers in the rest-json protocol, errors above all. */
#include <stdio.h>
#include <string.h>

#include "aws.h"
#include "json.h"
#include "mix.h"

void sim_aws_request_id(char *out, size_t cap)
{
    static uint64_t count;
    uint64_t high = sim_mix(++count);
    uint64_t low = sim_mix(~count);

    snprintf(out, cap, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
             (unsigned)(low >> 52), (unsigned long long)(low & 0xffffffffffff));
}

void sim_aws_error_typed(struct sim_answer *answer, int status,
                         const char *code, const char *type,
                         const char *message)
{
    struct sim_text text = {0};
    struct sim_json json;
    char id[48];

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_string(&json, "message", message);
    if (type != NULL) {
        sim_json_put_string(&json, "__type", type);
    }
    sim_json_end(&json);
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, status, "application/json", text.data);
    sim_aws_request_id(id, sizeof(id));
    snprintf(answer->headers, sizeof(answer->headers),
             "x-amzn-RequestId: %s\r\nx-amzn-ErrorType: %s\r\n", id, code);
    sim_json_fini(&json);
    sim_text_fini(&text);
}

void sim_aws_error(struct sim_answer *answer, int status, const char *code,
                   const char *message)
{
    sim_aws_error_typed(answer, status, code, NULL, message);
}

void sim_aws_json(struct sim_answer *answer, const char *body)
{
    char id[48];

    sim_answer_text(answer, 200, "application/json", body);
    sim_aws_request_id(id, sizeof(id));
    snprintf(answer->headers, sizeof(answer->headers),
             "x-amzn-RequestId: %s\r\n", id);
}
