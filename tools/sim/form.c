/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws.h"
#include "operation.h"

bool sim_form_check(const struct sim_request *request, const char *version,
                    enum sim_protocol protocol, struct sim_answer *answer)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = sim_request_header(request, "content-type");
    struct sim_text said = {0};
    bool ok = false;

    if (strcmp(request->method, "POST") != 0 ||
        strcmp(request->target, "/") != 0 || type == NULL ||
        strncasecmp(type, form, strlen(form)) != 0) {
        sim_protocol_error(answer, protocol, 400, "MalformedInput",
                           "a POST of application/x-www-form-urlencoded to / "
                           "is expected");
    } else if (!sim_form_get(request, "Version", &said) ||
               strcmp(said.data, version) != 0) {
        sim_protocol_error(
            answer, protocol, 400, "NoSuchVersion",
            "The requested version is not valid for this service");
    } else {
        ok = true;
    }
    sim_text_fini(&said);
    return ok;
}

bool sim_form_refuse_value(struct sim_answer *answer,
                           enum sim_protocol protocol, const char *member,
                           const char *value, const char *constraint)
{
    char message[700];

    snprintf(message, sizeof(message),
             "1 validation error detected: Value %s%.200s%s at '%s' failed to "
             "satisfy constraint: Member must %s",
             value != NULL ? "'" : "", value != NULL ? value : "null",
             value != NULL ? "'" : "", member, constraint);
    sim_protocol_error(answer, protocol, 400, "ValidationError", message);
    return false;
}

void sim_form_begin(struct sim_text *out, enum sim_protocol protocol,
                    const char *operation)
{
    const char *space = protocol == SIM_PROTOCOL_IAM
                            ? "iam.amazonaws.com/doc/2010-05-08"
                            : "sts.amazonaws.com/doc/2011-06-15";

    sim_text_printf(out, "<%sResponse xmlns=\"https://%s/\">\n  <%sResult>\n",
                    operation, space, operation);
}

void sim_form_end(struct sim_text *out, const char *operation,
                  struct sim_answer *answer)
{
    char id[48];

    sim_aws_request_id(id, sizeof(id));
    sim_text_printf(out,
                    "  </%sResult>\n  <ResponseMetadata>\n    <RequestId>%s"
                    "</RequestId>\n  </ResponseMetadata>\n</%sResponse>\n",
                    operation, id, operation);
    sim_text_byte(out, '\0');
    sim_answer_text(answer, 200, "text/xml", out->data);
    snprintf(answer->headers, sizeof(answer->headers),
             "x-amzn-RequestId: %s\r\n", id);
}
