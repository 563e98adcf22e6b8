/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/check_world.h"
#include "codecs/hex_digit.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

#define IN_FLIGHT_MAX 16

struct answer {
    int status;
    char error_type[64];
    char region[64];
    char body[32 * 1024];
};

struct flight {
    struct slu_request request;
    char target[1024];
};

static const char *const ips[] = {"gd/ip-1.txt", "gd/ip-2.txt"};
static const char *const domains[] = {"gd/entity-1.txt", "gd/entity-2.txt"};
static const char *const more[] = {"exceeded.txt", "odd name+.txt", "cp.json"};
const struct slu_strings check_world_ips = {ips, 2, false};
const struct slu_strings check_world_domains = {domains, 2, false};

static const char *region_names[4];
static struct slu_strings regions;
static struct slu_bucket_config bucket;

struct slu_publish_check_options
check_world_options(const struct check_world *world,
                    const struct slu_alloc *alloc)
{
    regions = (struct slu_strings){region_names, 0, false};
    bucket = (struct slu_bucket_config){"b", "p/", "", ""};
    for (unsigned i = 0; i < 4 && world->regions[i].name != NULL; i++) {
        region_names[regions.count++] = world->regions[i].name;
    }
    return (struct slu_publish_check_options){
        .publish =
            {
                .alloc = alloc,
                .bucket = &bucket,
                .name_prefix = "gti-",
                .regions = &regions,
                .detector = "auto",
                .paths = {&check_world_ips, &check_world_domains},
            },
        .sets = true,
        .more_paths = more,
        .more_path_count = 3,
        .checkpoint_path = "cp.json",
    };
}

static void add(char *out, size_t room, const char *format, ...)
    SLU_PRINTF(3, 4);

static void add(char *out, size_t room, const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out + len, room - len, format, args);
    va_end(args);
    cr_assert_lt(strlen(out), room - 1, "the test's room is too small");
}

static bool is_denied(const struct check_world *world, const char *action,
                      const char *resource)
{
    return world->deny_all ||
           (world->deny != NULL && strcmp(world->deny, action) == 0 &&
            (world->deny_key == NULL ||
             strstr(resource, world->deny_key) != NULL));
}

/* ---- S3 ---- */

static void refuse_s3(struct answer *out, int status, const char *code,
                      const char *message)
{
    out->status = status;
    add(out->body, sizeof(out->body),
        "<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>%s</Message>"
        "<RequestId>r</RequestId></Error>",
        code, message);
}

static void deny_s3(const struct check_world *world, struct answer *out,
                    const char *action)
{
    char message[200];

    (void)snprintf(message, sizeof(message),
                   "User: arn:aws:iam::" WORLD_ACCOUNT
                   ":user/u is not authorized to perform: %s",
                   action);
    refuse_s3(out, 403, "AccessDenied",
              world->wordless ? "Access Denied" : message);
}

static bool has_header(const struct slu_request *request, const char *name,
                       const char *value)
{
    for (unsigned i = 0; i < request->header_count; i++) {
        if (slu_view_equal_str(request->headers[i].name, name)) {
            return value == NULL ||
                   slu_view_equal_str(request->headers[i].value, value);
        }
    }
    return false;
}

/* Who may not list isn't told what isn't there. */
static void refuse_absent(const struct check_world *world, struct answer *out)
{
    if (is_denied(world, "s3:ListBucket", "b")) {
        deny_s3(world, out, "s3:ListBucket");
    } else {
        refuse_s3(out, 404, "NoSuchKey", "The specified key");
    }
}

static void answer_put(struct check_world *world, const struct flight *flight,
                       struct answer *out)
{
    cr_assert(has_header(&flight->request, "if-match", NULL),
              "a PUT without a condition: %s", flight->target);
    cr_assert(slu_view_equal_str(flight->request.body, "\n"));
    if (is_denied(world, "s3:PutObject", flight->target)) {
        deny_s3(world, out, "s3:PutObject");
    } else if (is_denied(world, "s3:GetObject", flight->target)) {
        deny_s3(world, out, "s3:GetObject");
    } else if (world->ignores_conditions) {
        world->wrote = true;
        out->status = 200;
    } else if (world->has_objects) {
        refuse_s3(out, 412, "PreconditionFailed", "At least one");
    } else {
        refuse_absent(world, out);
    }
}

static void answer_s3(struct check_world *world, const struct flight *flight,
                      struct answer *out)
{
    const char *home =
        world->bucket_region != NULL ? world->bucket_region : "us-east-1";
    const struct slu_aws_scope *scope = &flight->request.aws;

    cr_assert(slu_view_equal_str(scope->bucket, "b"));
    if (world->no_bucket) {
        refuse_s3(out, 404, "NoSuchBucket", "The specified bucket");
    } else if (strcmp(scope->region.len > 0 ? home : "us-east-1", home) != 0) {
        refuse_s3(out, 301, "PermanentRedirect", "elsewhere");
        (void)snprintf(out->region, sizeof(out->region), "%s", home);
    } else if (flight->request.method == SLU_METHOD_PUT) {
        answer_put(world, flight, out);
    } else if (flight->request.method == SLU_METHOD_HEAD) {
        cr_assert_str_eq(flight->target, "/");
        out->status = is_denied(world, "s3:ListBucket", "b") ? 403 : 200;
    } else if (is_denied(world, "s3:GetObject", flight->target)) {
        deny_s3(world, out, "s3:GetObject");
    } else if (world->locked) {
        deny_s3(world, out, "kms:Decrypt on resource: key/1");
    } else if (world->has_objects) {
        out->status = 200;
        add(out->body, sizeof(out->body), "{}");
    } else {
        refuse_absent(world, out);
    }
    if (flight->request.method == SLU_METHOD_HEAD) {
        out->body[0] = '\0';
    }
}

/* ---- GuardDuty ---- */

static void refuse_guardduty(struct answer *out, int status, const char *code,
                             const char *message)
{
    out->status = status;
    (void)snprintf(out->error_type, sizeof(out->error_type), "%s", code);
    add(out->body, sizeof(out->body), "{\"message\":\"%s\"}", message);
}

static const struct check_world_region *find_region(struct check_world *world,
                                                    struct slu_view name)
{
    for (unsigned i = 0; i < 4; i++) {
        if (world->regions[i].name != NULL &&
            slu_view_equal_str(name, world->regions[i].name)) {
            return &world->regions[i];
        }
    }
    cr_assert_fail("no such region: %.*s", SLU_VIEW_ARGS(name));
    return NULL;
}

/* One id in a page where the world has pages; the token is the next index. */
static void list_sets(const struct check_world *world,
                      const struct check_world_set *sets, const char *member,
                      const char *target, struct answer *out)
{
    const char *token = strstr(target, "nextToken=t%2F");
    unsigned from = token == NULL ? 0 : (unsigned)token[14] - '0';
    unsigned to = from;

    out->status = 200;
    add(out->body, sizeof(out->body), "{\"%s\":[", member);
    while (to < WORLD_SETS_MAX && sets[to].id != NULL &&
           (world->pages == 0 || to == from)) {
        add(out->body, sizeof(out->body), "%s\"%s\"", to > from ? "," : "",
            sets[to].id);
        to++;
    }
    add(out->body, sizeof(out->body), "],\"nextToken\":\"");
    if (to < WORLD_SETS_MAX && sets[to].id != NULL) {
        add(out->body, sizeof(out->body), "t/%u", to);
    }
    add(out->body, sizeof(out->body), "\"}");
}

static void get_set(const struct check_world_set *sets, const char *id,
                    struct answer *out)
{
    for (unsigned i = 0; i < WORLD_SETS_MAX && sets[i].id != NULL; i++) {
        if (strcmp(sets[i].id, id) == 0) {
            out->status = 200;
            add(out->body, sizeof(out->body),
                "{\"name\":\"%s\",\"format\":\"TXT\",\"location\":\"%s\","
                "\"status\":\"ACTIVE\"}",
                sets[i].name, sets[i].location);
            return;
        }
    }
    refuse_guardduty(out, 400, "BadRequestException", "no such set");
}

static void answer_sets(struct check_world *world,
                        const struct check_world_region *region,
                        const char *target, struct answer *out)
{
    bool intel = strstr(target, "/threatintelset") != NULL;
    const char *noun = intel ? "ThreatIntelSet" : "ThreatEntitySet";
    const struct check_world_set *sets = region->sets[intel ? 0 : 1];
    const char *rest =
        strstr(target, intel ? "threatintelset" : "threatentityset");
    bool one;
    char action[64];

    rest += strlen(intel ? "threatintelset" : "threatentityset");
    one = rest[0] == '/';
    (void)snprintf(action, sizeof(action), "guardduty:%s%s%s",
                   one ? "Get" : "List", noun, one ? "" : "s");
    if (!intel && region->no_entities) {
        out->status = 404;
        add(out->body, sizeof(out->body), "<html>Not Found</html>");
    } else if (is_denied(world, action, target)) {
        refuse_guardduty(out, 403, "AccessDeniedException", action);
    } else if (one) {
        get_set(sets, rest + 1, out);
    } else {
        list_sets(world, sets,
                  intel ? "threatIntelSetIds" : "threatEntitySetIds", target,
                  out);
    }
}

static void answer_guardduty(struct check_world *world,
                             const struct flight *flight, struct answer *out)
{
    const struct check_world_region *region =
        find_region(world, flight->request.aws.region);

    cr_assert_eq(flight->request.method, SLU_METHOD_GET);
    if (region->disabled) {
        refuse_guardduty(out, 403, "UnrecognizedClientException", "token");
    } else if (strstr(flight->target, "threat") != NULL) {
        cr_assert_eq(strncmp(flight->target, "/detector/D1/", 13), 0);
        answer_sets(world, region, flight->target, out);
    } else if (is_denied(world, "guardduty:ListDetectors", "")) {
        refuse_guardduty(out, 403, "AccessDeniedException", "not detectors");
    } else {
        out->status = 200;
        add(out->body, sizeof(out->body), "{\"detectorIds\":[%s]}",
            region->no_detector ? "" : "\"D1\"");
    }
}

/* ---- STS and IAM ---- */

static void refuse_query(struct answer *out, int status, const char *code)
{
    out->status = status;
    add(out->body, sizeof(out->body),
        "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no"
        "</Message></Error></ErrorResponse>",
        code);
}

static void answer_sts(struct check_world *world, const struct flight *flight,
                       struct answer *out)
{
    cr_assert(slu_view_equal_str(
        flight->request.body, "Action=GetCallerIdentity&Version=2011-06-15"));
    out->status = 200;
    add(out->body, sizeof(out->body),
        "<R><GetCallerIdentityResult><Arn>%s</Arn><UserId>A</"
        "UserId><Account>" WORLD_ACCOUNT
        "</Account></GetCallerIdentityResult></R>",
        world->arn != NULL ? world->arn
                           : "arn:aws:iam::" WORLD_ACCOUNT ":user/u");
}

/* The value of a form's field, decoded; false: there is none. */
static bool find_field(struct slu_view form, const char *name, char *out,
                       size_t room)
{
    char key[64];
    size_t len = 0;
    const char *at;
    char copy[16 * 1024];

    (void)snprintf(copy, sizeof(copy), "&%.*s", SLU_VIEW_ARGS(form));
    (void)snprintf(key, sizeof(key), "&%s=", name);
    at = strstr(copy, key);
    if (at == NULL) {
        return false;
    }
    for (at += strlen(key); *at != '&' && *at != '\0'; at++) {
        cr_assert_lt(len, room - 1);
        if (*at == '%') {
            out[len++] =
                (char)(slu_hex_digit(at[1]) * 16 + slu_hex_digit(at[2]));
            at += 2;
        } else {
            out[len++] = *at;
        }
    }
    out[len] = '\0';
    return true;
}

static void add_result(struct check_world *world, const char *action,
                       const char *resource, struct answer *out)
{
    bool denied = is_denied(world, action, resource);

    add(out->body, sizeof(out->body),
        "<member><MatchedStatements/><MissingContextValues>");
    if (denied && world->needs != NULL) {
        add(out->body, sizeof(out->body), "<member>%s</member>", world->needs);
    }
    add(out->body, sizeof(out->body),
        "</MissingContextValues><EvalResourceName>%s</EvalResourceName>"
        "<EvalDecision>%s</EvalDecision><EvalActionName>%s</EvalActionName>"
        "</member>",
        resource,
        !denied           ? "allowed"
        : world->implicit ? "implicitDeny"
                          : "explicitDeny",
        action);
}

/* The results from the marker's number on. */
static void add_results(struct check_world *world, struct slu_view form,
                        struct answer *out)
{
    unsigned from = 0;
    unsigned number = 0;
    unsigned told = 0;
    char text[1200];
    char action[128];
    char name[40];

    if (find_field(form, "Marker", text, sizeof(text))) {
        from = (unsigned)atoi(text);
    }
    add(out->body, sizeof(out->body), "<EvaluationResults>");
    for (unsigned a = 1;; a++) {
        (void)snprintf(name, sizeof(name), "ActionNames.member.%u", a);
        if (!find_field(form, name, action, sizeof(action))) {
            break;
        }
        for (unsigned r = 1;; r++, number++) {
            (void)snprintf(name, sizeof(name), "ResourceArns.member.%u", r);
            if (!find_field(form, name, text, sizeof(text))) {
                cr_assert_gt(r, 1, "a question without resources");
                break;
            }
            if (number >= from &&
                (world->iam_page == 0 || told < world->iam_page)) {
                told++;
                (void)snprintf(name, sizeof(name), "ResourceArns.member.%u",
                               r + 1);
                if (!world->iam_mute ||
                    find_field(form, name, (char[1200]){0}, 1200)) {
                    add_result(world, action, text, out);
                }
            }
        }
    }
    add(out->body, sizeof(out->body), "</EvaluationResults>");
    if (from + told < number) {
        add(out->body, sizeof(out->body),
            "<IsTruncated>true</IsTruncated><Marker>%u</Marker>", from + told);
    }
}

static void answer_iam(struct check_world *world, const struct flight *flight,
                       struct answer *out)
{
    struct slu_view form = flight->request.body;
    char principal[300] = "";

    cr_assert(slu_view_equal_str(flight->request.aws.region, "us-east-1"));
    cr_assert(
        find_field(form, "PolicySourceArn", principal, sizeof(principal)));
    cr_assert_eq(strncmp(principal, "arn:aws:iam::" WORLD_ACCOUNT ":", 26), 0);
    if (is_denied(world, "iam:SimulatePrincipalPolicy", principal)) {
        refuse_query(out, 403, "AccessDenied");
    } else if (world->iam_error != NULL) {
        refuse_query(out, 404, world->iam_error);
    } else {
        out->status = 200;
        add_results(world, form, out);
    }
}

/* ---- the loop ---- */

static bool may_send(void *ctx, unsigned lane, unsigned identity)
{
    (void)ctx;
    (void)lane;
    cr_assert_eq(identity, 0);
    return true;
}

/* The region that a question to IAM is about; "" for none. */
static void find_context(struct slu_view form, char out[64])
{
    out[0] = '\0';
    if (find_field(form, "ContextEntries.member.1.ContextKeyValues.member.1",
                   out, 64)) {
        char key[64];

        cr_assert(find_field(form, "ContextEntries.member.1.ContextKeyName",
                             key, sizeof(key)));
        cr_assert_str_eq(key, "aws:RequestedRegion");
    }
}

static void note_request(struct check_world *world,
                         const struct slu_request *request)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "HEAD",
                                          "DELETE"};
    char context[64];

    find_context(request->body, context);
    world->request_count++;
    add(world->requests, sizeof(world->requests), "%.*s %.*s %s %.*s%s%s%s\n",
        SLU_VIEW_ARGS(request->aws.service), SLU_VIEW_ARGS(request->aws.region),
        methods[request->method], SLU_VIEW_ARGS(request->target),
        has_header(request, "x-amz-expected-bucket-owner", WORLD_ACCOUNT)
            ? " owner"
            : "",
        context[0] == '\0' ? "" : " for ", context);
}

static void make_answer(struct check_world *world, const struct flight *flight,
                        struct answer *out)
{
    struct slu_view service = flight->request.aws.service;

    *out = (struct answer){0};
    if (world->flaky != NULL && slu_view_equal_str(service, world->flaky) &&
        flight->request.unit->attempts == 0) {
        out->status = 503;
    } else if (slu_view_equal_str(service, "s3")) {
        answer_s3(world, flight, out);
    } else if (slu_view_equal_str(service, "guardduty")) {
        answer_guardduty(world, flight, out);
    } else if (slu_view_equal_str(service, "sts")) {
        answer_sts(world, flight, out);
    } else {
        cr_assert(slu_view_equal_str(service, "iam"));
        answer_iam(world, flight, out);
    }
}

static void hand_over(struct slu_publish_check *check, struct slu_unit *unit,
                      const struct answer *answer, size_t piece)
{
    const struct slu_errand_ops *ops = &slu_publish_check_errand;
    struct slu_answer_head head = {
        .status = answer->status,
        .error_type = slu_view_str(answer->error_type),
        .region = slu_view_str(answer->region),
    };
    size_t len = strlen(answer->body);

    ops->on_head(check, unit, &head);
    for (size_t at = 0; at < len;) {
        size_t take = piece == 0 || piece > len - at ? len - at : piece;

        if (ops->on_body(check, unit, slu_view_make(answer->body + at, take)) !=
            SLU_BODY_MORE) {
            return;
        }
        at += take;
    }
}

static void end_flight(struct check_world *world,
                       struct slu_publish_check *check,
                       const struct flight *flight)
{
    static struct answer answer;
    const struct slu_errand_ops *ops = &slu_publish_check_errand;
    struct slu_unit *unit = flight->request.unit;
    struct slu_answer_end end = {.err = SLU_ERR_OK};
    struct slu_error error = {0};
    struct slu_step step = {0};

    if (world->sign_in != NULL) {
        end.err = slu_error_set(&error, SLU_ERR_AUTH, "%s", world->sign_in);
        end.error = &error;
    } else if (world->down != NULL &&
               slu_view_equal_str(flight->request.aws.service, world->down)) {
        end.err = slu_error_set(
            &error, world->silent ? SLU_ERR_TIMEOUT : SLU_ERR_NETWORK,
            "no connection");
        end.error = &error;
    } else {
        make_answer(world, flight, &answer);
        hand_over(check, unit, &answer, world->piece);
    }
    ops->on_end(check, unit, &end, (struct slu_now){1000, 0}, &step);
    cr_assert_neq(step.kind, SLU_STEP_COMMIT, "a check commits nothing");
    cr_assert_neq(step.kind, SLU_STEP_DENIED);
    if (step.kind == SLU_STEP_RETRY) {
        cr_assert_neq(step.error.text[0], '\0');
        world->retries++;
        if (++unit->attempts == 3) {
            ops->give_up(check, unit, &step.error);
        }
    }
}

static void run_loop(struct check_world *world, struct slu_publish_check *check)
{
    const struct slu_errand_ops *ops = &slu_publish_check_errand;
    static struct flight flights[IN_FLIGHT_MAX];
    struct slu_now now = {1000, 0};
    unsigned count = 0;
    uint64_t until;
    enum slu_turn turn;

    do {
        struct flight *next = &flights[count];

        turn = ops->next_request(check, now, &next->request, &until);
        if (turn == SLU_TURN_REQUEST) {
            const struct slu_request *request = &next->request;

            cr_assert_lt(count + 1, IN_FLIGHT_MAX);
            cr_assert_lt(request->lane, ops->lanes(check));
            cr_assert_eq(request->auth, SLU_AUTH_SIGV4);
            (void)snprintf(next->target, sizeof(next->target), "%.*s",
                           SLU_VIEW_ARGS(request->target));
            note_request(world, request);
            count++;
        } else if (count > 0) {
            struct flight ending = flights[world->backwards ? count - 1 : 0];

            count--;
            if (!world->backwards) {
                memmove(flights, flights + 1, count * sizeof(flights[0]));
            }
            end_flight(world, check, &ending);
        } else {
            cr_assert_eq(turn, SLU_TURN_DONE, "it waits for nothing");
        }
        cr_assert_lt(world->request_count, 1000);
    } while (turn != SLU_TURN_DONE || count > 0);
}

static void tell(void *ctx, enum slu_check_kind kind, const char *text)
{
    static const char *const kinds[] = {"OK", "WARN", "FAIL"};
    struct check_world *world = ctx;

    add(world->lines, sizeof(world->lines), "%s %s\n", kinds[kind], text);
}

enum slu_err check_world_run(struct check_world *world,
                             const struct slu_publish_check_options *options,
                             struct slu_error *out_error)
{
    const struct slu_errand_ops *ops = &slu_publish_check_errand;
    struct slu_errand_port port = {
        .may_send = may_send,
        .aws_region = slu_view_str("us-east-1"),
        .read_only = true,
    };
    struct slu_publish_check *check;
    enum slu_err err = slu_publish_check_new(options, &check, out_error);

    world->lines[0] = '\0';
    world->requests[0] = '\0';
    world->request_count = 0;
    world->retries = 0;
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = ops->start(check, &port, (struct slu_now){1000, 0}, out_error);
    if (err == SLU_ERR_OK) {
        run_loop(world, check);
        err = slu_publish_check_finish(check, tell, world, out_error);
    }
    slu_publish_check_free(check);
    return err;
}
