/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels.h"

#include "bench/pages.h"
#include "bench/pieces.h"
#include "codecs/domain.h"
#include "codecs/finding.h"
#include "codecs/gti.h"
#include "codecs/ipv4.h"
#include "codecs/ipv4_set.h"
#include "codecs/json_split.h"
#include "codecs/record.h"
#include "codecs/sigv4.h"
#include "engine/fingerprints.h"

#include <stdio.h>
#include <string.h>

#define SEED 1
#define NEWEST 1754553600
#define PIECE_BYTES ((size_t)256 * 1024)
#define PAGE_MAX ((size_t)8 << 20)
#define ITEMS 1024
#define VALUES 20000
#define FINDINGS 512
#define SIGNATURES 300
#define PACKED_MAX ((size_t)4 << 20)
#define DAY 1440892800 /* 2015-08-30 */

#define VIEW(text) SLU_VIEW_LITERAL(text)

/* All inputs; what a loop found is put into `found`. */
struct scene {
    struct slu_bench *bench;
    uint64_t found;
    struct slu_buf page;
    size_t page_len;
    struct slu_bench_pages_tally made;
    struct slu_json_split *split;
    struct slu_gti_reader *reader;
    struct slu_buf findings; /* an array in an object, and its padding */
    size_t findings_len;
    struct slu_json_split *finding_split;
    struct slu_finding_reader *finding_reader;
    char texts[VALUES][SLU_BENCH_NAME_MAX];
    size_t lens[VALUES];
    struct slu_view views[VALUES];
    uint32_t addresses[VALUES];
    bool known[VALUES];
    struct slu_fingerprints prints;
    struct slu_ipv4_set set;
    struct slu_buf packed;
    struct slu_sigv4 *signer;
    struct slu_buf headers;
};

struct kernel {
    void (*prepare)(struct scene *self);
    void (*run)(struct scene *self);
    uint64_t wanted; /* what it must find; 0: as many as there are items */
};

static void require_ok(struct scene *self, enum slu_err err, const char *what)
{
    slu_bench_require(self->bench, err == SLU_ERR_OK, "%s: %s", what,
                      slu_err_sentence(err));
}

static void prepare_nothing(struct scene *self)
{
    (void)self;
}

/* ---- pages ---- */

static void prepare_page(struct scene *self)
{
    const struct slu_bench_pages pages = {.seed = SEED,
                                          .items = ITEMS,
                                          .item_bytes = 650,
                                          .list = "malware",
                                          .newest_s = NEWEST};
    char *padding = NULL;

    if (self->page.len > 0) {
        return;
    }
    slu_bench_page(self->bench, &pages, 0, NULL, &self->page, &self->made);
    self->page_len = self->page.len;
    require_ok(self, slu_buf_reserve(&self->page, SLU_JSON_PADDING, &padding),
               "the page's padding");
    memset(padding, 0, SLU_JSON_PADDING);
}

static void read_page(struct scene *self, bool read)
{
    struct slu_bench_pieces pieces = slu_bench_pieces_of(
        self->split, slu_view_make(self->page.ptr, self->page_len),
        PIECE_BYTES);
    struct slu_json_event event;
    struct slu_gti_item item;

    while (slu_bench_pieces_next(&pieces, &event)) {
        if (!read) {
            self->found++;
        } else if (slu_gti_read_item(self->reader, SLU_GTI_LIST_ITEM, &event,
                                     &item, NULL) == SLU_ERR_OK) {
            self->found += item.id.len > 0;
        }
    }
    slu_bench_pieces_end(self->bench, &pieces);
}

static void run_split(struct scene *self)
{
    read_page(self, false);
}

static void run_read(struct scene *self)
{
    read_page(self, true);
}

/* ---- findings ---- */

/* The actions of a finding: two of them have an indicator. */
static const char *const actions[] = {
    "\"actionType\":\"NETWORK_CONNECTION\",\"networkConnectionAction\":{"
    "\"blocked\":false,\"connectionDirection\":\"INBOUND\","
    "\"localPortDetails\":"
    "{\"port\":22,\"portName\":\"SSH\"},\"protocol\":\"TCP\","
    "\"remoteIpDetails\":{\"ipAddressV4\":\"198.51.100.7\",\"city\":{"
    "\"cityName\":\"\xc5\x81\xc3\xb3"
    "d\xc5\xba\"},\"geoLocation\":{"
    "\"lat\":51.77,\"lon\":19.4}}}",
    "\"actionType\":\"DNS_REQUEST\",\"dnsRequestAction\":{\"domain\":"
    "\"c2.example.com\",\"protocol\":\"UDP\",\"blocked\":true}",
    "\"actionType\":\"AWS_API_CALL\",\"awsApiCallAction\":{\"api\":"
    "\"GetObject\",\"callerType\":\"Remote IP\",\"remoteIpDetails\":{"
    "\"ipAddressV4\":\"198.51.100.8\",\"organization\":{\"asn\":\"1\"}}}",
};

/* Members that not every finding has, and a text with escapes. */
static void add_finding(struct scene *self, unsigned i)
{
    const char *const optional = i % 3 == 1 ? "\"confidence\":5.5," : "";
    const char *const tags =
        i % 4 == 0 ? "null"
                   : "[{\"key\":\"team\",\"value\":\"web\"},{\"key\":"
                     "\"stage\",\"value\":\"production\"}]";

    require_ok(
        self,
        slu_buf_printf(
            &self->findings,
            "%s{\"accountId\":\"111122223333\",\"arn\":\"arn:aws:guardduty:"
            "us-east-1:111122223333:detector/1/finding/%08x\",%s"
            "\"createdAt\":\"2026-10-23T22:21:13.527Z\",\"id\":\"%08x\","
            "\"region\":\"us-east-1\",\"severity\":%u.0,\"type\":"
            "\"Recon:EC2/Portscan\",\"updatedAt\":\"2026-10-23T22:21:13.5Z\","
            "\"description\":\"Host \\\"web-%u\\\" is scanned (\\u00e9).\","
            "\"resource\":{\"resourceType\":\"Instance\",\"instanceDetails\":{"
            "\"instanceId\":\"i-%x\",\"platform\":null,\"networkInterfaces\":[{"
            "\"ipv6Addresses\":[],\"privateIpAddress\":\"10.0.0.1\","
            "\"securityGroups\":[{\"groupName\":\"a\",\"groupId\":\"sg-%x\"}],"
            "\"publicIp\":\"203.0.113.9\"}],\"tags\":%s}},\"service\":{"
            "\"action\":{%s},\"additionalInfo\":{\"value\":\"{\\\"sample\\\":"
            "false}\"},\"archived\":false,\"count\":%u,\"eventFirstSeen\":"
            "\"2026-10-23T22:10:41.000Z\",\"eventLastSeen\":"
            "\"2026-10-23T22:21:12Z\"}}",
            i == 0 ? "{\"findings\":[" : ",", i, optional, i * 2654435761u,
            1 + i % 8, i, i, i, tags, actions[i * 7 % 11 % 3], i),
        "the findings");
}

static void prepare_findings(struct scene *self)
{
    char *padding = NULL;

    for (unsigned i = 0; i < FINDINGS; i++) {
        add_finding(self, i);
    }
    require_ok(self, slu_buf_append_str(&self->findings, "]}"), "the findings");
    self->findings_len = self->findings.len;
    require_ok(self,
               slu_buf_reserve(&self->findings, SLU_JSON_PADDING, &padding),
               "the findings' padding");
    memset(padding, 0, SLU_JSON_PADDING);
}

static void on_indicator(void *ctx, const struct slu_finding *finding,
                         const struct slu_finding_indicator *indicator)
{
    struct scene *self = ctx;

    slu_bench_keep(finding);
    self->found += indicator->value.len > 0;
}

static void run_findings(struct scene *self)
{
    struct slu_bench_pieces pieces = slu_bench_pieces_of(
        self->finding_split,
        slu_view_make(self->findings.ptr, self->findings_len), PIECE_BYTES);
    struct slu_json_event event;
    struct slu_finding finding;

    while (slu_bench_pieces_next(&pieces, &event)) {
        require_ok(self,
                   slu_finding_read(self->finding_reader, &event, on_indicator,
                                    self, &finding, NULL),
                   "a finding");
    }
    slu_bench_pieces_end(self->bench, &pieces);
}

/* ---- matchers ---- */

static void set_text(struct scene *self, unsigned i, size_t len)
{
    self->lens[i] = len;
    self->views[i] = slu_view_make(self->texts[i], len);
}

/* Every 16th is no address: an octet too large, or one too many. */
static void prepare_addresses(struct scene *self)
{
    for (unsigned i = 0; i < VALUES; i++) {
        uint32_t at = slu_bench_address(SEED, i);

        self->addresses[i] = at;
        set_text(self, i,
                 (size_t)snprintf(self->texts[i], SLU_BENCH_NAME_MAX,
                                  i % 16 != 15 ? "%u.%u.%u.%u"
                                  : i & 16     ? "%u.%u.%u.3%03u"
                                               : "%u.%u.%u.%u.1",
                                  at >> 24, at >> 16 & 255, at >> 8 & 255,
                                  at & 255));
    }
}

static void prepare_ranges(struct scene *self)
{
    for (unsigned i = 0; i < VALUES; i++) {
        uint32_t at = slu_bench_address(SEED, i);

        set_text(self, i,
                 (size_t)snprintf(self->texts[i], SLU_BENCH_NAME_MAX,
                                  "%u.%u.%u.%u/%u", at >> 24, at >> 16 & 255,
                                  at >> 8 & 255, at & 255,
                                  i % 16 != 15 ? 8 + i % 25 : 33 + i % 60));
    }
}

static void run_ipv4(struct scene *self)
{
    struct slu_cidr cidr;

    for (unsigned i = 0; i < VALUES; i++) {
        self->found +=
            slu_ipv4_match(self->views[i], &cidr, NULL) == SLU_REASON_NONE;
    }
}

/* Every 16th is none. */
static void prepare_names(struct scene *self)
{
    for (unsigned i = 0; i < VALUES; i++) {
        set_text(self, i, slu_bench_name(SEED, i, self->texts[i]));
        if (i % 16 == 15) {
            self->texts[i][3] = '_';
        }
    }
}

static void run_domain(struct scene *self)
{
    char out[SLU_VALUE_MAX];
    size_t len;

    for (unsigned i = 0; i < VALUES; i++) {
        self->found +=
            slu_domain_match(self->views[i], out, &len) == SLU_REASON_NONE;
    }
}

/* ---- sets ---- */

static void run_fingerprints(struct scene *self)
{
    slu_fingerprints_fini(&self->prints);
    slu_fingerprints_init(&self->prints, self->bench->alloc, VALUES * 2);
    self->found = VALUES - slu_fingerprints_add_all(&self->prints, self->views,
                                                    VALUES, self->known);
    self->found += slu_fingerprints_add_all(&self->prints, self->views, VALUES,
                                            self->known);
}

static void run_ipv4_set(struct scene *self)
{
    slu_ipv4_set_fini(&self->set);
    slu_ipv4_set_init(&self->set, self->bench->alloc);
    require_ok(self, slu_ipv4_set_add(&self->set, self->addresses, VALUES),
               "the set of addresses");
    require_ok(self, slu_ipv4_set_add(&self->set, self->addresses, VALUES),
               "the set of addresses");
    require_ok(self, slu_ipv4_set_finish(&self->set), "the set of addresses");
    self->found = slu_ipv4_set_count(&self->set);
}

/* ---- records ---- */

static void run_records(struct scene *self)
{
    struct slu_view rest;

    slu_buf_clear(&self->packed);
    for (uint32_t i = 0; i < VALUES; i++) {
        const struct slu_record record = {
            .kind = SLU_RECORD_DOMAIN,
            .key = self->views[i],
            .verdict = SLU_VERDICT_MALICIOUS,
            .score = (uint8_t)(i % 101),
            .sources = SLU_SOURCE_STREAM << i % 8,
            .first_seen = NEWEST - i,
            .last_seen = NEWEST,
            .assessed_at = NEWEST - i % 1000,
        };

        require_ok(self, slu_record_pack(&record, &self->packed), "a record");
    }
    rest = slu_buf_view(&self->packed);
    while (rest.len > 0) {
        struct slu_record record;
        struct slu_record other;

        require_ok(self, slu_record_unpack(&rest, &record), "a record");
        other = record;
        other.last_seen++;
        other.sources = SLU_SOURCE_LIST_FIRST;
        self->found += slu_record_compare(&record, &other) == 0;
        slu_record_merge(&record, &other);
        slu_bench_keep(&record);
    }
}

/* ---- signatures ---- */

static void run_sigv4(struct scene *self)
{
    static const struct slu_sigv4_credentials credentials = {
        .access_key_id = VIEW("AKIDEXAMPLE"),
        .secret_access_key = VIEW("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    };

    for (unsigned i = 0; i < SIGNATURES; i++) {
        const struct slu_sigv4_request request = {
            .method = VIEW("POST"),
            .host = VIEW("guardduty.us-east-1.amazonaws.com"),
            .path = VIEW("/detector/12abc34d567e8fa901bc2d34e56789f0/findings"),
            .region = VIEW("us-east-1"),
            .service = VIEW("guardduty"),
            .now_seconds = DAY + i,
        };
        struct slu_sigv4_added added;

        slu_buf_clear(&self->headers);
        require_ok(self,
                   slu_sigv4_sign(self->signer, &request, &credentials,
                                  &self->headers, &added),
                   "signing");
        self->found += added.count > 0;
    }
}

/* ---- all ---- */

#define VALID (VALUES - VALUES / 16)
/* Of FINDINGS; those of a call of the API aren't asked for. */
#define FINDING_INDICATORS 373

static const struct kernel kernels[] = {
    {prepare_page, run_split, 0},
    {prepare_page, run_read, 0},
    {prepare_addresses, run_ipv4, VALID},
    {prepare_ranges, run_ipv4, VALID},
    {prepare_names, run_domain, VALID},
    {prepare_names, run_fingerprints, 2 * (uint64_t)VALUES},
    {prepare_addresses, run_ipv4_set, VALUES},
    {prepare_names, run_records, VALUES},
    {prepare_nothing, run_sigv4, SIGNATURES},
    {prepare_findings, run_findings, FINDING_INDICATORS},
};

const char *const slu_bench_kernel_names[] = {
    "json_split", "json_read", "ipv4",  "cidr",    "domain", "fingerprints",
    "ipv4_set",   "record",    "sigv4", "finding", NULL};

_Static_assert(sizeof(kernels) / sizeof(kernels[0]) + 1 ==
                   sizeof(slu_bench_kernel_names) / sizeof(char *),
               "each loop has a name");

/* By its name callgrind knows when to count. */
void slu_bench_counted(void (*run)(struct scene *self), struct scene *self);

__attribute__((noinline)) void
slu_bench_counted(void (*run)(struct scene *self), struct scene *self)
{
    run(self);
    slu_bench_keep(self); /* no jump instead of the call */
}

static void count(struct scene *self, const struct kernel *kernel,
                  const char *name)
{
    uint64_t wanted;

    kernel->prepare(self);
    wanted = kernel->wanted == 0 ? self->made.items : kernel->wanted;
    kernel->run(self);
    self->found = 0;
    slu_bench_counted(kernel->run, self);
    slu_bench_require(
        self->bench, self->found == wanted, "%s finds %llu, not %llu", name,
        (unsigned long long)self->found, (unsigned long long)wanted);
}

static void open_scene(struct scene *self, struct slu_bench *bench)
{
    const struct slu_json_split_options options = {
        .alloc = bench->alloc, .array = "iocs", .record_max = 1000000};

    const struct slu_json_split_options finding_options = {
        .alloc = bench->alloc, .array = "findings", .record_max = 1000000};
    const struct slu_finding_options wanted = {.alloc = bench->alloc,
                                               .record_max = 1000000,
                                               .groups =
                                                   SLU_FINDING_GROUPS_DEFAULT};

    self->bench = bench;
    self->split = slu_json_split_new(&options);
    self->finding_split = slu_json_split_new(&finding_options);
    self->finding_reader = slu_finding_reader_new(&wanted);
    self->reader = slu_gti_reader_new(bench->alloc);
    self->signer = slu_sigv4_new(bench->alloc);
    slu_bench_require(bench,
                      self->split != NULL && self->reader != NULL &&
                          self->finding_split != NULL &&
                          self->finding_reader != NULL && self->signer != NULL,
                      "out of memory");
    slu_buf_init(&self->page, bench->alloc, PAGE_MAX);
    slu_buf_init(&self->findings, bench->alloc, PAGE_MAX);
    slu_buf_init(&self->packed, bench->alloc, PACKED_MAX);
    slu_buf_init(&self->headers, bench->alloc, 65536);
}

void slu_bench_count_all(struct slu_bench *bench)
{
    struct scene *self = slu_alloc_zero(bench->alloc, sizeof(*self));

    slu_bench_require(bench, self != NULL, "out of memory");
    open_scene(self, bench);
    for (size_t i = 0; slu_bench_kernel_names[i] != NULL; i++) {
        count(self, &kernels[i], slu_bench_kernel_names[i]);
    }
    slu_buf_fini(&self->headers);
    slu_buf_fini(&self->packed);
    slu_buf_fini(&self->page);
    slu_buf_fini(&self->findings);
    slu_ipv4_set_fini(&self->set);
    slu_fingerprints_fini(&self->prints);
    slu_sigv4_free(self->signer);
    slu_gti_reader_free(self->reader);
    slu_finding_reader_free(self->finding_reader);
    slu_json_split_free(self->finding_split);
    slu_json_split_free(self->split);
    slu_alloc_put(bench->alloc, self, sizeof(*self));
}
