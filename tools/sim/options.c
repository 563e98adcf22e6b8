/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../long_options.h"
#include "text.h"

#define SIM_DEFAULT_KEY                                                        \
    "51ab0000deadbeef51ab0000deadbeef51ab0000deadbeef51ab0000deadbeef"

enum row_kind {
    ROW_TEXT,
    ROW_NUMBER,
    ROW_SWITCH, /* takes on or off */
    ROW_FLAG,   /* takes nothing */
    ROW_LIST,   /* takes a text, and may be repeated */
    ROW_JOIN,   /* the same; the texts are joined by commas */
    ROW_FAULT,
    ROW_HELP,
};

struct option_row {
    const char *name;
    enum row_kind kind;
    size_t offset;
    int64_t low;
    int64_t high;
    const char *fallback;
    const char *help;
    const char *(*add)(struct sim_aws_options *options, const char *value);
};

#define AT(field) offsetof(struct sim_options, field)
#define TEXT(name, field, fallback, help)                                      \
    {                                                                          \
        name, ROW_TEXT, AT(field), 0, 0, fallback, help                        \
    }
#define NUMBER(name, field, low, high, fallback, help)                         \
    {                                                                          \
        name, ROW_NUMBER, AT(field), low, high, fallback, help                 \
    }
#define SWITCH(name, field, fallback, help)                                    \
    {                                                                          \
        name, ROW_SWITCH, AT(field), 0, 0, fallback, help                      \
    }
#define FLAG(name, field, help)                                                \
    {                                                                          \
        name, ROW_FLAG, AT(field), 0, 0, NULL, help                            \
    }
#define JOIN(name, field, fallback, help)                                      \
    {                                                                          \
        name, ROW_JOIN, AT(field), 0, 0, fallback, help                        \
    }
#define LIST(name, add, help)                                                  \
    {                                                                          \
        name, ROW_LIST, 0, 0, 0, NULL, help, add                               \
    }

static const struct option_row rows[] = {
    TEXT("listen", listen, "127.0.0.1:0", "address:port; port 0 picks one"),
    TEXT("port-file", port_file, "", "write the port here when ready"),
    NUMBER("seed", seed, 0, INT64_MAX, "1", "of everything drawn by chance"),
    NUMBER("now", now, 0, 4102444800, "0", "freeze the clock; 0: real time"),
    TEXT("api-key", api_key, SIM_DEFAULT_KEY, "the only key that is let in"),
    NUMBER("stream-rate", stream_rate, 0, 500000, "60",
           "stream items per hour and entity type"),
    NUMBER("stream-items", stream_items, 0, 50000000, "0",
           "instead: items per type in --stream-days (0: by rate)"),
    NUMBER("stream-days", stream_days, 1, 365, "5", "for --stream-items"),
    NUMBER("retention-days", retention_days, 1, 365, "7",
           "how far back the stream reaches"),
    SWITCH("bursts", bursts, "on", "hours and seconds with very many items"),
    NUMBER("odd", odd, 0, 1000, "20", "odd or invalid values per thousand"),
    NUMBER("hot", hot, 1, 1000000, "512",
           "entities per type that are seen again and again"),
    SWITCH("shuffle", shuffle, "on", "members of stream objects in any order"),
    NUMBER("list-items", list_items, 0, 1000000, "50",
           "items per list, hour and entity type"),
    NUMBER("list-burst-every", list_burst_every, 0, 1000000, "0",
           "one in n packages is larger (0: none)"),
    NUMBER("list-burst-factor", list_burst_factor, 1, 1000, "10",
           "how much larger"),
    NUMBER("list-days", list_days, 1, 365, "7", "packages older: 404"),
    NUMBER("hole-every", hole_every, 0, 1000000, "0",
           "one in n packages is missing, 404 (0: none)"),
    NUMBER("empty-every", empty_every, 0, 1000000, "24",
           "one in n packages has an empty iocs (0: none)"),
    NUMBER("null-every", null_every, 0, 1000000, "48",
           "one in n packages has a null iocs (0: none)"),
    SWITCH("context-attributes", context_attributes, "on",
           "list items name their list (since August 2025)"),
    NUMBER("item-bytes", item_bytes, 0, 64 << 20, "0",
           "pad each item to about this size (0: as it is)"),
    NUMBER("page-bytes", page_bytes, 0, (int64_t)4 << 30, "0",
           "pad items so that a page has about this size"),
    NUMBER("item-bytes-max", item_bytes_max, 0, 64 << 20, "900000",
           "no item is padded beyond, whatever --page-bytes says"),
    NUMBER("latency", latency_ms, 0, 600000, "0", "ms before each answer"),
    NUMBER("jitter", jitter_ms, 0, 600000, "0", "at most so many ms more"),
    NUMBER("rate-limit", rate_limit, 0, 1000000000, "0",
           "requests per --rate-window, rejected ones too (0: none)"),
    NUMBER("rate-window", rate_window_s, 1, 3600, "60", "seconds"),
    NUMBER("daily-quota", daily_quota, 0, 1000000000, "0",
           "requests per UTC day, rejected ones too (0: none)"),
    SWITCH("retry-after", retry_after, "on",
           "say Retry-After when --rate-limit rejects"),
    NUMBER("bandwidth", bandwidth, 0, INT32_MAX, "0",
           "bytes per second for all connections together (0: any)"),
    NUMBER("send-buffer", send_buffer, 0, 1 << 30, "0",
           "SO_SNDBUF of each connection (0: the system's)"),
    NUMBER("cache-bytes", cache_bytes, 0, (int64_t)4 << 30, "67108864",
           "rendered pages kept"),
    SWITCH("gzip", gzip, "on", "compress for whoever asks by the rule"),
    TEXT("framing", framing, "auto", "auto (length if small), length, chunked"),
    TEXT("tiers", tiers, "", "list ids, by comma, that answer 403"),
    FLAG("stream-forbidden", stream_forbidden, "ioc_stream answers 403"),
    FLAG("date-exclusive", date_exclusive,
         "date:X+ and date:X- exclude X itself"),
    FLAG("score-exclusive", score_exclusive,
         "gti_score:N+ and positives:N- exclude N itself"),
    SWITCH("count", count, "on", "meta.count; also as --no-count"),
    {"no-count", ROW_FLAG, AT(count), 1, 0, NULL, "meta has no count"},
    FLAG("count-as-in-2023", count_as_in_2023,
         "no count on pages that have a cursor, as in the 2023 example"),
    TEXT("ignore-filter-term", ignore_filter_term, "",
         "terms, by comma, that are parsed and then ignored"),
    FLAG("ignore-order", ignore_order, "always newest first"),
    FLAG("data-null", data_null, "an empty data is null"),
    FLAG("data-absent", data_absent, "an empty data is left out"),
    FLAG("clamp-limit", clamp_limit, "a limit too large is cut, not refused"),
    NUMBER("cursor-ttl", cursor_ttl_s, 0, 31536000, "0",
           "seconds until a cursor answers 400 (0: never)"),
    NUMBER("delay-hours", delay_hours, 0, 48, "2",
           "package H is served from H + so many hours"),
    FLAG("type-list", type_list, "lists: type may be a comma list"),
    TEXT("malformed-hour", malformed_hour, "404", "404 or 400"),
    TEXT("aws-key", aws.key_id, "AKIASIMULATEDKEY0001", "the base access key"),
    TEXT("aws-secret", aws.secret, "simulated/secret+0000000000000000000000",
         "its secret"),
    TEXT("aws-account", aws.account, "111122223333", "its account"),
    NUMBER("aws-lifetime", aws.lifetime_s, 0, 43200, "0",
           "of all credentials issued, in seconds (0: as asked)"),
    NUMBER("aws-clock-offset", aws.clock_offset_s, -604800, 604800, "0",
           "the AWS servers' clocks are ahead by so many seconds"),
    LIST("aws-role", sim_aws_options_role,
         "ARN[,external-id:X][,lifetime:S]: a role that may be assumed"),
    LIST("aws-deny", sim_aws_options_deny,
         "ACCOUNT/REGION[/OPERATION], * for any: 403 AccessDeniedException"),
    LIST("aws-deny-explicit", sim_aws_options_deny_explicitly,
         "the same, by the words of a policy: IAM says explicitDeny"),
    TEXT("aws-fail-nth", aws.fail_nth, "0",
         "N[:HOW]: the N-th AWS request of all fails; HOW a status of 400 to "
         "599 or reset (nothing done), lost, done or hang (done)"),
    LIST("aws-throttle", sim_aws_options_throttle,
         "ACCOUNT/REGION=N/S: N requests per operation in S seconds"),
    LIST("aws-not-enabled", sim_aws_options_off,
         "REGION: an opt-in region that refuses every key"),
    TEXT("aws-web-identity-token", aws.web_identity_token, "",
         "the only one that STS trusts (none: no token)"),
    TEXT("imds-role", aws.imds_role, "sim-instance",
         "of the instance, in the base account"),
    TEXT("imds-off", aws.imds_off, "no",
         "no, role (the instance has none), reset (nobody there)"),
    TEXT("imds-code", aws.imds_code, "Success",
         "Code of the instance's credentials; another than Success: no keys"),
    TEXT("container-token", aws.container_token, "",
         "Authorization of /v1/credentials (none: any will do)"),
    TEXT("anywhere-ca", aws.anywhere_ca, "",
         "PEM file of Roles Anywhere's trust anchor"),
    TEXT("anywhere-anchor", aws.anywhere_anchor, "",
         "the only trust anchor's ARN (none: any)"),
    TEXT("anywhere-profile", aws.anywhere_profile, "",
         "the only profile's ARN (none: any)"),
    TEXT("s3-root", aws.s3_root, "", "folder of buckets: DIR/BUCKET/KEY"),
    LIST("s3-region", sim_aws_options_bucket,
         "BUCKET=REGION; others are in us-east-1"),
    LIST("s3-bucket", sim_aws_options_new_bucket,
         "BUCKET[=REGION][,owner:ACCOUNT]: an empty bucket, no folder needed"),
    TEXT("s3-wrong-region", aws.s3_wrong_region, "301",
         "301 PermanentRedirect or 400 AuthorizationHeaderMalformed"),
    FLAG("s3-tls", aws.s3_tls,
         "as behind TLS: unsigned bodies and SSE-C keys are let in"),
    FLAG("s3-versions", aws.s3_versions, "writes get an x-amz-version-id"),
    JOIN("kms-key", aws.kms_keys, "",
         "id, ARN or alias that SSE-KMS may use (none: any)"),
    FLAG("kms-broken", aws.kms_broken, "secrets can't be decrypted"),
    LIST("secret", sim_aws_options_secret,
         "NAME=VALUE or NAME=@FILE: in every region of the base account"),
    LIST("secret-after", sim_aws_options_next_secret,
         "N:NAME=VALUE: its value once it was read N times"),
    NUMBER("iam-page", aws.iam_page, 0, 1000, "0",
           "results in a page of SimulatePrincipalPolicy (0: as asked)"),
    TEXT("gd-accounts", gd_accounts, "1",
         "GuardDuty: ids by comma, or how many from --aws-account on"),
    TEXT("gd-regions", gd_regions, "us-east-1",
         "regions by comma, a detector of each account in each"),
    JOIN("gd-no-detector", gd_no_detector, "",
         "ACCOUNT/REGION without a detector; by comma or repeated"),
    JOIN("gd-findings", gd_findings, "200",
         "N each, or ACCOUNT/REGION=N; by comma or repeated"),
    TEXT("gd-admin", gd_admin, "",
         "this account's detectors show all accounts' findings"),
    NUMBER("gd-days", gd_days, 1, 400, "30", "how far back findings reach"),
    FLAG("gd-burst", gd_burst, "all findings in one hour of those days"),
    NUMBER("gd-equal", gd_equal, 0, 1000000, "0",
           "findings per detector that share one millisecond"),
    NUMBER("gd-odd", gd_odd, 0, 1000, "20",
           "odd or invalid values in findings per thousand"),
    NUMBER("gd-finding-bytes", gd_finding_bytes, 0, 900000, "0",
           "length of one description in sixteen (0: about 2000)"),
    TEXT("gd-end", gd_end, "empty", "nextToken of a last page: empty, absent"),
    TEXT("gd-paging", gd_paging, "place",
         "a page begins behind the last's place, or at an offset"),
    NUMBER("gd-empty-every", gd_empty_every, 0, 1000000, "0",
           "an empty page with a token before one page in N (0: none)"),
    NUMBER("gd-touch-every", gd_touch_every, 0, 1000000, "0",
           "update a finding after every N-th ListFindings (0: none)"),
    TEXT("gd-touch", gd_touch, "unlisted", "which one: unlisted, listed"),
    NUMBER("gd-late-every", gd_late_every, 0, 1000000, "0",
           "a finding comes late after every N-th ListFindings (0: none)"),
    NUMBER("gd-late-minutes", gd_late_minutes, 1, 100000, "5",
           "by so many minutes"),
    NUMBER("gd-late-max", gd_late_max, 0, 1000000, "100",
           "at most so many per detector"),
    NUMBER("gd-vanish-every", gd_vanish_every, 0, 1000000, "0",
           "one finding in N is gone once it was listed (0: none)"),
    NUMBER("gd-sets-max", gd_sets_max, 0, 1000, "6",
           "threat sets of each kind per account and region"),
    FLAG("gd-sets-shared", gd_sets_shared,
         "ThreatIntelSets and ThreatEntitySets share --gd-sets-max"),
    JOIN("gd-set-foreign", gd_set_foreign, "",
         "[ACCOUNT/REGION=]KIND:NAME[:STATUS[:LOCATION]]; kinds: threat-ip,"
         " threat-entity, trusted-ip, trusted-entity"),
    NUMBER("gd-activation-delay", gd_activation_delay_ms, 0, 86400000, "50",
           "ms until a set is ACTIVE, INACTIVE or DELETED"),
    TEXT("gd-set-read", gd_set_read, "start",
         "the object is read at the start or the end of an activation"),
    JOIN("gd-set-error", gd_set_error, "",
         "N-th activation or SHA-256 of a content that ends in ERROR"),
    JOIN("gd-set-poison", gd_set_poison, "",
         "a line; contents with it end in ERROR"),
    JOIN("gd-lax", gd_lax, "",
         "what lines may have or be: blank, crlf, host-bits"),
    JOIN("gd-member", gd_member, "",
         "accounts that can't change sets and see those of --gd-admin"),
    JOIN("gd-no-entity-sets", gd_no_entity_sets, "",
         "regions without entity sets"),
    TEXT("gd-no-entity-error", gd_no_entity_error, "404",
         "and how they say it: 404, 403, 400"),
    FLAG("gd-set-future", gd_set_future,
         "Get has a member more than today's model"),
    FLAG("gd-kms-denied", gd_kms_denied,
         "GuardDuty's role can't decrypt objects of SSE-KMS"),
    TEXT("gd-bad-content", gd_bad_content, "status",
         "told by the set's status, or by the call that activates: refuse"),
    TEXT("gd-limit-error", gd_limit_error, "plain",
         "a set too many: plain, typed, code (LimitExceededException), "
         "internal"),
    TEXT("gd-iam-denied", gd_iam_denied, "403",
         "iam:PutRolePolicy denied: 403, 400"),
    TEXT("gd-ip-location", gd_ip_location, "create",
         "a bad location of an address set: seen at create, activation"),
    TEXT("gd-deleted", gd_deleted, "shown",
         "Get of a DELETED set: shown, or gone (400)"),
    {"fault", ROW_FAULT, 0, 0, 0, NULL,
     "NAME[=ARG[,ARG...]], may be repeated; see below"},
    {"help", ROW_HELP, 0, 0, 0, NULL, "print this"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void print_help(void)
{
    printf("usage: sluice-sim [options]\n"
           "Serves GTI and AWS on loopback for tests.\n"
           "SIGTERM or SIGINT ends it.\n\noptions:\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char name[64];

        snprintf(name, sizeof(name), "--%s%s", rows[i].name,
                 rows[i].kind == ROW_NUMBER   ? " N"
                 : rows[i].kind == ROW_SWITCH ? " on|off"
                 : rows[i].kind == ROW_TEXT   ? " TEXT"
                 : rows[i].kind == ROW_LIST   ? " TEXT"
                 : rows[i].kind == ROW_JOIN   ? " TEXT"
                                              : "");
        printf("  %-26s %s", name, rows[i].help);
        if (rows[i].fallback != NULL) {
            printf(" [%s]", rows[i].fallback);
        }
        printf("\n");
    }
    sim_fault_help();
}

static _Noreturn void refuse(const char *name, const char *value,
                             const char *expected)
{
    fprintf(stderr, "sluice-sim: --%s: \"%s\" is not %s\n", name, value,
            expected);
    exit(2);
}

static void set_number(struct sim_options *options,
                       const struct option_row *row, const char *value)
{
    char expected[96];
    char *end;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < row->low ||
        number > row->high) {
        snprintf(expected, sizeof(expected), "a number from %lld to %lld",
                 (long long)row->low, (long long)row->high);
        refuse(row->name, value, expected);
    }
    *(int64_t *)((char *)options + row->offset) = number;
}

/* Sets a joined text, or lengthens it. The fallback is no part of it, and
   what was joined lives as long as the process, as argv does. */
static void join_row(const char **field, const char *value)
{
    static struct sim_text joined[16];
    static const char *const *owner[16];
    size_t slot = 0;

    if (*field == NULL) {
        *field = value; /* the fallback itself */
        return;
    }
    while (owner[slot] != NULL && owner[slot] != field) {
        slot++;
        assert(slot < sizeof(owner) / sizeof(owner[0]));
    }
    owner[slot] = field;
    if (joined[slot].len > 0) {
        joined[slot].data[joined[slot].len - 1] = ',';
    }
    sim_text_add(&joined[slot], value, strlen(value) + 1);
    *field = joined[slot].data;
}

static void set_row(struct sim_options *options, const struct option_row *row,
                    const char *value)
{
    void *field = (char *)options + row->offset;
    const char *wrong;

    switch (row->kind) {
    case ROW_TEXT:
        *(const char **)field = value;
        break;
    case ROW_JOIN:
        join_row(field, value);
        break;
    case ROW_NUMBER:
        set_number(options, row, value);
        break;
    case ROW_SWITCH:
        if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
            refuse(row->name, value, "on or off");
        }
        *(bool *)field = strcmp(value, "on") == 0;
        break;
    case ROW_FLAG:
        *(bool *)field = row->low == 0; /* --no-count says false */
        break;
    case ROW_LIST:
    case ROW_FAULT:
        wrong = row->kind == ROW_LIST ? row->add(&options->aws, value)
                                      : sim_fault_add(&options->faults, value);
        if (wrong != NULL) {
            refuse(row->name, value, wrong);
        }
        break;
    case ROW_HELP:
        print_help();
        exit(0);
    }
}

static void check_word(const char *name, const char *value, const char *words)
{
    char expected[128] = "";

    if (strchr(value, ',') == NULL && sim_options_has(words, value)) {
        return;
    }
    for (const char *at = words; *at != '\0';) {
        size_t len = strcspn(at, ",");
        size_t used = strlen(expected);

        const char *next = at + len + (at[len] == ',');

        snprintf(expected + used, sizeof(expected) - used, "%.*s%s", (int)len,
                 at,
                 *next == '\0'               ? ""
                 : strchr(next, ',') != NULL ? ", "
                                             : " or ");
        at = next;
    }
    refuse(name, value, expected);
}

static void check_words(const struct sim_options *options)
{
    const char *name;
    const char *value;
    const char *wrong = sim_aws_options_check(&options->aws, &name, &value);

    if (wrong != NULL) {
        refuse(name, value, wrong);
    }
    check_word("framing", options->framing, "auto,length,chunked");
    check_word("gd-end", options->gd_end, "empty,absent");
    check_word("gd-paging", options->gd_paging, "place,offset");
    check_word("gd-touch", options->gd_touch, "unlisted,listed");
    check_word("malformed-hour", options->malformed_hour, "404,400");
    check_word("gd-set-read", options->gd_set_read, "start,end");
    check_word("gd-no-entity-error", options->gd_no_entity_error,
               "404,403,400");
    check_word("gd-bad-content", options->gd_bad_content, "status,refuse");
    check_word("gd-limit-error", options->gd_limit_error,
               "plain,typed,code,internal");
    check_word("gd-iam-denied", options->gd_iam_denied, "403,400");
    check_word("gd-ip-location", options->gd_ip_location, "create,activation");
    check_word("gd-deleted", options->gd_deleted, "shown,gone");
}

void sim_options_parse(struct sim_options *options, int argc, char **argv)
{
    struct option longs[ROW_COUNT + 1];
    char sentence[200];
    int chosen;
    int row = 0;

    memset(options, 0, sizeof(*options));
    memset(longs, 0, sizeof(longs));
    for (size_t i = 0; i < ROW_COUNT; i++) {
        bool bare = rows[i].kind == ROW_FLAG || rows[i].kind == ROW_HELP;

        longs[i].name = rows[i].name;
        longs[i].has_arg = bare ? no_argument : required_argument;
        longs[i].val = 'x';
        if (rows[i].fallback != NULL) {
            set_row(options, &rows[i], rows[i].fallback);
        }
    }
    opterr = 0;
    while ((chosen = read_option(argc, argv, ":", longs, &row)) != -1) {
        if (chosen != 'x') {
            explain_option(argv, chosen, longs, sentence, sizeof(sentence));
            fprintf(stderr, "sluice-sim: %s; see --help\n", sentence);
            exit(2);
        }
        set_row(options, &rows[row], optarg);
    }
    if (optind < argc) {
        fprintf(stderr, "sluice-sim: unexpected argument \"%s\"\n",
                argv[optind]);
        exit(2);
    }
    check_words(options);
}

bool sim_options_has(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; len > 0 && *at != '\0';) {
        size_t span = strcspn(at, ",");

        if (span == len && memcmp(at, word, len) == 0) {
            return true;
        }
        at += span + (at[span] == ',');
    }
    return false;
}
