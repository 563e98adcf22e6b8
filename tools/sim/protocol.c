/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol.h"

#include <stdio.h>
#include <string.h>

#include "aws.h"
#include "json.h"
#include "xml.h"

static const struct {
    const char *name;
    int rest_status;
    const char *rest_code;
    int query_status;
    const char *query_code;
    int s3_status;
    const char *s3_code;
} refusals[] = {
#define REFUSAL_ROW(id, name, a, b, c, d, e, f)                                \
    {name, a, b "Exception", c, d, e, f},
    SIM_REFUSALS(REFUSAL_ROW)
#undef REFUSAL_ROW
};

const char *sim_refusal_name(enum sim_refusal refusal)
{
    return refusals[refusal].name;
}

void sim_protocol_s3_error(struct sim_answer *answer, int status,
                           const char *code, const char *message,
                           const char *elements)
{
    struct sim_text text = {0};
    char id[48];

    sim_aws_request_id(id, sizeof(id));
    sim_text_str(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    sim_xml_put(&text, "Code", code);
    sim_xml_put(&text, "Message", message);
    sim_text_str(&text, elements);
    sim_xml_put(&text, "RequestId", id);
    sim_text_str(&text, "<HostId>c2x1aWNlLXNpbQ==</HostId></Error>");
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, status, "application/xml", text.data);
    snprintf(answer->headers, sizeof(answer->headers),
             "x-amz-request-id: %s\r\nx-amz-id-2: c2x1aWNlLXNpbQ==\r\n", id);
    sim_text_fini(&text);
}

static void answer_query_error(struct sim_answer *answer, const char *space,
                               int status, const char *code,
                               const char *message)
{
    struct sim_text text = {0};
    char id[48];

    sim_aws_request_id(id, sizeof(id));
    sim_text_printf(
        &text, "<ErrorResponse xmlns=\"https://%s/\">\n  <Error>\n    ", space);
    sim_xml_put(&text, "Type", status < 500 ? "Sender" : "Receiver");
    sim_text_str(&text, "\n    ");
    sim_xml_put(&text, "Code", code);
    sim_text_str(&text, "\n    ");
    sim_xml_put(&text, "Message", message);
    sim_text_str(&text, "\n  </Error>\n  ");
    sim_xml_put(&text, "RequestId", id);
    sim_text_str(&text, "\n</ErrorResponse>\n");
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, status, "text/xml", text.data);
    snprintf(answer->headers, sizeof(answer->headers),
             "x-amzn-RequestId: %s\r\n", id);
    sim_text_fini(&text);
}

/* As Secrets Manager has it: what a service says itself is in "Message". */
static void answer_json_error(struct sim_answer *answer, int status,
                              const char *code, const char *member,
                              const char *message)
{
    struct sim_text text = {0};
    struct sim_json json;
    char id[48];

    sim_aws_request_id(id, sizeof(id));
    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_string(&json, "__type", code);
    sim_json_put_string(&json, member, message);
    sim_json_end(&json);
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, status, "application/x-amz-json-1.1", text.data);
    snprintf(answer->headers, sizeof(answer->headers),
             "x-amzn-RequestId: %s\r\n", id);
    sim_json_fini(&json);
    sim_text_fini(&text);
}

static void answer_page(struct sim_answer *answer, int status,
                        const char *message)
{
    char page[512];

    snprintf(page, sizeof(page),
             "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html>\n"
             "<head><title>%d - %.100s</title></head>\n"
             "<body><h1>%d - %.100s</h1></body>\n</html>\n",
             status, message, status, message);
    sim_answer_text(answer, status, "text/html", page);
}

static void answer_container_error(struct sim_answer *answer, int status,
                                   const char *code, const char *message)
{
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_string(&json, "code", code);
    sim_json_put_string(&json, "message", message);
    sim_json_end(&json);
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, status, "application/json", text.data);
    sim_json_fini(&json);
    sim_text_fini(&text);
}

void sim_protocol_error(struct sim_answer *answer, enum sim_protocol protocol,
                        int status, const char *code, const char *message)
{
    switch (protocol) {
    case SIM_PROTOCOL_REST:
        sim_aws_error(answer, status, code, message);
        return;
    case SIM_PROTOCOL_JSON:
        answer_json_error(answer, status, code, "Message", message);
        return;
    case SIM_PROTOCOL_QUERY:
        answer_query_error(answer, "sts.amazonaws.com/doc/2011-06-15", status,
                           code, message);
        return;
    case SIM_PROTOCOL_IAM:
        answer_query_error(answer, "iam.amazonaws.com/doc/2010-05-08", status,
                           code, message);
        return;
    case SIM_PROTOCOL_S3:
        sim_protocol_s3_error(answer, status, code, message, "");
        return;
    case SIM_PROTOCOL_IMDS:
        answer_page(answer, status, message);
        return;
    case SIM_PROTOCOL_CONTAINER:
        answer_container_error(answer, status, code, message);
        return;
    }
}

void sim_protocol_refuse(struct sim_answer *answer, enum sim_protocol protocol,
                         enum sim_refusal refusal, const char *message)
{
    if (protocol == SIM_PROTOCOL_S3) {
        sim_protocol_error(answer, protocol, refusals[refusal].s3_status,
                           refusals[refusal].s3_code, message);
    } else if (protocol == SIM_PROTOCOL_JSON) {
        answer_json_error(answer, 400, refusals[refusal].rest_code, "message",
                          message);
    } else if (protocol == SIM_PROTOCOL_QUERY || protocol == SIM_PROTOCOL_IAM) {
        sim_protocol_error(answer, protocol, refusals[refusal].query_status,
                           refusals[refusal].query_code, message);
    } else {
        sim_protocol_error(answer, protocol, refusals[refusal].rest_status,
                           refusals[refusal].rest_code, message);
    }
}
